//! Plays: when a reminder starts waiting, moves, is dropped, is sent, is refused, is taken back.
//!
//! A customer has at most one cart, so at most one instance of a cart play; what a row stores of it is `PlayState`. The gates are in
//! `gates`, the record in `actions`. Called by `apply` when carts and orders change, and by `deadline` when a step is due.

mod steps;
mod words;

pub use steps::{fire, next_due};
pub use words::{ActionKind, Reason};

use super::actions::{self, Decision};
use super::cart::Change;
use super::customer::Customer;
use super::rules::{PlayRule, Rules};
use super::scene::Scene;
use super::settings::Trigger;

/// What a row keeps of one play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayState {
    /// The play, as `PlayRule::key`.
    pub play: u64,
    pub phase: Phase,
    /// Sends for the open cart, by step; at most `rules::STEPS_MAX`.
    pub out: Vec<Sent>,
    /// For the cool-down, over all carts; only plays with one keep it.
    pub last_send_ms: Option<i64>,
    /// When the first step last decided about was due, over all carts, while an event that comes late may still ask for it again.
    pub decided_ms: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing to remind of.
    Idle,
    /// `release_ms`: held by quiet hours until then.
    Waiting { step: u8, due_ms: i64, release_ms: Option<i64> },
    /// All is decided for this cart.
    Over,
}

/// A send that may still be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    pub step: u8,
    pub due_ms: i64,
    pub expires_ms: i64,
}

impl Phase {
    /// When it needs attention, if it does.
    pub fn wakes_ms(&self) -> Option<i64> {
        match *self {
            Phase::Waiting { due_ms, release_ms, .. } => Some(release_ms.unwrap_or(due_ms)),
            Phase::Idle | Phase::Over => None,
        }
    }
}

/// A cart event was applied. `abandoned_ms`: an upstream says that the cart was left, and so the first step is due.
pub fn on_cart(customer: &mut Customer, change: Change, abandoned_ms: Option<i64>, scene: &mut Scene<'_>) {
    let rules = scene.rules;
    for &rule in rules.plays() {
        let Trigger::CartIdle = rules.play(rule).trigger;
        if change.opened {
            forget_cart(customer, rule);
        }
        if change.emptied {
            drop_pending(customer, rule);
            if rules.play(rule).cancel_on.cart_emptied {
                take_back(customer, rule, Reason::CartEmptied, scene);
            }
        } else if change.touched || abandoned_ms.is_some() {
            await_first_step(customer, rule, abandoned_ms, rules);
        }
    }
}

/// An order is about to close the cart.
pub fn on_order(customer: &mut Customer, scene: &mut Scene<'_>) {
    let rules = scene.rules;
    for &rule in rules.plays() {
        if rules.play(rule).cancel_on.order {
            take_back(customer, rule, Reason::Order, scene);
        }
        forget_cart(customer, rule);
    }
}

/// The customer is about to be forgotten: whatever the play says, nothing more may reach them.
pub fn on_erasure(customer: &mut Customer, scene: &mut Scene<'_>) {
    let rules = scene.rules;
    for &rule in rules.plays() {
        take_back(customer, rule, Reason::Erased, scene);
    }
}

/// Drops states that say nothing: of plays that no longer run, and of plays at rest whose cool-down is over.
pub fn prune(customer: &mut Customer, rules: &Rules) {
    let now_ms = customer.now_ms;
    // no cart older than the last order is taken up any more, and none has a reminder due before its own time
    let ordered_ms = customer.orders.latest_ms();
    customer.plays.retain_mut(|state| {
        let Some(rule) = rules.plays().iter().find(|r| r.key == state.play) else {
            return false;
        };
        let cool_down_ms = rules.play(*rule).cool_down_ms;
        state.last_send_ms =
            state.last_send_ms.filter(|sent| cool_down_ms.is_some_and(|cool_down| now_ms < sent.saturating_add(cool_down)));
        state.decided_ms = state.decided_ms.filter(|decided| ordered_ms.is_none_or(|ordered| ordered <= *decided));
        state.phase != Phase::Idle || !state.out.is_empty() || state.last_send_ms.is_some() || state.decided_ms.is_some()
    });
}

fn find(customer: &mut Customer, rule: PlayRule) -> Option<&mut PlayState> {
    customer.plays.iter_mut().find(|s| s.play == rule.key)
}

fn forget_cart(customer: &mut Customer, rule: PlayRule) {
    if let Some(state) = find(customer, rule) {
        state.phase = Phase::Idle;
        state.out.clear();
    }
}

/// The cart is empty: what waits is dropped without a word. A cart for which nothing was decided may start again.
fn drop_pending(customer: &mut Customer, rule: PlayRule) {
    let Some(state) = find(customer, rule) else {
        return;
    };
    if let Phase::Waiting { step, .. } = state.phase {
        state.phase = if step == 0 { Phase::Idle } else { Phase::Over };
    }
}

/// The first step waits from the last change of the cart. Once it is decided, changes move nothing (`rearm = false`). A record that comes
/// very late may bring back a former cart: what would be due no later than what was decided last is not asked again.
fn await_first_step(customer: &mut Customer, rule: PlayRule, abandoned_ms: Option<i64>, rules: &Rules) {
    let Some(cart) = &customer.cart else { return };
    let is_worth_it = cart.is_worth_reminding();
    let idle_since_ms = cart.last_change_ms;
    let due_ms = abandoned_ms.unwrap_or_else(|| idle_since_ms.saturating_add(rules.play(rule).steps[0].delay_ms));
    let place = match customer.plays.iter().position(|s| s.play == rule.key) {
        Some(place) => place,
        None if is_worth_it => {
            let state = PlayState { play: rule.key, phase: Phase::Idle, out: Vec::new(), last_send_ms: None, decided_ms: None };
            customer.plays.push(state);
            customer.plays.len() - 1
        }
        None => return,
    };
    let PlayState { phase, decided_ms, .. } = &mut customer.plays[place];
    let (Phase::Idle | Phase::Waiting { step: 0, .. }) = phase else { return };
    if !is_worth_it {
        *phase = Phase::Idle;
    } else if decided_ms.is_none_or(|decided| due_ms > decided) {
        *phase = Phase::Waiting { step: 0, due_ms, release_ms: None };
    }
}

fn take_back(customer: &mut Customer, rule: PlayRule, reason: Reason, scene: &mut Scene<'_>) {
    let Some(state) = find(customer, rule) else {
        return;
    };
    for sent in std::mem::take(&mut state.out) {
        if sent.expires_ms > scene.time_ms {
            actions::write(
                customer,
                rule,
                &Decision { kind: ActionKind::Cancel, reason, step: sent.step, due_ms: sent.due_ms, expires_ms: sent.expires_ms },
                scene,
            );
        }
    }
}
