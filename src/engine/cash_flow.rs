//! A customer's cash flows to date, discounted: orders in; refunds and recorded costs out; each at its own day and in its own currency.
//!
//! The sums move with each flow and are kept in the row; the discount is the one in force when the flow came. Nothing is converted. Called
//! by `apply`.

use super::customer::Customer;
use super::money::{self, CURRENCIES_MAX, OfCurrency, Sum};
use super::note::{Counter, Note};
use super::scene::Scene;
use crate::clv::formula::PresentValue;
use crate::event::{Currency, Money};

/// What the flows of a currency are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flows {
    pub currency: Currency,
    pub present: PresentValue,
}

impl OfCurrency for Flows {
    fn currency(&self) -> Currency {
        self.currency
    }
}

/// Net amounts by currency, before the orders change.
pub type Nets = [Option<(Currency, i128)>; CURRENCIES_MAX];

pub fn nets(sums: &[Sum]) -> Nets {
    let mut nets = Nets::default();
    for (place, sum) in nets.iter_mut().zip(sums) {
        *place = Some((sum.currency, sum.net_minor()));
    }
    nets
}

/// Adds what has changed of the net amounts.
pub fn add_changes(customer: &mut Customer, before: &Nets, scene: &mut Scene<'_>) {
    for place in 0..customer.orders.sums.len() {
        let sum = customer.orders.sums[place];
        let former = before.iter().flatten().find(|(currency, _)| *currency == sum.currency).map(|(_, minor)| *minor);
        // of flows that rows of an old version did not keep the value is not known, and no part of it is told
        if former.is_none() || money::find(&customer.flows, sum.currency).is_some() {
            add(customer, sum.currency, sum.net_minor() - former.unwrap_or_default(), scene);
        }
    }
}

/// Adds a recorded cost.
pub fn add_cost(customer: &mut Customer, cost: Money, scene: &mut Scene<'_>) {
    if customer.orders.is_empty() || money::find(&customer.flows, cost.currency).is_some() {
        add(customer, cost.currency, -i128::from(cost.minor), scene);
    }
}

/// Adds the flows of another customer.
pub fn unite(flows: &mut Vec<Flows>, others: &[Flows], scene: &mut Scene<'_>) {
    for other in others {
        match money::open(flows, other.currency, || Flows { currency: other.currency, present: PresentValue::at(other.present.as_of_ms()) })
        {
            Some(own) => drop(own.present.absorb(&scene.rules.growth, &other.present)),
            None => scene.note(Note::Count(Counter::CurrencyOverflow)),
        }
    }
}

/// Adds one flow, below zero what goes out, at the time of the event; at most `CURRENCIES_MAX` currencies.
fn add(customer: &mut Customer, currency: Currency, amount_minor: i128, scene: &mut Scene<'_>) {
    // rows of old versions have no place for flows
    if amount_minor == 0 || !scene.cells.are_kept() {
        return;
    }
    let at_ms = scene.time_ms;
    match money::open(&mut customer.flows, currency, || Flows { currency, present: PresentValue::at(at_ms) }) {
        // what does not fit a decimal of 28 digits is nobody's money
        Some(flows) => drop(flows.present.add(&scene.rules.growth, at_ms, amount_minor)),
        None => scene.note(Note::Count(Counter::CurrencyOverflow)),
    }
}
