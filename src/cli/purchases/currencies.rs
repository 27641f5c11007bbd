//! One purchase log being built for each currency met, for which one is meant may only be known at the end.
//!
//! Amounts of different currencies are never added. Refuses more currencies than a shop has, and times that are still to come. Called by
//! `lists` and `events`.

use crate::cli::instant;
use crate::clv::{Built, Period, PurchaseLog, PurchaseLogBuilder, PurchaseLogError};
use crate::event::Currency;

/// A row's currency is foreign text: more of them are a mistake in the file.
const CURRENCIES_MAX: usize = 32;

pub struct Currencies {
    period: Period,
    stated: Option<Currency>,
    latest_ms: i64,
    met: Vec<Met>,
}

/// A currency, its rows and what is built of them, unless another currency is meant.
struct Met {
    currency: Currency,
    rows: u64,
    builder: PurchaseLogBuilder,
}

impl Currencies {
    /// `stated` is the currency to take; `latest_ms` the latest time a purchase can have.
    pub fn new(period: Period, stated: Option<Currency>, latest_ms: i64) -> Currencies {
        Currencies { period, stated, latest_ms, met: Vec::new() }
    }

    /// The currency to take, if one was named.
    pub fn stated(&self) -> Option<Currency> {
        self.stated
    }

    /// A purchase, or with a negative amount a refund.
    pub fn add(&mut self, customer: &str, at_ms: i64, minor: i64, currency: Currency) -> Result<(), String> {
        if at_ms > self.latest_ms {
            return Err(format!("the time {} lies in the future", instant(at_ms)));
        }
        let place = self.place(currency)?;
        let met = &mut self.met[place];
        met.rows += 1;
        if self.stated.is_some_and(|stated| stated != currency) {
            return Ok(());
        }
        met.builder.add(customer, at_ms, minor).map_err(|error| error.to_string())
    }

    fn place(&mut self, currency: Currency) -> Result<usize, String> {
        if let Some(place) = self.met.iter().position(|met| met.currency == currency) {
            return Ok(place);
        }
        if self.met.len() == CURRENCIES_MAX {
            return Err(format!("there are more than {CURRENCIES_MAX} currencies"));
        }
        self.met.push(Met { currency, rows: 0, builder: PurchaseLogBuilder::new(self.period) });
        Ok(self.met.len() - 1)
    }

    /// The log of the currency meant, else of the one with most rows. What was left out is remarked.
    pub fn finish(mut self, remarks: &mut Vec<String>) -> Result<PurchaseLog, String> {
        self.met.sort_by_key(|met| (std::cmp::Reverse(met.rows), met.currency));
        let counts: Vec<String> = self.met.iter().map(|met| format!("{} ({} rows)", met.currency.code(), met.rows)).collect();
        let is_meant = |met: &Met| self.stated.is_none_or(|stated| met.currency == stated);
        let Some(place) = self.met.iter().position(is_meant) else {
            let missing =
                self.stated.filter(|_| !counts.is_empty()).map(|stated| format!(" in {}, only in {}", stated.code(), counts.join(", ")));
            return Err(format!("{}{}", PurchaseLogError::Empty, missing.unwrap_or_default()));
        };
        let Met { currency, builder, .. } = self.met.swap_remove(place);
        if counts.len() > 1 {
            let why = if self.stated.is_some() { "as asked for" } else { "the most frequent; --currency chooses another" };
            remarks.push(format!("several currencies: {}; only {} is counted, {why}", counts.join(", "), currency.code()));
        }
        let built = builder.finish(Some(currency.code().to_owned()), currency.exponent()).map_err(|error| error.to_string())?;
        remarks.extend(left_over(&built));
        Ok(built.log)
    }
}

fn left_over(built: &Built) -> Option<String> {
    if built.without_purchase == 0 && built.unmatched_refunds_minor == 0 {
        return None;
    }
    Some(format!(
        "{} customers have no purchase left after refunds; refunds of {} minor units exceed what was bought before",
        built.without_purchase, built.unmatched_refunds_minor
    ))
}
