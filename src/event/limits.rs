//! What a record may hold at most. A record over a limit is refused where the rest would mean something else without it (an id, a
//! quantity, a list of products), and shortened or stripped where it would not (a name, a url). Used all over `event`; the limits on ids
//! also bound what the engine keeps of a customer.

/// A record key. Row, index and changelog hold it once per customer.
pub const MAX_CUSTOMER_ID_BYTES: usize = 256;

/// `order_id`, `cart_id`, `product_id`, `sku`, `messageId` and their kin. Longer: refused, since a cut id could meet another one.
pub const MAX_ID_BYTES: usize = 256;

/// Names of events, products and people, and the source of a consent. Longer: cut, since people read them and nothing is looked up by them.
pub const MAX_NAME_BYTES: usize = 256;

/// `url` and `image_url`. Longer: left out, since a cut url leads nowhere.
pub(super) const MAX_URL_BYTES: usize = 1024;

/// An e-mail address: 64 bytes, `@`, 255 bytes (RFC 5321, 4.5.3.1). Longer: left out.
pub(super) const MAX_EMAIL_BYTES: usize = 320;

/// A language tag; RFC 5646 (4.4.1) asks for room for 35 characters. Longer: left out.
pub(super) const MAX_LOCALE_BYTES: usize = 64;

/// Products read from one record. More: refused; carts of real people stay far below.
pub const MAX_PRODUCTS: usize = 1_000;

/// Elements of an array: events of one record, lines, recipients. More: refused; a record is applied in one piece.
pub(super) const MAX_ELEMENTS: usize = MAX_PRODUCTS;

/// Pieces of one product in one record. More: refused; it keeps price × quantity × products far inside i128.
pub const MAX_QUANTITY: u32 = 1_000_000;

/// Points of one record of a loyalty programme. More: refused; sums of them stay far inside u64.
pub const MAX_POINTS: u32 = 1_000_000_000;

/// What a rejection says for people; it becomes a Kafka header.
pub(super) const MAX_DETAIL_BYTES: usize = 200;

/// What a rejection quotes of the record, so that the field's name still fits beside it.
pub(super) const MAX_QUOTE_BYTES: usize = 60;

/// The longest beginning of `text` of at most `max_bytes` that ends between two characters.
pub fn cut(text: &str, max_bytes: usize) -> &str {
    let mut end = max_bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
