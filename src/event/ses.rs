//! Amazon SES: what it publishes of a mail (`eventType`) and its older notifications (`notificationType`), bare or as the message of an SNS
//! notification.
//!
//! A permanent bounce is hard, also of an address on SES's own suppression lists, but for a recipient who has unsubscribed there; a transient
//! one and one of undetermined type are soft. A complaint of type `not-spam` takes a mail out of the spam folder and is none. One webhook may
//! be about several recipients: each is an event. Rejects, sends, delays and failed templates say nothing about a customer.
//! Called by `foreign` alone.

use super::frame::Frame;
use super::mail::{self, Carried, Fate, Mail};
use super::told::Told;
use super::value::{Field, Nested};
use super::{EmailSignal, Event, Reason, Reject, Text, json};
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Fields<'a> {
    event_type: Field<'a>,
    notification_type: Field<'a>,
    mail: Nested<MailFields<'a>>,
    bounce: Nested<Feedback<'a>>,
    complaint: Nested<Feedback<'a>>,
    delivery: Nested<Feedback<'a>>,
    open: Nested<Feedback<'a>>,
    click: Nested<Feedback<'a>>,
    subscription: Nested<Feedback<'a>>,
    #[serde(rename = "Type")]
    sns_type: Field<'a>,
    #[serde(rename = "Message")]
    sns_message: Field<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct MailFields<'a> {
    message_id: Field<'a>,
    timestamp: Field<'a>,
    destination: Field<'a>,
    tags: Nested<Carried<'a>>,
}

/// What SES was told; no kind of event has all of it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Feedback<'a> {
    timestamp: Field<'a>,
    feedback_id: Field<'a>,
    bounce_type: Field<'a>,
    bounce_sub_type: Field<'a>,
    bounced_recipients: Field<'a>,
    complaint_feedback_type: Field<'a>,
    complained_recipients: Field<'a>,
    recipients: Field<'a>,
    new_topic_preferences: Nested<Preferences<'a>>,
    old_topic_preferences: Nested<Preferences<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Preferences<'a> {
    unsubscribe_all: Field<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Recipient<'a> {
    email_address: Field<'a>,
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
