//! Nothing panics, whatever the bytes, and what is accepted keeps its bounds: arbitrary bytes, arbitrary JSON made of the names the decoder
//! knows, and valid events with a few bytes cut, flipped or replaced. A failing case is printed and kept by proptest; more cases with
//! `PROPTEST_CASES`.

use super::{AT_MS, rules};
use crate::event::{
    DecodeRules, Event, Format, Kind, MAX_ID_BYTES, MAX_PRODUCTS, MAX_QUANTITY, OrderValue, Part, Product, Raw, Reject, Told, Wire, decode,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// Keys, names and words of the wire, so that arbitrary JSON gets past the first checks.
const WORDS: [&str; 48] = [
    "type",
    "track",
    "identify",
    "event",
    "userId",
    "anonymousId",
    "u-1",
    "timestamp",
    "2026-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "messageId",
    "traits",
    "context",
    "properties",
    "email",
    "first_name",
    "firstName",
    "locale",
    "timezone",
    "Europe/Berlin",
    "email_marketing_consent",
    "state",
    "subscribed",
    "consent_updated_at",
    "order_id",
    "total",
    "revenue",
    "currency",
    "USD",
    "JPY",
    "products",
    "product_id",
    "sku",
    "name",
    "price",
    "quantity",
    "value",
    "url",
    "cart_id",
    "channel",
    "status",
    "source",
    "double_opt_in",
    "bounce_type",
    "NaN",
    "-1",
    "1e400",
    "",
];

const EVENTS: [&str; 17] = [
    "Order Completed",
    "Order Refunded",
    "Order Cancelled",
    "Email Delivered",
    "Email Opened",
    "Email Link Clicked",
    "Email Bounced",
    "Email Marked as Spam",
    "Subscribed",
    "Unsubscribed",
    "Consent Changed",
    "Product Added",
    "Product Removed",
    "Cart Viewed",
    "Cart Updated",
    "Checkout Started",
    "Cart Abandoned",
];

const VALID: [&str; 4] = [
    r#"{"messageId":"m-1","type":"track","event":"Order Completed","userId":"u-1","timestamp":"2026-01-01T00:00:00.000Z","context":{"traits":{"email":"u-1@example.com"}},"properties":{"order_id":"o-1","cart_id":"c-1","total":57.20,"currency":"USD"}}"#,
    r#"{"type":"track","event":"Checkout Started","anonymousId":"u-1","timestamp":"2026-01-01T00:00:00+02:00","properties":{"value":"1e2","currency":"kwd","url":"https:\/\/example.com","products":[{"product_id":1,"name":"caf\u00e9","price":28.60,"quantity":2.0}]}}"#,
    r#"{"type":"identify","userId":"u-1","traits":{"email":" a@example.com","timezone":"Europe/Berlin","email_marketing_consent":{"state":"subscribed","consent_updated_at":"2025-01-01T00:00:00Z"}}}"#,
    r#"{"type":"track","event":"Consent Changed","userId":"u-1","properties":{"channel":"email","status":"pending","double_opt_in":false}}"#,
];

fn decode_as<'a>(format: Format, key: &'a [u8], value: &'a [u8]) -> Result<Told<'a>, Reject> {
    decode(&Raw { key: Some(key), value: Some(value), timestamp_ms: Some(AT_MS) }, &Wire::bare(format), &rules(), Some(AT_MS))
}

/// As a call of Segment's, which every format reads alike.
fn decode_bytes<'a>(key: &'a [u8], value: &'a [u8]) -> Result<Event<'a>, Reject> {
    decode_as(Format::Segment, key, value).map(|told| match told {
        Told::One(event) => event,
        Told::Several(parts) => panic!("{parts:?}"),
    })
}

/// What must hold whatever the format.
fn check_all_formats(key: &[u8], value: &[u8]) {
    for (_, format) in Format::WORDS {
        match decode_as(*format, key, value) {
            Ok(Told::One(event)) => check_bounds(Ok(event)),
            Ok(Told::Several(parts)) => parts.into_iter().for_each(|part| match part {
                Part::Event(event) => check_bounds(Ok(event)),
                Part::Refused { element, reject } => {
                    assert!(!element.is_empty());
                    check_bounds(Err(reject));
                }
            }),
            Err(reject) => check_bounds(Err(reject)),
        }
    }
}

/// What must hold of everything the decoder lets through.
fn check_bounds(decoded: Result<Event, Reject>) {
    let event = match decoded {
        Ok(event) => event,
        Err(reject) => {
            return assert!(reject.detail.len() <= 200 && reject.stage == reject.reason.stage());
        }
    };
    assert!(event.time_ms <= AT_MS + rules().max_skew_ms);
    match event.kind {
        Kind::OrderCompleted(order) => {
            assert!(order.value.minor >= 0 && (1..=MAX_ID_BYTES).contains(&order.order_id.len()))
        }
        Kind::OrderRefunded(refund) => {
            assert!(refund.amount.is_none_or(|amount| amount.minor >= 0))
        }
        Kind::CartLine(line) => check_product(&line.product),
        Kind::CartContents(contents) | Kind::CartAbandoned(contents) => {
            let products = contents.products.unwrap_or_default();
            assert!(products.len() <= MAX_PRODUCTS);
            products.iter().for_each(check_product);
        }
        _ => {}
    }
}

fn check_product(product: &Product) {
    assert!((1..=MAX_ID_BYTES).contains(&product.product_id.len()));
    assert!(product.quantity <= MAX_QUANTITY && product.price.is_none_or(|price| price.minor >= 0));
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![8 => prop::sample::select(&WORDS[..]).prop_map(str::to_owned), 1 => any::<String>()]
}

/// Any JSON, as text.
fn json() -> impl Strategy<Value = String> {
    let quoted = || word().prop_map(|word| serde_json::to_string(&word).unwrap());
    let number = prop_oneof![any::<i64>().prop_map(|n| n.to_string()), "-?[1-9][0-9]{0,30}(\\.[0-9]{1,20})?(e[+-]?[0-9]{1,3})?"];
    let leaf = prop_oneof![Just("null".to_owned()), any::<bool>().prop_map(|flag| flag.to_string()), number, quoted()];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        let fields = vec((quoted(), inner.clone()).prop_map(|(key, value)| format!("{key}:{value}")), 0..8);
        prop_oneof![
            vec(inner, 0..6).prop_map(|elements| format!("[{}]", elements.join(","))),
            fields.prop_map(|fields| format!("{{{}}}", fields.join(","))),
        ]
    })
}

/// An object of known names, each once, with any values.
fn fields() -> impl Strategy<Value = String> {
    prop::collection::btree_map(prop::sample::select(&WORDS[..]), json(), 0..12).prop_map(|fields| {
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", fields.join(","))
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(key in vec(any::<u8>(), 0..300), value in vec(any::<u8>(), 0..500)) {
        check_all_formats(&key, &value);
    }

    #[test]
    fn arbitrary_json_never_panics(value in json()) {
        check_all_formats(b"u-1", value.as_bytes());
    }

    #[test]
    fn arbitrary_properties_and_contexts_never_panic(event in prop::sample::select(&EVENTS[..]), properties in json(), context in json()) {
        let value = format!(r#"{{"type":"track","event":"{event}","userId":"u-1","properties":{properties},"context":{context}}}"#);
        check_bounds(decode_bytes(b"u-1", value.as_bytes()));
    }

    #[test]
    fn arbitrary_traits_never_cost_an_order(traits in fields()) {
        let value = format!(
            r#"{{"type":"track","event":"Order Completed","userId":"u-1","context":{{"traits":{traits}}},"properties":{{"order_id":"o","total":1,"currency":"USD"}}}}"#
        );
        prop_assert!(matches!(decode_bytes(b"u-1", value.as_bytes()).map(|event| event.kind), Ok(Kind::OrderCompleted(_))));
    }

    #[test]
    fn arbitrary_fields_of_every_kind_never_panic(
        event in prop::sample::select(&EVENTS[..]),
        properties in fields(),
        order_value in prop::sample::select(vec![OrderValue::Total, OrderValue::Revenue, OrderValue::Subtotal]),
    ) {
        let value = super::track(event, &properties);
        let rules = DecodeRules { order_value, default_currency: Some(super::currency("EUR")), ..rules() };
        check_bounds(super::decode_with(&value, &rules));
    }

    #[test]
    fn mutated_events_never_panic(
        valid in prop::sample::select(&VALID[..]),
        changes in vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..6),
    ) {
        let mut bytes = valid.as_bytes().to_vec();
        for (index, byte, change) in changes {
            let at = index.index(bytes.len());
            match change {
                0 => bytes.truncate(at + 1),
                1 => bytes[at] ^= 1 << (byte % 8),
                2 => bytes[at] = byte,
                _ => bytes.insert(at, byte),
            }
        }
        check_all_formats(b"u-1", &bytes);
    }
}

#[test]
fn the_events_that_are_mutated_are_valid() {
    for value in VALID {
        assert!(decode_bytes(b"u-1", value.as_bytes()).is_ok_and(|event| event.kind != Kind::Unknown), "{value}");
    }
}
