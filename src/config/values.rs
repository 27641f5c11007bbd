//! From a TOML value to the type a key has, or a sentence that says what was expected.
//!
//! One function or type for each kind of value; none knows which key it reads, none reads a clock. Values of `kafka.properties` come through
//! `property` alone, which never quotes them. Called by `check`, `plays` and `properties`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};
use serde_json::{Value as Json, json};
use toml::Value;

use super::form::{self, Convert};
use super::layers::Entry;
use crate::event::Currency;

pub const SECOND_MS: i64 = 1_000;
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
pub const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Longer than any customer stays, and far from the ends of i64 when added to a time.
pub const DURATION_MS_MAX: i64 = 36_500 * DAY_MS;

/// Longest piece of a value quoted in a message.
const QUOTE_CHARS_MAX: usize = 60;

/// A DNS name and a port.
const HOST_BYTES_MAX: usize = 259;
/// Shorter ones can be guessed by trying; longer ones are no harder to guess, and only fill headers.
const TOKEN_BYTES: RangeInclusive<usize> = 16..=256;

pub fn text(entry: &Entry) -> Result<String, String> {
    match (&entry.value, &entry.raw) {
        (Value::String(text), _) => Ok(text.clone()),
        // LIFETIDE__INSTANCE__ID=7 is the name "7"
        (Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_), Some(raw)) => Ok(raw.clone()),
        (other, _) => Err(expected("a text in quotes", other)),
    }
}

pub fn some_text(entry: &Entry) -> Result<String, String> {
    text(entry).and_then(|text| if text.trim().is_empty() { Err("must not be empty".to_string()) } else { Ok(text) })
}

/// A value librdkafka will read; the message does not quote it.
pub fn property(entry: &Entry) -> Result<String, String> {
    match &entry.value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Boolean(flag) => Ok(flag.to_string()),
        _ => Err("expected a text, a number, true or false".to_string()),
    }
}

pub fn flag(entry: &Entry) -> Result<bool, String> {
    entry.value.as_bool().ok_or_else(|| expected("true or false", &entry.value))
}

/// A whole number.
pub struct Whole(RangeInclusive<i64>);

pub fn whole(range: RangeInclusive<i64>) -> Whole {
    Whole(range)
}

impl Convert<i64> for Whole {
    fn read(&self, entry: &Entry) -> Result<i64, String> {
        let Whole(range) = self;
        match entry.value.as_integer() {
            Some(number) if range.contains(&number) => Ok(number),
            _ => Err(expected(&format!("a whole number from {} to {}", range.start(), range.end()), &entry.value)),
        }
    }

    fn form(&self) -> Json {
        json!({ "type": "integer", "minimum": self.0.start(), "maximum": self.0.end() })
    }
}

/// A number.
pub struct Number(RangeInclusive<f64>);

pub fn number(range: RangeInclusive<f64>) -> Number {
    Number(range)
}

impl Convert<f64> for Number {
    fn read(&self, entry: &Entry) -> Result<f64, String> {
        let Number(range) = self;
        match as_number(&entry.value) {
            Some(number) if range.contains(&number) => Ok(number),
            _ => Err(expected(&format!("a number from {} to {}", range.start(), range.end()), &entry.value)),
        }
    }

    fn form(&self) -> Json {
        json!({ "type": "number", "minimum": self.0.start(), "maximum": self.0.end() })
    }
}

/// A probability that can be reached from both sides: 0 and 1 themselves are never crossed.
pub struct Threshold;

impl Convert<f64> for Threshold {
    fn read(&self, entry: &Entry) -> Result<f64, String> {
        match as_number(&entry.value) {
            Some(number) if number > 0.0 && number < 1.0 => Ok(number),
            _ => Err(expected("a probability between 0 and 1, both excluded", &entry.value)),
        }
    }

    fn form(&self) -> Json {
        json!({ "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 })
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        Value::Integer(number) => i32::try_from(*number).ok().map(f64::from),
        _ => None,
    }
}

/// One of some words.
pub struct Choice<T: 'static>(&'static [(&'static str, T)]);

pub fn choice<T: Copy>(words: &'static [(&'static str, T)]) -> Choice<T> {
    Choice(words)
}

impl<T: Copy> Convert<T> for Choice<T> {
    fn read(&self, entry: &Entry) -> Result<T, String> {
        let found = entry.value.as_str().and_then(|text| self.0.iter().find(|(word, _)| *word == text));
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let listed: Vec<String> = self.0.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            expected(&listed.join(" or "), &entry.value)
        })
    }

    fn form(&self) -> Json {
        json!({ "type": "string", "enum": self.0.iter().map(|(word, _)| *word).collect::<Vec<_>>() })
    }
}

/// A duration in ms.
pub struct Duration(RangeInclusive<i64>);

pub fn duration(range_ms: RangeInclusive<i64>) -> Duration {
    Duration(range_ms)
}

impl Convert<i64> for Duration {
    fn read(&self, entry: &Entry) -> Result<i64, String> {
        duration_of(&entry.value, &self.0)
    }

    fn form(&self) -> Json {
        let mut form = form::duration();
        form["description"] = json!(format!("From {} to {}.", shown_ms(*self.0.start()), shown_ms(*self.0.end())));
        form
    }
}

pub fn duration_of(value: &Value, range_ms: &RangeInclusive<i64>) -> Result<i64, String> {
    let span = value.as_str().and_then(|text| text.parse::<Span>().ok());
    // days of 24 hours; months and years have no fixed length and fail here
    let exact = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let ms = exact.and_then(|exact| i64::try_from(exact.as_millis()).ok());
    match ms {
        None => Err(expected("a duration such as \"90s\", \"1h\" or \"7d\"", value)),
        Some(ms) if range_ms.contains(&ms) => Ok(ms),
        Some(_) => {
            let (least, most) = (shown_ms(*range_ms.start()), shown_ms(*range_ms.end()));
            Err(expected(&format!("a duration from {least} to {most}"), value))
        }
    }
}

fn shown_ms(ms: i64) -> String {
    match ms {
        ms if ms >= DAY_MS && ms % DAY_MS == 0 => format!("{}d", ms / DAY_MS),
        ms if ms >= MINUTE_MS && ms % MINUTE_MS == 0 => format!("{}m", ms / MINUTE_MS),
        ms if ms % SECOND_MS == 0 => format!("{}s", ms / SECOND_MS),
        ms => format!("{ms}ms"),
    }
}

pub fn zone(entry: &Entry) -> Result<TimeZone, String> {
    let zone = entry.value.as_str().and_then(|name| TimeZone::get(name).ok());
    zone.ok_or_else(|| expected("a time zone such as \"Europe/Berlin\"", &entry.value))
}

/// A moment, as TOML's own date-time with an offset or as text, in ms since 1970.
pub struct Instant;

impl Convert<i64> for Instant {
    fn read(&self, entry: &Entry) -> Result<i64, String> {
        let written = match &entry.value {
            Value::String(text) => Some(text.clone()),
            Value::Datetime(time) => Some(time.to_string()),
            _ => None,
        };
        let moment = written.and_then(|text| text.parse::<Timestamp>().ok());
        moment.map(|moment| moment.as_millisecond()).ok_or_else(|| expected("a time such as 2026-01-01T00:00:00Z", &entry.value))
    }

    fn form(&self) -> Json {
        json!({ "type": "string", "format": "date-time" })
    }
}

pub fn currency(entry: &Entry) -> Result<Currency, String> {
    let currency = entry.value.as_str().and_then(Currency::from_code);
    currency.ok_or_else(|| expected("an ISO 4217 currency such as \"EUR\"", &entry.value))
}

/// `{ USD = 2000 }`: whole minor units by currency, at least one and each above nothing.
pub fn amounts(value: &Value, least_minor: i64) -> Result<BTreeMap<Currency, i64>, String> {
    let table = value.as_table().filter(|table| !table.is_empty());
    let table = table.ok_or_else(|| expected("minor units by currency, such as { USD = 2000 }", value))?;
    let mut amounts = BTreeMap::new();
    for (code, amount) in table {
        let currency = Currency::from_code(code).ok_or_else(|| format!("{code} is not an ISO 4217 currency"))?;
        let minor = amount.as_integer().filter(|minor| *minor >= least_minor);
        amounts.insert(currency, minor.ok_or_else(|| expected(&format!("{code} in whole minor units, at least {least_minor}"), amount))?);
    }
    Ok(amounts)
}

/// The texts of an array, in order.
pub fn texts(entry: &Entry) -> Result<Vec<String>, String> {
    let array = entry.value.as_array();
    let texts = array.and_then(|array| array.iter().map(|value| value.as_str().map(str::to_string)).collect());
    texts.ok_or_else(|| expected("a list of texts such as [\"a\", \"b\"]", &entry.value))
}

/// `expected …, got …`, the value cut to a readable length.
pub fn expected(what: &str, got: &Value) -> String {
    let shown = got.to_string();
    if shown.chars().count() <= QUOTE_CHARS_MAX {
        return format!("expected {what}, got {shown}");
    }
    let cut: String = shown.chars().take(QUOTE_CHARS_MAX).collect();
    format!("expected {what}, got {cut}…")
}

/// A secret of 16 bytes in hexadecimal digits; it is never quoted.
pub fn key(entry: &Entry) -> Result<[u8; 16], String> {
    let digits = entry.value.as_str().filter(|text| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let number = digits.and_then(|digits| u128::from_str_radix(digits, 16).ok());
    number.map(u128::to_be_bytes).ok_or_else(|| "expected 32 hexadecimal digits in quotes".to_string())
}

/// Where an HTTP server is reached: scheme, host and port, no path.
pub fn address(entry: &Entry) -> Result<String, String> {
    let is_good = |text: &&str| {
        let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        host.is_some_and(|host| (1..=HOST_BYTES_MAX).contains(&host.len()) && host.bytes().all(is_host))
    };
    let address = entry.value.as_str().filter(is_good).map(str::to_string);
    address.ok_or_else(|| expected("an address without a path such as \"http://lifetide-0.shop.internal:9464\"", &entry.value))
}

/// Below which URLs of an HTTP server lie: as `address`, and a path if there is one. A login has its own key, since this one is shown.
pub fn base_address(entry: &Entry) -> Result<String, String> {
    let is_good = |text: &&str| {
        let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:[]/~".contains(&byte);
        host.is_some_and(|host| (1..=HOST_BYTES_MAX).contains(&host.len()) && host.bytes().all(is_plain))
    };
    let address = entry.value.as_str().filter(is_good).map(|text| text.trim_end_matches('/').to_owned());
    // what was meant as a login is not quoted
    address.ok_or_else(|| "expected an address such as \"http://schema-registry:8081\", without user and password".to_owned())
}

/// A secret that goes into an HTTP header as it is; it is never quoted.
pub fn token(entry: &Entry) -> Result<String, String> {
    let is_good = |text: &&str| TOKEN_BYTES.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    let token = entry.value.as_str().filter(is_good).map(str::to_string);
    token.ok_or_else(|| {
        let (least, most) = (TOKEN_BYTES.start(), TOKEN_BYTES.end());
        format!("expected {least} to {most} visible ASCII characters in quotes, without spaces")
    })
}
