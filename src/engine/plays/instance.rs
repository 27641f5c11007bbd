//! Instances of plays that no cart begins: begun by their trigger, called off by what the play names, gone when nothing of them is left.
//!
//! Their steps count from the moment of the trigger, or from another that it names. While one runs, another trigger of the same play changes nothing. Called by the files
//! of the triggers beside it, and by `apply` before an order has its effects.

use super::{Phase, PlayState, Reason, find, find_or_add, take_back};
use crate::engine::customer::Customer;
use crate::engine::rules::PlayRule;
use crate::engine::scene::Scene;
use crate::engine::settings::Trigger;

/// The trigger has come; steps count from `from_ms`.
pub(super) fn begin(customer: &mut Customer, rule: PlayRule, instance: String, from_ms: i64, scene: &Scene<'_>) {
    // rows of old versions have no place for it
    if !scene.cells.are_kept() {
        return;
    }
    let due_ms = from_ms.saturating_add(scene.rules.play(rule).steps[0].delay_ms);
    let state = find_or_add(customer, rule);
    let is_running = matches!(state.phase, Phase::Waiting { .. });
    if is_running || state.has_decided(due_ms) {
        return;
    }
    // what is out of the former instance is left alone
    state.out.clear();
    state.instance = instance;
    state.phase = Phase::Waiting { step: 0, due_ms, release_ms: None };
}

/// What waits is dropped without a word, what is out is taken back.
pub(super) fn call_off(customer: &mut Customer, rule: PlayRule, reason: Reason, scene: &mut Scene<'_>) {
    take_back(customer, rule, reason, scene);
    if let Some(state) = find(customer, rule) {
        state.forget_instance();
    }
}

/// An order was applied, whichever and however late. Its own triggers come afterwards.
pub fn on_order(customer: &mut Customer, scene: &mut Scene<'_>) {
    let rules = scene.rules;
    for &rule in rules.plays() {
        let play = rules.play(rule);
        if play.trigger != Trigger::CartIdle && play.cancel_on.order {
            call_off(customer, rule, Reason::Order, scene);
        }
    }
}

/// Something was put into the cart: its own play takes over.
pub(super) fn on_cart_filled(customer: &mut Customer, scene: &mut Scene<'_>) {
    let rules = scene.rules;
    for &rule in rules.plays() {
        if rules.play(rule).cancel_on.cart_filled {
            call_off(customer, rule, Reason::CartFilled, scene);
        }
    }
}

/// An instance that waits for nothing, and of which no send can be taken back any more, is none.
pub(super) fn end_if_over(state: &mut PlayState, now_ms: i64) {
    state.out.retain(|sent| sent.expires_ms > now_ms);
    if state.phase == Phase::Over && state.out.is_empty() {
        state.forget_instance();
    }
}
