//! Postmark's webhooks, told apart by `RecordType`.
//!
//! Postmark knows two dozen kinds of bounce, half of which say nothing about an address: an answering machine, a virus, a template that
//! failed. `TYPES` says what each means; whatever else made Postmark deactivate the address (`Inactive`) is hard. A change of the suppression list
//! means what its reason says; an address is back on for the customer's sake only if the recipient asked for it, not if the shop or Postmark
//! took it off the list. Called by `foreign` alone.

use super::forms::{Id, Moment, Word};
use super::frame::Frame;
use super::mail::{self, Carried, Fate, Mail};
use super::value::{Field, Nested};
use super::{EmailSignal, Event, Reject, Text, json};
use crate::schema::Described;
use serde::Deserialize;
use serde_json::json as value;
use utoipa::ToSchema;

/// A webhook of Postmark's.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct Fields<'a> {
    /// Which kind of webhook it is.
    #[schema(value_type = Word)]
    record_type: Field<'a>,
    /// Of a bounce: by which it is known again.
    #[schema(value_type = Option<Id>)]
    #[serde(rename = "ID")]
    id: Field<'a>,
    /// Of the mail.
    #[schema(value_type = Option<Id>)]
    #[serde(rename = "MessageID")]
    message_id: Field<'a>,
    /// Of a bounce: what it means, where there is no code.
    #[schema(value_type = Option<Word>)]
    r#type: Field<'a>,
    /// Of a bounce: what it means.
    #[schema(value_type = Option<Word>)]
    type_code: Field<'a>,
    /// Postmark has given the address up.
    #[schema(value_type = Option<bool>)]
    inactive: Field<'a>,
    /// Whom a bounce or complaint is about.
    #[schema(value_type = Option<Word>)]
    email: Field<'a>,
    /// Whom any other is about.
    #[schema(value_type = Option<Word>)]
    recipient: Field<'a>,
    #[schema(value_type = Option<Moment>)]
    bounced_at: Field<'a>,
    #[schema(value_type = Option<Moment>)]
    delivered_at: Field<'a>,
    #[schema(value_type = Option<Moment>)]
    received_at: Field<'a>,
    #[schema(value_type = Option<Moment>)]
    changed_at: Field<'a>,
    /// The address is on the suppression list from now on.
    #[schema(value_type = Option<bool>)]
    suppress_sending: Field<'a>,
    #[schema(value_type = Option<Word>)]
    suppression_reason: Field<'a>,
    /// Who asked for it: only `Recipient` is the customer.
    #[schema(value_type = Option<Word>)]
    origin: Field<'a>,
    /// What the mail carries.
    #[schema(value_type = Option<Carried>)]
    metadata: Nested<Carried<'a>>,
}

const HARD: Fate = Fate::Signal(EmailSignal::HardBounce);
const SOFT: Fate = Fate::Signal(EmailSignal::SoftBounce);

/// Postmark's kinds of bounce: code, name, meaning.
const TYPES: [(&str, &str, Fate); 22] = [
    ("1", "HardBounce", HARD),
    ("2", "Transient", SOFT),
    ("16", "Unsubscribe", Fate::Unsubscribed),
    // an address asks a list to be on it: the shop's matter, and not yet its consent
    ("32", "Subscribe", Fate::Nothing),
    ("64", "AutoResponder", Fate::Nothing),
    ("128", "AddressChange", Fate::Nothing),
    ("256", "DnsError", SOFT),
    ("512", "SpamNotification", SOFT),
    ("1024", "OpenRelayTest", Fate::Nothing),
    ("2048", "Unknown", SOFT),
    ("4096", "SoftBounce", SOFT),
    ("8192", "VirusNotification", Fate::Nothing),
    ("16384", "ChallengeVerification", Fate::Nothing),
    ("100000", "BadEmailAddress", HARD),
    ("100001", "SpamComplaint", Fate::Signal(EmailSignal::Complaint)),
    ("100002", "ManuallyDeactivated", HARD),
    ("100003", "Unconfirmed", Fate::Nothing),
    ("100006", "Blocked", SOFT),
    ("100007", "SMTPApiError", Fate::Nothing),
    ("100008", "InboundError", Fate::Nothing),
    ("100009", "DMARCPolicy", Fate::Nothing),
    ("100010", "TemplateRenderingFailed", Fate::Nothing),
];

pub(super) fn schema() -> serde_json::Value {
    Described::of::<Fields<'_>>().with("Fields", "required", value!(["RecordType"])).document("a webhook of Postmark")
}

pub(super) fn read<'a>(frame: &Frame<'a, '_>, text: &'a str) -> Result<Event<'a>, Reject> {
    let fields: Fields = json::unusual_object("record", text)?;
    let word = json::text("RecordType", fields.record_type)?.ok_or_else(|| json::missing("RecordType"))?;
    let carried = &fields.metadata.fields;
    carried.check(frame)?;
    let (address, at) = match word.as_ref() {
        "Bounce" | "SpamComplaint" => (fields.email, fields.bounced_at),
        "Delivery" => (fields.recipient, fields.delivered_at),
        "SubscriptionChange" => (fields.recipient, fields.changed_at),
        _ => (fields.recipient, fields.received_at),
    };
    let mail = Mail {
        fate: fate(&word, &fields)?,
        id: own_id(&word, &fields, at)?,
        word,
        at_ms: json::moment("time", at, 0)?,
        address: mail::address("address", address)?,
        campaign_id: carried.campaign_id(),
        provider: "postmark",
    };
    mail.event(frame)
}

fn fate(word: &str, fields: &Fields<'_>) -> Result<Fate, Reject> {
    Ok(match word {
        "Delivery" => Fate::Signal(EmailSignal::Delivered),
        "Bounce" => bounce(fields)?,
        "SpamComplaint" => Fate::Signal(EmailSignal::Complaint),
        "Open" => Fate::Signal(EmailSignal::Opened),
        "Click" => Fate::Signal(EmailSignal::Clicked),
        "SubscriptionChange" => change(fields)?,
        _ => Fate::Nothing,
    })
}

fn bounce(fields: &Fields<'_>) -> Result<Fate, Reject> {
    let code = json::text("TypeCode", fields.type_code)?;
    let name = json::text("Type", fields.r#type)?;
    let known = TYPES.iter().find(|(known_code, known_name, _)| match code.as_deref() {
        Some(code) => code == *known_code,
        None => name.as_deref() == Some(known_name),
    });
    // a bounce of a kind nobody knows may heal, unless Postmark has given the address up
    let fate = known.map_or(SOFT, |(_, _, fate)| *fate);
    let is_given_up = json::flag("Inactive", fields.inactive)?;
    Ok(if is_given_up && matches!(fate, SOFT | Fate::Nothing) { HARD } else { fate })
}

fn change(fields: &Fields<'_>) -> Result<Fate, Reject> {
    if json::flag("SuppressSending", fields.suppress_sending)? {
        return Ok(match json::text("SuppressionReason", fields.suppression_reason)?.as_deref() {
            Some("HardBounce") => HARD,
            Some("SpamComplaint") => Fate::Signal(EmailSignal::Complaint),
            _ => Fate::Unsubscribed,
        });
    }
    let asked = json::text("Origin", fields.origin)?.as_deref() == Some("Recipient");
    Ok(if asked { Fate::Subscribed } else { Fate::Nothing })
}

/// A bounce has an id of its own; of the rest a mail, or without one an address, has one of a kind at a time.
fn own_id<'a>(word: &str, fields: &Fields<'a>, at: Field<'a>) -> Result<Option<Text<'a>>, Reject> {
    if let Some(id) = json::id("ID", fields.id)? {
        return Ok(Some(format!("{word}/{id}").into()));
    }
    let about = json::id("MessageID", fields.message_id)?.or(json::id("Recipient", fields.recipient)?);
    let at = json::text("time", at)?;
    Ok(about.zip(at).map(|(about, at)| format!("{about}/{word}/{at}").into()))
}
