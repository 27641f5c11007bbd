//! Costs as read, whoever they are of, and where customers came from.

use super::{AT_MS, decode_with, money, rules};
use crate::event::{Cost, CostKind, Event, Identity, Kind, Raw, Reason, Touch};

fn read(ids: &str, properties: &str) -> Result<Event<'static>, Reason> {
    let value = format!(
        r#"{{"type":"track","event":"Cost Recorded",{ids}"timestamp":"2026-01-01T00:00:00Z","properties":{{"kind":"acquire","amount":12.5,"currency":"USD"{properties}}}}}"#
    );
    let value: &'static str = Box::leak(value.into_boxed_str());
    super::call(&Raw { key: Some(b"u-1"), value: Some(value.as_bytes()), timestamp_ms: Some(AT_MS) }, &rules(), None)
        .map_err(|reject| reject.reason)
}

fn cost() -> Cost<'static> {
    Cost {
        cost_id: None,
        kind: CostKind::Acquire,
        amount: money(1250, "USD"),
        channel: None,
        region: None,
        customer_type: None,
        product_type: None,
        from_ms: None,
    }
}

#[test]
fn a_cost_says_what_it_was_for() {
    let read = read(
        r#""userId":"u-1","#,
        r#","cost_id":"k-1","channel":"email","region":"north","customer_type":"b2b","product_type":"shoes","from":"2025-12-24","to":7"#,
    );
    let expected = Cost {
        cost_id: Some("k-1".into()),
        channel: Some("email".into()),
        region: Some("north".into()),
        customer_type: Some("b2b".into()),
        product_type: Some("shoes".into()),
        from_ms: Some(1_766_577_600_000),
        ..cost()
    };
    let read = read.unwrap();
    assert_eq!((read.identity, read.kind.label()), (Identity::Known, "Cost Recorded"));
    assert_eq!(read.kind, Kind::Cost(expected));
}

#[test]
fn only_a_user_id_makes_a_cost_a_customers() {
    for (ids, expected) in [
        ("", Ok(Identity::Nobody)),
        (r#""anonymousId":"u-1","#, Ok(Identity::Nobody)),
        (r#""anonymousId":"a-9","userId":null,"#, Ok(Identity::Nobody)),
        (r#""userId":"u-1","#, Ok(Identity::Known)),
        (r#""userId":"u-2","#, Err(Reason::KeyMismatch)),
    ] {
        assert_eq!(read(ids, "").map(|event| event.identity), expected, "{ids}");
    }
    let other = r#"{"type":"identify","event":"Cost Recorded","timestamp":"2026-01-01T00:00:00Z"}"#;
    assert_eq!(decode_with(other, &rules()).unwrap_err().reason, Reason::MissingCustomer);
}

#[test]
fn a_month_is_told_by_a_moment_or_a_day() {
    for (from, expected) in [
        ("null", Ok(None)),
        (r#""2026-01-01T00:00:00Z""#, Ok(Some(AT_MS))),
        (r#""2026-01""#, Err(Reason::InvalidTime)),
        (r#""2026-13-01""#, Err(Reason::InvalidTime)),
        (r#""1815-12-10""#, Err(Reason::TimeOutOfRange)),
    ] {
        let read = read("", &format!(r#","from":{from}"#)).map(|event| match event.kind {
            Kind::Cost(cost) => cost.from_ms,
            other => panic!("{other:?}"),
        });
        assert_eq!(read, expected, "{from}");
    }
}

#[test]
fn a_campaign_goes_before_a_referrer_and_neither_costs_an_event() {
    let touch = |source: Option<&'static str>, medium: Option<&'static str>, referrer: Option<&'static str>| {
        Some(Touch { source: source.map(Into::into), medium: medium.map(Into::into), referrer: referrer.map(Into::into) })
    };
    let long = format!(r#"{{"referrer":"https://{}"}}"#, "r".repeat(1024));
    let cases = [
        ("{}", None),
        (
            r#"{"campaign":{"source":"google","medium":"cpc","name":"x"},"referrer":"https://example.com"}"#,
            touch(Some("google"), Some("cpc"), None),
        ),
        (r#"{"campaign":{"name":"x"},"referrer":"https:\/\/example.com\/a"}"#, touch(None, None, Some("https://example.com/a"))),
        (
            r#"{"campaign":{"source":7,"medium":""},"referrer":{"type":"app","url":"https://example.com"}}"#,
            touch(None, None, Some("https://example.com")),
        ),
        (r#"{"campaign":"x","referrer":["x"]}"#, None),
        (r#"{"referrer":{"url":7}}"#, None),
        (&long, None),
    ];
    for (context, expected) in cases {
        let value = format!(r#"{{"type":"page","userId":"u-1","timestamp":"2026-01-01T00:00:00Z","context":{context}}}"#);
        assert_eq!(decode_with(&value, &rules()).unwrap().touch, expected, "{context}");
    }
}
