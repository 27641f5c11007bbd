//! Plays that begin with an event of a name: the instance is its message id, else its place in Kafka.
//!
//! Only what was applied counts: no duplicate, nothing late, no name without a meaning. Called by `apply` when an event has had its effects.

use super::instance::begin;
use crate::engine::customer::Customer;
use crate::engine::scene::{Occasion, Scene};
use crate::engine::settings::Trigger;
use crate::event::Event;

pub fn on_event(customer: &mut Customer, event: &Event<'_>, scene: &mut Scene<'_>) {
    let rules = scene.rules;
    for &rule in rules.plays() {
        if let Trigger::EventSeen(name) = &rules.play(rule).trigger
            && *name == event.name
        {
            begin(customer, rule, instance(event, scene), scene.time_ms, scene);
        }
    }
}

fn instance(event: &Event<'_>, scene: &Scene<'_>) -> String {
    match (event.message_id.as_deref(), scene.occasion) {
        (Some(id), _) if !id.is_empty() => id.to_owned(),
        (_, Occasion::Event { cause, .. }) => {
            let part = if cause.part == 0 { String::new() } else { format!("#{}", cause.part) };
            format!("{}/{}/{}{part}", cause.topic, scene.slot, cause.offset)
        }
        (_, Occasion::Deadline { .. } | Occasion::Model { .. }) => unreachable!("invariant: the scene is the event's"),
    }
}
