//! Single fields of a JSON object, read from their raw text: text, ids, urls, flags, amounts, nested objects.
//!
//! A field stays raw until an event's kind asks for it, so what nobody asks for costs nothing, whatever its type; amounts keep the digits
//! the shop wrote; and a wrong type can be told by the field's name. Absent, `null` and (for text) `""` are the same: not given.
//! Refuses what is given in another type or size than asked for. Called by the files that read wire formats.

use super::limits::{MAX_ID_BYTES, MAX_NAME_BYTES, MAX_QUOTE_BYTES, MAX_URL_BYTES, cut};
use super::{Currency, Money, Reason, Reject, Text, amount};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The raw text of a field, already known to be JSON. Absent and `null` are `None`.
pub(super) type Field<'a> = Option<&'a RawValue>;

/// Reads a JSON object into a struct of `Field`s. Anything but an object is `WrongType`; a field given twice is `InvalidJson`, since
/// readers disagree on which of the two counts.
pub(super) fn object<'a, T: Deserialize<'a>>(name: &str, text: &'a str) -> Result<T, Reject> {
    let is_object = text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{');
    if is_object {
        return serde_json::from_str(text).map_err(|e| Reject::new(Reason::InvalidJson, format!("{name}: {e}")));
    }
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Err(wrong_type(name, text, "an object")),
        Err(e) => Err(Reject::new(Reason::InvalidJson, format!("{name}: {e}"))),
    }
}

/// Text, or an integer as its decimal text (shops number what others name).
pub(super) fn text<'a>(name: &str, field: Field<'a>) -> Result<Option<Text<'a>>, Reject> {
    let Some(raw) = field else { return Ok(None) };
    let text = match string(name, raw)? {
        Some(text) => text,
        None if is_integer(raw.get()) => Cow::Borrowed(raw.get()),
        None => return Err(wrong_type(name, raw.get(), "text")),
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// An id of at most `MAX_ID_BYTES`.
pub(super) fn id<'a>(name: &str, field: Field<'a>) -> Result<Option<Text<'a>>, Reject> {
    let id = text(name, field)?;
    match id {
        Some(id) if id.len() > MAX_ID_BYTES => Err(Reject::new(
            Reason::TooLong,
            format!("{name}: {} bytes, at most {MAX_ID_BYTES} are allowed: {}", id.len(), cut(&id, MAX_QUOTE_BYTES)),
        )),
        id => Ok(id),
    }
}

/// An id without which the event has no meaning.
pub(super) fn required_id<'a>(name: &str, field: Field<'a>) -> Result<Text<'a>, Reject> {
    id(name, field)?.ok_or_else(|| missing(name))
}

/// Text for people, cut to `MAX_NAME_BYTES`.
pub(super) fn name<'a>(name: &str, field: Field<'a>) -> Result<Option<Text<'a>>, Reject> {
    Ok(text(name, field)?.map(shorten))
}

/// Text cut to `MAX_NAME_BYTES` between two characters.
pub(super) fn shorten(text: Text<'_>) -> Text<'_> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(cut(text, MAX_NAME_BYTES)),
        Cow::Owned(mut text) => {
            text.truncate(cut(&text, MAX_NAME_BYTES).len());
            Cow::Owned(text)
        }
    }
}

/// A url; an overlong one counts as not given.
pub(super) fn url<'a>(name: &str, field: Field<'a>) -> Result<Option<Text<'a>>, Reject> {
    Ok(text(name, field)?.filter(|url| url.len() <= MAX_URL_BYTES))
}

/// `true` or `false`; not given is `false`.
pub(super) fn flag(name: &str, field: Field) -> Result<bool, Reject> {
    match field.map(RawValue::get) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(wrong_type(name, other, "true or false")),
    }
}

/// A currency of ISO 4217 in any case; `default` where none is given.
pub(super) fn currency(field: Field, default: Option<Currency>) -> Result<Option<Currency>, Reject> {
    let Some(code) = text("currency", field)? else {
        return Ok(default);
    };
    let known = Currency::from_code(&code).or_else(|| Currency::from_code(&code.to_ascii_uppercase()));
    known.map(Some).ok_or_else(|| refusal(Reason::UnknownCurrency, "currency", &code))
}

/// An amount, as number or text, of a known currency.
pub(super) fn money(name: &str, raw: &RawValue, currency: Currency) -> Result<Money, Reject> {
    let text = number_text(name, raw)?;
    let minor = amount::minor_units(&text, currency.exponent()).map_err(|reason| refusal(reason, name, &text))?;
    Ok(Money { minor, currency })
}

/// A quantity, as number or text; 1 where not given.
pub(super) fn quantity(name: &str, field: Field) -> Result<u32, Reject> {
    let Some(raw) = field else { return Ok(1) };
    let text = number_text(name, raw)?;
    amount::quantity(&text).map_err(|reason| refusal(reason, name, &text))
}

/// Text given as JSON text; `None` for any other type.
pub(super) fn string<'a>(name: &str, raw: &'a RawValue) -> Result<Option<Text<'a>>, Reject> {
    let Some(quoted) = raw.get().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return Ok(None);
    };
    if !quoted.as_bytes().contains(&b'\\') {
        return Ok(Some(Cow::Borrowed(quoted)));
    }
    // skipping over an escape checks its form only; half of a surrogate pair is found here
    let unescaped: String = serde_json::from_str(raw.get()).map_err(|e| Reject::new(Reason::InvalidJson, format!("{name}: {e}")))?;
    Ok(Some(Cow::Owned(unescaped)))
}

/// The refusal of a field that is needed and not given.
pub(super) fn missing(name: &str) -> Reject {
    Reject::new(Reason::MissingField, format!("{name} is missing"))
}

/// The refusal of a field given as `found` where it must be `expected`.
pub(super) fn wrong_type(name: &str, found: &str, expected: &str) -> Reject {
    Reject::new(Reason::WrongType, format!("{name}: {} is not {expected}", cut(found, MAX_QUOTE_BYTES)))
}

/// The refusal of what a field says.
pub(super) fn refusal(reason: Reason, name: &str, found: &str) -> Reject {
    Reject::new(reason, format!("{name}: {}", cut(found, MAX_QUOTE_BYTES)))
}

fn number_text<'a>(name: &str, raw: &'a RawValue) -> Result<Text<'a>, Reject> {
    if raw.get().starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Ok(Cow::Borrowed(raw.get()));
    }
    string(name, raw)?.ok_or_else(|| wrong_type(name, raw.get(), "a number"))
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
