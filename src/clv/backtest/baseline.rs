//! Rules of thumb that a model must beat to be worth its trouble.
//!
//! They know nothing of silence or of other customers. Called by `run`.

use super::split::Case;

/// A year of 52 weeks, as `split` counts it.
const YEAR_WEEKS: f64 = 52.0;

/// One rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// Everybody goes on as he has bought since his first purchase: x/T × horizon.
    RateTimesTime,
    /// Everybody buys again what he bought in the last 52 weeks (or since the data begin), by the week.
    LastYear,
}

impl Baseline {
    pub const ALL: [Baseline; 2] = [Baseline::RateTimesTime, Baseline::LastYear];

    /// As tables and records spell it.
    pub fn name(self) -> &'static str {
        match self {
            Baseline::RateTimesTime => "rate_x_time",
            Baseline::LastYear => "last_year",
        }
    }

    /// Purchases over `horizon_weeks`, of a customer in data that began `data_weeks` before the split.
    pub(super) fn expected(self, case: &Case, horizon_weeks: f64, data_weeks: f64) -> f64 {
        let history = &case.sample.history;
        match self {
            // whoever came at the very end has shown no rate
            Baseline::RateTimesTime if history.t == 0.0 => 0.0,
            Baseline::RateTimesTime => f64::from(history.x) / history.t * horizon_weeks,
            Baseline::LastYear => f64::from(case.last_year) / data_weeks.clamp(1.0, YEAR_WEEKS) * horizon_weeks,
        }
    }
}
