//! A customer's cash flows to date, discounted: orders in; refunds and recorded costs out; each at its own day and in its own currency.
//!
//! The sums move with each flow and are kept in the row; the discount is the one in force when the flow came. Nothing is converted. Called
//! by `apply`.

use super::customer::Customer;
use super::money::{CURRENCIES_MAX, Sum};
use super::note::{Counter, Note};
use super::outputs::Outputs;
use super::rules::Rules;
use crate::clv::formula::PresentValue;
use crate::event::{Currency, Money};

/// What the flows of a currency are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flows {
    pub currency: Currency,
    pub present: PresentValue,
}

/// Net amounts by currency, before an event.
pub type Nets = [Option<(Currency, i128)>; CURRENCIES_MAX];

pub fn nets(sums: &[Sum]) -> Nets {
    let mut nets = Nets::default();
    for (place, sum) in nets.iter_mut().zip(sums) {
        *place = Some((sum.currency, sum.net_minor()));
    }
    nets
}

/// Adds what an event has changed of the net amounts.
pub fn add_changes(customer: &mut Customer, before: &Nets, at_ms: i64, rules: &Rules, out: &mut Outputs) {
    for place in 0..customer.orders.sums.len() {
        let sum = customer.orders.sums[place];
        let former = before.iter().flatten().find(|(currency, _)| *currency == sum.currency).map(|(_, minor)| *minor);
        // of flows that rows of an old version did not keep the value is not known, and no part of it is told
        if former.is_some() && !is_kept(customer, sum.currency) {
            continue;
        }
        let former = former.unwrap_or_default();
        add(customer, sum.currency, sum.net_minor() - former, at_ms, rules, out);
    }
}

/// Whether the flows of a currency are known from their first.
fn is_kept(customer: &Customer, currency: Currency) -> bool {
    customer.flows.iter().any(|flows| flows.currency == currency)
}

/// Adds a recorded cost.
pub fn add_cost(customer: &mut Customer, cost: Money, at_ms: i64, rules: &Rules, out: &mut Outputs) {
    if customer.orders.is_empty() || is_kept(customer, cost.currency) {
        add(customer, cost.currency, -i128::from(cost.minor), at_ms, rules, out);
    }
}

/// Adds one flow, below zero what goes out; at most `CURRENCIES_MAX` currencies.
fn add(customer: &mut Customer, currency: Currency, amount_minor: i128, at_ms: i64, rules: &Rules, out: &mut Outputs) {
    if amount_minor == 0 {
        return;
    }
    let flows = &mut customer.flows;
    let place = match flows.iter().position(|flows| flows.currency == currency) {
        Some(place) => place,
        None if flows.len() == CURRENCIES_MAX => return out.note(Note::Count(Counter::CurrencyOverflow)),
        None => {
            flows.push(Flows { currency, present: PresentValue::at(at_ms) });
            flows.len() - 1
        }
    };
    // what does not fit a decimal of 28 digits is nobody's money
    flows[place].present.add(&rules.growth, at_ms, amount_minor);
}
