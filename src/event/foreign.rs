//! Records that are not Segment's: what they are (by the topic's format, else by their shape), and their elements if they are arrays.
//!
//! An array is read element by element: each is an event or is refused by itself, and an id of the envelope has its number behind it. Every
//! provider's own file says what its fields mean. Refuses what has the shape of nothing it knows, in the words of Segment's file, since
//! that is what it was most likely meant to be. Called by `decode` and, for the data in an envelope, by `cloudevents`.

use super::format::Format;
use super::frame::Frame;
use super::limits::MAX_ELEMENTS;
use super::segment::Around;
use super::told::{Part, Told};
use super::value::{Field, Value};
use super::{Event, Reason, Reject, cloudevents, json, mailgun, postmark, segment, sendgrid, ses, shopify};
use serde::Deserialize;

/// The fields by which a record is known.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Shape<'a> {
    r#type: Field<'a>,
    specversion: Field<'a>,
    event_type: Field<'a>,
    notification_type: Field<'a>,
    mail: Field<'a>,
    #[serde(rename = "TopicArn")]
    topic_arn: Field<'a>,
    event: Field<'a>,
    email: Field<'a>,
    timestamp: Field<'a>,
    #[serde(rename = "sg_event_id")]
    sg_event_id: Field<'a>,
    #[serde(rename = "event-data")]
    event_data: Field<'a>,
    #[serde(rename = "log-level")]
    log_level: Field<'a>,
    #[serde(rename = "RecordType")]
    record_type: Field<'a>,
    #[serde(rename = "admin_graphql_api_id")]
    shopify_id: Field<'a>,
    #[serde(rename = "abandoned_checkout_url")]
    checkout_url: Field<'a>,
    #[serde(rename = "email_marketing_consent")]
    consent: Field<'a>,
    #[serde(rename = "refund_line_items")]
    refund_lines: Field<'a>,
}

/// What a JSON object looks like; `None`: nothing known.
pub(super) fn format_of(text: &str) -> Option<Format> {
    let shape: Shape = json::unusual_object("record", text).ok()?;
    let has = |field: Field<'_>| field.given().is_some();
    let is_number =
        |field: Field<'_>| matches!(field.given(), Some(Value::Json(written)) if written.starts_with(|c: char| c.is_ascii_digit()));
    let is_call = matches!(shape.r#type.given(), Some(Value::Text(call)) if segment::CALLS.contains(&call));
    Some(if has(shape.specversion) {
        Format::CloudEvents
    } else if is_call {
        Format::Segment
    } else if has(shape.topic_arn) || has(shape.mail) && (has(shape.event_type) || has(shape.notification_type)) {
        Format::Ses
    } else if has(shape.event_data) || has(shape.event) && has(shape.log_level) {
        Format::Mailgun
    } else if has(shape.record_type) {
        Format::Postmark
    } else if has(shape.sg_event_id) || has(shape.event) && has(shape.email) && is_number(shape.timestamp) {
        Format::SendGrid
    } else if has(shape.shopify_id) || has(shape.checkout_url) || has(shape.consent) || has(shape.refund_lines) {
        Format::Shopify
    } else {
        return None;
    })
}

/// JSON Schema of what a format reads; `None`: of Segment's calls, which `segment` describes, and of what is any of the others.
pub fn schema(format: Format) -> Option<serde_json::Value> {
    match format {
        Format::Auto | Format::Segment => None,
        Format::CloudEvents => Some(cloudevents::schema()),
        Format::Ses => Some(ses::schema()),
        Format::SendGrid => Some(sendgrid::schema()),
        Format::Mailgun => Some(mailgun::schema()),
        Format::Postmark => Some(postmark::schema()),
        Format::Shopify => Some(shopify::schema()),
    }
}

/// Reads a record of a format, or the data in an envelope.
pub(super) fn read<'a>(frame: &Frame<'a, '_>, format: Format, text: &'a str) -> Result<Told<'a>, Reject> {
    let array = text.trim_matches([' ', '\t', '\r', '\n']);
    if !array.starts_with('[') {
        return object(frame, format, text);
    }
    let mut parts = Vec::new();
    for (index, element) in json::elements("record", Value::Json(array), Reason::TooManyEvents)?.into_iter().enumerate() {
        match object(&frame.of_element(index), format, element) {
            Ok(told) => parts.extend(told.into_parts()),
            Err(reject) => parts.push(Part::Refused { element: element.into(), reject: reject.inside(&format!("[{index}]")) }),
        }
    }
    if parts.len() > MAX_ELEMENTS {
        return Err(Reject::new(Reason::TooManyEvents, format!("{} events, at most {MAX_ELEMENTS} are allowed", parts.len())));
    }
    Ok(Told::of_parts(parts))
}

fn object<'a>(frame: &Frame<'a, '_>, format: Format, text: &'a str) -> Result<Told<'a>, Reject> {
    let meant = match (format, known_format(frame, text)) {
        // understood on every topic: `lifetide erase` writes one
        (_, Format::Segment) => Format::Segment,
        // in binary mode the headers were the envelope, and the value is the data
        (Format::Auto | Format::CloudEvents, known) => known,
        (named, _) => named,
    };
    match meant {
        Format::Auto | Format::Segment => calls(frame, text).map(Told::One),
        Format::CloudEvents => cloudevents::read(frame, text),
        Format::Ses => ses::read(frame, text),
        Format::SendGrid => sendgrid::read(frame, text).map(Told::One),
        Format::Mailgun => mailgun::read(frame, text),
        Format::Postmark => postmark::read(frame, text).map(Told::One),
        Format::Shopify => shopify::read(frame, text),
    }
}

/// By the header that only Shopify sends, else by shape; `Auto`: by neither.
fn known_format(frame: &Frame<'_, '_>, text: &str) -> Format {
    match format_of(text) {
        None if frame.shopify_topic.is_some() => Format::Shopify,
        known => known.unwrap_or(Format::Auto),
    }
}

/// A call of Segment's in an envelope, or alone where the format was to be found out.
fn calls<'a>(frame: &Frame<'a, '_>, text: &'a str) -> Result<Event<'a>, Reject> {
    let event = segment::read(
        frame.customer,
        text,
        frame.record_ms,
        frame.rules,
        frame.wall_ms,
        Around { at_ms: frame.at_ms, is_doubtful: false },
    )?;
    let message_id = event.message_id.or_else(|| frame.id.clone().map(Into::into));
    Ok(Event { message_id, ..event })
}
