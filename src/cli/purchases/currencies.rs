//! The purchase log being built, and the currencies met on the way: which one the spend is of may only be known at the end.
//!
//! Amounts of different currencies are never added; orders count whatever they were paid in, as `run` counts them. Refuses more currencies than a
//! shop has, and times that are still to come. Called by `lists` and `events`.

use crate::cli::instant;
use crate::cli::replay::major;
use crate::clv::{Built, Period, PurchaseLog, PurchaseLogBuilder, PurchaseLogError};
use crate::event::Currency;

/// A row's currency is foreign text: more of them are a mistake in the file.
const CURRENCIES_MAX: usize = 32;

pub struct Currencies {
    stated: Option<Currency>,
    latest_ms: i64,
    /// Each with its rows.
    met: Vec<(Currency, u64)>,
    builder: PurchaseLogBuilder,
}

impl Currencies {
    /// `stated` is the currency of the spend; `latest_ms` the latest time a purchase can have.
    pub fn new(period: Period, stated: Option<Currency>, latest_ms: i64) -> Currencies {
        Currencies { stated, latest_ms, met: Vec::new(), builder: PurchaseLogBuilder::new(period) }
    }

    /// The currency of the spend, if one was named.
    pub fn stated(&self) -> Option<Currency> {
        self.stated
    }

    /// A purchase, or with a negative amount a refund.
    pub fn add(&mut self, customer: &str, at_ms: i64, minor: i64, currency: Currency) -> Result<(), String> {
        if at_ms > self.latest_ms {
            return Err(format!("the time {} lies in the future", instant(at_ms)));
        }
        match self.met.iter().position(|(met, _)| *met == currency) {
            Some(place) => self.met[place].1 += 1,
            None if self.met.len() == CURRENCIES_MAX => return Err(format!("there are more than {CURRENCIES_MAX} currencies")),
            None => self.met.push((currency, 1)),
        }
        self.builder.add(customer, at_ms, minor, currency.letters()).map_err(|error| error.to_string())
    }

    /// The log with the spend of the currency stated, else of the one with most rows. What that leaves out is remarked.
    pub fn finish(mut self, remarks: &mut Vec<String>) -> Result<PurchaseLog, String> {
        self.met.sort_by_key(|&(currency, rows)| (std::cmp::Reverse(rows), currency));
        let counts: Vec<String> = self.met.iter().map(|(currency, rows)| format!("{} ({rows} rows)", currency.code())).collect();
        let is_meant = |currency: &Currency| self.stated.is_none_or(|stated| *currency == stated);
        let Some(currency) = self.met.iter().map(|(currency, _)| *currency).find(is_meant) else {
            let missing =
                self.stated.filter(|_| !counts.is_empty()).map(|stated| format!(" in {}, only in {}", stated.code(), counts.join(", ")));
            return Err(format!("{}{}", PurchaseLogError::Empty, missing.unwrap_or_default()));
        };
        if counts.len() > 1 {
            let why = if self.stated.is_some() { "as asked for" } else { "the most frequent; --currency chooses another" };
            remarks.push(format!(
                "several currencies: {}; all purchases are counted, the spend is that of customers who buy mostly in {}, {why}",
                counts.join(", "),
                currency.code()
            ));
        }
        let built = self.builder.finish(currency.letters(), currency.exponent()).map_err(|error| error.to_string())?;
        remarks.extend(left_over(&built, currency));
        Ok(built.log)
    }
}

fn left_over(built: &Built, currency: Currency) -> Vec<String> {
    let mut remarks = Vec::new();
    match built.without_purchase {
        0 => {}
        1 => remarks.push("1 customer has no purchase left after refunds, and does not count".to_owned()),
        many => remarks.push(format!("{many} customers have no purchase left after refunds, and do not count")),
    }
    if built.unmatched_refunds_minor != 0 {
        let refunds = major(built.unmatched_refunds_minor, currency.exponent());
        let code = currency.code();
        remarks.push(format!("refunds of {refunds} {code} are beyond what those customers had spent before, and were left out"));
    }
    remarks
}
