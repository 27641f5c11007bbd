//! Orders as the purchase models see them: one purchase per UTC day, at the time of that day's earliest counted order.
//!
//! Over all currencies; only the means of spend look at one. Reads, changes nothing. Called by `value`, `lifecycle` and, for fits, by the command
//! line.

use super::{Kept, Orders};
use crate::clv::{self, DAY_MS, History, LogTimes, Sample};

/// The UTC day of a moment, counted from 1970.
pub fn day_of(at_ms: i64) -> i64 {
    at_ms.div_euclid(DAY_MS)
}

/// The purchase days of a customer with at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purchases {
    pub days: u32,
    pub first_ms: i64,
    /// Of the last day's purchase: the earliest order of that day.
    pub last_ms: i64,
    /// The latest counted order.
    pub latest_ms: i64,
}

impl Purchases {
    /// Repeat purchases.
    pub fn x(&self) -> u32 {
        self.days - 1
    }

    /// Weeks from the first purchase to the last.
    pub fn t_x(&self) -> f64 {
        clv::weeks(self.last_ms - self.first_ms)
    }

    /// `now_ms` is not before the last purchase.
    pub fn history(&self, now_ms: i64) -> History {
        History { x: self.x(), t_x: self.t_x(), t: clv::weeks(now_ms - self.first_ms) }
    }
}

impl Orders {
    pub fn purchases(&self) -> Option<Purchases> {
        let mut found = self.folded.filter(|f| f.days > 0).map(|f| Purchases {
            days: f.days,
            first_ms: f.first_ms,
            last_ms: f.last_ms,
            latest_ms: f.latest_ms,
        });
        for order in self.counted() {
            let at_ms = order.at_ms;
            let Some(known) = &mut found else {
                found = Some(Purchases { days: 1, first_ms: at_ms, last_ms: at_ms, latest_ms: at_ms });
                continue;
            };
            if day_of(at_ms) != day_of(known.last_ms) {
                known.days += 1;
                known.last_ms = at_ms;
            }
            known.latest_ms = at_ms;
        }
        found
    }

    /// What a fit of the purchase models sees of the customer at `now_ms`, which is not before the last purchase; the spend is in the primary
    /// currency. `None` without a counted order.
    pub fn sample(&self, now_ms: i64) -> Option<Sample> {
        let purchases = self.purchases()?;
        let primary = self.primary()?;
        let mean_minor = self.mean_repeat_minor(&purchases);
        Some(Sample {
            history: purchases.history(now_ms),
            log_times: self.log_times().value(),
            mean_repeat_spend: mean_minor.map(|mean| clv::major(mean, primary.currency.exponent())),
            weight: 1.0,
        })
    }

    /// Of the times between purchases: those folded, and those of days kept one by one.
    fn log_times(&self) -> LogTimes {
        let folded = self.folded.filter(|folded| folded.days > 0);
        let mut log_times = folded.map_or_else(LogTimes::new, |folded| folded.log_times);
        let mut last_ms = folded.map(|folded| folded.last_ms);
        for at_ms in self.counted().map(|order| order.at_ms) {
            match last_ms {
                Some(before_ms) if day_of(before_ms) == day_of(at_ms) => continue,
                Some(before_ms) => log_times.add(at_ms - before_ms),
                None => {}
            }
            last_ms = Some(at_ms);
        }
        log_times
    }

    /// Mean spend of the repeat days in the primary currency, in minor units; a repeat day without any counts as none spent.
    pub fn mean_repeat_minor(&self, purchases: &Purchases) -> Option<f64> {
        let primary = self.primary()?;
        let first_day = day_of(purchases.first_ms);
        let kept: i128 = self
            .counted()
            .filter(|o| o.currency == primary.currency && day_of(o.at_ms) != first_day)
            .map(|o| i128::from(o.remaining_minor))
            .sum();
        clv::mean_minor(kept + primary.folded_repeat_minor, purchases.x())
    }

    /// Mean spend of all purchase days in the primary currency, in minor units.
    pub fn mean_minor(&self, purchases: &Purchases) -> Option<f64> {
        clv::mean_minor(self.primary()?.net_minor(), purchases.days)
    }

    fn counted(&self) -> impl Iterator<Item = &Kept> {
        self.kept.iter().filter(|o| o.counted)
    }
}
