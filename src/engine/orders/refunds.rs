//! Refunds and cancellations: money back from an order, up to what it has left.
//!
//! A refund of an unknown order waits for it while the order can still come (nothing has been folded away); afterwards it is money only.
//! Nothing ever goes below zero. Called by `apply`.

use super::Orders;
use crate::engine::money;
use crate::engine::note::{Counter, Note};
use crate::engine::outputs::Outputs;
use crate::event::Money;

/// Refunds waiting for their orders (`contracts.md` 2). A further one displaces the oldest.
pub const HELD_MAX: usize = 4;

/// A refund of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Fingerprint of the order id.
    pub order: u64,
    /// `None`: all that is left.
    pub amount: Option<Money>,
}

impl Orders {
    /// `true`: money or a count changed.
    pub fn refund(&mut self, claim: Claim, out: &mut Outputs) -> bool {
        if let Some(place) = self.kept.iter().position(|o| o.id == claim.order) {
            return self.settle(place, claim.amount, out);
        }
        if self.folded.is_some() {
            return self.refund_money_only(claim.amount, out);
        }
        if self.held.len() == HELD_MAX {
            self.held.remove(0);
            out.note(Note::Count(Counter::RefundUnmatched));
        }
        self.held.push(claim);
        out.note(Note::Count(Counter::RefundHeld));
        false
    }

    /// Applies what was held for the order at `place`, in order of arrival.
    pub(super) fn settle_held(&mut self, place: usize, out: &mut Outputs) {
        let id = self.kept[place].id;
        while let Some(waiting) = self.held.iter().position(|c| c.order == id) {
            let claim = self.held.remove(waiting);
            self.settle(place, claim.amount, out);
        }
    }

    fn settle(&mut self, place: usize, amount: Option<Money>, out: &mut Outputs) -> bool {
        let order = &mut self.kept[place];
        if amount.is_some_and(|a| a.currency != order.currency) {
            out.note(Note::Count(Counter::RefundUnmatched));
            return false;
        }
        let asked_minor = amount.map_or(order.remaining_minor, |a| a.minor);
        if asked_minor > order.remaining_minor {
            out.note(Note::Count(Counter::RefundClamped));
        }
        let applied_minor = asked_minor.min(order.remaining_minor);
        order.remaining_minor -= applied_minor;
        let undone = order.counted && order.remaining_minor == 0;
        order.counted &= !undone;
        if let Some(sum) = money::find_mut(&mut self.sums, order.currency) {
            // money-only refunds may already have taken what this order still had
            sum.refunds_minor += i128::from(applied_minor).min(sum.net_minor());
            sum.orders -= u32::from(undone);
        }
        undone || applied_minor > 0
    }

    fn refund_money_only(&mut self, amount: Option<Money>, out: &mut Outputs) -> bool {
        out.note(Note::Count(Counter::RefundUnmatched));
        let Some(amount) = amount else { return false };
        let Some(sum) = money::find_mut(&mut self.sums, amount.currency) else {
            return false;
        };
        let applied_minor = i128::from(amount.minor).min(sum.net_minor());
        sum.refunds_minor += applied_minor;
        applied_minor > 0
    }
}
