//! The carts that plays have decided about: a second time they do not ask, however often a customer goes from one cart to another and back.
//!
//! A mark is made when the first step is decided, whatever the decision, and goes when an order closes the cart or names it: what comes under
//! that id later is another cart. Who goes through more decided carts than are remembered and comes back to one forgotten may be asked about again.
//! Called by `cart`, `steps` and `unite` beside it.

use crate::engine::customer::Customer;
use crate::engine::rules::PlayRule;
use crate::engine::seen::{IdKind, fingerprint};

/// Carts decided about and neither ordered nor forgotten, over all plays: as many as orders and messages are remembered. Shops give a browser or
/// a customer one cart, some one for each device; 16 are 128 bytes of a row.
pub const REMINDED_MAX: usize = 16;

/// A cart and a play, as rows keep them.
fn mark(rule: PlayRule, cart_id: &str) -> u64 {
    fingerprint(IdKind::Cart, cart_id) ^ rule.key
}

/// The play has decided about the open cart.
pub(super) fn remember(customer: &mut Customer, rule: PlayRule) {
    if let Some(cart) = &customer.cart {
        add(&mut customer.reminded, mark(rule, &cart.id));
    }
}

/// Whether the play has decided about the open cart, this time or a former time that it was open.
pub(super) fn is_decided(customer: &Customer, rule: PlayRule) -> bool {
    let is_marked = |id: &str| customer.reminded.contains(&mark(rule, id));
    !customer.reminded.is_empty() && customer.cart.as_ref().is_some_and(|cart| is_marked(&cart.id))
}

/// The open cart is to be called `cart_id`: what was decided about it is decided.
pub(super) fn rename(customer: &mut Customer, rule: PlayRule, cart_id: &str) {
    if is_decided(customer, rule) {
        add(&mut customer.reminded, mark(rule, cart_id));
    }
}

/// An order closes this cart.
pub(super) fn forget(customer: &mut Customer, rule: PlayRule, cart_id: &str) {
    if !customer.reminded.is_empty() {
        let closed = mark(rule, cart_id);
        customer.reminded.retain(|mark| *mark != closed);
    }
}

/// What was decided about the carts of another is decided. Who had no address was never mailed: now that somebody is known by one, they may be
/// asked about the cart they had filled before.
pub(super) fn unite(customer: &mut Customer, other: &mut Customer) {
    if !other.contact.has_email() {
        return;
    }
    // our own are the last to be forgotten
    let own = std::mem::replace(&mut customer.reminded, std::mem::take(&mut other.reminded));
    own.into_iter().for_each(|mark| add(&mut customer.reminded, mark));
}

fn add(marks: &mut Vec<u64>, mark: u64) {
    marks.retain(|known| *known != mark);
    if marks.len() == REMINDED_MAX {
        marks.remove(0);
    }
    marks.push(mark);
}
