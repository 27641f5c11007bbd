//! Cart events as read: single lines and whole contents, their products, prices and quantities.
//! Above all the cases where something is absent: no currency, no products, no id but a name.
//! What carts do with them is tested in `engine`.

use super::{kind, money};
use crate::event::{CartContents, CartDelta, CartLine, ContentsSource, Kind, MAX_ID_BYTES, MAX_NAME_BYTES, MAX_PRODUCTS, Product};

fn product(product_id: &'static str) -> Product<'static> {
    Product { product_id: product_id.into(), sku: None, name: None, url: None, image_url: None, price: None, quantity: 1 }
}

fn contents(source: ContentsSource) -> CartContents<'static> {
    CartContents { cart_id: None, checkout_id: None, source, url: None, products: None, value: None }
}

#[test]
fn a_cart_line_is_its_product_and_direction() {
    let read = kind(
        "Product Added",
        r#"{"cart_id":"c-1","product_id":"p-1","sku":4711,"name":"Caf\u00e9 cup","url":"https://example.com/p","image_url":"https://example.com/i","price":"12.50","currency":"EUR","quantity":"3"}"#,
    );
    let product_added = Product {
        sku: Some("4711".into()),
        name: Some("Café cup".into()),
        url: Some("https://example.com/p".into()),
        image_url: Some("https://example.com/i".into()),
        price: Some(money(1250, "EUR")),
        quantity: 3,
        ..product("p-1")
    };
    let added = CartLine { cart_id: Some("c-1".into()), delta: CartDelta::Added, product: product_added };
    assert_eq!(read, Kind::CartLine(added));
    let removed = CartLine { cart_id: None, delta: CartDelta::Removed, product: product("p-1") };
    assert_eq!(kind("Product Removed", r#"{"product_id":"p-1"}"#), Kind::CartLine(removed));
}

#[test]
fn a_product_is_known_by_its_id_else_its_sku_else_its_name() {
    let cases = [
        (r#"{"product_id":"p","sku":"s","name":"n"}"#, "p"),
        (r#"{"product_id":"","sku":"s","name":"n"}"#, "s"),
        (r#"{"product_id":null,"name":"n"}"#, "n"),
        (r#"{"product_id":12}"#, "12"),
    ];
    for (properties, expected) in cases {
        let Kind::CartLine(line) = kind("Product Added", properties) else { panic!("{properties}") };
        assert_eq!(line.product.product_id, expected, "{properties}");
    }
}

#[test]
fn quantities_are_whole_numbers_however_written() {
    let cases = [
        ("", 1),
        (r#","quantity":null"#, 1),
        (r#","quantity":0"#, 0),
        (r#","quantity":2.0"#, 2),
        (r#","quantity":2e1"#, 20),
        (r#","quantity":"7""#, 7),
        (r#","quantity":1000000"#, 1_000_000),
    ];
    for (written, quantity) in cases {
        let Kind::CartLine(line) = kind("Product Added", &format!(r#"{{"product_id":"p"{written}}}"#)) else { panic!("{written}") };
        assert_eq!(line.product.quantity, quantity, "{written}");
    }
}

#[test]
fn cart_contents_have_a_source_products_and_a_value() {
    let properties = r#"{"cart_id":"c-1","order_id":"o-9","url":"https://example.com/cart","value":30,"currency":"USD","products":[{"product_id":"p-1","price":10},{"sku":"s-2","price":5,"currency":"EUR","quantity":0}]}"#;
    let products = vec![
        Product { price: Some(money(1000, "USD")), ..product("p-1") },
        Product { sku: Some("s-2".into()), price: Some(money(500, "EUR")), quantity: 0, ..product("s-2") },
    ];
    let read = |source| CartContents {
        cart_id: Some("c-1".into()),
        url: Some("https://example.com/cart".into()),
        products: Some(products.clone()),
        value: Some(money(3000, "USD")),
        ..contents(source)
    };
    assert_eq!(kind("Cart Viewed", properties), Kind::CartContents(read(ContentsSource::Viewed)));
    assert_eq!(kind("Cart Updated", properties), Kind::CartContents(read(ContentsSource::Updated)));
    assert_eq!(kind("Cart Abandoned", properties), Kind::CartAbandoned(read(ContentsSource::Abandoned)));
    let started = CartContents { checkout_id: Some("o-9".into()), ..read(ContentsSource::CheckoutStarted) };
    assert_eq!(kind("Checkout Started", properties), Kind::CartContents(started));
}

#[test]
fn contents_tell_no_products_from_an_empty_list() {
    let viewed = contents(ContentsSource::Viewed);
    assert_eq!(kind("Cart Viewed", "{}"), Kind::CartContents(viewed.clone()));
    assert_eq!(kind("Cart Viewed", "null"), Kind::CartContents(viewed.clone()));
    assert_eq!(kind("Cart Viewed", r#"{"products":[]}"#), Kind::CartContents(CartContents { products: Some(vec![]), ..viewed }));
}

#[test]
fn a_cart_without_any_currency_has_no_prices() {
    let read = kind("Cart Viewed", r#"{"value":5,"products":[{"product_id":"p-1","price":10}]}"#);
    let expected = CartContents { products: Some(vec![product("p-1")]), ..contents(ContentsSource::Viewed) };
    assert_eq!(read, Kind::CartContents(expected));
}

#[test]
fn a_checkout_is_known_by_its_checkout_id_first() {
    let read = kind("Checkout Started", r#"{"checkout_id":"k-1","order_id":"o-1"}"#);
    let expected = CartContents { checkout_id: Some("k-1".into()), ..contents(ContentsSource::CheckoutStarted) };
    assert_eq!(read, Kind::CartContents(expected));
}

#[test]
fn overlong_names_are_cut_between_characters_and_overlong_urls_left_out() {
    let name = format!("a{}", "é".repeat(MAX_NAME_BYTES));
    let url = format!("https://example.com/{}", "x".repeat(1024));
    let id = "i".repeat(MAX_ID_BYTES);
    let Kind::CartLine(line) =
        kind("Product Added", &format!(r#"{{"product_id":"{id}","name":"{name}","url":"{url}","image_url":"{url}"}}"#))
    else {
        panic!("not a line")
    };
    assert_eq!(line.product.product_id, id);
    assert_eq!(line.product.name.as_deref(), Some(&name[..MAX_NAME_BYTES - 1]));
    assert_eq!((line.product.url, line.product.image_url), (None, None));
}

#[test]
fn as_many_products_as_allowed_are_read() {
    let products = vec![r#"{"product_id":"p"}"#; MAX_PRODUCTS].join(",");
    let Kind::CartContents(read) = kind("Cart Updated", &format!(r#"{{"products":[{products}]}}"#)) else { panic!("no contents") };
    assert_eq!(read.products.map(|products| products.len()), Some(MAX_PRODUCTS));
}
