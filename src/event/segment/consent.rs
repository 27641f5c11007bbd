//! `Subscribed`, `Unsubscribed` and `Consent Changed`: what the customer agreed to for e-mail. Other channels are not ours and become
//! `Kind::Unknown`; a `Consent Changed` that does not say its channel or a known status is refused, because neither way of guessing is
//! safe: one mails without consent, the other forgets one. Called by `segment` alone.

use super::fields::Properties;
use crate::event::{ConsentChange, ConsentStatus, Kind, Reason, Reject, json};

/// `Subscribed` or `Unsubscribed`: events of Segment's e-mail family, so without a channel they mean e-mail.
pub(super) fn stated<'a>(status: ConsentStatus, properties: &Properties<'a>) -> Result<Kind<'a>, Reject> {
    match json::text("channel", properties.channel)? {
        Some(channel) if !is_email(&channel) => Ok(Kind::Unknown),
        _ => change(status, properties),
    }
}

/// `Consent Changed`, which names channel and status itself.
pub(super) fn changed<'a>(properties: &Properties<'a>) -> Result<Kind<'a>, Reject> {
    let channel = json::text("channel", properties.channel)?.ok_or_else(|| json::missing("channel"))?;
    if !is_email(&channel) {
        return Ok(Kind::Unknown);
    }
    let text = json::text("status", properties.status)?.ok_or_else(|| json::missing("status"))?;
    let status = status(&text).ok_or_else(|| json::refusal(Reason::UnknownStatus, "status", &text))?;
    change(status, properties)
}

/// A status in any case (Shopify's GraphQL shouts).
pub(super) fn status(text: &str) -> Option<ConsentStatus> {
    let known =
        [("subscribed", ConsentStatus::Subscribed), ("unsubscribed", ConsentStatus::Unsubscribed), ("pending", ConsentStatus::Pending)];
    known.into_iter().find(|(name, _)| text.eq_ignore_ascii_case(name)).map(|(_, status)| status)
}

fn is_email(channel: &str) -> bool {
    channel.eq_ignore_ascii_case("email")
}

fn change<'a>(status: ConsentStatus, properties: &Properties<'a>) -> Result<Kind<'a>, Reject> {
    Ok(Kind::Consent(ConsentChange {
        status,
        source: json::name("source", properties.source)?,
        double_opt_in: json::flag("double_opt_in", properties.double_opt_in)?,
    }))
}
