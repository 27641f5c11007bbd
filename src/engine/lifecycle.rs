//! Stages: which one holds for a customer now, when silence will change it, and what a change is called.
//!
//! The tables are `contracts.md` 3. The moments of silence are exact inversions of P(alive), so nobody polls. Writes no record itself:
//! `transitions` does. Called by `apply` and `deadline`.

use super::customer::Customer;
use super::orders::Purchases;
use super::settings::{Lifecycle, Settings};
use crate::clv;
use crate::event::InteractionKind;

/// Which of those that hold wins is `stage_of`'s affair. The numbers are stored in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    Visitor = 0,
    Lead = 1,
    FirstTime = 2,
    Repeat = 3,
    Loyal = 4,
    Reactivated = 5,
    AtRisk = 6,
    Lapsed = 7,
    /// Rows of version 2 know none from here on.
    Onboarding = 8,
    Consideration = 9,
}

impl Stage {
    /// By their numbers.
    pub const ALL: [Stage; 10] = [
        Stage::Visitor,
        Stage::Lead,
        Stage::FirstTime,
        Stage::Repeat,
        Stage::Loyal,
        Stage::Reactivated,
        Stage::AtRisk,
        Stage::Lapsed,
        Stage::Onboarding,
        Stage::Consideration,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Visitor => "visitor",
            Stage::Lead => "lead",
            Stage::FirstTime => "first_time",
            Stage::Repeat => "repeat",
            Stage::Loyal => "loyal",
            Stage::Reactivated => "reactivated",
            Stage::AtRisk => "at_risk",
            Stage::Lapsed => "lapsed",
            Stage::Onboarding => "onboarding",
            Stage::Consideration => "consideration",
        }
    }
}

/// The moments from which a silent customer counts as at risk and as lapsed; `None`: never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Silence {
    pub at_risk_ms: Option<i64>,
    pub lapsed_ms: Option<i64>,
}

impl Silence {
    pub fn of(purchases: &Purchases, settings: &Settings) -> Silence {
        let rules = &settings.lifecycle;
        let at_risk_ms =
            alive_until_ms(purchases, settings, rules.at_risk_below).map(|at| at.max(purchases.latest_ms + rules.min_silence_ms));
        let longest_ms = purchases.latest_ms + rules.max_silence_ms;
        let lapsed_ms = alive_until_ms(purchases, settings, rules.lapsed_below).map_or(longest_ms, |at| at.min(longest_ms));
        Silence { at_risk_ms, lapsed_ms: Some(lapsed_ms) }
    }

    /// The stage silence brings by `now_ms`.
    fn stage(&self, now_ms: i64) -> Option<Stage> {
        let reached = |at: Option<i64>| at.is_some_and(|at| at <= now_ms);
        if reached(self.lapsed_ms) {
            return Some(Stage::Lapsed);
        }
        reached(self.at_risk_ms).then_some(Stage::AtRisk)
    }

    /// The next moment after `now_ms` that changes the stage if the customer stays silent, and the stage it brings.
    pub fn next(&self, now_ms: i64) -> Option<(i64, Stage)> {
        if self.stage(now_ms) == Some(Stage::Lapsed) {
            return None;
        }
        let at_ms = [self.at_risk_ms, self.lapsed_ms].into_iter().flatten().filter(|at| *at > now_ms).min()?;
        Some((at_ms, self.stage(at_ms)?))
    }
}

/// The first whole millisecond at which P(alive) is no longer above `threshold`; `None`: never, or later than anybody plans.
pub fn alive_until_ms(purchases: &Purchases, settings: &Settings, threshold: f64) -> Option<i64> {
    let weeks = settings.value.parameters.purchase.lapse_weeks(purchases.x(), purchases.t_x(), threshold)?;
    clv::weeks_to_ms_ceil(weeks).map(|ms| purchases.first_ms + ms)
}

/// The stage that holds at the customer's now.
pub fn stage_of(customer: &Customer, settings: &Settings) -> Stage {
    let Some(purchases) = &customer.derived.purchases else {
        return stage_before_orders(customer, &settings.lifecycle);
    };
    if let Some(silent) = customer.derived.silence.stage(customer.now_ms) {
        return silent;
    }
    if customer.reactivated_day.is_some() {
        return Stage::Reactivated;
    }
    match purchases.x() {
        0 => Stage::FirstTime,
        x if x >= settings.lifecycle.loyal_x => Stage::Loyal,
        _ => Stage::Repeat,
    }
}

fn stage_before_orders(customer: &Customer, rules: &Lifecycle) -> Stage {
    if let Some(journey) = &customer.journey {
        let is_comparing = journey.count(InteractionKind::ProductsCompared) > 0;
        if is_comparing || journey.count(InteractionKind::ProductViewed) >= rules.consideration_views {
            return Stage::Consideration;
        }
    }
    if onboarding_ends_ms(customer, rules).is_some_and(|end_ms| customer.now_ms < end_ms) {
        return Stage::Onboarding;
    }
    let is_lead = customer.identified || customer.contact.has_email();
    if is_lead { Stage::Lead } else { Stage::Visitor }
}

/// Until when somebody who has signed up is new; `None`: they never signed up.
pub fn onboarding_ends_ms(customer: &Customer, rules: &Lifecycle) -> Option<i64> {
    let signed_up_ms = customer.journey.as_ref()?.signed_up_ms?;
    Some(signed_up_ms.saturating_add(rules.onboarding_timeout_ms))
}

/// Why a stage changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    FirstSeen,
    Identified,
    SignedUp,
    /// Products viewed or compared.
    Considering,
    /// Signed up long ago, and nothing ordered.
    OnboardingOver,
    Order,
    Reactivated,
    Silence,
    Refund,
    /// The customer has cost something.
    Cost,
    /// Something was subscribed to, paid for, or cancelled.
    Subscription,
    /// Another value model, or other cut points.
    Model,
    /// An order was sent, or has arrived.
    Fulfilment,
    /// Spend has reached a higher tier.
    TierUp,
    /// Spend no longer holds the tier, and grace is over.
    TierDown,
}

impl Why {
    pub fn as_str(self) -> &'static str {
        match self {
            Why::FirstSeen => "first_seen",
            Why::Identified => "identified",
            Why::SignedUp => "signed_up",
            Why::Considering => "considering",
            Why::OnboardingOver => "onboarding_timeout",
            Why::Order => "order",
            Why::Reactivated => "reactivated",
            Why::Silence => "silence",
            Why::Refund => "refund",
            Why::Cost => "cost",
            Why::Subscription => "subscription",
            Why::Model => "model",
            Why::Fulfilment => "fulfilment",
            Why::TierUp => "tier_up",
            Why::TierDown => "tier_down",
        }
    }
}
