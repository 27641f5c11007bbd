//! Trace contexts: every record that an event leads to carries its own, whatever way the event took; what time brings about has none.

use std::collections::{BTreeMap, BTreeSet};

use lifetide::cli::replay::history::History;
use lifetide::cli::replay::lines::Line;
use lifetide::worker::transaction::OutputTopic;
use serde_json::Value;

use crate::settings;

/// The offset of the order that the visitor's browser sends when the visitor is ann already.
const VISITORS_ORDER: usize = 4;

type Headers = BTreeMap<String, Vec<u8>>;

/// The trace context of the event at this offset; every second one has a `tracestate`.
fn trace(offset: usize) -> Vec<(String, String)> {
    let parent = ("traceparent".to_owned(), format!("00-{offset:032x}-{offset:016x}-01"));
    let state = offset.is_multiple_of(2).then(|| ("tracestate".to_owned(), format!("shop={offset}")));
    [parent].into_iter().chain(state).collect()
}

fn traces_of(headers: &Headers) -> Vec<(String, String)> {
    let kept = headers.iter().filter(|(name, _)| name.starts_with("trace"));
    kept.map(|(name, value)| (name.clone(), String::from_utf8(value.clone()).unwrap())).collect()
}

/// A visitor fills a cart, becomes ann, who orders twice, one order being refused; the visitor's browser goes on under its own id.
fn events() -> Vec<(&'static str, String)> {
    let track = |id: &str, hour: u32, event: &str, properties: &str| {
        format!(r#"{{"type":"track","event":"{event}",{id},"timestamp":"2026-01-01T{hour:02}:00:00Z","properties":{properties}}}"#)
    };
    let (browser, ann) = (r#""anonymousId":"browser-1""#, r#""userId":"ann""#);
    let traits = r#"{"email":"ann@example.com","email_marketing_consent":true}"#;
    let cart = r#"{"product_id":"p-1","price":5,"quantity":1,"currency":"USD"}"#;
    vec![
        ("browser-1", track(browser, 0, "Product Added", cart)),
        ("ann", format!(r#"{{"type":"identify",{ann},"anonymousId":"browser-1","timestamp":"2026-01-01T01:00:00Z","traits":{traits}}}"#)),
        ("ann", track(ann, 2, "Order Completed", r#"{"order_id":"o-1","total":5,"currency":"USD"}"#)),
        ("ann", track(ann, 3, "Order Completed", r#"{"order_id":"o-2","total":-5,"currency":"USD"}"#)),
        ("browser-1", track(browser, 4, "Order Completed", r#"{"order_id":"o-3","total":7,"currency":"USD"}"#)),
        ("ann", track(ann, 5, "Product Added", cart)),
        ("ann", track(ann, 23, "Product Viewed", r#"{"product_id":"p-1"}"#)),
    ]
}

#[test]
fn every_record_carries_the_trace_headers_of_the_event_it_follows_from() {
    let mut history = History::new(&settings::config(&[]), 1, None);
    for (offset, (key, value)) in events().into_iter().enumerate() {
        let mut headers = trace(offset);
        headers.push(("baggage".to_owned(), "whose=ann".to_owned()));
        let line =
            Line { topic: None, key: Some(key.to_owned()), timestamp_ms: None, offset: None, headers, value: Some(value.into_bytes()) };
        history.add(line).unwrap();
    }
    let mut caused = BTreeSet::new();
    let mut causes = BTreeSet::new();
    history
        .run(|record| {
            let headers: Headers = record.headers.into_iter().collect();
            let found = traces_of(&headers);
            let value = record.value.as_deref().and_then(|value| serde_json::from_slice::<Value>(value).ok()).unwrap_or_default();
            let (by, expected) = match (record.topic, value["cause"]["type"].as_str()) {
                (OutputTopic::DeadLetters, _) => {
                    assert_eq!(headers["baggage"], b"whose=ann", "a dead letter has all headers of the record");
                    ("event", trace(String::from_utf8_lossy(&headers["__streams.errors.offset"]).parse().unwrap()))
                }
                (_, Some("event")) => {
                    let offset = value["cause"]["offset"].as_u64().unwrap() as usize;
                    causes.insert(offset);
                    ("event", trace(offset))
                }
                _ => ("time", Vec::new()),
            };
            assert_eq!(found, expected, "{:?} {value}", record.topic);
            assert!(by == "time" || record.topic == OutputTopic::DeadLetters || !headers.contains_key("baggage"));
            caused.insert((record.topic, by));
        })
        .unwrap();
    let told = [
        (OutputTopic::Transitions, "event"),
        (OutputTopic::Clv, "event"),
        (OutputTopic::Actions, "time"),
        (OutputTopic::Aggregates, "time"),
        (OutputTopic::DeadLetters, "event"),
    ];
    told.iter().for_each(|what| assert!(caused.contains(what), "{what:?} is missing: {caused:?}"));
    assert!(causes.contains(&VISITORS_ORDER), "what came to ann through the relay: {causes:?}");
}
