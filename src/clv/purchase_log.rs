//! Who bought when and for how much: what models are fitted to and back-tested on.
//!
//! Flat arrays, 16 bytes a purchase, customers in the order in which they were first added and purchases ascending in time, so that
//! ten million rows fit into memory and the same rows give the same log whatever their order. Built by `PurchaseLogBuilder`, which
//! merges the purchases of one period; never empty, never changed. Purchases are of all currencies, spend is of one.
//!
//! Called by the command line (`fit`, `backtest`), which reads files into it, and by `backtest`.

mod builder;
mod occasions;
mod period;
#[cfg(test)]
mod tests;

use super::{History, LogTimes, major, mean_minor, weeks};

pub use builder::{Built, PurchaseLogBuilder, PurchaseLogError};
pub use period::Period;

/// One period's purchases of a customer, merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Of the period's first purchase, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// In minor units of the log's currency, after refunds; not negative. Nothing for a purchase in another one.
    pub spend_minor: i64,
}

/// All purchases, by customer.
#[derive(Debug)]
pub struct PurchaseLog {
    /// All names, one after the other.
    names: String,
    /// End of each customer's name in `names`.
    name_ends: Vec<usize>,
    purchases: Vec<Purchase>,
    /// End of each customer's purchases in `purchases`.
    purchase_ends: Vec<usize>,
    /// Whether a customer buys mostly in the currency of the spend.
    priced: Vec<bool>,
    /// Of the spend: ISO 4217 code.
    currency: String,
    exponent: u32,
    span_ms: (i64, i64),
    period: Period,
}

/// One customer as the models see him, or `weight` customers who look alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    pub history: History,
    /// Sum of ln(weeks between purchases): what models of regular buying need besides.
    pub log_times: f64,
    /// In the currency's main unit; `None` without repeat purchases, or if they brought nothing.
    pub mean_repeat_spend: Option<f64>,
    /// How many customers this stands for; 1 for one.
    pub weight: f64,
}

impl PurchaseLog {
    pub fn customers(&self) -> usize {
        self.purchase_ends.len()
    }

    /// Purchases of a customer, ascending in time; never none.
    pub fn purchases(&self, customer: usize) -> &[Purchase] {
        &self.purchases[start(&self.purchase_ends, customer)..self.purchase_ends[customer]]
    }

    pub fn purchase_count(&self) -> usize {
        self.purchases.len()
    }

    /// As the source spells it.
    pub fn name(&self, customer: usize) -> &str {
        &self.names[start(&self.name_ends, customer)..self.name_ends[customer]]
    }

    /// Of the spend: ISO 4217 code.
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// Whether a customer buys mostly in that currency. The purchases of others have no spend.
    pub fn is_priced(&self, customer: usize) -> bool {
        self.priced[customer]
    }

    /// Digits after the decimal point of the currency.
    pub fn exponent(&self) -> u32 {
        self.exponent
    }

    /// Times of the first and the last purchase.
    pub fn span_ms(&self) -> (i64, i64) {
        self.span_ms
    }

    /// What counts as one purchase.
    pub fn period(&self) -> Period {
        self.period
    }

    /// The calibration part: customers who bought by `end_ms` (inclusive), with their purchases up to then.
    pub fn until(&self, end_ms: i64) -> impl Iterator<Item = (usize, &[Purchase])> {
        (0..self.customers()).filter_map(move |customer| {
            let purchases = self.purchases(customer);
            let count = purchases.partition_point(|purchase| purchase.at_ms <= end_ms);
            (count > 0).then(|| (customer, &purchases[..count]))
        })
    }

    /// The calibration part as samples seen at `end_ms`, one a customer, in the order of `until`.
    pub fn samples(&self, end_ms: i64) -> Vec<Sample> {
        self.until(end_ms).map(|(_, purchases)| sample(purchases, end_ms, self.exponent)).collect()
    }
}

/// What `purchases` (ascending, at least one, none after `end_ms`) tell at `end_ms`; amounts have `exponent` decimal digits.
pub fn sample(purchases: &[Purchase], end_ms: i64, exponent: u32) -> Sample {
    let (first, repeats) = purchases.split_first().expect("invariant: a customer has at least one purchase");
    let last_ms = repeats.last().unwrap_or(first).at_ms;
    let mut log_times = LogTimes::new();
    for pair in purchases.windows(2) {
        log_times.add(pair[1].at_ms - pair[0].at_ms);
    }
    let repeat_spend_minor = repeats.iter().map(|purchase| i128::from(purchase.spend_minor)).sum();
    let x = u32::try_from(repeats.len()).expect("invariant: the builder bounds the rows below 2^32");
    Sample {
        history: History { x, t_x: weeks(last_ms - first.at_ms), t: weeks(end_ms - first.at_ms) },
        log_times: log_times.value(),
        mean_repeat_spend: mean_minor(repeat_spend_minor, x).map(|mean| major(mean, exponent)),
        weight: 1.0,
    }
}

/// Where the part with this index begins.
fn start(ends: &[usize], index: usize) -> usize {
    index.checked_sub(1).map_or(0, |before| ends[before])
}
