//! Segment and RudderStack calls (`track`, `identify`, `alias`; `page`, `screen` and `group` only say that the customer was seen).
//! Marks the fields of the record in one pass, finds the customer and the time, and lets the file of the event's family read what its kind
//! needs. Refuses what breaks `contracts.md` 1; gives no meaning to names it does not know. Called by `decode` and `foreign`.
//! Reading order: fields, envelope, traits, touch, then orders, email, consent, carts, costs, interactions, loyalty, subscriptions, referrals, noted, items.

mod carts;
mod consent;
mod costs;
mod email;
mod envelope;
mod fields;
mod interactions;
mod items;
mod loyalty;
mod noted;
mod orders;
mod referrals;
mod schema;
mod subscriptions;
mod touch;
mod traits;

#[cfg(test)]
mod tests;

use super::value::{Field, Found, Nested};
use super::{CartDelta, ConsentStatus, ContentsSource, DecodeRules, EmailSignal, Event, Kind, Reason, Reject, json};
use fields::{Envelope, Properties, TraitFields};
pub use schema::{names, schema};
pub(super) use traits::consent as consent_trait;

/// `type` of Segment's calls.
pub(super) const CALLS: [&str; 6] = ["track", "identify", "alias", "page", "screen", "group"];

/// Names that Segment has beside that of a kind.
const SYNONYMS: [(&str, &str); 2] = [("Wishlist Product Added to Cart", "Product Added"), ("Product Reviewed", "Review Submitted")];

/// What else is known of a call.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Around {
    /// The time of an envelope, for a call without its own.
    pub(super) at_ms: Option<i64>,
    /// The record may be of another format, which has a `type`, too: refuse what is none of `CALLS`.
    pub(super) is_doubtful: bool,
}

/// Reads the JSON text of a record keyed `customer`.
pub(super) fn read<'a>(
    customer: &'a str,
    value: &'a str,
    record_ms: Option<i64>,
    rules: &DecodeRules,
    wall_ms: Option<i64>,
    around: Around,
) -> Result<Event<'a>, Reject> {
    let mut envelope = Envelope::default();
    json::object("record", value, &mut envelope)?;
    let identity = envelope.identity(customer)?;
    let time_ms = envelope.time_ms(around.at_ms, record_ms, rules.max_skew_ms, wall_ms)?;
    let call = envelope.call()?;
    let message_id = json::id("messageId", envelope.message_id)?;
    let no_traits = TraitFields::default();
    let mut own_traits = &no_traits;
    let (name, kind) = match call.as_ref() {
        "track" => {
            let name = envelope.event()?;
            let kind = read_kind(&name, &envelope.properties, rules)?;
            (name, kind)
        }
        "identify" => {
            own_traits = object_or_none("traits", &envelope.traits)?;
            let kind = envelope.joined("anonymousId", envelope.anonymous_id, identity, customer).unwrap_or(Kind::Identify);
            (call, kind)
        }
        "alias" => {
            let kind = envelope.joined("previousId", envelope.previous_id, identity, customer).unwrap_or(Kind::Unknown);
            (call, kind)
        }
        other if around.is_doubtful && !CALLS.contains(&other) => return Err(json::refusal(Reason::UnknownKind, "type", other)),
        _ => (call, Kind::Unknown),
    };
    let traits = traits::read(own_traits, &envelope.context.fields, time_ms);
    let touch = touch::read(&envelope.context.fields);
    let items = items::read(&kind, &envelope.properties.fields);
    Ok(Event { customer: customer.into(), identity, time_ms, name, message_id, traits, touch, items, address: None, kind })
}

/// Two names for the same: the one that its kind has. Any other name is its own meaning.
pub fn meaning(event: &str) -> &str {
    SYNONYMS.into_iter().find(|(name, _)| *name == event).map_or(event, |(_, meaning)| meaning)
}

/// The kind of a `track` call, by its name exactly as Segment writes it.
fn read_kind<'a>(name: &str, properties: &Nested<Properties<'a>>, rules: &DecodeRules) -> Result<Kind<'a>, Reject> {
    let own = || object_or_none("properties", properties);
    match meaning(name) {
        "Order Completed" => orders::completed(own()?, rules),
        "Order Refunded" => orders::refunded(own()?, rules),
        "Order Cancelled" => orders::cancelled(own()?),
        "Email Delivered" => Ok(email::heard(EmailSignal::Delivered, campaign(properties))),
        "Email Opened" => Ok(email::heard(EmailSignal::Opened, campaign(properties))),
        "Email Link Clicked" => Ok(email::heard(EmailSignal::Clicked, campaign(properties))),
        "Email Bounced" => email::bounced(own()?),
        "Email Marked as Spam" => Ok(email::heard(EmailSignal::Complaint, campaign(properties))),
        "Subscribed" => consent::stated(ConsentStatus::Subscribed, own()?),
        "Unsubscribed" => consent::stated(ConsentStatus::Unsubscribed, own()?),
        "Consent Changed" => consent::changed(own()?),
        "Product Added" => carts::line(CartDelta::Added, own()?, rules),
        "Product Removed" => carts::line(CartDelta::Removed, own()?, rules),
        "Cart Viewed" => carts::contents(ContentsSource::Viewed, own()?, rules).map(Kind::CartContents),
        "Cart Updated" => carts::contents(ContentsSource::Updated, own()?, rules).map(Kind::CartContents),
        "Checkout Started" => carts::contents(ContentsSource::CheckoutStarted, own()?, rules).map(Kind::CartContents),
        "Cart Abandoned" => carts::contents(ContentsSource::Abandoned, own()?, rules).map(Kind::CartAbandoned),
        costs::EVENT => costs::recorded(own()?, rules),
        "Referral Sent" => Ok(Kind::ReferralSent),
        "Referral Converted" => referrals::converted(own()?),
        // nothing in it can make it unreadable: who asks to be forgotten is
        "Customer Erased" => Ok(Kind::Erased),
        name => match (interactions::kind_of(name), loyalty::kind_of(name), subscriptions::kind_of(name)) {
            (Some(kind), ..) => interactions::read(kind, own()?, rules),
            (_, Some(kind), _) => loyalty::read(kind, own()?, rules),
            (_, _, Some(kind)) => subscriptions::read(kind, own()?, rules),
            _ => Ok(noted::name_of(name).map_or(Kind::Unknown, Kind::Noted)),
        },
    }
}

/// Forgiving: what a mail belongs to must not cost a complaint.
fn campaign<'a>(properties: &Nested<Properties<'a>>) -> Field<'a> {
    properties.fields.campaign_id
}

/// The object, or one without any field where it is not given.
fn object_or_none<'n, T>(name: &str, nested: &'n Nested<T>) -> Result<&'n T, Reject> {
    match nested.found {
        Found::Nothing | Found::Object => Ok(&nested.fields),
        Found::Other => Err(Reject::new(Reason::WrongType, format!("{name} is not an object"))),
    }
}
