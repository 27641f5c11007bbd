//! What a customer waits for: the steps of plays, silence growing long enough for a stage or a segment, the end of being new, of a
//! tier, of points, of an attempt to buy, a birthday, the end of an anonymous row.
//!
//! One moment per customer, the earliest, goes into the row and the slot's queue. Of several things due at one moment plays come first (by
//! priority, then name), then the lifecycle, then the segment, the tier, points, the attempt to buy, the birthday, then the end; the play of a
//! birthday begins before all of them. Called by `slot`.

use super::customer::Customer;
use super::lifecycle::Why;
use super::note::{Counter, Note, TimerKind};
use super::plays::{self, Phase};
use super::rules::{PlayRule, Rules};
use super::scene::{Occasion, Scene};
use super::stages::Stage;
use super::{attempt, funnel, loyalty, segments, tiers, transitions, value};

/// The next thing due.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    pub at_ms: i64,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    /// `due_ms` is earlier than the moment if quiet hours held the step.
    Step {
        rule: PlayRule,
        due_ms: i64,
    },
    /// Another stage; this one is entered, or ends by itself.
    Stage(Stage),
    /// Silence lowers the recency of the customer's segment.
    Recency,
    /// Spend no longer holds the tier, or grace is over.
    Tier,
    /// Points are over.
    Points,
    /// An attempt to buy has come to nothing.
    DropOff,
    Birthday,
    Expiry,
    /// Late events of an id that was given up are no longer sent on.
    MarkOver,
}

/// What is left of the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Stays,
    Gone,
}

pub fn next(customer: &Customer, rules: &Rules) -> Option<Due> {
    if let Some(moved) = customer.moved() {
        return Some(Due { at_ms: moved.until_ms, what: What::MarkOver });
    }
    let mut first = plays::next_due(customer, rules)
        .map(|(at_ms, rule)| Due { at_ms, what: What::Step { rule, due_ms: due_of(customer, rule, at_ms) } });
    // of several at one moment the first to be named
    let mut offer = |at_ms: Option<i64>, what: What| {
        if let Some(at_ms) = at_ms.filter(|at_ms| first.as_ref().is_none_or(|first| *at_ms < first.at_ms)) {
            first = Some(Due { at_ms, what });
        }
    };
    if let Some((at_ms, stage)) = rules.settings.lifecycle.graph.next_change(customer, &rules.settings) {
        offer(Some(at_ms), What::Stage(stage));
    }
    offer(segments::falls_ms(customer, &rules.settings), What::Recency);
    offer(tiers::due_ms(customer, &rules.settings), What::Tier);
    offer(loyalty::expires_ms(customer), What::Points);
    offer(attempt::ends_ms(customer, &rules.settings), What::DropOff);
    offer(plays::birthday_ms(customer, rules), What::Birthday);
    if customer.is_fleeting() {
        offer(Some(customer.last_event_ms.saturating_add(rules.settings.anonymous_ttl_ms)), What::Expiry);
    }
    first
}

fn due_of(customer: &Customer, rule: PlayRule, at_ms: i64) -> i64 {
    match customer.plays.iter().find(|s| s.play == rule.key).map(|s| s.phase) {
        Some(Phase::Waiting { due_ms, .. }) => due_ms,
        _ => at_ms,
    }
}

impl Due {
    /// What records caused by it name as their cause.
    pub fn occasion<'a>(&'a self, rules: &'a Rules) -> Occasion<'a> {
        match self.what {
            What::Step { rule, due_ms } => Occasion::Deadline { name: &rules.play(rule).name, due_ms },
            What::Stage(ref stage) => Occasion::Deadline { name: stage.as_str(), due_ms: self.at_ms },
            What::Recency => Occasion::Deadline { name: "recency", due_ms: self.at_ms },
            What::Tier => Occasion::Deadline { name: "tier", due_ms: self.at_ms },
            What::Points => Occasion::Deadline { name: "points", due_ms: self.at_ms },
            What::DropOff => Occasion::Deadline { name: "drop_off", due_ms: self.at_ms },
            What::Birthday => Occasion::Deadline { name: "birthday", due_ms: self.at_ms },
            What::Expiry | What::MarkOver => Occasion::Deadline { name: "expiry", due_ms: self.at_ms },
        }
    }

    /// Does what is due, at its own moment, however late it is noticed.
    pub fn fire(&self, customer: &mut Customer, scene: &mut Scene<'_>) -> Fate {
        // of what is due at one moment a birthday may not be the first
        plays::pass_birthday(customer, self.at_ms, scene);
        customer.now_ms = customer.now_ms.max(self.at_ms);
        scene.note(Note::TimerFired { timer: self.timer(), deadline_ms: self.at_ms });
        match self.what {
            What::Step { rule, .. } => plays::fire(customer, rule, scene),
            What::Stage(_) => {
                transitions::settle(customer, None, scene);
                if customer.derived.purchases.is_some() {
                    value::write_clv(customer, Why::Silence, scene);
                }
            }
            What::Recency => {
                segments::settle(customer, Why::Silence, scene);
                value::write_clv(customer, Why::Silence, scene);
            }
            What::Tier => tiers::settle(customer, scene),
            What::Points => loyalty::expire(customer, scene),
            What::DropOff => attempt::drop_off(customer, scene),
            // it has passed
            What::Birthday => {}
            What::Expiry => {
                funnel::leave(customer, scene.cells, scene.out);
                loyalty::leave(customer, scene.cells, scene.out);
                scene.note(Note::Count(Counter::AnonymousExpired));
                return Fate::Gone;
            }
            What::MarkOver => return Fate::Gone,
        }
        Fate::Stays
    }

    fn timer(&self) -> TimerKind {
        match self.what {
            What::Step { .. } | What::Birthday => TimerKind::Play,
            What::Stage(_) | What::Recency | What::Tier | What::Points | What::DropOff => TimerKind::Lifecycle,
            What::Expiry | What::MarkOver => TimerKind::Expiry,
        }
    }
}
