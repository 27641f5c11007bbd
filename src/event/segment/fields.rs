//! The fields of a Segment call that anybody looks at, marked in one pass over the record; all others are skipped.
//!
//! What is marked is still raw text: a kind of event reads its own fields later, and the wrong type of a field that it does not need is
//! never noticed. Only JSON that is broken, or that gives one of these fields twice, is refused here: readers disagree on which of the two
//! counts, and for money it matters. Filled by `segment`, `carts` and `traits`; names are those of the wire.

use crate::event::json::Field;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// Around the properties.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Envelope<'a> {
    pub(super) r#type: Field<'a>,
    pub(super) event: Field<'a>,
    pub(super) user_id: Field<'a>,
    pub(super) anonymous_id: Field<'a>,
    pub(super) timestamp: Field<'a>,
    pub(super) message_id: Field<'a>,
    #[serde(default)]
    pub(super) traits: Nested<TraitFields<'a>>,
    #[serde(default)]
    pub(super) context: Nested<ContextFields<'a>>,
    #[serde(default)]
    pub(super) properties: Nested<Properties<'a>>,
}

/// `context`.
#[derive(Deserialize, Default)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct ContextFields<'a> {
    #[serde(default)]
    pub(super) traits: Nested<TraitFields<'a>>,
    pub(super) locale: Field<'a>,
    pub(super) timezone: Field<'a>,
}

/// `traits` of identify, and `context.traits`.
#[derive(Deserialize, Default)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct TraitFields<'a> {
    pub(super) email: Field<'a>,
    pub(super) first_name: Field<'a>,
    #[serde(rename = "firstName")]
    pub(super) first_name_camel: Field<'a>,
    pub(super) locale: Field<'a>,
    pub(super) timezone: Field<'a>,
    pub(super) email_marketing_consent: Field<'a>,
}

/// `properties` of all kinds of `track` calls together.
#[derive(Deserialize, Default)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Properties<'a> {
    // orders
    pub(super) order_id: Field<'a>,
    pub(super) checkout_id: Field<'a>,
    pub(super) refund_id: Field<'a>,
    pub(super) total: Field<'a>,
    pub(super) revenue: Field<'a>,
    pub(super) subtotal: Field<'a>,
    // orders and carts
    pub(super) cart_id: Field<'a>,
    pub(super) currency: Field<'a>,
    // carts
    pub(super) products: Field<'a>,
    pub(super) value: Field<'a>,
    pub(super) url: Field<'a>,
    // a single line of a cart, with url and currency
    pub(super) product_id: Field<'a>,
    pub(super) sku: Field<'a>,
    pub(super) name: Field<'a>,
    pub(super) image_url: Field<'a>,
    pub(super) price: Field<'a>,
    pub(super) quantity: Field<'a>,
    // e-mail and consent
    pub(super) bounce_type: Field<'a>,
    pub(super) channel: Field<'a>,
    pub(super) status: Field<'a>,
    pub(super) source: Field<'a>,
    pub(super) double_opt_in: Field<'a>,
}

/// A product: an element of `products`, or taken from the properties of a single line.
#[derive(Deserialize, Default)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct ProductFields<'a> {
    pub(super) product_id: Field<'a>,
    pub(super) sku: Field<'a>,
    pub(super) name: Field<'a>,
    pub(super) url: Field<'a>,
    pub(super) image_url: Field<'a>,
    pub(super) price: Field<'a>,
    pub(super) currency: Field<'a>,
    pub(super) quantity: Field<'a>,
}

/// Something that ought to be an object.
#[derive(Default)]
pub(super) enum Nested<T> {
    #[default]
    Absent,
    Object(T),
    /// JSON of another type.
    Other,
}

impl<T> Nested<T> {
    /// The object, or `None` for whatever else it is.
    pub(super) fn forgiven(self) -> Option<T> {
        match self {
            Nested::Object(fields) => Some(fields),
            Nested::Absent | Nested::Other => None,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Nested<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NestedVisitor(PhantomData))
    }
}

struct NestedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for NestedVisitor<T> {
    type Value = Nested<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Nested<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(Nested::Object)
    }

    fn visit_unit<E>(self) -> Result<Nested<T>, E> {
        Ok(Nested::Absent)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Nested<T>, E> {
        Ok(Nested::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Nested<T>, E> {
        Ok(Nested::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Nested<T>, E> {
        Ok(Nested::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Nested<T>, E> {
        Ok(Nested::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Nested<T>, E> {
        Ok(Nested::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Nested<T>, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Nested::Other)
    }
}
