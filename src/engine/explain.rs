//! Why a play mails somebody, or does not: what it waits for, and every gate that would stop it, not the first alone.
//!
//! It asks the very gates that decide, about the moment a step is due, or about the present where nothing waits. Looks, changes nothing,
//! writes no record. What else is known ahead it tells, too. Called by `cli` (`explain`).

use std::sync::Arc;

use super::customer::Customer;
use super::gates::{self, Question};
use super::plays::{self, Phase, Reason};
use super::rules::Rules;
use super::settings::{Mode, Settings};
use super::{loyalty, segments, tiers};

/// What a play has in mind for a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Its place in `Settings::plays`.
    pub place: usize,
    pub state: Waiting,
    pub arm: gates::Arm,
    /// The gates that fail, in their order; the first would be the reason told. None: it would be sent, or held, or is in the control arm.
    pub refusals: Vec<Reason>,
    /// Quiet hours would hold it until then.
    pub held_until_ms: Option<i64>,
    pub last_send_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// The play is off.
    Off,
    /// Its trigger has not come, or what it began is over.
    Nothing,
    /// Counted from 1.
    Step { step: u32, due_ms: i64, instance: String },
}

/// All plays of the configuration, in its order, for a customer as of a moment.
pub fn explain(customer_id: &str, customer: &mut Customer, settings: &Arc<Settings>, at_ms: i64) -> Vec<Explained> {
    customer.derive(settings);
    customer.now_ms = customer.now_ms.max(at_ms);
    let rules = Rules::new(Arc::clone(settings));
    (0..settings.plays.len()).map(|place| explain_one(customer_id, customer, &rules, place)).collect()
}

/// Changes of stage told ahead: of a shipped graph silence brings two, of one's own as many as it has stages of silence.
const STAGES_AHEAD_MAX: usize = 4;

/// What will come at a moment known already, if nothing happens before, in order of time: `stage at_risk`, `end of stage onboarding`, `birthday`.
pub fn ahead(customer: &Customer, settings: &Arc<Settings>) -> Vec<(String, i64)> {
    let rules = Rules::new(Arc::clone(settings));
    let mut then = customer.clone();
    then.derive(settings);
    let mut moments: Vec<(String, i64)> =
        plays::birthday_ms(&then, &rules).map(|at_ms| ("birthday".to_owned(), at_ms)).into_iter().collect();
    moments.extend(segments::falls_ms(&then, settings).map(|at_ms| ("lower recency".to_owned(), at_ms)));
    moments.extend(tiers::due_ms(&then, settings).map(|at_ms| ("tier".to_owned(), at_ms)));
    moments.extend(loyalty::expires_ms(&then).map(|at_ms| ("points expire".to_owned(), at_ms)));
    for _ in 0..STAGES_AHEAD_MAX {
        let Some((at_ms, stage)) = settings.lifecycle.graph.next_change(&then, settings) else { break };
        let is_end = then.stage == Some(stage);
        moments.push((format!("{}stage {}", if is_end { "end of " } else { "" }, stage.as_str()), at_ms));
        then.now_ms = at_ms;
        then.stage = Some(settings.lifecycle.graph.entry_of(&then, settings).stage);
    }
    moments.sort_by_key(|(_, at_ms)| *at_ms);
    moments
}

fn explain_one(customer_id: &str, customer: &Customer, rules: &Rules, place: usize) -> Explained {
    let play = &rules.settings.plays[place];
    let arm = gates::arm(customer_id, play, &rules.settings);
    let rule = rules.plays().iter().find(|rule| usize::from(rule.place) == place);
    let own = rule.and_then(|rule| customer.plays.iter().find(|state| state.play == rule.key));
    let (state, due_ms, at_ms) = match own.map(|own| (own.phase, &own.instance)) {
        _ if play.mode == Mode::Off => (Waiting::Off, customer.now_ms, customer.now_ms),
        Some((Phase::Waiting { step, due_ms, release_ms }, instance)) => {
            let cart = customer.cart.as_ref().map(|cart| cart.id.clone()).unwrap_or_default();
            let instance = if instance.is_empty() { cart } else { instance.clone() };
            (Waiting::Step { step: u32::from(step) + 1, due_ms, instance }, due_ms, release_ms.unwrap_or(due_ms))
        }
        _ => (Waiting::Nothing, customer.now_ms, customer.now_ms),
    };
    let last_send_ms = own.and_then(|own| own.last_send_ms);
    let is_first_step = !matches!(state, Waiting::Step { step: 2.., .. });
    let question = Question { rules, play, customer_id, customer, is_first_step, last_send_ms, due_ms, at_ms, wall_ms: None };
    let refusals = if state == Waiting::Off { Vec::new() } else { gates::refusals(&question) };
    Explained { place, arm, refusals, held_until_ms: gates::quiet_until(&question), last_send_ms, state }
}
