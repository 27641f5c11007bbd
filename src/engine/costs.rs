//! What customers cost (`Cost Recorded`, service, rewards): sums of a customer by kind and currency, and cells of all costs and of customers acquired.
//!
//! Cost and customers of one channel and month give what acquiring one costs; both are cells, readers divide. A cost that names no
//! customer is counted on cells alone. Nothing is converted, nothing becomes less. Called by `apply`, `journey`,
//! `loyalty` and `slot`.

use super::cash_flow;
use super::cells::{Cells, Figure, Place, Window};
use super::customer::Customer;
use super::money::{self, OfCurrency};
use super::note::{Counter, Note};
use super::outputs::Outputs;
use super::scene::Scene;
use crate::event::{Cost, CostKind, Currency, Money};

/// A customer's costs in a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CostSum {
    pub currency: Currency,
    /// By `CostKind`.
    pub minor: [i128; CostKind::ALL.len()],
}

impl OfCurrency for CostSum {
    fn currency(&self) -> Currency {
        self.currency
    }
}

/// A cost of a customer: in their sums, at most `CURRENCIES_MAX` currencies, in their cash flow, and on its cell.
pub fn take(customer: &mut Customer, cost: &Cost<'_>, time_ms: i64, scene: &mut Scene<'_>) {
    let currency = cost.amount.currency;
    match money::open(&mut customer.costs, currency, || CostSum { currency, minor: Default::default() }) {
        Some(sum) => sum.minor[cost.kind as usize] += i128::from(cost.amount.minor),
        None => scene.out.note(Note::Count(Counter::CurrencyOverflow)),
    }
    cash_flow::add_cost(customer, cost.amount, scene);
    count(cost, &customer.touch.first, time_ms, scene.cells, scene.out);
}

/// Adds the sums of another customer.
pub fn unite(costs: &mut Vec<CostSum>, others: &[CostSum], out: &mut Outputs) {
    for other in others {
        match money::open(costs, other.currency, || CostSum { currency: other.currency, minor: Default::default() }) {
            Some(sum) => sum.minor.iter_mut().zip(&other.minor).for_each(|(sum, minor)| *sum += minor),
            None => out.note(Note::Count(Counter::CurrencyOverflow)),
        }
    }
}

/// Something else that is a cost of the customer: a call, a reward.
pub fn charge(customer: &mut Customer, kind: CostKind, amount: Money, time_ms: i64, scene: &mut Scene<'_>) {
    let (cost_id, channel, region, customer_type, product_type, from_ms) = Default::default();
    take(customer, &Cost { cost_id, kind, amount, channel, region, customer_type, product_type, from_ms }, time_ms, scene);
}

/// Counts a cost on its cell: in the month it is for, else that of its event.
pub fn count(cost: &Cost<'_>, first_touch: &str, time_ms: i64, cells: &mut Cells, out: &mut Outputs) {
    let channel = cost.channel.as_deref().unwrap_or(first_touch);
    let further = [("customer_type", &cost.customer_type), ("product_type", &cost.product_type), ("region", &cost.region)];
    let mut dims = vec![("channel", channel), ("currency", cost.amount.currency.code()), ("kind", cost.kind.as_str())];
    dims.extend(further.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))));
    dims.sort_unstable();
    let at_ms = cost.from_ms.unwrap_or(time_ms);
    cells.add(&Place { name: "cost", figure: Figure::Sum, dims: &dims, window: Window::Month, at_ms }, i128::from(cost.amount.minor), out);
}

/// Counts a customer's first order: by channel; and by all that costs may be told by, where any of it is known. `product_type`: the category bought first.
pub fn count_acquired(customer: &Customer, product_type: &str, order_ms: i64, cells: &mut Cells, out: &mut Outputs) {
    let channel = customer.touch.first.as_str();
    let (region, customer_type) =
        customer.profile.as_deref().map_or(("", ""), |profile| (profile.region.as_str(), profile.customer_type.as_str()));
    if ![region, customer_type, product_type].iter().all(|known| known.is_empty()) {
        let dims = [("channel", channel), ("customer_type", customer_type), ("product_type", product_type), ("region", region)];
        cells.add(&Place { name: "acquisitions", figure: Figure::Count, dims: &dims, window: Window::Month, at_ms: order_ms }, 1, out);
    }
    count_customer(channel, order_ms, 1, cells, out);
}

/// Counts a customer whose first order was at that time, or takes them away.
pub fn count_customer(channel: &str, first_ms: i64, delta: i128, cells: &mut Cells, out: &mut Outputs) {
    let dims = [("channel", channel)];
    cells.add(
        &Place { name: "customers_acquired", figure: Figure::Count, dims: &dims, window: Window::Month, at_ms: first_ms },
        delta,
        out,
    );
}
