//! Tests of the whole room through its door, `decode`: what is read (`orders`, `carts`, `email`, `people`, `bench`), what is refused
//! (`rejects`), and that nothing panics (`arbitrary`); `amounts` and `times` look at the files that compute.
//! Here: the record that most tests share, customer `u-1` at `AT_MS`.

mod amounts;
mod arbitrary;
mod bench;
mod carts;
mod costs;
mod email;
mod interactions;
mod loyalty;
mod orders;
mod people;
mod rejects;
mod times;

use super::{Currency, DecodeRules, Event, Format, Kind, Money, OrderValue, Raw, Reject, Told, Wire, decode};

/// 2026-01-01T00:00:00Z
const AT_MS: i64 = 1_767_225_600_000;

/// As the default configuration has them; also for the tests of who decodes.
pub(crate) const RULES: DecodeRules = DecodeRules {
    order_value: OrderValue::Total,
    default_currency: None,
    max_skew_ms: 300_000,
    max_record_bytes: 1 << 20,
    formats: Vec::new(),
};

fn rules() -> DecodeRules {
    RULES
}

fn currency(code: &str) -> Currency {
    Currency::from_code(code).unwrap()
}

fn money(minor: i64, code: &str) -> Money {
    Money { minor, currency: currency(code) }
}

/// Decodes a call of Segment's, which is the same where other formats may come, too.
fn call<'a>(raw: &Raw<'a>, rules: &DecodeRules, wall_ms: Option<i64>) -> Result<Event<'a>, Reject> {
    let told = decode(raw, &Wire::bare(Format::Segment), rules, wall_ms);
    // an array is none of Segment's, and elsewhere several records
    if !raw.value.is_some_and(|value| value.starts_with(b"[")) {
        assert_eq!(decode(raw, &Wire::bare(Format::Auto), rules, wall_ms), told);
    }
    told.map(|told| match told {
        Told::One(event) => event,
        Told::Several(parts) => panic!("{parts:?}"),
    })
}

/// Decodes a record of customer `u-1`, stamped `AT_MS`.
fn decode_with<'a>(value: &'a str, rules: &DecodeRules) -> Result<Event<'a>, Reject> {
    let raw = Raw { key: Some(b"u-1"), value: Some(value.as_bytes()), timestamp_ms: Some(AT_MS) };
    call(&raw, rules, None)
}

/// A `track` call of customer `u-1` at `AT_MS`.
fn track(event: &str, properties: &str) -> String {
    format!(r#"{{"type":"track","event":"{event}","userId":"u-1","timestamp":"2026-01-01T00:00:00Z","properties":{properties}}}"#)
}

/// What a `track` call is read as. The text lives as long as the tests do, so that tables may hold events.
fn kind_with(event: &str, properties: &str, rules: &DecodeRules) -> Kind<'static> {
    let value: &'static str = Box::leak(track(event, properties).into_boxed_str());
    decode_with(value, rules).unwrap_or_else(|reject| panic!("{event} {properties}: {reject:?}")).kind
}

fn kind(event: &str, properties: &str) -> Kind<'static> {
    kind_with(event, properties, &rules())
}
