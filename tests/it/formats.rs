//! The fixtures of `tests/formats`: a record of each kind that providers send, and what it must be read as, in words.
//!
//! A fixture is `{about, key, headers, record, told}`; its folder is the topic's format. `record` is the value as it stands, or a text that
//! holds one. Where it is known by its shape (`auto` is not `false`), a topic of any format reads it alike. To see what a changed decoder
//! says, run with `PRINT_FORMATS=1`: it prints, and fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use lifetide::event::{
    CartContents, ConsentStatus, DecodeRules, Event, Format, Kind, Money, OrderValue, Part, Product, Raw, Reject, Told, Wire, decode,
};
use serde::Deserialize;
use serde_json::value::RawValue;

/// 2026-03-02T12:00:00Z: when Kafka was given each record.
const AT_MS: i64 = 1_772_452_800_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    #[serde(rename = "about")]
    _about: String,
    key: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default = "yes")]
    auto: bool,
    #[serde(default)]
    order_value: Option<String>,
    pub record: Box<RawValue>,
    pub told: Vec<String>,
}

fn yes() -> bool {
    true
}

fn money(money: Money) -> String {
    format!("{} {}", money.minor, money.currency.code())
}

fn product(product: &Product<'_>) -> String {
    let price = product.price.map_or("-".to_owned(), money);
    format!("{}x {} {:?} at {price}", product.quantity, product.product_id, product.name.as_deref().unwrap_or(""))
}

fn contents(contents: &CartContents<'_>) -> String {
    let CartContents { cart_id, checkout_id, source, url, products, value } = contents;
    let text = |text: &Option<_>| text.as_deref().unwrap_or("-").to_owned();
    let products: Vec<String> = products.iter().flatten().map(product).collect();
    let value = value.map_or("-".to_owned(), money);
    format!("{source:?} cart {} checkout {} url {} value {value} [{}]", text(cart_id), text(checkout_id), text(url), products.join(", "))
}

fn kind(kind: &Kind<'_>) -> String {
    match kind {
        Kind::Email(email) => format!("{:?} campaign {}", email.signal, email.campaign_id.as_deref().unwrap_or("-")),
        Kind::Consent(change) => {
            let double = if change.double_opt_in { " double_opt_in" } else { "" };
            let status = match change.status {
                ConsentStatus::Subscribed => "subscribed",
                ConsentStatus::Unsubscribed => "unsubscribed",
                ConsentStatus::Pending => "pending",
            };
            format!("{status} by {}{double}", change.source.as_deref().unwrap_or("-"))
        }
        Kind::OrderCompleted(order) => {
            let text = |text: &Option<_>| text.as_deref().unwrap_or("-").to_owned();
            format!(
                "order {} of {} cart {} checkout {}",
                order.order_id,
                money(order.value),
                text(&order.cart_id),
                text(&order.checkout_id)
            )
        }
        Kind::OrderRefunded(refund) => {
            let amount = refund.amount.map_or("all".to_owned(), money);
            format!("refund {} of order {}: {amount}", refund.refund_id.as_deref().unwrap_or("-"), refund.order_id)
        }
        Kind::OrderCancelled { order_id } => format!("order {order_id}"),
        Kind::CartContents(of) => contents(of),
        Kind::Identify => "identify".to_owned(),
        Kind::Unknown => "nothing".to_owned(),
        other => format!("{other:?}"),
    }
}

fn event(event: &Event<'_>) -> String {
    let at = jiff::Timestamp::from_millisecond(event.time_ms).unwrap();
    let mut words = format!("{} | {} | at {at} | id {}", event.name, kind(&event.kind), event.message_id.as_deref().unwrap_or("-"));
    let traits = &event.traits;
    let consent = traits.consent.map(|consent| format!("{:?} double {} at {:?}", consent.status, consent.double_opt_in, consent.at_ms));
    let referrer = event.touch.as_ref().and_then(|touch| touch.referrer.as_deref());
    let further = [
        ("about", event.address.as_deref()),
        ("email", traits.email.as_deref()),
        ("first name", traits.first_name.as_deref()),
        ("locale", traits.locale.as_deref()),
        ("consent", consent.as_deref()),
        ("referrer", referrer),
    ];
    for (name, value) in further {
        words.extend(value.map(|value| format!(" | {name} {value}")));
    }
    let items: Vec<&str> = event.items.iter().filter_map(|item| item.product_id.as_deref()).collect();
    if !items.is_empty() {
        words.push_str(&format!(" | items {}", items.join(", ")));
    }
    words
}

fn refusal(what: &str, reject: &Reject) -> String {
    format!("{what} refused | {} | {}", reject.reason.as_str(), reject.detail)
}

fn told(read: &Result<Told<'_>, Reject>) -> Vec<String> {
    match read {
        Ok(Told::One(one)) => vec![event(one)],
        Ok(Told::Several(parts)) => parts
            .iter()
            .map(|part| match part {
                Part::Event(part) => event(part),
                Part::Refused { element, reject } => {
                    assert!(serde_json::from_str::<serde_json::Value>(element).is_ok(), "an element is kept as it is written: {element}");
                    refusal("element", reject)
                }
            })
            .collect(),
        Err(reject) => vec![refusal("record", reject)],
    }
}

fn read(fixture: &Fixture, format: Format) -> Vec<String> {
    let written = fixture.record.get();
    let text = if written.starts_with('"') { serde_json::from_str(written).unwrap() } else { written.to_owned() };
    let order_value = match fixture.order_value.as_deref() {
        None => OrderValue::Total,
        Some("subtotal") => OrderValue::Subtotal,
        Some(other) => panic!("order value {other}"),
    };
    let rules = DecodeRules { order_value, default_currency: None, max_skew_ms: 300_000, max_record_bytes: 1 << 20, formats: Vec::new() };
    let each_header = |visit: &mut dyn FnMut(&str, &[u8])| fixture.headers.iter().for_each(|(name, value)| visit(name, value.as_bytes()));
    let raw = Raw { key: Some(fixture.key.as_bytes()), value: Some(text.as_bytes()), timestamp_ms: Some(AT_MS) };
    told(&decode(&raw, &Wire { format, each_header: &each_header }, &rules, None))
}

/// Format, path and fixture.
pub fn fixtures() -> Vec<(Format, String, Fixture)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats");
    let mut all = Vec::new();
    for (word, format) in Format::WORDS {
        let Ok(folder) = fs::read_dir(root.join(word)) else { continue };
        for path in folder.map(|entry| entry.unwrap().path()) {
            let text = fs::read_to_string(&path).unwrap();
            let fixture = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            all.push((*format, path.strip_prefix(&root).unwrap().display().to_string(), fixture));
        }
    }
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all
}

#[test]
fn every_fixture_is_read_as_it_says() {
    let mut problems = Vec::new();
    let all = fixtures();
    for (format, path, fixture) in &all {
        let found = read(fixture, *format);
        if found != fixture.told {
            problems.push(format!("{path}\n{}", serde_json::to_string_pretty(&found).unwrap()));
        }
        if fixture.auto {
            assert_eq!(read(fixture, Format::Auto), found, "{path} by its shape");
        }
    }
    assert!(problems.is_empty() && std::env::var_os("PRINT_FORMATS").is_none(), "\n{}", problems.join("\n"));
    for provider in ["cloudevents", "mailgun", "postmark", "sendgrid", "ses", "shopify"] {
        let count = all.iter().filter(|(_, path, _)| path.starts_with(provider)).count();
        assert!(count >= 5, "{count} fixtures of {provider}");
    }
}

/// Paths of the fields of a value; places in lists are no part of them.
fn paths(value: &serde_json::Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            paths(value, &path, found);
            found.insert(path);
        }),
        serde_json::Value::Array(values) => values.iter().for_each(|value| paths(value, path, found)),
        serde_json::Value::String(text) if path.is_empty() => {
            serde_json::from_str(text).into_iter().for_each(|value: serde_json::Value| paths(&value, path, found));
        }
        _ => {}
    }
}

#[test]
fn fixtures_hold_every_field_that_is_documented() {
    let written = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/documented.toml")).unwrap();
    let documented: BTreeMap<String, String> = toml::from_str(&written).unwrap();
    let mut missing = Vec::new();
    for (provider, fields) in &documented {
        let mut found = BTreeSet::new();
        let own = fixtures().into_iter().filter(|(_, path, _)| path.starts_with(&format!("{provider}/")));
        own.for_each(|(_, _, fixture)| paths(&serde_json::from_str(fixture.record.get()).unwrap(), "", &mut found));
        missing.extend(fields.split_whitespace().filter(|field| !found.contains(*field)).map(|field| format!("{provider}: {field}")));
    }
    assert!(documented.len() == 6 && missing.is_empty(), "{missing:#?}");
}

#[test]
fn no_fixture_names_anybody() {
    for (_, path, fixture) in fixtures() {
        let addresses = fixture.record.get().split('"').filter(|text| text.contains('@') && !text.contains('{'));
        for address in addresses {
            assert!(address.trim_end_matches(['>', '\\']).ends_with("example.com"), "{path}: {address}");
        }
    }
}
