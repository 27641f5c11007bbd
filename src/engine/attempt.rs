//! One attempt to buy: how far it has come - looking, a cart, the checkout, paying - and how it ends, with an order or with nothing.
//!
//! An order counts how long the checkout took; who does nothing more for `drop_off_after` has dropped off at the furthest step. It counts on
//! cells and is told by mails; stages and carts are other files' affair. Called by `apply` and `deadline`.

use super::cells::{Figure, Place, Window};
use super::customer::Customer;
use super::scene::Scene;
use super::settings::Settings;
use crate::event::{CartDelta, CartLine, ContentsSource, Event, InteractionKind, Kind};

/// The numbers are stored in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AttemptStep {
    View = 0,
    Cart = 1,
    Checkout = 2,
    Payment = 3,
}

impl AttemptStep {
    pub const ALL: [AttemptStep; 4] = [AttemptStep::View, AttemptStep::Cart, AttemptStep::Checkout, AttemptStep::Payment];

    pub fn as_str(self) -> &'static str {
        match self {
            AttemptStep::View => "view",
            AttemptStep::Cart => "cart",
            AttemptStep::Checkout => "checkout",
            AttemptStep::Payment => "payment",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The furthest.
    pub step: AttemptStep,
    /// Of the latest event that belongs to it.
    pub latest_ms: i64,
    pub checkout_ms: Option<i64>,
}

/// Takes over the attempt of another id: they were one. An order that is no older has ended it.
pub fn unite(customer: &mut Customer, other: Option<Attempt>) {
    let united = customer.attempt.into_iter().chain(other).reduce(|own, theirs| Attempt {
        step: own.step.max(theirs.step),
        latest_ms: own.latest_ms.max(theirs.latest_ms),
        checkout_ms: own.checkout_ms.into_iter().chain(theirs.checkout_ms).min(),
    });
    customer.attempt = united.filter(|attempt| customer.orders.latest_ms().is_none_or(|ordered_ms| ordered_ms < attempt.latest_ms));
}

/// The step an event is part of.
fn step_of(kind: &Kind<'_>) -> Option<AttemptStep> {
    match kind {
        Kind::CartLine(CartLine { delta: CartDelta::Added, .. }) => Some(AttemptStep::Cart),
        Kind::CartContents(contents) if contents.source == ContentsSource::CheckoutStarted => Some(AttemptStep::Checkout),
        Kind::CartContents(contents) => {
            contents.products.as_ref().is_some_and(|products| !products.is_empty()).then_some(AttemptStep::Cart)
        }
        Kind::Interaction(interaction) => match interaction.kind {
            InteractionKind::ProductViewed => Some(AttemptStep::View),
            InteractionKind::CheckoutStepViewed | InteractionKind::CheckoutStepCompleted => Some(AttemptStep::Checkout),
            InteractionKind::PaymentInfoEntered => Some(AttemptStep::Payment),
            _ => None,
        },
        _ => None,
    }
}

/// Takes an event that was applied. What is older than the last order belongs to an attempt that has ended.
pub fn advance(customer: &mut Customer, event: &Event<'_>, scene: &mut Scene<'_>) {
    if !scene.cells.are_kept() {
        return;
    }
    let time_ms = event.time_ms;
    if matches!(event.kind, Kind::OrderCompleted(_)) {
        return end_with_order(customer, time_ms, scene);
    }
    let Some(step) = step_of(&event.kind).filter(|_| customer.orders.latest_ms().is_none_or(|latest| latest <= time_ms)) else {
        return;
    };
    let attempt = customer.attempt.get_or_insert(Attempt { step, latest_ms: time_ms, checkout_ms: None });
    attempt.step = attempt.step.max(step);
    attempt.latest_ms = attempt.latest_ms.max(time_ms);
    if step >= AttemptStep::Checkout {
        attempt.checkout_ms = Some(attempt.checkout_ms.map_or(time_ms, |began_ms| began_ms.min(time_ms)));
    }
}

/// An order that comes late may be older than the attempt: then it ended another.
fn end_with_order(customer: &mut Customer, order_ms: i64, scene: &mut Scene<'_>) {
    let Some(attempt) = customer.attempt.filter(|attempt| attempt.latest_ms <= order_ms) else {
        return;
    };
    customer.attempt = None;
    count("orders_by_step", ("step", attempt.step.as_str()), order_ms, scene);
    if let Some(began_ms) = attempt.checkout_ms {
        let place = Place { name: "checkout_durations", figure: Figure::Sketch, dims: &[], window: Window::Week, at_ms: order_ms };
        scene.cells.observe(&place, order_ms - began_ms, scene.out);
    }
}

/// When the customer has dropped off, if nothing more happens.
pub fn ends_ms(customer: &Customer, settings: &Settings) -> Option<i64> {
    customer.attempt.map(|attempt| attempt.latest_ms.saturating_add(settings.lifecycle.drop_off_after_ms))
}

/// Nothing more has happened.
pub fn drop_off(customer: &mut Customer, scene: &mut Scene<'_>) {
    if let Some(attempt) = customer.attempt.take() {
        count("drop_offs", ("step", attempt.step.as_str()), attempt.latest_ms, scene);
    }
}

fn count(name: &'static str, dim: (&'static str, &str), at_ms: i64, scene: &mut Scene<'_>) {
    scene.cells.add(&Place { name, figure: Figure::Count, dims: &[dim], window: Window::Week, at_ms }, 1, scene.out);
}
