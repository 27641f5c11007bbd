//! Cut points between scores: fitted once from all customers at a date, then frozen under a version.
//!
//! The rule is the one of the R package `rfm` (R. Hebbali, MIT licence), whose segment counts the tests reproduce:
//! the quintiles (linear between neighbours, type 7 of Hyndman and Fan 1996), each plus one, and a value scores by the
//! number of cut points it has reached. Whoever has no spend in a currency of the table has no scores.
//! Called by the command line, which fits, and by `engine`, which scores.

use std::collections::BTreeMap;

use super::{Measures, SCORE_MAX, Scores};
use crate::clv::{Purchase, PurchaseLog};

/// Shares of the base below the four cut points.
const SHARES: [f64; 4] = [0.2, 0.4, 0.6, 0.8];
/// Added to a quantile, in days, orders or main currency units alike: the published rule has it.
const ABOVE_QUANTILE: f64 = 1.0;

/// Nobody is silent for so many days, or buys as often; no currency needs it for a customer's spend.
const CUT_MAX: f64 = 1e9;

/// A hundred years: a deadline beyond it is nobody's.
const DAYS_MAX: f64 = 36_500.0;

/// Four values, ascending.
pub type Cut = [f64; 4];

/// The cut points of one base in one currency, as `fit_cuts` finds them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cuts {
    pub recency_days: Cut,
    pub orders: Cut,
    /// In main units of the currency.
    pub spend: Cut,
}

/// The table `[rfm]` of a parameter file.
#[derive(Clone, Debug, PartialEq)]
pub struct Rfm {
    /// Named in every record that has a segment.
    pub version: String,
    pub recency_days: Cut,
    pub orders: Cut,
    /// By ISO 4217 code, in main units.
    pub spend: BTreeMap<String, Cut>,
}

/// Cut points no score can come from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RfmError {
    #[error("rfm.{name} are not four numbers from 0 to {CUT_MAX} in ascending order")]
    Order { name: String },
    #[error("rfm.r has more than {DAYS_MAX} days")]
    Days,
    #[error("rfm.m has no currency")]
    NoCurrency,
}

impl Rfm {
    pub fn check(&self) -> Result<(), RfmError> {
        if self.spend.is_empty() {
            return Err(RfmError::NoCurrency);
        }
        let by_currency = self.spend.iter().map(|(currency, cut)| (format!("m.{currency}"), cut));
        for (name, cut) in [("r".to_owned(), &self.recency_days), ("f".to_owned(), &self.orders)].into_iter().chain(by_currency) {
            if !(cut.iter().all(|value| (0.0..=CUT_MAX).contains(value)) && cut.is_sorted()) {
                return Err(RfmError::Order { name });
            }
        }
        if self.recency_days.iter().any(|days| *days > DAYS_MAX) {
            return Err(RfmError::Days);
        }
        Ok(())
    }

    /// The cut points for a customer who spends in `currency`; `None` if the table has none for it.
    pub fn cuts(&self, currency: &str) -> Option<Cuts> {
        let spend = *self.spend.get(currency)?;
        Some(Cuts { recency_days: self.recency_days, orders: self.orders, spend })
    }
}

impl Cuts {
    /// The cut points that divide these customers into fifths. `None` without customers.
    pub fn fit(measures: &[Measures]) -> Option<Cuts> {
        Some(Cuts {
            recency_days: cut(measures.iter().map(|measure| measure.recency_days))?,
            orders: cut(measures.iter().map(|measure| f64::from(measure.orders)))?,
            spend: cut(measures.iter().map(|measure| measure.spend))?,
        })
    }

    pub fn scores(&self, measures: &Measures) -> Scores {
        Scores {
            recency: self.recency_score(measures.recency_days),
            frequency: 1 + reached(&self.orders, f64::from(measures.orders)),
            monetary: 1 + reached(&self.spend, measures.spend),
        }
    }

    /// Few days are good.
    pub(super) fn recency_score(&self, days: f64) -> u8 {
        SCORE_MAX - reached(&self.recency_days, days)
    }
}

/// The measures of all customers who bought by `end_ms`, in the order of the log; who buys mostly in another currency has none.
pub fn measures_at(log: &PurchaseLog, end_ms: i64) -> Vec<Measures> {
    let priced = log.until(end_ms).filter(|(customer, _)| log.is_priced(*customer));
    priced.map(|(_, purchases)| measure(purchases, end_ms, log.exponent())).collect()
}

/// Cut points of the customers who bought by `end_ms`, seen at that time. `None` if there are none.
pub fn fit_cuts(log: &PurchaseLog, end_ms: i64) -> Option<Cuts> {
    Cuts::fit(&measures_at(log, end_ms))
}

fn measure(purchases: &[Purchase], end_ms: i64, exponent: u32) -> Measures {
    let last_ms = purchases.last().map_or(end_ms, |purchase| purchase.at_ms);
    let spend_minor: i128 = purchases.iter().map(|purchase| i128::from(purchase.spend_minor)).sum();
    Measures::of(end_ms - last_ms, u32::try_from(purchases.len()).unwrap_or(u32::MAX), spend_minor, exponent)
}

fn cut(values: impl Iterator<Item = f64>) -> Option<Cut> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    Some(SHARES.map(|share| {
        let place = share * last as f64;
        let below = sorted[place as usize];
        let above = sorted[(place as usize + 1).min(last)];
        below + place.fract() * (above - below) + ABOVE_QUANTILE
    }))
}

fn reached(cut: &Cut, value: f64) -> u8 {
    cut.iter().map(|&point| u8::from(value >= point)).sum()
}
