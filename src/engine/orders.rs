//! A customer's orders: the last ones one by one, older ones folded into a summary, refunds that came too early, money by currency.
//!
//! Keeps what refunds, duplicates and the purchase models need and nothing else. Decides no stage and writes no record. Called by `apply`;
//! `purchases` and the means are read by `value` and `lifecycle`.

mod folded;
mod purchases;
mod refunds;
mod unite;

pub use folded::Folded;
pub use purchases::{Purchases, day_of};
pub use refunds::{Claim, HELD_MAX};

use super::money::{self, Sum};
use super::note::{Counter, Note};
use super::outputs::Outputs;
use crate::event::{Currency, Money};

/// Orders kept one by one (`contracts.md` 2): those a duplicate or a refund can still find.
pub const KEPT_MAX: usize = 16;

/// One order of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Fingerprint of the order id.
    pub id: u64,
    pub at_ms: i64,
    /// Value minus refunds.
    pub remaining_minor: i64,
    pub currency: Currency,
    /// Not refunded in full.
    pub counted: bool,
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is one of those kept: nothing has changed.
    Known,
    New {
        /// The one that is no longer kept, for want of room.
        folded: Option<Kept>,
    },
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Orders {
    /// By event time, equal times by arrival; at most `KEPT_MAX`.
    pub kept: Vec<Kept>,
    /// There once any order has left `kept`; never later than any of `kept`.
    pub folded: Option<Folded>,
    /// Refunds without their order yet, by arrival; at most `HELD_MAX`.
    pub held: Vec<Claim>,
    /// By first order of the currency; at most `money::CURRENCIES_MAX`.
    pub sums: Vec<Sum>,
}

impl Orders {
    /// Adds an order with the refunds held for it.
    pub fn add(&mut self, id: u64, at_ms: i64, value: Money, out: &mut Outputs) -> Added {
        if self.kept.iter().any(|o| o.id == id) {
            out.note(Note::Count(Counter::OrderDuplicate));
            return Added::Known;
        }
        let place = self.kept.partition_point(|o| o.at_ms <= at_ms);
        self.kept.insert(place, Kept { id, at_ms, remaining_minor: value.minor, currency: value.currency, counted: true });
        match money::open(&mut self.sums, value.currency, || Sum::new(value.currency)) {
            Some(sum) => {
                sum.orders += 1;
                sum.gross_minor += i128::from(value.minor);
            }
            None => out.note(Note::Count(Counter::CurrencyOverflow)),
        }
        self.settle_held(place, out);
        let oldest = (self.kept.len() > KEPT_MAX).then(|| self.kept.remove(0));
        if let Some(oldest) = &oldest {
            self.fold(oldest);
        }
        Added::New { folded: oldest }
    }

    /// Whether the customer ever ordered, refunded or not.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.folded.is_none()
    }

    /// Event time of the latest order, refunded or not.
    pub fn latest_ms(&self) -> Option<i64> {
        self.kept.last().map(|o| o.at_ms)
    }

    /// The currency values are told in: most orders, then the latest order (counted ones first), then the code.
    pub fn primary(&self) -> Option<&Sum> {
        if let [only] = self.sums.as_slice() {
            return Some(only);
        }
        let latest = |sum: &Sum, counted: bool| {
            self.kept.iter().rev().find(|o| o.currency == sum.currency && (o.counted || !counted)).map(|o| o.at_ms)
        };
        self.sums.iter().max_by_key(|s| (s.orders, latest(s, true), latest(s, false), std::cmp::Reverse(s.currency)))
    }

    pub fn clear(&mut self) {
        self.kept.clear();
        self.folded = None;
        self.held.clear();
        self.sums.clear();
    }
}
