//! The back-test on the CDNOW sample against published figures, on made data with a planted season and a planted
//! winner, and on data there is nothing to test with.

mod cdnow;
mod made;
mod refused;

use super::{Accuracy, Backtest, BacktestError, Candidate, Report, Split};
use crate::clv::{BgNbd, GammaGamma, MbgNbd, Period, PurchaseLog, PurchaseLogBuilder, PurchaseModel, Sample, WEEK_MS};

const DAY_MS: i64 = WEEK_MS / 7;

/// A log of `(customer, time, minor units)`.
fn log_of<'a>(rows: impl IntoIterator<Item = (&'a str, i64, i64)>) -> PurchaseLog {
    let mut builder = PurchaseLogBuilder::new(Period::Day);
    for (customer, at_ms, spend_minor) in rows {
        builder.add(customer, at_ms, spend_minor, *b"USD").unwrap();
    }
    builder.finish(*b"USD", 2).unwrap().log
}

fn run(log: &PurchaseLog, split: &Split, candidates: &[Candidate<'_>], with_season: bool) -> Result<Report, BacktestError> {
    Backtest { candidates, spend: None, with_season, judges_adjusted: false }.run(log, split)
}

/// Who buys mostly in another currency counts as a buyer, and neither spends nor is expected to.
#[test]
fn customers_of_another_currency_change_the_purchases_and_not_the_spend() {
    let names: Vec<String> = (0..40).map(|c| format!("c{c}")).collect();
    let report = |others: [u8; 3], count: usize| {
        let mut builder = PurchaseLogBuilder::new(Period::Day);
        for (c, name) in names.iter().enumerate().take(count) {
            let currency = if c < 20 { *b"EUR" } else { others };
            for day in [c % 7, 20 + c % 5, 70 + c % 20, 90] {
                builder.add(name, day as i64 * DAY_MS, 1_000, currency).unwrap();
            }
        }
        let log = builder.finish(*b"EUR", 2).unwrap().log;
        let fit = |_: &[Sample]| Ok(PurchaseModel::BgNbd(BgNbd { r: 0.24, alpha: 4.4, a: 0.8, b: 2.4 }));
        let candidates = [Candidate { name: "bg_nbd", fit: &fit }];
        let spend = |_: &[Sample]| Ok(GammaGamma { p: 6.25, q: 3.74, v: 15.44 });
        let backtest = Backtest { candidates: &candidates, spend: Some(&spend), with_season: false, judges_adjusted: false };
        backtest.run(&log, &Split { calibration_end_ms: 50 * DAY_MS, hold_out_end_ms: 90 * DAY_MS }).unwrap()
    };
    let (alone, with_others, all_alike) = (report(*b"EUR", 20), report(*b"JPY", 40), report(*b"EUR", 40));
    for ((alone, with), alike) in alone.forecasts.iter().zip(&with_others.forecasts).zip(&all_alike.forecasts) {
        let spend = |accuracy: &Accuracy| (accuracy.expected_spend, accuracy.actual_spend);
        assert_eq!(spend(&with.accuracy), spend(&alone.accuracy), "{}", with.name);
        assert_eq!((with.accuracy.expected, with.accuracy.actual), (alike.accuracy.expected, alike.accuracy.actual), "{}", with.name);
    }
}
