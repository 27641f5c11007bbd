//! CloudEvents and the webhooks of providers against their schemas: what is read fits, what does not fit is refused, and the fields that a
//! schema names are fields of somebody's.
//!
//! Records are the fixtures of `formats`, which hold what providers document.

use std::collections::BTreeSet;

use lifetide::event::{DecodeRules, Format, OrderValue, Raw, Wire, decode};
use serde_json::{Value, json};

use super::{faults, schema, validator};
use crate::formats::fixtures;

/// Characters of a fault: some quote the whole record.
const QUOTED: usize = 300;

/// The formats that have a schema of their own.
fn foreign() -> impl Iterator<Item = (&'static str, Format)> {
    Format::WORDS.iter().copied().filter(|(_, format)| !matches!(format, Format::Auto | Format::Segment))
}

/// Objects of a record, which may be a text or an array.
fn objects(record: Value) -> Vec<Value> {
    match record {
        Value::String(text) => objects(serde_json::from_str(&text).unwrap_or_default()),
        Value::Array(items) => items,
        Value::Object(_) => vec![record],
        _ => Vec::new(),
    }
}

/// What is read of a format's fixtures, and tells something; envelopes in headers are none.
fn read(format: Format) -> Vec<(String, Value)> {
    let own = fixtures().into_iter().filter(|(of, _, fixture)| *of == format && !fixture.told.is_empty());
    let read = own.filter(|(.., fixture)| !fixture.told.iter().any(|told| told.contains(" refused | ")));
    let all = read.flat_map(|(_, path, fixture)| {
        objects(serde_json::from_str(fixture.record.get()).unwrap()).into_iter().map(move |object| (path.clone(), object))
    });
    all.filter(|(_, object)| format != Format::CloudEvents || object.get("specversion").is_some()).collect()
}

/// Names of the fields of a value, and of all inside.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            found.insert(name.clone());
            names(value, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        // SNS has the event as text
        Value::String(text) if text.starts_with('{') => names(&serde_json::from_str(text).unwrap_or_default(), found),
        _ => {}
    }
}

/// Fields that a schema describes, by name; but for what the shop gives a mail to carry, which may have any of several names.
fn described(schema: &Value) -> BTreeSet<String> {
    let types = schema["$defs"].as_object().into_iter().flatten().filter(|(name, _)| *name != "Carried").map(|(_, of)| of);
    let types = types.chain([schema]);
    types.filter_map(|of| of["properties"].as_object()).flat_map(|fields| fields.keys().cloned()).collect()
}

#[test]
fn what_providers_send_and_is_read_is_as_described() {
    let mut problems = Vec::new();
    for (word, format) in foreign() {
        let validator = validator(word);
        let records = read(format);
        assert!(records.len() >= 5, "{} of {word}", records.len());
        let mut sent = BTreeSet::new();
        for (path, record) in &records {
            names(record, &mut sent);
            problems.extend(
                faults(&validator, record).into_iter().map(|fault| format!("{path}: {}", fault.chars().take(QUOTED).collect::<String>())),
            );
        }
        let strange = described(&schema(word)).difference(&sent).cloned().collect::<Vec<_>>();
        problems.extend(strange.iter().map(|name| format!("{word}: nobody sends {name}")));
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn what_does_not_fit_is_refused() {
    let rules = DecodeRules {
        order_value: OrderValue::Total,
        default_currency: None,
        max_skew_ms: 300_000,
        max_record_bytes: 1 << 20,
        formats: Vec::new(),
    };
    let envelope = json!({ "specversion": "1.0", "id": "1", "source": "/shop", "data": {} });
    let wrong = [
        ("cloudevents", "specversion", envelope.clone(), json!("2.0")),
        ("cloudevents", "id", envelope.clone(), json!(null)),
        ("cloudevents", "source", envelope.clone(), json!([])),
        ("cloudevents", "time", envelope, json!("soon")),
        ("ses", "mail", json!({ "mail": {} }), json!({})),
        ("ses", "eventType", json!({ "eventType": "Open", "mail": {} }), json!({})),
        ("sendgrid", "event", json!({ "event": "open" }), json!(null)),
        ("sendgrid", "timestamp", json!({ "event": "open" }), json!("soon")),
        ("sendgrid", "sg_machine_open", json!({ "event": "open" }), json!("yes")),
        ("mailgun", "event-data", json!({}), json!({})),
        ("mailgun", "timestamp", json!({ "event": "opened" }), json!("soon")),
        ("postmark", "RecordType", json!({ "RecordType": "Open" }), json!(null)),
        ("postmark", "ReceivedAt", json!({ "RecordType": "Open" }), json!("soon")),
        ("postmark", "ID", json!({ "RecordType": "Open" }), json!("x".repeat(300))),
        ("shopify", "created_at", json!({ "id": 1, "financial_status": "paid" }), json!("soon")),
        ("shopify", "order_id", json!({ "id": 1, "refund_line_items": [] }), json!(null)),
    ];
    for (word, field, mut record, value) in wrong {
        record[field] = value;
        let (_, format) = foreign().find(|(known, _)| *known == word).unwrap();
        let text = record.to_string();
        let raw = Raw { key: Some(b"1"), value: Some(text.as_bytes()), timestamp_ms: Some(1_772_452_800_000) };
        assert!(decode(&raw, &Wire::bare(format), &rules, None).is_err(), "{word} is read: {record}");
        assert!(!validator(word).is_valid(&record), "{word} fits: {record}");
    }
}
