//! SendGrid's event webhook: flat objects, posted as arrays, with the shop's custom arguments among their own fields.
//!
//! A bounce of type `blocked` may heal and is soft, any other is hard. A drop is SendGrid's own refusal to send and means what its reason
//! says: an address that had bounced, complained or unsubscribed before, or that is none. Leaving or joining a group counts as
//! unsubscribing and subscribing. Opens by machines count nowhere. Deferrals are tried again and say nothing. Called by `foreign` alone.

use super::frame::Frame;
use super::mail::{self, Carried, Fate, Mail};
use super::value::Field;
use super::{EmailSignal, Event, Reject, json};
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Fields<'a> {
    event: Field<'a>,
    email: Field<'a>,
    timestamp: Field<'a>,
    r#type: Field<'a>,
    reason: Field<'a>,
    sg_event_id: Field<'a>,
    sg_machine_open: Field<'a>,
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
