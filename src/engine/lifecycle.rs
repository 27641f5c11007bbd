//! What a change of stage is called, and the moments at which silence changes it.
//!
//! Which stage holds, the graph says (`stages`). The moments are exact inversions of P(alive). Writes no record itself: `transitions` does.
//! Called by `customer`, `value` and `transitions`.

use super::orders::Purchases;
use super::settings::Settings;
use super::stages::ALIVE_BOUNDS_MAX;
use crate::clv;

/// The first whole millisecond at which P(alive) is no longer above `threshold`; `None`: never, or later than anybody plans.
pub fn alive_until_ms(purchases: &Purchases, settings: &Settings, threshold: f64) -> Option<i64> {
    let weeks = settings.value.parameters.purchase.lapse_weeks(purchases.x(), purchases.t_x(), threshold)?;
    clv::weeks_to_ms_ceil(weeks).map(|ms| purchases.first_ms + ms)
}

/// The same for each bound the stages ask about.
pub fn alive_until_each_ms(purchases: &Purchases, settings: &Settings) -> [Option<i64>; ALIVE_BOUNDS_MAX] {
    let mut moments = [None; ALIVE_BOUNDS_MAX];
    for (moment, below) in moments.iter_mut().zip(&settings.lifecycle.graph.alive_below) {
        *moment = alive_until_ms(purchases, settings, *below);
    }
    moments
}

/// Why a stage changed. Rows keep the number: a new one goes to the end, here and in `ALL`.
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
    /// Another id's customer is this one.
    Merged,
    /// Somebody came whom the customer brought, or what they bought has changed.
    Referral,
    /// Spend has reached a higher tier.
    TierUp,
    /// Spend no longer holds the tier, and grace is over.
    TierDown,
    /// What a stage of one's own asks for is so, whatever made it so.
    Condition,
}

impl Why {
    /// Their places are stored in rows: a new one goes to the end.
    pub const ALL: [Why; 18] = [
        Why::FirstSeen,
        Why::Identified,
        Why::SignedUp,
        Why::Considering,
        Why::OnboardingOver,
        Why::Order,
        Why::Reactivated,
        Why::Silence,
        Why::Refund,
        Why::Cost,
        Why::Subscription,
        Why::Model,
        Why::Fulfilment,
        Why::Merged,
        Why::Referral,
        Why::TierUp,
        Why::TierDown,
        Why::Condition,
    ];

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
            Why::Merged => "merged",
            Why::Referral => "referral",
            Why::TierUp => "tier_up",
            Why::TierDown => "tier_down",
            Why::Condition => "condition",
        }
    }
}
