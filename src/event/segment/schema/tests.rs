//! The schema against the reader: what fits is read, what must be there is missed by both, and no field is described that nobody reads.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde::Deserialize;
use serde::de::{Error, Visitor};
use serde_json::{Value, json};

use super::super::fields::{CampaignFields, ContextFields, ProductFields, Properties, TraitFields};
use super::super::{Around, SYNONYMS, meaning, read};
use super::{EVENTS, schema};
use crate::event::{Currency, DecodeRules, Event, InteractionKind, Kind, LoyaltyKind, OrderValue, Reject, SubscriptionKind};

fn validator() -> Validator {
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema()).unwrap()
}

fn rules() -> DecodeRules {
    DecodeRules {
        order_value: OrderValue::Total,
        default_currency: Currency::from_code("USD"),
        max_skew_ms: 0,
        max_record_bytes: 1_000_000,
        formats: Vec::new(),
    }
}

fn read_text(text: &str) -> Result<Event<'_>, Reject> {
    read("ann", text, Some(1_767_225_600_000), &rules(), None, Around::default())
}

/// A value that a property of this name may have.
fn good(name: &str) -> Value {
    match name {
        "total" | "price" | "value" | "amount" | "cost" => json!("12.50"),
        "revenue" | "subtotal" => json!(12.5),
        "currency" => json!("EUR"),
        "products" => json!([{ "product_id": "p-1", "price": 3, "quantity": 2 }, { "sku": "s" }]),
        "quantity" | "points" => json!(3),
        "status" => json!("subscribed"),
        "kind" => json!("service"),
        "period" => json!("quarter"),
        "from" | "expires_at" => json!("2026-01-31"),
        "double_opt_in" => json!(true),
        "channel" => json!("email"),
        _ => json!("a-1"),
    }
}

/// What a careless shop may put in place of anything.
fn odd() -> Vec<Value> {
    let long = "x".repeat(300);
    let mut odd =
        vec![json!(null), json!(true), json!(-1), json!(1.5), json!(7), json!(1e30), json!({}), json!([]), json!([7]), json!({"a": 1})];
    odd.extend(
        ["", "x", " ", "-5", "1,5", "1e9", "12.345678", "2026-02-30", "1970-01-01", "2026-01-31T10:00:00Z", long.as_str()].map(Value::from),
    );
    odd
}

/// A call of each event with every property its type has, and the names of these.
fn calls() -> Vec<(Value, Vec<String>)> {
    let described = schema();
    let mut calls = Vec::new();
    for (shape, events) in EVENTS {
        let properties = described["$defs"][shape]["properties"].as_object().cloned().unwrap_or_default();
        let names: Vec<String> = properties.keys().cloned().collect();
        for event in events {
            let properties: Value = names.iter().map(|name| (name.clone(), good(name))).collect();
            calls.push((json!({ "type": "track", "event": event, "userId": "ann", "properties": properties }), names.clone()));
        }
    }
    calls
}

#[test]
fn every_event_that_has_a_meaning_is_described_and_no_other() {
    let validator = validator();
    for (call, _) in calls() {
        assert!(validator.is_valid(&call), "{call}: {:?}", validator.iter_errors(&call).map(|error| error.to_string()).collect::<Vec<_>>());
        let text = call.to_string();
        let event = read_text(&text).unwrap_or_else(|reject| panic!("{text}: {}", reject.detail));
        assert_ne!(event.kind, Kind::Unknown, "{text}");
        assert!(
            event.kind.label() == event.name
                || ["Subscribed", "Unsubscribed"].contains(&event.name.as_ref())
                || meaning(&event.name) == event.kind.label(),
            "{text}"
        );
    }
    let described: BTreeSet<&str> = EVENTS.iter().flat_map(|(_, events)| events.iter().copied()).collect();
    let known = InteractionKind::ALL.map(InteractionKind::event_name).into_iter();
    let known = known.chain(LoyaltyKind::ALL.map(LoyaltyKind::event_name)).chain(SubscriptionKind::ALL.map(SubscriptionKind::event_name));
    let known = known.chain(SYNONYMS.map(|(name, _)| name));
    assert_eq!(known.filter(|name| !described.contains(name)).collect::<Vec<_>>(), [] as [&str; 0]);
    // names of events in the reader: whoever adds one describes it
    let source = include_str!("../mod.rs");
    let matched = source.lines().filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" => ")).map(|(name, _)| name);
    let events: Vec<&str> = matched.filter(|name| name.starts_with(char::is_uppercase)).collect();
    assert!(events.len() > 15, "{events:?}");
    assert_eq!(events.into_iter().filter(|name| !described.contains(name)).collect::<Vec<_>>(), [] as [&str; 0]);
}

#[test]
fn what_fits_is_read_and_what_cannot_be_read_does_not_fit() {
    let validator = validator();
    let (mut fitting, mut refused, mut problems) = (0, 0, Vec::new());
    let mut judge = |call: &Value| {
        let text = call.to_string();
        match (validator.is_valid(call), read_text(&text)) {
            (true, Err(reject)) => problems.push(format!("fits, but is refused: {}: {text}", reject.detail)),
            (true, Ok(_)) => fitting += 1,
            (false, Err(_)) => refused += 1,
            (false, Ok(_)) => {}
        }
    };
    for (call, names) in calls() {
        for name in ["type", "event", "userId", "properties"] {
            let mut without = call.clone();
            without.as_object_mut().unwrap().remove(name);
            judge(&without);
        }
        for name in names {
            let mut changed = call.clone();
            let properties = changed["properties"].as_object_mut().unwrap();
            properties.remove(&name);
            if name == "total" {
                // the configuration says which of the three it is
                properties.retain(|other, _| other != "revenue" && other != "subtotal");
            }
            judge(&changed);
            for odd in odd() {
                changed["properties"][&name] = odd;
                judge(&changed);
            }
        }
        for odd in odd() {
            for name in ["type", "event", "userId", "timestamp", "messageId", "traits", "context", "properties"] {
                let mut changed = call.clone();
                changed[name] = odd.clone();
                // nobody can say in a schema that an id is the record's key
                if name != "userId" || odd.is_null() {
                    judge(&changed);
                }
            }
        }
    }
    problems.truncate(30);
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    assert!(fitting > 500 && refused > 500, "{fitting} fit, {refused} are refused");
}

/// Gives the names of a struct's fields away as its error.
struct Names;

impl<'de> serde::Deserializer<'de> for Names {
    type Error = serde::de::value::Error;

    fn deserialize_struct<V: Visitor<'de>>(self, _: &'static str, names: &'static [&'static str], _: V) -> Result<V::Value, Self::Error> {
        Err(Error::custom(names.join(" ")))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Error::custom(""))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

fn names<'de, T: Deserialize<'de>>() -> BTreeSet<String> {
    let told = T::deserialize(Names).err().unwrap().to_string();
    told.split(' ').map(str::to_owned).collect()
}

#[test]
fn fields_are_described_that_are_read_and_no_others() {
    let described = schema();
    let of = |shape: &str| -> BTreeSet<String> { described["$defs"][shape]["properties"].as_object().unwrap().keys().cloned().collect() };
    let properties: BTreeSet<String> = EVENTS.iter().filter(|(shape, _)| *shape != "Bare").flat_map(|(shape, _)| of(shape)).collect();
    assert_eq!(properties, names::<Properties<'_>>());
    assert_eq!(of("Product"), names::<ProductFields<'_>>());
    assert_eq!(of("Traits"), names::<TraitFields<'_>>());
    assert_eq!(of("Context"), names::<ContextFields<'_>>());
    assert_eq!(of("Campaign"), names::<CampaignFields<'_>>());
    let around: BTreeSet<String> = described["properties"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(around, names::<super::super::fields::Envelope<'_>>());
}
