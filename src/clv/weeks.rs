//! Milliseconds to weeks, the unit of every model, and back. The only place where times become floats.
//!
//! Refuses moments nobody will live to see (`WEEKS_MAX`), so that a deadline always fits a timestamp. Called by
//! `engine`, which keeps milliseconds.

use libm::{ceil, log};

/// Milliseconds of a day and of a week.
pub const DAY_MS: i64 = 24 * 60 * 60 * 1000;
pub const WEEK_MS: i64 = 7 * DAY_MS;

/// 200 years. A deadline beyond it is as good as none, and adding it to a time can never overflow.
const WEEKS_MAX: f64 = 200.0 * 365.25 / 7.0;

/// Exact intervals, not whole weeks.
pub fn weeks(ms: i64) -> f64 {
    ms as f64 / WEEK_MS as f64
}

/// The first whole millisecond not before `weeks`; `None` if that is negative, no number, or 200 years away.
pub fn weeks_to_ms_ceil(weeks: f64) -> Option<i64> {
    (0.0..=WEEKS_MAX).contains(&weeks).then(|| ceil(weeks * WEEK_MS as f64) as i64)
}

/// Sum of ln(inter-purchase time in weeks): with x, t_x and T all that the models of regular buying need of the
/// purchase times ((M)BG/CNBD-k; Reutterer, Platzer, Schröder, IJRM 2021).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LogTimes(f64);

impl LogTimes {
    pub fn new() -> LogTimes {
        LogTimes::default()
    }

    /// Adds one interval. Purchases of one moment count as a millisecond apart, for ln 0 would spoil the sum.
    pub fn add(&mut self, interval_ms: i64) {
        self.0 += log(weeks(interval_ms.max(1)));
    }

    /// Adds the intervals of another sum.
    pub fn absorb(&mut self, other: &LogTimes) {
        self.0 += other.0;
    }

    pub fn value(&self) -> f64 {
        self.0
    }

    /// For storing; `from_bits` gives the very same sum.
    pub fn to_bits(&self) -> u64 {
        self.0.to_bits()
    }

    pub fn from_bits(bits: u64) -> LogTimes {
        LogTimes(f64::from_bits(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_round_up_and_absurd_ones_are_none() {
        let cases = [
            (0.0, Some(0)),
            (1.0, Some(WEEK_MS)),
            (1.5, Some(WEEK_MS * 3 / 2)),
            (1e-9, Some(1)),
            (10_435.0, Some(10_435 * WEEK_MS)),
            (10_436.0, None),
            (-0.1, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ];
        for (weeks, expected) in cases {
            assert_eq!(weeks_to_ms_ceil(weeks), expected, "{weeks} weeks");
        }
        assert_eq!(weeks(WEEK_MS / 2), 0.5);
    }

    #[test]
    fn log_times_add_up_and_survive_storing() {
        let mut times = LogTimes::new();
        times.add(WEEK_MS);
        assert_eq!(times.value(), 0.0);
        times.add(3 * WEEK_MS);
        times.add(3 * WEEK_MS);
        assert!((times.value() - 2.0 * 3f64.ln()).abs() < 1e-15);
        assert_eq!(LogTimes::from_bits(times.to_bits()), times);
        times.add(0);
        assert!(times.value().is_finite());
    }
}
