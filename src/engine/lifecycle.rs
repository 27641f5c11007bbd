//! Stages: which one holds for a customer now, when silence will change it, and what a change is called.
//!
//! The tables are `contracts.md` 3. The moments of silence are exact inversions of P(alive), so nobody polls. Writes no record itself:
//! `transitions` does. Called by `apply` and `deadline`.

use super::customer::Customer;
use super::orders::Purchases;
use super::settings::Settings;
use crate::clv;

/// In order of precedence: of the stages that hold, the last wins. The numbers are stored in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    Visitor = 0,
    Lead = 1,
    FirstTime = 2,
    Repeat = 3,
    Loyal = 4,
    Reactivated = 5,
    AtRisk = 6,
    Lapsed = 7,
}

impl Stage {
    pub const ALL: [Stage; 8] =
        [Stage::Visitor, Stage::Lead, Stage::FirstTime, Stage::Repeat, Stage::Loyal, Stage::Reactivated, Stage::AtRisk, Stage::Lapsed];

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
        let is_lead = customer.identified || customer.contact.has_email();
        return if is_lead { Stage::Lead } else { Stage::Visitor };
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

/// Why a stage changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    FirstSeen,
    Identified,
    Order,
    Reactivated,
    Silence,
    Refund,
    /// Another value model, or other cut points.
    Model,
}

impl Why {
    pub fn as_str(self) -> &'static str {
        match self {
            Why::FirstSeen => "first_seen",
            Why::Identified => "identified",
            Why::Order => "order",
            Why::Reactivated => "reactivated",
            Why::Silence => "silence",
            Why::Refund => "refund",
            Why::Model => "model",
        }
    }
}
