//! What the shipped mappings give, against the fields each provider publishes: the required ones are there in their types, and beside the
//! shop's own properties there is none the provider does not know, which it would refuse or, worse, lose in silence. The lists are of what
//! the pages named at each test said in November 2026.

use serde_json::{Value, json};

use super::super::{Templates, Texts};
use super::{ID, action};

/// What a value must be.
#[derive(Debug, Clone, Copy)]
enum Is {
    Text,
    Whole,
    Number,
    Object,
    /// This very text.
    Word(&'static str),
}

fn body(template: &str, changes: Value) -> Value {
    let texts = Texts { webhook_body: Some(template.to_owned()), ..Texts::default() };
    let templates = Templates::new(Vec::new(), texts).unwrap();
    serde_json::from_str(&templates.webhook_body(&action(changes)).unwrap().unwrap()).unwrap()
}

fn check(template: &str, fields: &[(&str, Is)]) {
    let least = json!({ "first_name": null, "locale": null, "cart": null, "stage": null });
    for changes in [json!({}), json!({ "first_name": "Zo\u{eb} \"Z\" </script>\u{1}" }), least] {
        let body = body(template, changes);
        for (pointer, is) in fields {
            let found = body.pointer(pointer).unwrap_or_else(|| panic!("{template}: no {pointer} in {body}"));
            let is_good = match is {
                Is::Text => found.as_str().is_some_and(|text| !text.is_empty()),
                Is::Whole => found.is_i64() || found.is_u64(),
                Is::Number => found.is_number(),
                Is::Object => found.is_object(),
                Is::Word(word) => found == word,
            };
            assert!(is_good, "{template}: {pointer} is {found}, not {is:?}");
        }
    }
}

/// Everything but the shop's own properties is a field that the provider publishes. `known`: objects by their place, and what may stand there.
fn check_known(template: &str, known: &[(&str, &[&str])]) {
    let body = body(template, json!({}));
    for (pointer, fields) in known {
        let object =
            body.pointer(pointer).and_then(Value::as_object).unwrap_or_else(|| panic!("{template}: no object {pointer} in {body}"));
        for field in object.keys() {
            assert!(fields.contains(&field.as_str()), "{template}: {field} of {pointer} is no field of the provider's");
        }
    }
}

/// developers.klaviyo.com/en/reference/create_event, Create Event: required are data.type, and of its attributes properties, metric (with its name) and profile (with at
/// least one identifier); unique_id, time, value and value_currency are optional.
#[test]
fn klaviyo_gets_an_event() {
    let attributes = |name: &str| format!("/data/attributes/{name}");
    check(
        "klaviyo.json",
        &[
            ("/data/type", Is::Word("event")),
            (&attributes("properties"), Is::Object),
            (&attributes("metric/data/type"), Is::Word("metric")),
            (&attributes("metric/data/attributes/name"), Is::Word("lifetide cart_recovery")),
            (&attributes("profile/data/type"), Is::Word("profile")),
            (&attributes("profile/data/attributes/email"), Is::Word("u-1@example.com")),
            (&attributes("profile/data/attributes/external_id"), Is::Word("u-1")),
            (&attributes("unique_id"), Is::Word(ID)),
            (&attributes("time"), Is::Text),
        ],
    );
    let profile = [
        "email",
        "phone_number",
        "external_id",
        "anonymous_id",
        "first_name",
        "last_name",
        "organization",
        "locale",
        "title",
        "image",
        "location",
        "properties",
        "meta",
        "id",
    ];
    check_known(
        "klaviyo.json",
        &[
            ("", &["data"]),
            ("/data", &["type", "attributes"]),
            ("/data/attributes", &["properties", "time", "value", "value_currency", "unique_id", "metric", "profile"]),
            ("/data/attributes/metric/data", &["type", "attributes"]),
            ("/data/attributes/metric/data/attributes", &["name", "service"]),
            ("/data/attributes/profile/data", &["type", "id", "attributes"]),
            ("/data/attributes/profile/data/attributes", &profile),
        ],
    );
    let full = body("klaviyo.json", json!({}));
    assert_eq!(full.pointer("/data/attributes/value"), Some(&json!(57.2)));
    assert_eq!(full.pointer("/data/attributes/value_currency"), Some(&json!("USD")));
    assert_eq!(full.pointer("/data/attributes/properties/cart/lines/0/name"), Some(&json!("Tea <green>")));
    assert_eq!(full.pointer("/data/attributes/profile/data/attributes/first_name"), Some(&json!("Ann")));
}

/// docs.customer.io/api/track, Track API v1, Track a customer event: required is name; id is a ULID by which repeats are known, timestamp is in whole
/// seconds, data holds everything else (recipient overrides the address).
#[test]
fn customer_io_gets_an_event() {
    check(
        "customer_io.json",
        &[
            ("/name", Is::Word("lifetide_cart_recovery")),
            ("/id", Is::Text),
            ("/timestamp", Is::Whole),
            ("/data", Is::Object),
            ("/data/recipient", Is::Word("u-1@example.com")),
            ("/data/email_id", Is::Word(ID)),
            ("/data/step", Is::Number),
        ],
    );
    check_known("customer_io.json", &[("", &["name", "id", "type", "timestamp", "data"])]);
    let full = body("customer_io.json", json!({}));
    assert_eq!(full["timestamp"], json!(1_767_232_140));
    // 01:49 of that day in 48 bits, then the id's last 80: 26 of Crockford's digits
    let id = full["id"].as_str().unwrap();
    assert_eq!(id.len(), 26);
    let digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let number = id.chars().fold(0_u128, |number, digit| number << 5 | digits.find(digit).unwrap() as u128);
    assert_eq!((number >> 80) as i64, 1_767_232_140_000);
    assert_eq!(format!("{:020x}", number & ((1 << 80) - 1)), ID[12..]);
}

/// braze.com/docs/api/objects_filters/event_object, of /users/track: required are name, time (ISO 8601) and one identifier, here external_id.
#[test]
fn braze_gets_an_event() {
    check(
        "braze.json",
        &[
            ("/events/0/external_id", Is::Word("u-1")),
            ("/events/0/name", Is::Word("lifetide_cart_recovery")),
            ("/events/0/time", Is::Word("2026-01-01T01:49:00.000Z")),
            ("/events/0/properties", Is::Object),
            ("/events/0/properties/email_id", Is::Word(ID)),
        ],
    );
    let event =
        ["external_id", "user_alias", "braze_id", "email", "phone", "app_id", "name", "time", "properties", "_update_existing_only"];
    check_known("braze.json", &[("", &["events", "attributes", "purchases"]), ("/events/0", &event)]);
}
