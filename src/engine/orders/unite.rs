//! The orders of two customers become those of one: each order once, the latest one by one, the others folded.
//!
//! Of folded orders only what the models need is left, so days that both bought on and intervals across the two are told as well as the
//! summaries allow; a visitor has none. Called by `engine::unite`.

use super::{KEPT_MAX, Kept, Orders, refunds::HELD_MAX};
use crate::engine::money::{self, Sum};
use crate::engine::note::{Counter, Note};
use crate::engine::outputs::Outputs;

impl Orders {
    /// Event time of the first order that is known of.
    pub fn first_ms(&self) -> Option<i64> {
        let folded = self.folded.filter(|folded| folded.days > 0).map(|folded| folded.first_ms);
        folded.into_iter().chain(self.kept.first().map(|order| order.at_ms)).min()
    }

    /// Takes all of another's; the orders that are no longer kept one by one for it.
    pub fn unite(&mut self, other: &mut Orders, out: &mut Outputs) -> Vec<Kept> {
        for order in std::mem::take(&mut other.kept) {
            if self.kept.iter().any(|known| known.id == order.id) {
                forget_double(&mut other.sums, &order);
                out.note(Note::Count(Counter::OrderDuplicate));
                continue;
            }
            let place = self.kept.partition_point(|known| known.at_ms <= order.at_ms);
            self.kept.insert(place, order);
        }
        for sum in std::mem::take(&mut other.sums) {
            self.add_sum(&sum, out);
        }
        match (&mut self.folded, other.folded.take()) {
            (Some(folded), Some(other)) => {
                let later_first = if other.first_ms < folded.first_ms { &mut self.sums[..] } else { &mut [] };
                // the first day is the other's
                later_first.iter_mut().for_each(|sum| sum.folded_repeat_minor += std::mem::take(&mut sum.folded_first_minor));
                folded.unite(&other);
            }
            (own @ None, folded) => *own = folded,
            (Some(_), None) => {}
        }
        self.held.append(&mut other.held);
        let mut settled = 0;
        while settled < self.kept.len() {
            self.settle_held(settled, out);
            settled += 1;
        }
        while self.held.len() > HELD_MAX {
            self.held.remove(0);
            out.note(Note::Count(Counter::RefundUnmatched));
        }
        self.fold_oldest()
    }

    /// Folds what there is no room for, and what is no later than what is folded already.
    fn fold_oldest(&mut self) -> Vec<Kept> {
        let mut folded = Vec::new();
        while let Some(oldest) = self.kept.first().copied() {
            let is_before = self.folded.is_some_and(|summary| summary.days > 0 && oldest.at_ms < summary.latest_ms);
            if self.kept.len() <= KEPT_MAX && !is_before {
                break;
            }
            self.kept.remove(0);
            self.fold(&oldest);
            folded.push(oldest);
        }
        folded
    }

    fn add_sum(&mut self, other: &Sum, out: &mut Outputs) {
        let Some(sum) = money::open(&mut self.sums, other.currency, || Sum::new(other.currency)) else {
            return out.note(Note::Count(Counter::CurrencyOverflow));
        };
        sum.orders += other.orders;
        sum.gross_minor += other.gross_minor;
        sum.refunds_minor += other.refunds_minor;
        sum.folded_first_minor += other.folded_first_minor;
        sum.folded_repeat_minor += other.folded_repeat_minor;
    }
}

/// An order that both have counts once: what is left of it goes from the other's sums, and what was given back stands there on both sides.
fn forget_double(sums: &mut [Sum], order: &Kept) {
    if let Some(sum) = money::find_mut(sums, order.currency) {
        sum.gross_minor -= i128::from(order.remaining_minor);
        sum.orders -= u32::from(order.counted);
    }
}
