//! The stages everybody has who asks for no others (`contracts.md` 3), as the graph they are.
//!
//! It covers both wordings of the lifecycle: reach, acquisition, conversion, retention, loyalty; and awareness, consideration, purchase, advocacy.
//! Called by `config`, which fills in the bounds.

use super::condition::{Counted, CustomerFlag, Moment, StageCondition};
use super::{Entry, Graph, Stage};
use crate::engine::lifecycle::Why;
use crate::engine::settings::Test;

/// `stages.*`: what moves within the shipped graph.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub min_silence_ms: i64,
    pub max_silence_ms: i64,
    /// P(alive) below which a customer is at risk.
    pub at_risk_below: f64,
    /// P(alive) below which a customer has lapsed.
    pub lapsed_below: f64,
    /// How long somebody who signed up and has ordered nothing is new.
    pub onboarding_timeout_ms: i64,
    /// Product views that make somebody who has ordered nothing one who considers it; at least 1.
    pub consideration_views: u32,
    /// Repeat purchase days that make a customer loyal.
    pub loyal_x: u32,
}

const AT_RISK: usize = 0;
const LAPSED: usize = 1;

pub fn graph(bounds: &Bounds) -> Graph {
    use StageCondition::{Alive, Count, Is, Since};
    let entry = |stage, why, when| Entry::new(stage, why, stage == Stage::LAPSED, when);
    let at_least = |of, count| Count { of, test: Test::AtLeast, count };
    let silent = |ms| Since { moment: Moment::LatestOrder, test: Test::AtLeast, ms };
    let new = Since { moment: Moment::SignUp, test: Test::LessThan, ms: bounds.onboarding_timeout_ms };
    let loyal = at_least(Counted::RepeatDays, bounds.loyal_x);
    Graph {
        entries: vec![
            entry(Stage::VISITOR, Why::FirstSeen, vec![]),
            entry(Stage::LEAD, Why::Identified, vec![Is(vec![CustomerFlag::Identified, CustomerFlag::HasEmail])]),
            entry(Stage::ONBOARDING, Why::SignedUp, vec![new]),
            entry(Stage::CONSIDERATION, Why::Considering, vec![at_least(Counted::ProductViews, bounds.consideration_views)]),
            entry(Stage::CONSIDERATION, Why::Considering, vec![Is(vec![CustomerFlag::Comparing])]),
            entry(Stage::FIRST_TIME, Why::Order, vec![Is(vec![CustomerFlag::Ordered])]),
            entry(Stage::REPEAT, Why::Order, vec![at_least(Counted::RepeatDays, 1)]),
            entry(Stage::LOYAL, Why::Order, vec![loyal.clone()]),
            entry(Stage::ADVOCATE, Why::Order, vec![loyal, at_least(Counted::Referred, 1)]),
            entry(Stage::REACTIVATED, Why::Order, vec![Is(vec![CustomerFlag::Returned])]),
            entry(Stage::AT_RISK, Why::Silence, vec![Alive { bound: AT_RISK, test: Test::LessThan }, silent(bounds.min_silence_ms)]),
            entry(Stage::LAPSED, Why::Silence, vec![Alive { bound: LAPSED, test: Test::LessThan }]),
            entry(Stage::LAPSED, Why::Silence, vec![silent(bounds.max_silence_ms)]),
        ],
        alive_below: vec![bounds.at_risk_below, bounds.lapsed_below],
        forward_only: false,
        is_shipped: true,
    }
}
