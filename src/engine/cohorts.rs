//! Who still buys: of the customers of a month, those who ordered in each later one.
//!
//! A cohort is the month of the first order, counted itself in `cohort_buyers` of that month; readers divide. Orders count as placed, and one
//! that comes late, when a later order is known, is not counted: it may fall into a month that is counted. Called by `apply` and `unite`.

use super::cells::{Figure, Place, Window, month_text};
use super::customer::Customer;
use super::orders::Orders;
use super::scene::Scene;

/// Takes an order that was added; `before_ms`: the latest order until then.
pub fn count_buyer(customer: &Customer, before_ms: Option<i64>, order_ms: i64, scene: &mut Scene<'_>) {
    let month = scene.cells.month_of(order_ms);
    if !scene.cells.are_kept() || before_ms.is_some_and(|before_ms| scene.cells.month_of(before_ms) >= month) {
        return;
    }
    let Some(purchases) = customer.orders.purchases() else { return };
    add(purchases.first_ms, order_ms, 1, scene);
}

/// Adds or takes away all that a customer's orders have counted, as far as they are kept one by one: for customers who become one.
pub fn recount(orders: &Orders, delta: i128, scene: &mut Scene<'_>) {
    let Some(purchases) = orders.purchases() else { return };
    let mut last = None;
    for order in &orders.kept {
        let month = scene.cells.month_of(order.at_ms);
        if last.replace(month) != Some(month) {
            add(purchases.first_ms, order.at_ms, delta, scene);
        }
    }
}

fn add(first_ms: i64, order_ms: i64, delta: i128, scene: &mut Scene<'_>) {
    let cohort = month_text(scene.cells.month_of(first_ms));
    let dims = [("cohort", cohort.as_str())];
    let place = Place { name: "cohort_buyers", figure: Figure::Count, dims: &dims, window: Window::Month, at_ms: order_ms };
    scene.cells.add(&place, delta, scene.out);
}
