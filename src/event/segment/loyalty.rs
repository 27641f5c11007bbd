//! `Loyalty Enrolled`, `Points Earned`, `Points Redeemed`, `Reward Redeemed`. Refuses points that are no whole number, points that are
//! missing where the event is about them, and a reward that tells neither its value nor its points. A value of `Points Redeemed` is not
//! read: the order that was paid with the points is less already. Called by `segment` alone.

use super::fields::Properties;
use super::orders::required_currency;
use crate::event::{DecodeRules, Kind, Loyalty, LoyaltyKind, Money, Reject, json};

const DAY_MS: i64 = 86_400_000;

/// The kind an event of this name has; `None`: it is none of these.
pub(super) fn kind_of(event: &str) -> Option<LoyaltyKind> {
    LoyaltyKind::ALL.into_iter().find(|kind| kind.event_name() == event)
}

pub(super) fn read<'a>(kind: LoyaltyKind, properties: &Properties<'a>, rules: &DecodeRules) -> Result<Kind<'a>, Reject> {
    let points = if kind == LoyaltyKind::Enrolled { None } else { json::points("points", properties.points)? };
    let reward = reward(kind, properties, rules)?;
    match kind {
        LoyaltyKind::PointsEarned | LoyaltyKind::PointsRedeemed if points.is_none() => return Err(json::missing("points")),
        LoyaltyKind::RewardRedeemed if points.is_none() && reward.is_none() => return Err(json::missing("value")),
        _ => {}
    }
    // of a day: points are good to its end, in UTC
    let expires_ms = if kind == LoyaltyKind::PointsEarned { json::moment("expires_at", properties.expires_at, DAY_MS)? } else { None };
    Ok(Kind::Loyalty(Loyalty { kind, points: points.unwrap_or(0), reward, expires_ms }))
}

fn reward(kind: LoyaltyKind, properties: &Properties<'_>, rules: &DecodeRules) -> Result<Option<Money>, Reject> {
    match properties.value.given().filter(|_| kind == LoyaltyKind::RewardRedeemed) {
        None => Ok(None),
        Some(value) => json::money("value", value, required_currency(properties, rules)?).map(Some),
    }
}
