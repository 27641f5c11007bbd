//! SendGrid's event webhook: flat objects, posted as arrays, with the shop's custom arguments among their own fields.
//!
//! A bounce of type `blocked` may heal and is soft, any other is hard. A drop is SendGrid's own refusal to send and means what its reason
//! says: an address that had bounced, complained or unsubscribed before, or that is none. Leaving or joining a group counts as
//! unsubscribing and subscribing. Opens by machines count nowhere. Deferrals are tried again and say nothing. Called by `foreign` alone.

use super::forms::{Id, Seconds, Word};
use super::frame::Frame;
use super::mail::{self, Carried, Fate, Mail};
use super::value::Field;
use super::{EmailSignal, Event, Reject, json};
use crate::schema::Described;
use serde::Deserialize;
use serde_json::json as value;
use utoipa::ToSchema;

/// An event of SendGrid's webhook; it posts arrays of them, which are read element by element. What the mail carries stands among its fields.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Fields<'a> {
    /// What became of the mail.
    #[schema(value_type = Word)]
    event: Field<'a>,
    /// Whom it is about.
    #[schema(value_type = Option<Word>)]
    email: Field<'a>,
    #[schema(value_type = Option<Seconds>)]
    timestamp: Field<'a>,
    /// Of a bounce: `blocked` may heal.
    #[schema(value_type = Option<Word>)]
    r#type: Field<'a>,
    /// Of a drop: what had happened before.
    #[schema(value_type = Option<Word>)]
    reason: Field<'a>,
    /// By which it is known again.
    #[schema(value_type = Option<Id>)]
    sg_event_id: Field<'a>,
    /// Opened by no person.
    #[schema(value_type = Option<bool>)]
    sg_machine_open: Field<'a>,
}

pub(super) fn schema() -> serde_json::Value {
    Described::of::<Fields<'_>>()
        .and::<Carried<'_>>()
        .with("Fields", "required", value!(["event"]))
        .with("Fields", "allOf", value!([{ "$ref": "#/$defs/Carried" }]))
        .document("an event of SendGrid's event webhook")
}

pub(super) fn read<'a>(frame: &Frame<'a, '_>, text: &'a str) -> Result<Event<'a>, Reject> {
    let fields: Fields = json::unusual_object("record", text)?;
    let carried: Carried = json::unusual_object("record", text)?;
    carried.check(frame)?;
    let word = json::text("event", fields.event)?.ok_or_else(|| json::missing("event"))?;
    let mail = Mail {
        fate: fate(&word, &fields)?,
        word,
        id: json::id("sg_event_id", fields.sg_event_id)?,
        at_ms: mail::unix_time("timestamp", fields.timestamp)?,
        address: mail::address("email", fields.email)?,
        campaign_id: carried.campaign_id(),
        provider: "sendgrid",
    };
    mail.event(frame)
}

fn fate(word: &str, fields: &Fields<'_>) -> Result<Fate, Reject> {
    Ok(match word {
        "delivered" => Fate::Signal(EmailSignal::Delivered),
        "bounce" => match json::text("type", fields.r#type)?.as_deref() {
            Some("blocked") => Fate::Signal(EmailSignal::SoftBounce),
            _ => Fate::Signal(EmailSignal::HardBounce),
        },
        "blocked" => Fate::Signal(EmailSignal::SoftBounce),
        "dropped" => match json::text("reason", fields.reason)?.as_deref() {
            Some("Bounced Address" | "Invalid") => Fate::Signal(EmailSignal::HardBounce),
            Some("Spam Reporting Address") => Fate::Signal(EmailSignal::Complaint),
            Some("Unsubscribed Address") => Fate::Unsubscribed,
            // its content, its form or a quota
            _ => Fate::Nothing,
        },
        "open" if json::flag("sg_machine_open", fields.sg_machine_open)? => Fate::Nothing,
        "open" => Fate::Signal(EmailSignal::Opened),
        "click" => Fate::Signal(EmailSignal::Clicked),
        "spamreport" => Fate::Signal(EmailSignal::Complaint),
        "unsubscribe" | "group_unsubscribe" => Fate::Unsubscribed,
        "group_resubscribe" => Fate::Subscribed,
        _ => Fate::Nothing,
    })
}
