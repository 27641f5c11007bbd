//! What a call tells about the person: `traits` of identify, else `context.traits`, with `context.locale` and `context.timezone` behind.
//! Forgiving on purpose: a trait of a wrong type or size counts as not given, since a bad trait must not cost an order. Judges no e-mail
//! address (the engine does). Called by `segment` alone.

use super::consent;
use super::fields::{ContextFields, TraitFields};
use crate::event::json;
use crate::event::limits::{MAX_EMAIL_BYTES, MAX_LOCALE_BYTES};
use crate::event::value::{Field, Value};
use crate::event::{Birthday, ConsentStatus, Text, TraitConsent, Traits, time};
use jiff::tz::TimeZoneDatabase;
use serde::Deserialize;
use std::borrow::Cow;
use std::sync::LazyLock;

/// The zones compiled in, not those of the machine: the same name is known or unknown everywhere, and nothing is read from disk.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Shopify's form of a consent.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct ConsentFields<'a> {
    state: Field<'a>,
    opt_in_level: Field<'a>,
    consent_updated_at: Field<'a>,
}

/// `own`: the `traits` of an identify call, empty for any other call.
pub(super) fn read<'a>(own: &TraitFields<'a>, context: &ContextFields<'a>, time_ms: i64) -> Traits<'a> {
    let seen = &context.traits.fields;
    let first_name = [&own.first_name, &own.first_name_camel, &seen.first_name, &seen.first_name_camel];
    Traits {
        email: first_text(&[&own.email, &seen.email]).and_then(trimmed_email),
        first_name: first_text(&first_name).or_else(|| first_text(&[&own.name, &seen.name]).and_then(first_word)).map(json::shorten),
        locale: first_text(&[&own.locale, &seen.locale, &context.locale]).filter(|locale| locale.len() <= MAX_LOCALE_BYTES),
        time_zone: first_text(&[&own.timezone, &seen.timezone, &context.timezone]).filter(|zone| ZONES.get(zone).is_ok()),
        region: first_text(&[&own.region, &seen.region]).map(json::shorten),
        customer_type: first_text(&[&own.customer_type, &seen.customer_type]).map(json::shorten),
        birthday: first_text(&[&own.birthday, &seen.birthday]).and_then(|day| Birthday::parse(&day)),
        consent: own.email_marketing_consent.given().and_then(|value| consent(value, time_ms)),
    }
}

/// The first of the fields that is a text with something in it.
fn first_text<'a>(fields: &[&Field<'a>]) -> Option<Text<'a>> {
    fields.iter().find_map(|field| text(field.0?))
}

fn text(value: Value<'_>) -> Option<Text<'_>> {
    match value {
        Value::Text(text) => Some(Cow::Borrowed(text)).filter(|text| !text.is_empty()),
        // `null` is no text, either
        value => json::string("trait", value).ok().flatten().filter(|text| !text.is_empty()),
    }
}

/// Of "Ann Lee" the first name is Ann.
fn first_word(name: Text<'_>) -> Option<Text<'_>> {
    match name {
        Cow::Borrowed(name) => name.split_whitespace().next().map(Cow::Borrowed),
        Cow::Owned(name) => name.split_whitespace().next().map(|word| Cow::Owned(word.to_owned())),
    }
}

fn trimmed_email(email: Text<'_>) -> Option<Text<'_>> {
    let trimmed = match email {
        Cow::Borrowed(email) => Cow::Borrowed(email.trim()),
        Cow::Owned(email) => Cow::Owned(email.trim().to_owned()),
    };
    Some(trimmed).filter(|email| (1..=MAX_EMAIL_BYTES).contains(&email.len()))
}

/// A status as text, `true` / `false`, or Shopify's object. Shopify's `not_subscribed` means never asked: no consent is told.
pub(in crate::event) fn consent(value: Value<'_>, time_ms: i64) -> Option<TraitConsent> {
    let plain = |status| TraitConsent { status, double_opt_in: false, at_ms: None };
    let written = match value {
        Value::Json("true") => return Some(plain(ConsentStatus::Subscribed)),
        Value::Json("false") => return Some(plain(ConsentStatus::Unsubscribed)),
        Value::Text(_) => "",
        Value::Json(written) => written,
    };
    if let Some(text) = text(value) {
        return consent::status(&text).map(plain);
    }
    let fields: ConsentFields = json::unusual_object("email_marketing_consent", written).ok()?;
    let level = fields.opt_in_level.given().and_then(text);
    let updated_ms = fields.consent_updated_at.given().and_then(text).and_then(|text| time::parse_rfc3339(&text).ok());
    Some(TraitConsent {
        status: consent::status(&fields.state.given().and_then(text)?)?,
        double_opt_in: level.is_some_and(|level| level.eq_ignore_ascii_case("confirmed_opt_in")),
        // a change after the call that tells of it is a wrong clock, and would outlast every later refusal
        at_ms: updated_ms.filter(|&at_ms| time::in_range(at_ms) && at_ms <= time_ms),
    })
}
