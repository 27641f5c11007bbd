//! `Subscription Started`, `Subscription Payment`, `Subscription Cancelled`. Refuses one without an id, a beginning or a payment without an
//! amount and a currency, and a period that is no number of months. Called by `segment` alone.

use super::fields::Properties;
use super::orders::required_currency;
use crate::event::{DecodeRules, Kind, Reason, Reject, Subscription, SubscriptionKind, json};

/// Periods by the words that shops have for them, in months.
const PERIODS: [(&str, u8); 9] = [
    ("month", 1),
    ("monthly", 1),
    ("quarter", 3),
    ("quarterly", 3),
    ("half_year", 6),
    ("year", 12),
    ("yearly", 12),
    ("annual", 12),
    ("annually", 12),
];

/// The kind an event of this name has; `None`: it is none of these.
pub(super) fn kind_of(event: &str) -> Option<SubscriptionKind> {
    SubscriptionKind::ALL.into_iter().find(|kind| kind.event_name() == event)
}

pub(super) fn read<'a>(kind: SubscriptionKind, properties: &Properties<'a>, rules: &DecodeRules) -> Result<Kind<'a>, Reject> {
    let id = json::required_id("subscription_id", properties.subscription_id)?;
    let (mut amount, mut period_months) = (None, None);
    if kind != SubscriptionKind::Cancelled {
        let written = properties.amount.given().ok_or_else(|| json::missing("amount"))?;
        amount = Some(json::money("amount", written, required_currency(properties, rules)?)?);
        if let Some(period) = json::text("period", properties.period)? {
            let known = PERIODS.iter().find(|(word, _)| period.eq_ignore_ascii_case(word));
            period_months = Some(known.ok_or_else(|| json::refusal(Reason::UnknownKind, "period", &period))?.1);
        }
    }
    Ok(Kind::Subscription(Subscription { kind, id, amount, period_months }))
}
