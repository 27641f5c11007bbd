//! Plays that begin with an idle cart: the first step waits from the last change, and is asked once for each cart.
//!
//! A customer has at most one cart, so the open one is the instance and no name of it is kept. Called by `apply` and `unite` when carts change, and when
//! an order closes one.

use super::instance::on_cart_filled;
use super::{Phase, PlayState, Reason, find, find_or_add, reminded, take_back};
use crate::engine::cart::Change;
use crate::engine::customer::Customer;
use crate::engine::rules::{PlayRule, Rules};
use crate::engine::scene::Scene;
use crate::engine::settings::Trigger;

/// A cart event was applied. `abandoned_ms`: an upstream says that the cart was left, and so the first step is due.
pub fn on_cart(customer: &mut Customer, change: Change, abandoned_ms: Option<i64>, scene: &mut Scene<'_>) {
    let rules = scene.rules;
    if change.touched && !change.emptied {
        on_cart_filled(customer, scene);
    }
    for rule in of_carts(rules) {
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
pub fn on_cart_closed(customer: &mut Customer, scene: &mut Scene<'_>) {
    let rules = scene.rules;
    for rule in of_carts(rules) {
        if rules.play(rule).cancel_on.order {
            take_back(customer, rule, Reason::Order, scene);
        }
        forget_cart(customer, rule);
    }
    if let Some(cart_id) = customer.cart.as_ref().map(|cart| cart.id.clone()) {
        on_cart_ordered(customer, &cart_id, rules);
    }
}

/// An order names a cart, be it open or one that was left for another.
pub fn on_cart_ordered(customer: &mut Customer, cart_id: &str, rules: &Rules) {
    of_carts(rules).for_each(|rule| reminded::forget(customer, rule, cart_id));
}

/// Whether any play has decided about the open cart.
pub fn has_decided_about_cart(customer: &Customer, rules: &Rules) -> bool {
    of_carts(rules).any(|rule| reminded::is_decided(customer, rule))
}

/// The open cart has another name, under which it was known before.
pub fn on_cart_renamed(customer: &mut Customer, cart_id: &str, rules: &Rules) {
    of_carts(rules).for_each(|rule| reminded::rename(customer, rule, cart_id));
}

/// What was decided about the carts of another came to be known: a step that waits for the open one may be one too many.
pub fn on_decisions_known(customer: &mut Customer, rules: &Rules) {
    for rule in of_carts(rules) {
        drop_decided(customer, rule);
    }
}

/// Whether the play has decided about the open cart; then no first step of it waits any longer.
fn drop_decided(customer: &mut Customer, rule: PlayRule) -> bool {
    let is_decided = reminded::is_decided(customer, rule);
    if let Some(state) = find(customer, rule).filter(|_| is_decided)
        && matches!(state.phase, Phase::Waiting { step: 0, .. })
    {
        state.phase = Phase::Over;
    }
    is_decided
}

fn of_carts(rules: &Rules) -> impl Iterator<Item = PlayRule> {
    rules.plays().iter().copied().filter(|rule| rules.play(*rule).trigger == Trigger::CartIdle)
}

fn forget_cart(customer: &mut Customer, rule: PlayRule) {
    if let Some(state) = find(customer, rule) {
        state.forget_instance();
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

/// The first step waits from the last change of the cart. Once it is decided, changes move nothing (`rearm = false`), also of a cart that was
/// left for another and is open again. A record that comes very late may bring back a former cart, which then asks for nothing.
fn await_first_step(customer: &mut Customer, rule: PlayRule, abandoned_ms: Option<i64>, rules: &Rules) {
    let Some(cart) = &customer.cart else { return };
    let is_worth_it = cart.is_worth_reminding();
    let idle_since_ms = cart.last_change_ms;
    let due_ms = abandoned_ms.unwrap_or_else(|| idle_since_ms.saturating_add(rules.play(rule).steps[0].delay_ms));
    if (!is_worth_it && find(customer, rule).is_none()) || drop_decided(customer, rule) {
        return;
    }
    let state: &mut PlayState = find_or_add(customer, rule);
    let (Phase::Idle | Phase::Waiting { step: 0, .. }) = state.phase else { return };
    if !is_worth_it {
        state.phase = Phase::Idle;
    } else if !state.has_decided(due_ms) {
        state.instance.clear();
        state.phase = Phase::Waiting { step: 0, due_ms, release_ms: None };
    }
}
