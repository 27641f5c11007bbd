//! Plays about one order, which end when it is given back: nobody is thanked for what they sent back, or asked how they like it.
//!
//! No order is kept with an instance: it is known by the moment that began it, which is that of the order, or of the news of its parcel. So a play
//! about a parcel is ended until other news of parcels come, and of two orders of one moment either ends the play about the other. Called by `apply` when money has gone back, and by `event`.

use super::instance::call_off;
use super::{Phase, PlayState, Reason, find};
use crate::engine::customer::Customer;
use crate::engine::orders::Kept;
use crate::engine::scene::Scene;
use crate::engine::settings::Play;

/// The order of this fingerprint has just been given back in full.
pub fn on_refund(customer: &mut Customer, order: u64, scene: &mut Scene<'_>) {
    let Some(order) = given_back(customer, order).copied() else { return };
    let rules = scene.rules;
    for &rule in rules.plays() {
        let play = rules.play(rule);
        let begun_ms = find(customer, rule).and_then(|state| begun_ms(state, play));
        if play.cancel_on.refund && begun_ms.is_some_and(|begun_ms| began(customer, &order, begun_ms)) {
            call_off(customer, rule, Reason::Refund, scene);
        }
    }
}

/// The order of this fingerprint, if it was given back in full.
pub(super) fn given_back(customer: &Customer, order: u64) -> Option<&Kept> {
    customer.orders.kept.iter().find(|kept| kept.id == order && !kept.counted)
}

/// When the trigger of the running instance came, by a step of it that waits or is out.
fn begun_ms(state: &PlayState, play: &Play) -> Option<i64> {
    let (step, due_ms) = match state.phase {
        Phase::Waiting { step, due_ms, .. } => (step, due_ms),
        Phase::Idle | Phase::Over => state.out.first().map(|sent| (sent.step, sent.due_ms))?,
    };
    play.steps.get(usize::from(step)).map(|step| due_ms - step.delay_ms)
}

fn began(customer: &Customer, order: &Kept, begun_ms: i64) -> bool {
    let parcel = customer.journey.as_ref().and_then(|journey| journey.parcel);
    order.at_ms == begun_ms || parcel.is_some_and(|parcel| parcel.order == order.id && parcel.at_ms == begun_ms)
}
