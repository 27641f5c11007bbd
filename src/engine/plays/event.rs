//! Plays that begin with an event of a name: the instance is its message id, else its place in Kafka.
//!
//! A name that means what another does (`Product Reviewed`) begins the plays of either. Only what was applied counts: no duplicate, nothing
//! late, no name without a meaning. An order ends what came before it also where it is heard of first. Called by `apply` when an event has
//! had its effects.

use super::instance::begin;
use super::refund::given_back;
use crate::engine::customer::Customer;
use crate::engine::scene::Scene;
use crate::engine::seen::{IdKind, fingerprint};
use crate::engine::settings::{Play, Trigger};
use crate::event::{Event, InteractionKind, Kind, meaning};

pub fn on_event(customer: &mut Customer, event: &Event<'_>, scene: &mut Scene<'_>) {
    let rules = scene.rules;
    let is_order = matches!(event.kind, Kind::OrderCompleted(_));
    for &rule in rules.plays() {
        if let Trigger::EventSeen(name) = &rules.play(rule).trigger
            && (*name == event.name || name == meaning(&event.name))
            && (is_order || !is_ended_by_order(customer, rules.play(rule), scene.time_ms))
            && !(rules.play(rule).cancel_on.refund && order_of(event).is_some_and(|order| given_back(customer, order).is_some()))
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
            && !is_ended_by_order(customer, rules.play(rule), scene.time_ms)
        {
            begin(customer, rule, scene.origin().place(), scene.time_ms, scene);
        }
    }
}

/// An order has come that is newer, or as old: in order of time, it would have ended the play. Orders themselves begin what they begin.
fn is_ended_by_order(customer: &Customer, play: &Play, at_ms: i64) -> bool {
    play.cancel_on.order && customer.orders.latest_ms().is_some_and(|ordered_ms| at_ms <= ordered_ms)
}

/// The order that the event is news of.
fn order_of(event: &Event<'_>) -> Option<u64> {
    let id = match &event.kind {
        Kind::OrderCompleted(order) => Some(&order.order_id),
        Kind::Interaction(told) if matches!(told.kind, InteractionKind::OrderShipped | InteractionKind::OrderDelivered) => {
            told.subject.as_ref()
        }
        _ => None,
    };
    id.map(|id| fingerprint(IdKind::Order, id))
}

fn instance(event: &Event<'_>, scene: &Scene<'_>) -> String {
    match event.message_id.as_deref() {
        Some(id) if !id.is_empty() => id.to_owned(),
        _ => scene.origin().place(),
    }
}
