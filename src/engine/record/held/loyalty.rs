//! What a row holds of the loyalty programme, in words: points, the tier, and how far it is to the next.
//!
//! Nothing is left out; the way to the next tier is as of the customer's now. Part of `held`.

use crate::engine::customer::Customer;
use crate::engine::loyalty::Loyalty;
use crate::engine::record::json::json_object;
use crate::engine::record::money::Amount;
use crate::engine::record::time::Time;
use crate::engine::settings::Settings;
use crate::engine::tiers;

#[derive(utoipa::ToSchema)]
pub(super) struct HeldLoyalty {
    member_since: Time,
    points: i128,
    lasting: i128,
    expiring: Vec<HeldExpiring>,
}

json_object!(HeldLoyalty { member_since, points, lasting, expiring });

#[derive(utoipa::ToSchema)]
struct HeldExpiring {
    points: i128,
    expires_at: Time,
}

json_object!(HeldExpiring { points, expires_at });

#[derive(utoipa::ToSchema)]
pub(super) struct HeldTier<'a> {
    /// `None`: never in one, or in one that the configuration no longer has.
    tier: Option<&'a str>,
    since: Option<Time>,
    lost_at: Option<Time>,
    /// Within the qualifying window, in the primary currency.
    spend: Option<Amount>,
    next_tier: Option<&'a str>,
    to_next_tier: Option<Amount>,
    older_spend: Vec<HeldMonth>,
}

json_object!(HeldTier<'_> { tier, since, lost_at, spend, next_tier, to_next_tier, older_spend });

#[derive(utoipa::ToSchema)]
struct HeldMonth {
    latest_at: Time,
    spend: Amount,
}

json_object!(HeldMonth { latest_at, spend });

pub(super) fn held(loyalty: &Loyalty) -> HeldLoyalty {
    let expiring = loyalty.expiring.iter().map(|part| HeldExpiring { points: part.points.into(), expires_at: Time(part.expires_ms) });
    HeldLoyalty {
        member_since: Time(loyalty.since_ms),
        points: loyalty.points().into(),
        lasting: loyalty.lasting.into(),
        expiring: expiring.collect(),
    }
}

/// `None`: the customer has none, and without tiers or orders there is no way to one.
pub(super) fn held_tier<'a>(customer: &'a Customer, settings: &'a Settings) -> Option<HeldTier<'a>> {
    let rules = &settings.loyalty;
    let own = customer.tier.as_deref();
    let currency = customer.orders.primary().map(|sum| sum.currency).filter(|_| !rules.tiers.is_empty());
    if own.is_none() && currency.is_none() {
        return None;
    }
    let next = tiers::next_of(customer, settings);
    let months = own.iter().flat_map(|own| &own.months);
    Some(HeldTier {
        tier: tiers::name_of(customer, settings),
        since: own.and_then(|own| own.key.map(|_| Time(own.since_ms))),
        lost_at: own.and_then(|own| own.lost_ms).map(Time),
        spend: currency.map(|currency| Amount { minor: tiers::spend_minor(customer, currency, rules), currency }),
        next_tier: next.map(|(tier, _)| tier.name.as_str()),
        to_next_tier: next.zip(currency).map(|((_, minor), currency)| Amount { minor, currency }),
        older_spend: months
            .map(|month| HeldMonth { latest_at: Time(month.latest_ms), spend: Amount { minor: month.minor, currency: month.currency } })
            .collect(),
    })
}
