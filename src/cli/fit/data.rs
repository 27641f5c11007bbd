//! The customers a fit is made of, and where they come from.
//!
//! Called by `fit`; its provenance goes into the table and the parameter file.

use jiff::civil::Date;

use crate::cli::day;
use crate::cli::exit::CommandError;
use crate::cli::purchases::PurchaseInput;
use crate::clv::rfm::{Cuts, fit_cuts};
use crate::clv::{DAY_MS, Occasions, Period, Sample};

pub struct Data {
    pub samples: Vec<Sample>,
    /// The same customers by discrete occasions, if a model needs that.
    pub occasions: Option<Vec<(Occasions, f64)>>,
    /// What was read, in a few words.
    pub source: String,
    /// Of the spend.
    pub currency: String,
    pub period: Period,
    /// The first purchase, and the moment up to which all were seen.
    pub first_ms: i64,
    pub end_ms: i64,
    /// Of the segments by recency, frequency and money.
    pub cuts: Option<Cuts>,
}

impl Data {
    /// Purchases up to the end of `last_day`, by default that of the last purchase.
    pub fn of_input(
        input: &PurchaseInput,
        last_day: Option<Date>,
        source: String,
        by_occasions: bool,
        now_ms: i64,
    ) -> Result<Data, CommandError> {
        let (first_ms, last_ms) = input.log.span_ms();
        let end_ms = match last_day {
            Some(day) => input.end_of(day)?,
            None => last_ms,
        };
        if end_ms > now_ms + DAY_MS {
            return Err(CommandError::Failed(format!("the calibration's end, {}, lies in the future", day(end_ms))));
        }
        let samples = input.log.samples(end_ms);
        if samples.is_empty() {
            let first = day(first_ms);
            return Err(CommandError::Failed(format!("there are no purchases up to the calibration's end; the first is of {first}")));
        }
        let currency = input.log.currency().to_owned();
        let cuts = fit_cuts(&input.log, end_ms);
        let occasions = by_occasions.then(|| input.log.occasions(end_ms));
        if by_occasions && input.log.ends_within_period(end_ms) {
            let period = input.log.period();
            eprintln!("note: the last {period} has not ended on {}, and is no occasion for bg_bb", day(end_ms));
        }
        Ok(Data { samples, occasions, source, currency, period: input.log.period(), first_ms, end_ms, cuts })
    }

    pub fn customers(&self) -> u64 {
        self.samples.len() as u64
    }

    pub fn repeaters(&self) -> u64 {
        self.samples.iter().filter(|sample| sample.history.x > 0).count() as u64
    }

    /// Days from the first purchase to the end.
    pub fn days(&self) -> u64 {
        u64::try_from((self.end_ms - self.first_ms) / DAY_MS).unwrap_or(0)
    }
}
