//! The back-test on the CDNOW sample against published figures, on made data with a planted season and a planted
//! winner, and on data there is nothing to test with.

mod cdnow;
mod made;
mod refused;

use super::{Backtest, BacktestError, Candidate, Report, Split};
use crate::clv::{BgNbd, MbgNbd, Period, PurchaseLog, PurchaseLogBuilder, PurchaseModel, Sample, WEEK_MS};

const DAY_MS: i64 = WEEK_MS / 7;

/// A log of `(customer, time, minor units)`.
fn log_of<'a>(rows: impl IntoIterator<Item = (&'a str, i64, i64)>) -> PurchaseLog {
    let mut builder = PurchaseLogBuilder::new(Period::Day);
    for (customer, at_ms, spend_minor) in rows {
        builder.add(customer, at_ms, spend_minor).unwrap();
    }
    builder.finish(Some("USD".into()), 2).unwrap().log
}

fn run(log: &PurchaseLog, split: &Split, candidates: &[Candidate<'_>], with_season: bool) -> Result<Report, BacktestError> {
    Backtest { candidates, spend: None, with_season, judges_adjusted: false }.run(log, split)
}
