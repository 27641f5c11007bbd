//! The summary of orders no longer kept one by one: what the purchase models still need of them.
//!
//! Exact for orders that arrive in order. An order that arrives after sixteen later ones is placed as well as the summary allows: it joins
//! the first or the last folded day, precedes them, or is taken for a day of its own between. Called by `orders::add`.

use super::{Kept, Orders, day_of};
use crate::clv::LogTimes;
use crate::engine::money;

/// With `days` 0, only orders refunded in full have been folded, and the other fields mean nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Folded {
    /// Distinct UTC days with a counted order.
    pub days: u32,
    /// Earliest counted order of the first day and of the last.
    pub first_ms: i64,
    pub last_ms: i64,
    /// Latest counted order.
    pub latest_ms: i64,
    /// Of the intervals between the days' purchases.
    pub log_times: LogTimes,
}

impl Folded {
    /// Takes another summary in. Days that both have count twice, and the time between the two is no interval.
    pub(super) fn unite(&mut self, other: &Folded) {
        if self.days == 0 || other.days == 0 {
            *self = if self.days == 0 { *other } else { *self };
            return;
        }
        self.days += other.days;
        self.first_ms = self.first_ms.min(other.first_ms);
        self.last_ms = self.last_ms.max(other.last_ms);
        self.latest_ms = self.latest_ms.max(other.latest_ms);
        self.log_times.absorb(&other.log_times);
    }

    /// Takes a counted order in.
    fn take(&mut self, at_ms: i64) -> Place {
        if self.days == 0 {
            *self = Folded { days: 1, first_ms: at_ms, last_ms: at_ms, latest_ms: at_ms, log_times: LogTimes::new() };
            return Place::First;
        }
        self.latest_ms = self.latest_ms.max(at_ms);
        let (day, first_day, last_day) = (day_of(at_ms), day_of(self.first_ms), day_of(self.last_ms));
        if day < first_day {
            self.log_times.add(self.first_ms - at_ms);
            self.first_ms = at_ms;
            self.days += 1;
            return Place::NewFirst;
        }
        if day == last_day {
            self.last_ms = self.last_ms.min(at_ms);
        }
        if day == first_day {
            self.first_ms = self.first_ms.min(at_ms);
            return Place::First;
        }
        if day > last_day {
            self.log_times.add(at_ms - self.last_ms);
            self.last_ms = at_ms;
            self.days += 1;
        } else if day < last_day && i64::from(self.days) <= last_day - first_day {
            self.days += 1;
        }
        Place::Later
    }
}

/// Where an order fell among the folded days.
enum Place {
    First,
    /// On a day before all others, which makes the former first day a later one.
    NewFirst,
    Later,
}

impl Orders {
    pub(super) fn fold(&mut self, order: &Kept) {
        let folded = self.folded.get_or_insert_default();
        if !order.counted {
            return;
        }
        let place = folded.take(order.at_ms);
        if let Place::NewFirst = place {
            for sum in &mut self.sums {
                sum.folded_repeat_minor += std::mem::take(&mut sum.folded_first_minor);
            }
        }
        let Some(sum) = money::find_mut(&mut self.sums, order.currency) else {
            return;
        };
        match place {
            Place::First | Place::NewFirst => sum.folded_first_minor += i128::from(order.remaining_minor),
            Place::Later => sum.folded_repeat_minor += i128::from(order.remaining_minor),
        }
    }
}
