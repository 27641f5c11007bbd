//! Mailgun's webhooks: one event below `event-data`, beside a signature that is checked where the webhook is received, not here.
//!
//! A permanent failure is a hard bounce, unless Mailgun did not even try because of an earlier complaint or unsubscription, or calls the
//! bounce soft itself; a temporary one is soft. Mailgun tells of every attempt to deliver one mail, so failures of one mail count once, however often it
//! is tried: else three attempts within an hour would look like three mails. What a bot opened or clicked counts nowhere, and a mail in
//! test mode went to nobody. Called by `foreign` alone.

use super::forms::{Id, Seconds, Word};
use super::frame::Frame;
use super::mail::{self, Carried, Fate, Mail};
use super::told::Told;
use super::value::{Field, Found, Nested, Value};
use super::{EmailSignal, Reject, Text, json};
use crate::schema::Described;
use serde::Deserialize;
use serde_json::json as value;
use utoipa::ToSchema;

/// A webhook of Mailgun's, or an event of its log without anything around it.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Webhook<'a> {
    /// The event; the signature beside it is checked where the webhook is received.
    #[schema(value_type = Fields)]
    #[serde(rename = "event-data")]
    event_data: Nested<Fields<'a>>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
struct Fields<'a> {
    /// Unique within a day.
    #[schema(value_type = Option<Id>)]
    id: Field<'a>,
    #[schema(value_type = Option<Seconds>)]
    timestamp: Field<'a>,
    /// What became of the mail.
    #[schema(value_type = Word)]
    event: Field<'a>,
    /// Of a failure: `temporary` may heal.
    #[schema(value_type = Option<Word>)]
    severity: Field<'a>,
    /// Of a failure: why nothing was tried.
    #[schema(value_type = Option<Word>)]
    reason: Field<'a>,
    /// Whom it is about.
    #[schema(value_type = Option<Word>)]
    recipient: Field<'a>,
    #[schema(value_type = Option<DeliveryStatus>)]
    delivery_status: Nested<DeliveryStatus<'a>>,
    #[schema(value_type = Option<ClientInfo>)]
    client_info: Nested<ClientInfo<'a>>,
    #[schema(value_type = Option<Flags>)]
    flags: Nested<Flags<'a>>,
    #[schema(value_type = Option<Message>)]
    message: Nested<Message<'a>>,
    /// What the mail carries.
    #[schema(value_type = Option<Carried>)]
    user_variables: Nested<Carried<'a>>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
struct DeliveryStatus<'a> {
    /// `soft` may heal.
    #[schema(value_type = Option<Word>)]
    bounce_type: Field<'a>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct ClientInfo<'a> {
    /// Opened or clicked by no person.
    #[schema(value_type = Option<Word>)]
    bot: Field<'a>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
struct Flags<'a> {
    /// It went to nobody.
    #[schema(value_type = Option<bool>)]
    is_test_mode: Field<'a>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Message<'a> {
    #[schema(value_type = Option<Headers>)]
    headers: Nested<Headers<'a>>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
struct Headers<'a> {
    /// By it failures of one mail are known to be one.
    #[schema(value_type = Option<Id>)]
    message_id: Field<'a>,
}

pub(super) fn schema() -> serde_json::Value {
    Described::of::<Webhook<'_>>()
        .with("Fields", "required", value!(["event"]))
        .with("Webhook", "anyOf", value!([{ "required": ["event-data"] }, { "$ref": "#/$defs/Fields" }]))
        .document("a webhook of Mailgun")
}

pub(super) fn read<'a>(frame: &Frame<'a, '_>, text: &'a str) -> Result<Told<'a>, Reject> {
    let webhook: Webhook = json::unusual_object("record", text)?;
    // events fetched from Mailgun's own log have nothing around them
    let fields = match webhook.event_data.found {
        Found::Object => webhook.event_data.fields,
        _ => json::unusual_object("record", text)?,
    };
    let word = json::text("event", fields.event)?.ok_or_else(|| json::missing("event"))?;
    if json::flag("is-test-mode", fields.flags.fields.is_test_mode)? {
        return Ok(Told::nothing());
    }
    fields.user_variables.fields.check(frame)?;
    let mail = Mail {
        fate: fate(&word, &fields)?,
        id: own_id(&word, &fields)?,
        word,
        at_ms: mail::unix_time("timestamp", fields.timestamp)?,
        address: mail::address("recipient", fields.recipient)?,
        campaign_id: fields.user_variables.fields.campaign_id(),
        provider: "mailgun",
    };
    mail.event(frame).map(Told::One)
}

fn fate(word: &str, fields: &Fields<'_>) -> Result<Fate, Reject> {
    let is_bot = || json::text("bot", fields.client_info.fields.bot).map(|bot| bot.is_some());
    Ok(match word {
        "delivered" => Fate::Signal(EmailSignal::Delivered),
        "failed" => failure(fields)?,
        "opened" | "clicked" if is_bot()? => Fate::Nothing,
        "opened" => Fate::Signal(EmailSignal::Opened),
        "clicked" => Fate::Signal(EmailSignal::Clicked),
        "complained" => Fate::Signal(EmailSignal::Complaint),
        "unsubscribed" => Fate::Unsubscribed,
        _ => Fate::Nothing,
    })
}

fn failure(fields: &Fields<'_>) -> Result<Fate, Reject> {
    if is_temporary(fields)? {
        return Ok(Fate::Signal(EmailSignal::SoftBounce));
    }
    Ok(match json::text("reason", fields.reason)?.as_deref() {
        Some("suppress-complaint") => Fate::Signal(EmailSignal::Complaint),
        Some("suppress-unsubscribe") => Fate::Unsubscribed,
        _ => Fate::Signal(EmailSignal::HardBounce),
    })
}

fn is_temporary(fields: &Fields<'_>) -> Result<bool, Reject> {
    let severity = json::text("severity", fields.severity)?;
    let bounce_type = json::text("bounce-type", fields.delivery_status.fields.bounce_type)?;
    Ok(severity.as_deref() == Some("temporary") || bounce_type.as_deref() == Some("soft"))
}

/// An event's id is unique within a day only, so its time belongs to it.
fn own_id<'a>(word: &str, fields: &Fields<'a>) -> Result<Option<Text<'a>>, Reject> {
    if word == "failed"
        && is_temporary(fields)?
        && let Some(mail_id) = json::id("message-id", fields.message.fields.headers.fields.message_id)?
    {
        return Ok(Some(format!("{mail_id}/failed").into()));
    }
    let at = fields.timestamp.given().map(Value::written).unwrap_or_default();
    Ok(json::id("id", fields.id)?.map(|id| format!("{id}/{at}").into()))
}
