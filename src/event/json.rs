//! Single fields of a JSON object, read from their raw text: text, ids, urls, flags, amounts, nested objects.
//!
//! A field stays raw until an event's kind asks for it, so what nobody asks for costs nothing, whatever its type; amounts keep the digits
//! the shop wrote; and a wrong type can be told by the field's name. Absent, `null` and (for text) `""` are the same: not given.
//! Refuses what is given in another type or size than asked for. Called by the files that read wire formats.
//! Objects are read by `scan`; where it gives up, serde reads them, which knows every corner and finds the words for a refusal.

use super::limits::{MAX_ELEMENTS, MAX_ID_BYTES, MAX_NAME_BYTES, MAX_QUOTE_BYTES, MAX_URL_BYTES, cut};
use super::scan::{self, Fields};
use super::value::{Field, Value};
use super::{Currency, Money, Reason, Reject, Text, amount, time};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Reads a JSON object into a struct of absent `Field`s. Anything but an object is `WrongType`; a field given twice is `InvalidJson`, since
/// readers disagree on which of the two counts.
pub(super) fn object<'a, T>(name: &str, text: &'a str, fields: &mut T) -> Result<(), Reject>
where
    T: Fields<'a> + Deserialize<'a>,
{
    if scan::object(text, fields).is_none() {
        *fields = unusual_object(name, text)?;
    }
    Ok(())
}

/// The same by serde, for formats that few records have.
#[cold]
pub(super) fn unusual_object<'a, T: Deserialize<'a>>(name: &str, text: &'a str) -> Result<T, Reject> {
    let is_object = text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{');
    if is_object {
        return serde_json::from_str(text).map_err(|e| Reject::new(Reason::InvalidJson, format!("{name}: {e}")));
    }
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Err(wrong_type(name, text, "an object")),
        Err(e) => Err(Reject::new(Reason::InvalidJson, format!("{name}: {e}"))),
    }
}

/// The elements of an array as they are written; `many` is the reason to refuse more than `MAX_ELEMENTS`.
pub(super) fn elements<'a>(name: &str, array: Value<'a>, many: Reason) -> Result<Vec<&'a str>, Reject> {
    let Value::Json(written) = array else {
        return Err(wrong_type(name, &array.written(), "an array"));
    };
    if !written.starts_with('[') {
        return Err(wrong_type(name, written, "an array"));
    }
    let elements: Vec<&RawValue> = serde_json::from_str(written).map_err(|e| Reject::new(Reason::InvalidJson, format!("{name}: {e}")))?;
    if elements.len() > MAX_ELEMENTS {
        return Err(Reject::new(many, format!("{name}: {} elements, at most {MAX_ELEMENTS} are allowed", elements.len())));
    }
    Ok(elements.into_iter().map(RawValue::get).collect())
}

/// Text, or an integer as its decimal text (shops number what others name).
pub(super) fn text<'a>(name: &str, field: Field<'a>) -> Result<Option<Text<'a>>, Reject> {
    let value = match field.0 {
        None => return Ok(None),
        // as nearly always
        Some(Value::Text(text)) => return Ok(Some(Cow::Borrowed(text)).filter(|text| !text.is_empty())),
        Some(Value::Json("null")) => return Ok(None),
        Some(value) => value,
    };
    let text = match (string(name, value)?, value) {
        (Some(text), _) => text,
        (None, Value::Json(written)) if is_integer(written) => Cow::Borrowed(written),
        _ => return Err(wrong_type(name, &value.written(), "text")),
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
    match field.given() {
        None | Some(Value::Json("false")) => Ok(false),
        Some(Value::Json("true")) => Ok(true),
        Some(other) => Err(wrong_type(name, &other.written(), "true or false")),
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
pub(super) fn money(name: &str, value: Value, currency: Currency) -> Result<Money, Reject> {
    let text = number_text(name, value)?;
    let minor = amount::minor_units(&text, currency.exponent()).map_err(|reason| refusal(reason, name, &text))?;
    Ok(Money { minor, currency })
}

/// A quantity, as number or text; 1 where not given.
pub(super) fn quantity(name: &str, field: Field) -> Result<u32, Reject> {
    let Some(value) = field.given() else { return Ok(1) };
    let text = number_text(name, value)?;
    amount::quantity(&text).map_err(|reason| refusal(reason, name, &text))
}

/// Points of a loyalty programme, as number or text: whole, none or more.
pub(super) fn points(name: &str, field: Field) -> Result<Option<u32>, Reject> {
    let Some(value) = field.given() else { return Ok(None) };
    let text = number_text(name, value)?;
    amount::points(&text).map(Some).map_err(|reason| refusal(reason, name, &text))
}

/// A moment in RFC 3339, or a day: then so long after its midnight in UTC.
pub(super) fn moment(name: &str, field: Field, into_day_ms: i64) -> Result<Option<i64>, Reject> {
    let Some(written) = text(name, field)? else {
        return Ok(None);
    };
    let is_day = written.len() == "2026-01-01".len();
    let moment = match is_day {
        true => time::parse_rfc3339(&format!("{written}T00:00:00Z")).map(|midnight_ms| midnight_ms + into_day_ms),
        false => time::parse_rfc3339(&written),
    };
    let at_ms = moment.map_err(|reason| refusal(reason, name, &written))?;
    if time::in_range(at_ms) { Ok(Some(at_ms)) } else { Err(refusal(Reason::TimeOutOfRange, name, &written)) }
}

/// Text given as JSON text; `None` for any other type.
pub(super) fn string<'a>(name: &str, value: Value<'a>) -> Result<Option<Text<'a>>, Reject> {
    match value {
        Value::Text(text) => Ok(Some(Cow::Borrowed(text))),
        // skipping over an escape checks its form only; half of a surrogate pair is found here
        Value::Json(written) if written.starts_with('"') => match serde_json::from_str(written) {
            Ok(unescaped) => Ok(Some(Cow::Owned(unescaped))),
            Err(e) => Err(Reject::new(Reason::InvalidJson, format!("{name}: {e}"))),
        },
        Value::Json(_) => Ok(None),
    }
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

/// A number as it is written, or a text.
pub(super) fn number_text<'a>(name: &str, value: Value<'a>) -> Result<Text<'a>, Reject> {
    match value {
        Value::Json(written) if written.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => Ok(Cow::Borrowed(written)),
        _ => string(name, value)?.ok_or_else(|| wrong_type(name, &value.written(), "a number")),
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
