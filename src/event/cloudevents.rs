//! CloudEvents 1.0: an envelope with an id and a time around data of any other format.
//!
//! Structured: the envelope is the record, `data` an object, an array, or a text that holds JSON, or `data_base64` its bytes. Binary: the envelope
//! is the record's headers `ce_*`, and the value is the data. Id and time stand in where the data has none of its own; an id is known by
//! its source, since others may count from one, too. Refuses versions other than 1.x, and an envelope inside an envelope. Whose event it
//! is, the record key says (`partitionkey` became it). Called by `foreign` alone.

use super::format::{EachHeader, Format};
use super::forms::{Id, Moment, form, of};
use super::frame::Frame;
use super::told::Told;
use super::value::{Field, Value};
use super::{Reason, Reject, foreign, json, time};
use crate::schema::Described;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use serde_json::json as value;
use utoipa::openapi::{RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A CloudEvent in structured mode. In binary mode the attributes are the headers `ce_id`, `ce_source` and `ce_time`, and the value is the data. Whose
/// event it is, the record's key says.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Fields<'a> {
    #[schema(value_type = Version)]
    specversion: Field<'a>,
    /// With the source, by which the data is known again where it has no id of its own.
    #[schema(value_type = Id)]
    id: Field<'a>,
    #[schema(value_type = Id)]
    source: Field<'a>,
    /// Where the data has none of its own.
    #[schema(value_type = Option<Moment>)]
    time: Field<'a>,
    /// An event of any other format, an array of them, or either as text.
    #[schema(value_type = Option<serde_json::Value>)]
    data: Field<'a>,
    /// The bytes of that.
    #[schema(value_type = Option<String>)]
    data_base64: Field<'a>,
}

form!(
    /// Of the envelope: any 1.x.
    Version,
    of([Type::String]).pattern(Some(r"^1\."))
);

pub(super) fn schema() -> serde_json::Value {
    let some_data = ["data", "data_base64"].map(|name| value!({ "required": [name] }));
    Described::of::<Fields<'_>>()
        .with("Fields", "required", value!(["specversion", "id", "source"]))
        .with("Fields", "anyOf", value!(some_data))
        .document("a CloudEvent around an event of any format")
}

/// Reads an envelope in structured mode.
pub(super) fn read<'a>(frame: &Frame<'a, '_>, text: &'a str) -> Result<Told<'a>, Reject> {
    let fields: Fields = json::unusual_object("record", text)?;
    let version = json::text("specversion", fields.specversion)?.ok_or_else(|| json::missing("specversion"))?;
    if !version.starts_with("1.") {
        return Err(json::refusal(Reason::UnknownKind, "specversion", &version));
    }
    let id = json::required_id("id", fields.id)?;
    let source = json::required_id("source", fields.source)?;
    let at_ms = json::moment("time", fields.time, 0)?;
    let inside = Frame { id: Some(full_id(&source, &id)), at_ms, ..frame.clone() };
    match (fields.data.given(), json::text("data_base64", fields.data_base64)?) {
        (Some(Value::Json(data)), _) if !data.starts_with('"') => data_of(&inside, data),
        (Some(quoted), _) => {
            let data = json::string("data", quoted)?.ok_or_else(|| json::missing("data"))?;
            data_of(&inside, &data).map(Told::into_owned)
        }
        (None, Some(encoded)) => {
            let bytes = base64(&encoded).ok_or_else(|| json::wrong_type("data_base64", &encoded, "base64"))?;
            let data = String::from_utf8(bytes).map_err(|_| json::wrong_type("data_base64", &encoded, "UTF-8"))?;
            data_of(&inside, &data).map(Told::into_owned)
        }
        (None, None) => Err(json::missing("data")),
    }
}

fn data_of<'a>(inside: &Frame<'a, '_>, data: &'a str) -> Result<Told<'a>, Reject> {
    if foreign::format_of(data) == Some(Format::CloudEvents) {
        return Err(Reject::new(Reason::WrongType, "data is another envelope"));
    }
    foreign::read(inside, Format::Auto, data)
}

/// What headers say in binary mode; without them the frame stays as it is.
pub(super) fn with_headers<'a, 'r>(frame: Frame<'a, 'r>, each_header: &EachHeader<'_>) -> Frame<'a, 'r> {
    let (mut id, mut source, mut at) = (None, None, None);
    let (mut webhook_id, mut shopify_topic) = (None, None);
    each_header(&mut |name, value| {
        let told = || String::from_utf8(value.to_vec()).ok();
        match name.to_ascii_lowercase().as_str() {
            "ce_id" => id = told(),
            "ce_source" => source = told(),
            "ce_time" => at = told(),
            "x-shopify-webhook-id" => webhook_id = told(),
            "x-shopify-topic" => shopify_topic = told(),
            _ => {}
        }
    });
    let id = id.zip(source).map(|(id, source)| full_id(&source, &id));
    let at_ms = at.and_then(|at| time::parse_rfc3339(&at).ok()).filter(|at_ms| time::in_range(*at_ms));
    Frame { id: id.or(webhook_id), at_ms, shopify_topic, ..frame }
}

fn full_id(source: &str, id: &str) -> String {
    format!("{source}/{id}")
}

/// Padding is cut off before; bits left over behind the last byte are nobody's.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::RequireNone).with_decode_allow_trailing_bits(true),
);

/// The bytes of a base64 text (RFC 4648, 4), padded or not; `None`: it is none.
fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.trim_end_matches('=')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_with_and_without_padding() {
        let cases = [("", ""), ("YQ==", "a"), ("YWI=", "ab"), ("YWI", "ab"), ("YWJj", "abc"), ("eyJhIjoiPz4ifQ==", r#"{"a":"?>"}"#)];
        for (text, bytes) in cases {
            assert_eq!(base64(text).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        assert!(base64("a").is_none() && base64("YW-j").is_none() && base64("YQ==YQ==").is_none());
    }
}
