//! Purchases as occasions taken or let pass: what BG/BB sees of a log whose purchases were merged by a period.
//!
//! Each whole period after that of a customer's first purchase is one occasion. A last period that has not ended is none: who has not bought in
//! it yet may still. Called by the command line for fits.

use super::PurchaseLog;
use crate::clv::{DAY_MS, Occasions};

impl PurchaseLog {
    /// The calibration part as occasions, ascending, each history with the number of customers who have it. `end_ms` is of the last
    /// day that counts, which counts as a whole; who first bought in a period that has not ended by then is not seen at all.
    pub fn occasions(&self, end_ms: i64) -> Vec<(Occasions, f64)> {
        let last = self.last_whole_period(end_ms);
        let number = |at_ms: i64| self.period.number(at_ms);
        // a log spans less than 2^32 days
        let distance = |from: i64, to: i64| u32::try_from(to - from).unwrap_or(u32::MAX);
        let mut all: Vec<Occasions> = Vec::new();
        for (_, purchases) in self.until(end_ms) {
            let first = number(purchases[0].at_ms);
            let seen = &purchases[..purchases.partition_point(|purchase| number(purchase.at_ms) <= last)];
            if let Some(latest) = seen.last() {
                let (t_x, n) = (distance(first, number(latest.at_ms)), distance(first, last));
                all.push(Occasions { x: seen.len() as u32 - 1, t_x, n });
            }
        }
        all.sort_unstable_by_key(|history| (history.x, history.t_x, history.n));
        all.chunk_by(PartialEq::eq).map(|alike| (alike[0], alike.len() as f64)).collect()
    }

    /// Whether purchases up to the day of `end_ms` break off within a period, which is then no occasion.
    pub fn ends_within_period(&self, end_ms: i64) -> bool {
        self.period.number(end_ms + DAY_MS) == self.period.number(end_ms)
    }

    fn last_whole_period(&self, end_ms: i64) -> i64 {
        self.period.number(end_ms) - i64::from(self.ends_within_period(end_ms))
    }
}
