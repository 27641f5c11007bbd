//! What plays remember of a customer who becomes another: their running instances are called off where they were, and what was decided, sent
//! and granted counts for the one they become. Called by `identity` and `unite`.

use super::{Phase, PlayState, Reason, reminded, take_back};
use crate::engine::customer::Customer;
use crate::engine::scene::Scene;

/// The customer is about to become another: what is out is taken back.
pub fn on_merge(customer: &mut Customer, scene: &mut Scene<'_>) {
    let rules = scene.rules;
    for &rule in rules.plays() {
        take_back(customer, rule, Reason::Merged, scene);
    }
}

/// Takes over what the plays of another have decided; what they were about to do is over.
pub fn unite(customer: &mut Customer, other: &mut Customer) {
    reminded::unite(customer, other);
    for state in other.plays.drain(..) {
        let PlayState { play, last_send_ms, decided_ms, grant, .. } = state;
        match customer.plays.iter_mut().find(|own| own.play == play) {
            Some(own) => {
                own.last_send_ms = own.last_send_ms.max(last_send_ms);
                own.decided_ms = own.decided_ms.max(decided_ms);
                own.grant = own.grant.or(grant);
            }
            None => {
                let (instance, out) = (String::new(), Vec::new());
                customer.plays.push(PlayState { play, phase: Phase::Idle, instance, out, last_send_ms, decided_ms, grant });
            }
        }
    }
}
