//! Every reason for which a record is refused, and what a refusal says. The table `REFUSED` is meant to be read: it is the list of what a
//! shop can get wrong. A test compares the reasons met here with `Reason::ALL`, so a new reason needs a record that meets it.
//! What must not be refused stands in the other files.

use super::{AT_MS, currency, decode_with, rules, track};
use crate::event::{
    DecodeRules, Format, MAX_CUSTOMER_ID_BYTES, MAX_ID_BYTES, MAX_PRODUCTS, OrderValue, Raw, Reason, Reject, RejectStage, Wire, decode,
};
use std::collections::HashSet;

/// Refused values of customer `u-1`, a line each: the reason, what the detail must hold, and the properties of the `track` call named
/// above, or the whole record.
const REFUSED: &str = r##"
# record
invalid_json | record | not json
invalid_json | EOF | {"type":"track"
invalid_json | trailing | {} {}
invalid_json | record | {"type":NaN}
invalid_json | duplicate field `type` | {"type":"page","type":"page","userId":"u-1"}
invalid_json | type | {"type":"pa\ud800ge","userId":"u-1"}
invalid_json | messageId | {"type":"page","userId":"u-1","messageId":"\ud800"}
wrong_type | record | []
wrong_type | record | "text"
wrong_type | record |  7
wrong_type | record | null
missing_customer | userId | {"type":"page"}
missing_customer | userId | {"type":"page","userId":"","anonymousId":null}
key_mismatch | u-2 | {"type":"page","userId":"u-2"}
key_mismatch | u-1 | {"type":"page","userId":" u-1"}
key_mismatch | a-2 | {"type":"page","anonymousId":"a-2"}
wrong_type | userId: true | {"type":"page","userId":true}
wrong_type | userId: 1.0 | {"type":"page","userId":1.0}
wrong_type | anonymousId | {"type":"page","anonymousId":["u-1"]}
missing_field | type | {"userId":"u-1"}
wrong_type | type: {} | {"type":{},"userId":"u-1"}
missing_field | event | {"type":"track","userId":"u-1"}
missing_field | event | {"type":"track","event":null,"userId":"u-1"}
wrong_type | event | {"type":"track","event":["Order Completed"],"userId":"u-1"}
wrong_type | messageId | {"type":"page","userId":"u-1","messageId":{}}
wrong_type | traits | {"type":"identify","userId":"u-1","traits":[]}
wrong_type | timestamp: 1767225600000 | {"type":"page","userId":"u-1","timestamp":1767225600000}
invalid_time | timestamp: soon | {"type":"page","userId":"u-1","timestamp":"soon"}
time_out_of_range | 9999 | {"type":"page","userId":"u-1","timestamp":"9999-01-01T00:00:00Z"}
time_out_of_range | 9999 | {"type":"page","userId":"u-1","timestamp":"9999-12-31T23:59:59.999Z"}
time_out_of_range | 1989 | {"type":"page","userId":"u-1","timestamp":"1989-12-31T23:59:59Z"}
# Order Completed
wrong_type | properties | 7
wrong_type | properties | []
missing_field | order_id | null
missing_field | order_id | {"total":1,"currency":"USD"}
missing_field | order_id | {"order_id":"","total":1,"currency":"USD"}
wrong_type | order_id: false | {"order_id":false,"total":1,"currency":"USD"}
missing_field | total | {"order_id":"o","revenue":1,"value":1,"subtotal":1,"currency":"USD"}
missing_field | total | {"order_id":"o","total":null,"currency":"USD"}
missing_currency | currency | {"order_id":"o","total":1}
unknown_currency | currency: BTC | {"order_id":"o","total":1,"currency":"BTC"}
unknown_currency | currency: US | {"order_id":"o","total":1,"currency":"US"}
unknown_currency | currency: 840 | {"order_id":"o","total":1,"currency":840}
wrong_type | currency | {"order_id":"o","total":1,"currency":["USD"]}
invalid_amount | total: NaN | {"order_id":"o","total":"NaN","currency":"USD"}
invalid_amount | total: Infinity | {"order_id":"o","total":"Infinity","currency":"USD"}
invalid_amount | total | {"order_id":"o","total":"","currency":"USD"}
wrong_type | total: true | {"order_id":"o","total":true,"currency":"USD"}
wrong_type | total | {"order_id":"o","total":{"amount":1},"currency":"USD"}
negative_amount | total: -57.20 | {"order_id":"o","total":-57.20,"currency":"USD"}
negative_amount | total: -1e2 | {"order_id":"o","total":"-1e2","currency":"USD"}
amount_out_of_range | total: 1e17 | {"order_id":"o","total":1e17,"currency":"USD"}
invalid_json | duplicate field `total` | {"order_id":"o","total":1,"total":2,"currency":"USD"}
# Order Refunded
missing_field | order_id | {"total":1,"currency":"USD"}
missing_currency | currency | {"order_id":"o","total":1}
negative_amount | total: -1 | {"order_id":"o","total":-1,"currency":"USD"}
# Order Cancelled
missing_field | order_id | {}
# Email Bounced
wrong_type | properties | "hard"
wrong_type | bounce_type | {"bounce_type":{}}
# Product Added
missing_field | product_id | {"price":1}
invalid_quantity | quantity: -1 | {"product_id":"p","quantity":-1}
invalid_quantity | quantity: 1.5 | {"product_id":"p","quantity":1.5}
invalid_quantity | quantity | {"product_id":"p","quantity":""}
invalid_quantity | quantity: 1000001 | {"product_id":"p","quantity":1000001}
wrong_type | quantity: [] | {"product_id":"p","quantity":[]}
invalid_amount | price: free | {"product_id":"p","price":"free","currency":"USD"}
wrong_type | name: {} | {"product_id":"p","name":{}}
# Cart Updated
wrong_type | products: {} | {"products":{}}
wrong_type | products | {"products":"p-1"}
wrong_type | products[1] | {"products":[{"product_id":"p"},7]}
wrong_type | products[0] | {"products":[null]}
missing_field | products[1].product_id | {"products":[{"product_id":"p"},{"sku":""}]}
negative_amount | products[0].price: -1 | {"currency":"USD","products":[{"product_id":"p","price":-1}]}
invalid_json | duplicate field `product_id` | {"products":[{"product_id":"p","product_id":"q"}]}
negative_amount | value: -1 | {"currency":"USD","value":-1}
# Consent Changed
missing_field | channel | {"status":"subscribed"}
missing_field | status | {"channel":"email"}
unknown_status | status: maybe | {"channel":"email","status":"maybe"}
wrong_type | status: true | {"channel":"email","status":true}
wrong_type | double_opt_in | {"channel":"email","status":"pending","double_opt_in":"yes"}
# Referral Converted
missing_field | referrer_id | {"order_id":"o-1"}
"##;

/// The values of `REFUSED`, and those too long to be written there: value, reason, part of the detail.
fn refused_values() -> Vec<(String, Reason, &'static str)> {
    let reason_of = |name: &str| Reason::ALL.into_iter().find(|reason| reason.as_str() == name);
    let mut cases = Vec::new();
    let mut event = "";
    for line in REFUSED.trim().lines() {
        if let Some(heading) = line.strip_prefix("# ") {
            event = heading;
            continue;
        }
        let [reason, detail, written] = line.splitn(3, " | ").collect::<Vec<_>>()[..] else { panic!("{line}") };
        let value = if event == "record" { written.to_owned() } else { track(event, written) };
        cases.push((value, reason_of(reason).unwrap_or_else(|| panic!("no reason {reason}")), detail));
    }
    let long_id = "x".repeat(MAX_ID_BYTES + 1);
    let many_products = vec!["{}"; MAX_PRODUCTS + 1].join(",");
    let long_message_id = format!(r#"{{"type":"page","userId":"u-1","messageId":"{long_id}"}}"#);
    cases.push((long_message_id, Reason::TooLong, "messageId: 257 bytes"));
    cases.push((track("Order Cancelled", &format!(r#"{{"order_id":"{long_id}"}}"#)), Reason::TooLong, "order_id"));
    cases.push((track("Cart Viewed", &format!(r#"{{"products":[{many_products}]}}"#)), Reason::TooManyProducts, "1001"));
    cases.push((track("Cost Recorded", r#"{"kind":"fun","amount":1,"currency":"USD"}"#), Reason::UnknownKind, "fun"));
    cases.push(("\u{feff}{}".to_owned(), Reason::InvalidJson, "record"));
    cases.push((String::new(), Reason::EmptyValue, "no value"));
    cases
}

#[test]
fn a_bad_value_is_refused_for_its_reason_with_a_detail_that_names_the_field() {
    for (value, reason, detail) in refused_values() {
        let reject = decode_with(&value, &rules()).expect_err(&value);
        assert_eq!(reject.reason, reason, "{value}: {reject:?}");
        assert!(reject.detail.contains(detail), "{value}: {reject:?}");
        assert_eq!(Err(reject), decode_with(&value, &rules()), "the same bytes are refused in the same way");
    }
}

/// A record refused by its frame.
#[derive(Debug)]
struct Frame {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    timestamp_ms: Option<i64>,
}

fn refused_frames() -> Vec<(Frame, Reason)> {
    let good =
        || Frame { key: Some(b"u-1".to_vec()), value: Some(br#"{"type":"page","userId":"u-1"}"#.to_vec()), timestamp_ms: Some(AT_MS) };
    let keyed = |key: Option<&[u8]>| Frame { key: key.map(<[u8]>::to_vec), ..good() };
    let valued = |value: Option<&[u8]>| Frame { value: value.map(<[u8]>::to_vec), ..good() };
    vec![
        (keyed(None), Reason::MissingKey),
        (keyed(Some(b"")), Reason::InvalidKey),
        (keyed(Some(b"\xffu")), Reason::InvalidKey),
        (keyed(Some(&[b'u'; MAX_CUSTOMER_ID_BYTES + 1])), Reason::InvalidKey),
        (valued(None), Reason::EmptyValue),
        (valued(Some(b"")), Reason::EmptyValue),
        (valued(Some(&[b' '; 1025])), Reason::Oversize),
        (valued(Some(b"{\"type\":\"\xff\"}")), Reason::InvalidJson),
        (Frame { timestamp_ms: None, ..good() }, Reason::MissingTime),
    ]
}

#[test]
fn a_bad_frame_is_refused_for_its_reason() {
    let rules = DecodeRules { max_record_bytes: 1024, ..rules() };
    for (frame, reason) in refused_frames() {
        let (key, value) = (frame.key.as_deref(), frame.value.as_deref());
        let read = super::call(&Raw { key, value, timestamp_ms: frame.timestamp_ms }, &rules, None);
        assert_eq!(read.map_err(|reject| reject.reason), Err(reason), "{frame:?}");
    }
}

#[test]
fn every_reason_is_listed_once_and_has_a_record_that_meets_it() {
    let listed: HashSet<Reason> = Reason::ALL.into_iter().collect();
    assert_eq!(listed.len(), Reason::ALL.len());
    let refused = refused_values().iter().map(|case| case.1).chain(refused_frames().iter().map(|case| case.1)).collect::<Vec<_>>();
    // what cannot be written, and what the engine does not do, shows behind the decoder
    let later = [Reason::UnreadableRelay, Reason::RelayHops, Reason::MergeRefused, Reason::ReferralRefused, Reason::Unwritable];
    let later = later.map(|reason| Reject::by_engine(reason, "why").reason);
    let met: HashSet<Reason> = refused.into_iter().chain(later).chain([too_many_events()]).collect();
    assert_eq!(listed, met);
}

/// Only where arrays are read.
fn too_many_events() -> Reason {
    let value = format!("[{}{{}}]", "{},".repeat(MAX_PRODUCTS));
    let raw = Raw { key: Some(b"u-1"), value: Some(value.as_bytes()), timestamp_ms: None };
    decode(&raw, &Wire::bare(Format::Auto), &rules(), None).unwrap_err().reason
}

#[test]
fn reasons_are_snake_case_labels() {
    let labels: HashSet<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(labels.len(), Reason::ALL.len());
    for reason in Reason::ALL {
        let words = format!("{reason:?}")
            .chars()
            .flat_map(|c| if c.is_uppercase() { vec!['_', c.to_ascii_lowercase()] } else { vec![c] })
            .collect::<String>();
        assert_eq!(reason.as_str(), words.trim_start_matches('_'));
    }
}

#[test]
fn a_refusal_tells_unreadable_from_unacceptable() {
    let stage_of = |value: &str| decode_with(value, &rules()).unwrap_err().stage;
    assert_eq!(stage_of("{"), RejectStage::Decode);
    assert_eq!(stage_of(r#"{"type":"page","userId":[]}"#), RejectStage::Decode);
    assert_eq!(stage_of(r#"{"type":"page","userId":"u-2"}"#), RejectStage::Validate);
    assert_eq!((RejectStage::Decode.as_str(), RejectStage::Validate.as_str()), ("decode", "validate"));
}

#[test]
fn a_missing_value_field_is_named_as_the_rules_choose_it() {
    let value = track("Order Completed", r#"{"order_id":"o","total":1,"currency":"USD"}"#);
    for (order_value, name) in [(OrderValue::Revenue, "revenue"), (OrderValue::Subtotal, "subtotal")] {
        let reject = decode_with(&value, &DecodeRules { order_value, ..rules() }).unwrap_err();
        assert_eq!((reject.reason, reject.detail.as_str()), (Reason::MissingField, format!("{name} is missing").as_str()));
    }
}

#[test]
fn a_default_currency_does_not_excuse_an_unknown_one() {
    let rules = DecodeRules { default_currency: Some(currency("USD")), ..rules() };
    let value = track("Order Completed", r#"{"order_id":"o","total":1,"currency":"ZZZ"}"#);
    assert_eq!(decode_with(&value, &rules).unwrap_err().reason, Reason::UnknownCurrency);
}

#[test]
fn a_detail_is_short_and_ends_between_characters() {
    let long = "é".repeat(10_000);
    let deep_place = track("Cart Updated", &format!(r#"{{"products":[{{"product_id":{{"{long}":1}}}}]}}"#));
    for value in [
        format!(r#"{{"type":"page","userId":"{long}"}}"#),
        format!("[\"{long}\"]"),
        deep_place,
        format!(r#"{{"type":"page","userId":"u-1","timestamp":"{long}"}}"#),
    ] {
        let reject = decode_with(&value, &rules()).unwrap_err();
        assert!((1..=200).contains(&reject.detail.len()), "{} bytes", reject.detail.len());
    }
    let reject = Reject::new(Reason::InvalidKey, "é".repeat(101));
    assert_eq!((reject.detail, reject.stage), ("é".repeat(100), RejectStage::Decode));
    let reject = Reject::new(Reason::InvalidKey, format!("x{}", "é".repeat(100)));
    assert_eq!(reject.detail.len(), 199);
}
