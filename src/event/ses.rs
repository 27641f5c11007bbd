//! Amazon SES: what it publishes of a mail (`eventType`) and its older notifications (`notificationType`), bare or as the message of an SNS
//! notification.
//!
//! A permanent bounce is hard, also of an address on SES's own suppression lists, but for a recipient who has unsubscribed there; a transient
//! one and one of undetermined type are soft. A complaint of type `not-spam` takes a mail out of the spam folder and is none. One webhook may
//! be about several recipients: each is an event. Rejects, sends, delays and failed templates say nothing about a customer.
//! Called by `foreign` alone.

use super::forms::{Id, Moment, Word};
use super::frame::Frame;
use super::mail::{self, Carried, Fate, Mail};
use super::told::Told;
use super::value::{Field, Nested};
use super::{EmailSignal, Event, Reason, Reject, Text, json};
use crate::schema::Described;
use serde::Deserialize;
use serde_json::json as value;
use utoipa::ToSchema;

/// What Amazon SES publishes of a mail, bare or as the message of an SNS notification.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Fields<'a> {
    /// What became of the mail, as it is published.
    #[schema(value_type = Option<Word>)]
    event_type: Field<'a>,
    /// The same, of older notifications.
    #[schema(value_type = Option<Word>)]
    notification_type: Field<'a>,
    #[schema(value_type = Option<MailFields>)]
    mail: Nested<MailFields<'a>>,
    #[schema(value_type = Option<Feedback>)]
    bounce: Nested<Feedback<'a>>,
    #[schema(value_type = Option<Feedback>)]
    complaint: Nested<Feedback<'a>>,
    #[schema(value_type = Option<Feedback>)]
    delivery: Nested<Feedback<'a>>,
    #[schema(value_type = Option<Feedback>)]
    open: Nested<Feedback<'a>>,
    #[schema(value_type = Option<Feedback>)]
    click: Nested<Feedback<'a>>,
    #[schema(value_type = Option<Feedback>)]
    subscription: Nested<Feedback<'a>>,
    /// In SNS: `Notification`, or something that is no customer's matter.
    #[schema(value_type = Option<Word>)]
    #[serde(rename = "Type")]
    sns_type: Field<'a>,
    /// In SNS: the event as text.
    #[schema(value_type = Option<String>)]
    #[serde(rename = "Message")]
    sns_message: Field<'a>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct MailFields<'a> {
    #[schema(value_type = Option<Id>)]
    message_id: Field<'a>,
    #[schema(value_type = Option<Moment>)]
    timestamp: Field<'a>,
    #[schema(value_type = Option<Vec<String>>)]
    destination: Field<'a>,
    /// What the mail carries.
    #[schema(value_type = Option<Carried>)]
    tags: Nested<Carried<'a>>,
}

/// What SES was told; no kind of event has all of it.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Feedback<'a> {
    #[schema(value_type = Option<Moment>)]
    timestamp: Field<'a>,
    /// By which it is known again.
    #[schema(value_type = Option<Id>)]
    feedback_id: Field<'a>,
    /// `Transient` and `Undetermined` may heal.
    #[schema(value_type = Option<Word>)]
    bounce_type: Field<'a>,
    #[schema(value_type = Option<Word>)]
    bounce_sub_type: Field<'a>,
    #[schema(value_type = Option<Vec<Recipient>>)]
    bounced_recipients: Field<'a>,
    /// `not-spam` is no complaint.
    #[schema(value_type = Option<Word>)]
    complaint_feedback_type: Field<'a>,
    #[schema(value_type = Option<Vec<Recipient>>)]
    complained_recipients: Field<'a>,
    #[schema(value_type = Option<Vec<String>>)]
    recipients: Field<'a>,
    #[schema(value_type = Option<Preferences>)]
    new_topic_preferences: Nested<Preferences<'a>>,
    #[schema(value_type = Option<Preferences>)]
    old_topic_preferences: Nested<Preferences<'a>>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Preferences<'a> {
    #[schema(value_type = Option<bool>)]
    unsubscribe_all: Field<'a>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Recipient<'a> {
    #[schema(value_type = Option<Word>)]
    email_address: Field<'a>,
}

pub(super) fn schema() -> serde_json::Value {
    let one_of_them = ["eventType", "notificationType", "Type"].map(|name| value!({ "required": [name] }));
    Described::of::<Fields<'_>>().with("Fields", "anyOf", value!(one_of_them)).document("an event of Amazon SES")
}

pub(super) fn read<'a>(frame: &Frame<'a, '_>, text: &'a str) -> Result<Told<'a>, Reject> {
    let fields: Fields = json::unusual_object("record", text)?;
    match json::text("Type", fields.sns_type)?.as_deref() {
        Some("Notification") => {
            let message = json::text("Message", fields.sns_message)?.ok_or_else(|| json::missing("Message"))?;
            let fields: Fields = json::unusual_object("Message", &message)?;
            events(frame, &fields).map(|events| Told::of_events(events).into_owned())
        }
        // somebody is to confirm that notifications are wanted: no customer's matter
        Some("SubscriptionConfirmation" | "UnsubscribeConfirmation") => Ok(Told::nothing()),
        _ => events(frame, &fields).map(Told::of_events),
    }
}

fn events<'a>(frame: &Frame<'a, '_>, fields: &Fields<'a>) -> Result<Vec<Event<'a>>, Reject> {
    let told = json::text("eventType", fields.event_type)?;
    let word = match told {
        Some(word) => word,
        None => json::text("notificationType", fields.notification_type)?.ok_or_else(|| json::missing("eventType"))?,
    };
    let mail = &fields.mail.fields;
    mail.tags.fields.check(frame)?;
    let nothing = Feedback::default();
    let (feedback, listed) = match word.as_ref() {
        "Bounce" => (&fields.bounce.fields, fields.bounce.fields.bounced_recipients),
        "Complaint" => (&fields.complaint.fields, fields.complaint.fields.complained_recipients),
        "Delivery" => (&fields.delivery.fields, fields.delivery.fields.recipients),
        "Open" => (&fields.open.fields, mail.destination),
        "Click" => (&fields.click.fields, mail.destination),
        "Subscription" => (&fields.subscription.fields, mail.destination),
        _ => (&nothing, mail.destination),
    };
    let fate = fate(&word, feedback)?;
    let at_ms = json::moment("timestamp", feedback.timestamp, 0)?.or(json::moment("mail.timestamp", mail.timestamp, 0)?);
    let id = own_id(&word, feedback, mail)?;
    let mut addresses = addresses(listed)?;
    // who of several has opened or clicked, SES does not say
    if addresses.len() > 1 && !matches!(word.as_ref(), "Bounce" | "Complaint" | "Delivery") {
        addresses.clear();
    }
    let count = addresses.len();
    let whom = if count == 0 { vec![None] } else { addresses.into_iter().map(Some).collect() };
    let one = |(index, address): (usize, Option<Text<'a>>)| {
        let id = id.clone().map(|id| if count > 1 { format!("{id}#{index}").into() } else { id });
        let campaign_id = mail.tags.fields.campaign_id();
        Mail { fate, word: word.clone(), id, at_ms, address, campaign_id, provider: "ses" }.event(frame)
    };
    whom.into_iter().enumerate().map(one).collect()
}

fn fate(word: &str, feedback: &Feedback<'_>) -> Result<Fate, Reject> {
    Ok(match word {
        "Bounce" => {
            let bounce_type = json::text("bounceType", feedback.bounce_type)?.ok_or_else(|| json::missing("bounceType"))?;
            let sub_type = json::text("bounceSubType", feedback.bounce_sub_type)?;
            match (bounce_type.as_ref(), sub_type.as_deref()) {
                ("Permanent", Some("UnsubscribedRecipient")) => Fate::Unsubscribed,
                ("Transient" | "Undetermined", _) => Fate::Signal(EmailSignal::SoftBounce),
                // whatever is not said to heal
                _ => Fate::Signal(EmailSignal::HardBounce),
            }
        }
        "Complaint" => match json::text("complaintFeedbackType", feedback.complaint_feedback_type)?.as_deref() {
            Some("not-spam") => Fate::Nothing,
            _ => Fate::Signal(EmailSignal::Complaint),
        },
        "Delivery" => Fate::Signal(EmailSignal::Delivered),
        "Open" => Fate::Signal(EmailSignal::Opened),
        "Click" => Fate::Signal(EmailSignal::Clicked),
        "Subscription" => {
            let wants_none = |preferences: &Nested<Preferences<'_>>| json::flag("unsubscribeAll", preferences.fields.unsubscribe_all);
            match (wants_none(&feedback.old_topic_preferences)?, wants_none(&feedback.new_topic_preferences)?) {
                (_, true) => Fate::Unsubscribed,
                (true, false) => Fate::Subscribed,
                // some topics of a list were chosen or left
                (false, false) => Fate::Nothing,
            }
        }
        _ => Fate::Nothing,
    })
}

/// Feedback has an id of its own; of the rest a mail has one of a kind at a time.
fn own_id<'a>(word: &str, feedback: &Feedback<'a>, mail: &MailFields<'a>) -> Result<Option<Text<'a>>, Reject> {
    if let Some(id) = json::id("feedbackId", feedback.feedback_id)? {
        return Ok(Some(id));
    }
    let at = json::text("timestamp", feedback.timestamp)?.unwrap_or_default();
    let mail_id = json::id("mail.messageId", mail.message_id)?;
    Ok(mail_id.map(|mail_id| format!("{mail_id}/{word}/{at}").into()))
}

/// Addresses of a list of texts or of recipients.
fn addresses<'a>(listed: Field<'a>) -> Result<Vec<Text<'a>>, Reject> {
    let Some(list) = listed.given() else { return Ok(Vec::new()) };
    let elements = json::elements("recipients", list, Reason::TooManyEvents)?;
    let mut addresses = Vec::new();
    for (index, element) in elements.into_iter().enumerate() {
        let name = format!("recipients[{index}]");
        let field = if element.starts_with('{') {
            json::unusual_object::<Recipient<'a>>(&name, element)?.email_address
        } else {
            serde_json::from_str(element).unwrap_or_default()
        };
        addresses.extend(mail::address(&name, field)?);
    }
    Ok(addresses)
}
