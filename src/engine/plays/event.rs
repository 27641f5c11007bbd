//! Plays that begin with an event of a name: the instance is its message id, else its place in Kafka.
//!
//! A name that means what another does (`Product Reviewed`) begins the plays of either. Only what was applied counts: no duplicate, nothing late, no name without a meaning. Called by `apply` when an event has had its effects.

use super::instance::begin;
use crate::engine::customer::Customer;
use crate::engine::scene::Scene;
use crate::engine::settings::Trigger;
use crate::event::{Event, meaning};

pub fn on_event(customer: &mut Customer, event: &Event<'_>, scene: &mut Scene<'_>) {
    let rules = scene.rules;
    for &rule in rules.plays() {
        if let Trigger::EventSeen(name) = &rules.play(rule).trigger
            && (*name == event.name || name == meaning(&event.name))
        {
            begin(customer, rule, instance(event, scene), scene.time_ms, scene);
        }
    }
}

/// What is no event of the customer's own, but plays may wait for: the instance is the place of the event that caused it.
pub fn on_named(customer: &mut Customer, what: &str, scene: &mut Scene<'_>) {
    let rules = scene.rules;
    for &rule in rules.plays() {
        if let Trigger::EventSeen(name) = &rules.play(rule).trigger
            && name == what
        {
            begin(customer, rule, scene.origin().place(), scene.time_ms, scene);
        }
    }
}

fn instance(event: &Event<'_>, scene: &Scene<'_>) -> String {
    match event.message_id.as_deref() {
        Some(id) if !id.is_empty() => id.to_owned(),
        _ => scene.origin().place(),
    }
}
