//! What kinds of values look like, as JSON Schema: a type for each, of which nobody makes one.
//!
//! Their comments are the descriptions. They are stricter than the readers where these forgive; what a field of such a kind means is said
//! where it stands. Used by the schemas of `segment` and of the providers.

use utoipa::openapi::schema::{AnyOfBuilder, SchemaType};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::limits::{MAX_ID_BYTES, MAX_QUANTITY};

/// Beyond it programs that know floats only write another number, or one with an exponent.
const WHOLE_MAX: i64 = (1 << 53) - 1;

/// A value of one form, by a function that describes it.
macro_rules! form {
    ($(#[doc = $what:literal])* $name:ident, $schema:expr) => {
        $(#[doc = $what])*
        pub(super) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.description(Some(concat!($($what),*).trim())).into()
            }
        }

        impl ToSchema for $name {}
    };
}

pub(super) use form;

pub(super) fn of(kinds: impl IntoIterator<Item = Type>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter(kinds))
}

form!(
    /// An id: a text of at most 256 bytes of UTF-8, or a whole number, which means its digits.
    Id,
    of([Type::String, Type::Integer]).min_length(Some(1)).max_length(Some(MAX_ID_BYTES)).minimum(Some(-WHOLE_MAX)).maximum(Some(WHOLE_MAX))
);
form!(
    /// A text for people; beyond 256 bytes it is cut.
    Name,
    of([Type::String, Type::Integer]).min_length(Some(1)).minimum(Some(-WHOLE_MAX)).maximum(Some(WHOLE_MAX))
);
form!(
    /// In main units of the currency, as text or number; a text keeps its digits. More digits than the currency has are rounded half to even.
    Decimal,
    of([Type::String, Type::Number]).pattern(Some(r"^[0-9]{1,14}(\.[0-9]{1,12})?$")).minimum(Some(0)).maximum(Some(100_000_000_000_000_i64))
);
form!(
    /// ISO 4217. Where no currency is told, that of `money.default_currency` holds, if there is one.
    CurrencyCode,
    of([Type::String]).pattern(Some("^[A-Z]{3}$")).examples(["EUR", "USD"])
);
form!(
    /// RFC 3339, with an offset or `Z`; from 1990 to 2099.
    Moment,
    of([Type::String])
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .pattern(Some(r"^(199[0-9]|20[0-9][0-9])-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"))
);
form!(
    /// A moment, or a day such as `2026-01-31`.
    MomentOrDay,
    AnyOfBuilder::new()
        .item(of([Type::String]).format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))).pattern(Some("^(199|20[0-9])[0-9]-")))
        .item(Moment::schema())
);
form!(
    /// Pieces: 1 where not told. 0 takes the line out of contents.
    Quantity,
    of([Type::Integer]).minimum(Some(0)).maximum(Some(MAX_QUANTITY))
);
form!(
    /// Text, or a whole number, which means its digits.
    Word,
    of([Type::String, Type::Integer])
);
form!(
    /// An id as those have who number everything: its digits may be more than a float holds; or a text of at most 256 bytes, if empty none.
    Number,
    of([Type::String, Type::Integer]).max_length(Some(MAX_ID_BYTES))
);
form!(
    /// Seconds since 1970, with or without a fraction.
    Seconds,
    of([Type::Number, Type::String]).pattern(Some(r"^[0-9]+(\.[0-9]+)?$"))
);
form!(
    /// An amount that may be below zero.
    Signed,
    of([Type::Number, Type::String]).pattern(Some(r"^-?[0-9]{1,14}(\.[0-9]{1,12})?$"))
);
