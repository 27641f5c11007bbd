//! What mail providers have in common: a mail's fate, the address it is about, and what the shop gave the mail to carry.
//!
//! A provider's file says which of `Fate` a webhook tells of; here it becomes an event. The address is never learned from it: whether it is
//! the customer's own is the engine's matter. Of what the mail carries, `campaign_id` and the customer's id are read; a campaign that cannot
//! be read counts as not told, since it must not cost a complaint. Called by `ses`, `sendgrid`, `mailgun`, `postmark`.

use super::frame::Frame;
use super::limits::{MAX_EMAIL_BYTES, MAX_NAME_BYTES, cut};
use super::value::{Field, Value};
use super::{ConsentChange, ConsentStatus, Email, EmailSignal, Event, Identity, Kind, Reject, Text, amount, json};
use serde::Deserialize;
use utoipa::ToSchema;

/// What became of a mail, or of the wish to have more of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Signal(EmailSignal),
    /// Asked for no more.
    Unsubscribed,
    /// Asked for them again.
    Subscribed,
    /// Nothing that changes anything: sent, delayed, opened by a machine.
    Nothing,
}

/// One webhook about one address.
pub(super) struct Mail<'a> {
    pub(super) fate: Fate,
    /// The provider's own word for it: the event's name where the fate is `Nothing`.
    pub(super) word: Text<'a>,
    /// Its own id, by which it is known again.
    pub(super) id: Option<Text<'a>>,
    pub(super) at_ms: Option<i64>,
    pub(super) address: Option<Text<'a>>,
    pub(super) campaign_id: Option<Text<'a>>,
    /// Where a wish was stated.
    pub(super) provider: &'static str,
}

impl<'a> Mail<'a> {
    pub(super) fn event(self, frame: &Frame<'a, '_>) -> Result<Event<'a>, Reject> {
        let consent = |status| Kind::Consent(ConsentChange { status, source: Some(self.provider.into()), double_opt_in: false });
        let (name, kind) = match self.fate {
            Fate::Signal(signal) => (signal.event_name().into(), Kind::Email(Email { signal, campaign_id: self.campaign_id })),
            Fate::Unsubscribed => ("Unsubscribed".into(), consent(ConsentStatus::Unsubscribed)),
            Fate::Subscribed => ("Subscribed".into(), consent(ConsentStatus::Subscribed)),
            Fate::Nothing => (format!("{} {}", self.provider, cut(&self.word, MAX_NAME_BYTES)).into(), Kind::Unknown),
        };
        let event = frame.event(name, self.id, self.at_ms, kind)?;
        // a mail was sent to whoever its key names: that does not make a visitor somebody known
        Ok(Event { identity: Identity::Anonymous, address: self.address, ..event })
    }
}

/// What a shop may give a mail to carry, whatever a provider calls it: tags, custom arguments, variables, metadata.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Carried<'a> {
    /// The play. In a list the first counts.
    #[schema(value_type = Option<serde_json::Value>)]
    campaign_id: Field<'a>,
    /// If it is there, it is the record's key; also under the other names.
    #[schema(value_type = Option<serde_json::Value>)]
    customer_id: Field<'a>,
    #[schema(value_type = Option<serde_json::Value>)]
    #[serde(rename = "customerId")]
    customer_id_camel: Field<'a>,
    #[schema(value_type = Option<serde_json::Value>)]
    user_id: Field<'a>,
    #[schema(value_type = Option<serde_json::Value>)]
    #[serde(rename = "userId")]
    user_id_camel: Field<'a>,
}

impl<'a> Carried<'a> {
    /// Refuses a mail that was sent to another customer.
    pub(super) fn check(&self, frame: &Frame<'_, '_>) -> Result<(), Reject> {
        let ids = [self.customer_id, self.customer_id_camel, self.user_id, self.user_id_camel];
        ids.into_iter().filter_map(carried_text).try_for_each(|id| frame.check_customer(Some(&id)))
    }

    pub(super) fn campaign_id(&self) -> Option<Text<'a>> {
        carried_text(self.campaign_id)
    }
}

/// A text or a number, alone or first in a list (SES's tags); nothing else can be an id.
fn carried_text(field: Field<'_>) -> Option<Text<'_>> {
    let field = match field.given()? {
        Value::Json(list) if list.starts_with('[') => serde_json::from_str::<Vec<Field<'_>>>(list).ok()?.into_iter().next()?,
        value => Field(Some(value)),
    };
    json::id("id", field).ok().flatten()
}

/// An address; one that is too long for any is none.
pub(super) fn address<'a>(name: &str, field: Field<'a>) -> Result<Option<Text<'a>>, Reject> {
    Ok(json::text(name, field)?.filter(|address| address.len() <= MAX_EMAIL_BYTES))
}

/// Seconds since 1970, with or without a fraction, in milliseconds.
pub(super) fn unix_time(name: &str, field: Field<'_>) -> Result<Option<i64>, Reject> {
    let Some(value) = field.given() else { return Ok(None) };
    let text = json::number_text(name, value)?;
    amount::signed_minor_units(&text, 3).map(Some).map_err(|_| json::refusal(super::Reason::InvalidTime, name, &text))
}
