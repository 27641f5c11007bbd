//! The graph of stages: which one holds for a customer, and when silence alone will bring another.
//!
//! A graph is a list, from the beginning of a customer's way to its end: of the entries whose conditions hold, the last one names the stage.
//! What changes with time does so at moments known in advance, so nobody polls. It writes no record: `transitions` does. Built by
//! `config` or `shipped`; asked by `transitions` (who belongs where), `deadline` (until when), `apply` and `unite` (who was gone).

mod condition;
mod name;
mod shipped;

pub use condition::{ALIVE_BOUNDS_MAX, Counted, CustomerFlag, Moment, StageCondition};
pub use name::{STAGE_BYTES_MAX, Stage};
pub use shipped::{Bounds as StageBounds, graph as shipped_stages};

use super::customer::Customer;
use super::lifecycle::Why;
use super::settings::{Settings, Test};

/// Entries of a graph: each is looked at for every event.
pub const ENTRIES_MAX: usize = 32;

#[derive(Debug, Clone)]
pub struct Graph {
    /// At most `ENTRIES_MAX`; the first holds for everybody.
    pub entries: Vec<Entry>,
    /// P(alive), by `StageCondition::Alive::bound`; at most `ALIVE_BOUNDS_MAX`.
    pub alive_below: Vec<f64>,
    /// Nobody goes back to a stage that stands earlier, but by an order of somebody who was gone.
    pub forward_only: bool,
    /// Rows of every version have a place for its stages.
    pub is_shipped: bool,
}

/// One way into a stage. A stage with several is entered by any of them.
#[derive(Debug, Clone)]
pub struct Entry {
    pub stage: Stage,
    /// All of it.
    pub when: Vec<StageCondition>,
    /// Who orders from here has come back: the cycle counts up.
    pub is_gone: bool,
    /// Why somebody is here who came by neither order nor refund.
    pub why: Why,
    /// The stage is that of somebody's return, which ends with it. Asked for every event.
    pub is_of_return: bool,
}

impl Entry {
    pub fn new(stage: Stage, why: Why, is_gone: bool, when: Vec<StageCondition>) -> Entry {
        let is_return =
            |condition: &StageCondition| matches!(condition, StageCondition::Is(flags) if flags.contains(&CustomerFlag::Returned));
        let is_of_return = when.iter().any(is_return);
        Entry { stage, when, is_gone, why, is_of_return }
    }
}

impl Graph {
    /// Where the customer belongs at their now.
    pub fn entry_of(&self, customer: &Customer, settings: &Settings) -> &Entry {
        self.entry_at(customer.now_ms, customer, settings).0
    }

    /// The next moment that brings another stage if nothing happens before; that stage, or the one that ends by itself.
    pub fn next_change(&self, customer: &Customer, settings: &Settings) -> Option<(i64, Stage)> {
        let (present, mut bound_ms) = self.entry_at(customer.now_ms, customer, settings);
        while let Some(at_ms) = bound_ms {
            let (then, next_bound_ms) = self.entry_at(at_ms, customer, settings);
            if then.stage != present.stage {
                let begins = |entry: &Entry| condition::span(&entry.when, customer, settings).from_ms == at_ms;
                let is_entered = self.entries.iter().any(|entry| entry.stage == then.stage && begins(entry));
                return Some((at_ms, if is_entered { then.stage } else { present.stage }));
            }
            bound_ms = next_bound_ms;
        }
        None
    }

    /// Where the customer belongs at a moment, if nothing happens before, and up to when at least that stays so.
    fn entry_at(&self, at_ms: i64, customer: &Customer, settings: &Settings) -> (&Entry, Option<i64>) {
        let mut bound_ms = i64::MAX;
        // from the end, because most customers of a shop are there
        let holding = self.entries.iter().rev().find(|entry| {
            let span = condition::span(&entry.when, customer, settings);
            bound_ms = bound_ms.min(span.next_bound_ms(at_ms));
            span.holds_at(at_ms)
        });
        (self.allowed(holding, customer), Some(bound_ms).filter(|bound_ms| *bound_ms < i64::MAX))
    }

    /// Whether an order brings somebody back who is in the stage of this name.
    pub fn is_gone(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.is_gone && entry.stage.as_str() == name)
    }

    /// Whether the stage ends by itself some time after the sign-up.
    pub fn is_of_new(&self, stage: Stage) -> bool {
        let is_new = |condition: &StageCondition| matches!(condition, StageCondition::Since { moment: Moment::SignUp, test, .. } if *test == Test::LessThan);
        self.entries.iter().any(|entry| entry.stage == stage && entry.when.iter().any(is_new))
    }

    fn allowed<'a>(&'a self, holding: Option<&'a Entry>, customer: &Customer) -> &'a Entry {
        let holding = holding.expect("invariant: the first entry holds for everybody");
        if !self.forward_only || customer.reactivated_day.is_some() {
            return holding;
        }
        let place_of = |stage: Stage| self.entries.iter().position(|entry| entry.stage == stage);
        match customer.stage.and_then(place_of) {
            Some(present) if place_of(holding.stage) < Some(present) => &self.entries[present],
            _ => holding,
        }
    }
}
