//! Two parts of a purchase log: what was known at the end of calibration, and what then happened.
//!
//! Refuses a split that leaves either part without anything to learn from or to compare with, in words a user can act
//! on. Called by `run` and, for windows before the split, by `season`.

use super::super::{Purchase, PurchaseLog, Sample, WEEK_MS, major, sample, weeks};

/// One customer is no population.
const CUSTOMERS_MIN: usize = 2;
/// A year in which "last year's count" is taken: whole weeks, so that it has each weekday equally often.
const YEAR_MS: i64 = 52 * WEEK_MS;

/// The dates of a back-test, both inclusive: a purchase at `calibration_end_ms` is known, one at `hold_out_end_ms`
/// is still to be forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    pub calibration_end_ms: i64,
    pub hold_out_end_ms: i64,
}

/// Why there is nothing to test. Times are milliseconds since 1970; the command line shows them as dates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BacktestError {
    #[error("the calibration ends before the first purchase")]
    SplitBeforeData { calibration_end_ms: i64, first_ms: i64 },
    #[error("the calibration ends when the data do: nothing is held out")]
    SplitAfterData { calibration_end_ms: i64, last_ms: i64 },
    #[error("the horizon ends after the last purchase: the hold-out would look as if customers had stopped buying")]
    HorizonAfterData { hold_out_end_ms: i64, last_ms: i64 },
    #[error("the hold-out is shorter than a week")]
    HoldOutTooShort,
    #[error("too few customers bought by the end of the calibration: {customers}, where {CUSTOMERS_MIN} are the least")]
    TooFewCustomers { customers: usize },
    #[error("no customer bought a second time by the end of the calibration: there is nothing to fit a model to")]
    OneTimeBuyersOnly,
    #[error("no model could be fitted: {}", reasons.join("; "))]
    NoModel { reasons: Vec<String> },
}

/// One customer of the calibration part.
pub(super) struct Case {
    /// As the models see him.
    pub sample: Sample,
    /// Purchases of the last 52 weeks of the calibration, the first included.
    pub last_year: u32,
    /// Whether his spend is in the log's currency: if not, none is expected.
    pub is_priced: bool,
    /// Mean of all his purchases, in main units.
    pub own_mean_spend: f64,
    /// What he bought in the hold-out, and for how much.
    pub hold_out: u32,
    pub hold_out_spend: f64,
    /// First purchase.
    pub born_ms: i64,
}

impl Split {
    pub fn horizon_weeks(&self) -> f64 {
        weeks(self.hold_out_end_ms - self.calibration_end_ms)
    }

    /// Whether the data have both parts.
    pub(super) fn check(&self, log: &PurchaseLog) -> Result<(), BacktestError> {
        let (first_ms, last_ms) = log.span_ms();
        let Split { calibration_end_ms, hold_out_end_ms } = *self;
        if calibration_end_ms < first_ms {
            return Err(BacktestError::SplitBeforeData { calibration_end_ms, first_ms });
        }
        if calibration_end_ms >= last_ms {
            return Err(BacktestError::SplitAfterData { calibration_end_ms, last_ms });
        }
        if hold_out_end_ms - calibration_end_ms < WEEK_MS {
            return Err(BacktestError::HoldOutTooShort);
        }
        // a purchase stands for its period, so the data reach to the end of the last one's day
        if hold_out_end_ms > last_ms + WEEK_MS / 7 {
            return Err(BacktestError::HorizonAfterData { hold_out_end_ms, last_ms });
        }
        Ok(())
    }
}

/// All customers who bought by the end of the calibration, in the order of the log.
pub(super) fn cases(log: &PurchaseLog, split: &Split) -> Vec<Case> {
    log.until(split.calibration_end_ms).map(|(customer, known)| case(log, split, customer, known)).collect()
}

/// Refuses what no model can be fitted to.
pub(super) fn check_cases(cases: &[Case]) -> Result<(), BacktestError> {
    if cases.len() < CUSTOMERS_MIN {
        return Err(BacktestError::TooFewCustomers { customers: cases.len() });
    }
    if cases.iter().all(|case| case.sample.history.x == 0) {
        return Err(BacktestError::OneTimeBuyersOnly);
    }
    Ok(())
}

fn case(log: &PurchaseLog, split: &Split, customer: usize, known: &[Purchase]) -> Case {
    let later = &log.purchases(customer)[known.len()..];
    let spend = |purchases: &[Purchase]| {
        let minor: i128 = purchases.iter().map(|purchase| i128::from(purchase.spend_minor)).sum();
        major(minor as f64, log.exponent())
    };
    let held_out = &later[..later.partition_point(|purchase| purchase.at_ms <= split.hold_out_end_ms)];
    let year_before_ms = split.calibration_end_ms - YEAR_MS;
    Case {
        sample: sample(known, split.calibration_end_ms, log.exponent()),
        last_year: known.iter().filter(|purchase| purchase.at_ms > year_before_ms).count() as u32,
        is_priced: log.is_priced(customer),
        own_mean_spend: spend(known) / known.len() as f64,
        hold_out: held_out.len() as u32,
        hold_out_spend: spend(held_out),
        born_ms: known[0].at_ms,
    }
}
