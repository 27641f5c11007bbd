//! Builds a purchase log from rows in any order, in one pass over a stream: 24 bytes a row and the names once.
//!
//! Rows of one customer and period become one purchase. A negative row is a refund: it lowers the spend of its own period, what it
//! exceeds that by the period before, and so on, always in its own currency; a purchase that refunds have eaten up is none. Purchases count
//! whatever their currency, as in the stream. Spend is of one currency, and of the customers who buy mostly in it: the others are priced
//! by a model of their own. Nothing read here is trusted: more rows than can be counted, absurd times and sums beyond i64
//! are errors. Says nothing of what a row means: the command line's readers do.

use super::{Period, Purchase, PurchaseLog};
use hashbrown::HashTable;
use std::cmp::Reverse;
use xxhash_rust::xxh3::xxh3_64;

/// Rows are counted in 32 bits; a fit takes the memory of all of them.
const ROWS_MAX: usize = u32::MAX as usize;
/// 1900-01-01 and 2200-01-01: no shop's purchase, and differences of times stay far from overflow.
const AT_MS_MIN: i64 = -2_208_988_800_000;
const AT_MS_MAX: i64 = 7_258_118_400_000;

/// Why there is no log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PurchaseLogError {
    #[error("there are more than {ROWS_MAX} rows")]
    TooManyRows,
    #[error("the time {at_ms} (milliseconds since 1970) is not between the years 1900 and 2200")]
    Time { at_ms: i64 },
    #[error("the spend of customer {customer} within one period exceeds what an amount can hold")]
    Spend { customer: String },
    #[error("there are no purchases")]
    Empty,
}

/// A log, and what was left over.
#[derive(Debug)]
pub struct Built {
    pub log: PurchaseLog,
    /// Customers who have no purchase left: all was refunded, or there were refunds only.
    pub without_purchase: u64,
    /// Refunds beyond all that the customer had spent until then, in minor units.
    pub unmatched_refunds_minor: i128,
}

/// Rows so far.
pub struct PurchaseLogBuilder {
    period: Period,
    names: String,
    name_ends: Vec<usize>,
    /// Customer numbers, by name.
    by_name: HashTable<u32>,
    rows: Vec<Row>,
}

/// A purchase, or with a negative amount a refund, as it was added.
struct Row {
    at_ms: i64,
    spend_minor: i64,
    customer: u32,
    /// The three letters of ISO 4217.
    currency: [u8; 3],
}

/// How much a customer buys in a currency: more orders, then a later purchase, then a later order, then the letters. As `engine::orders` has it.
type Rank = (usize, Option<i64>, Option<i64>, Reverse<[u8; 3]>);

impl PurchaseLogBuilder {
    pub fn new(period: Period) -> PurchaseLogBuilder {
        PurchaseLogBuilder { period, names: String::new(), name_ends: Vec::new(), by_name: HashTable::new(), rows: Vec::new() }
    }

    /// A purchase, or with a negative amount a refund, in minor units of the currency with these three letters.
    pub fn add(&mut self, customer: &str, at_ms: i64, spend_minor: i64, currency: [u8; 3]) -> Result<(), PurchaseLogError> {
        if !(AT_MS_MIN..AT_MS_MAX).contains(&at_ms) {
            return Err(PurchaseLogError::Time { at_ms });
        }
        if self.rows.len() == ROWS_MAX {
            return Err(PurchaseLogError::TooManyRows);
        }
        let customer = self.number(customer);
        self.rows.push(Row { at_ms, spend_minor, customer, currency });
        Ok(())
    }

    fn number(&mut self, name: &str) -> u32 {
        let names = &self.names;
        let ends = &self.name_ends;
        let name_of = |number: u32| &names[super::start(ends, number as usize)..ends[number as usize]];
        let hash = xxh3_64(name.as_bytes());
        if let Some(&number) = self.by_name.find(hash, |&number| name_of(number) == name) {
            return number;
        }
        let number = self.name_ends.len() as u32;
        self.by_name.insert_unique(hash, number, |&number| xxh3_64(name_of(number).as_bytes()));
        self.names.push_str(name);
        self.name_ends.push(self.names.len());
        number
    }

    /// The log, with the spend of one currency, whose amounts have `exponent` decimal digits.
    pub fn finish(self, currency: [u8; 3], exponent: u32) -> Result<Built, PurchaseLogError> {
        let PurchaseLogBuilder { period, names, name_ends, by_name, mut rows } = self;
        drop(by_name);
        rows.sort_unstable_by_key(|row| (row.customer, row.currency, row.at_ms, row.spend_minor));
        let log = PurchaseLog {
            names: String::with_capacity(names.len()),
            name_ends: Vec::with_capacity(name_ends.len()),
            purchases: Vec::with_capacity(rows.len()),
            purchase_ends: Vec::with_capacity(name_ends.len()),
            priced: Vec::with_capacity(name_ends.len()),
            currency: String::from_utf8_lossy(&currency).into_owned(),
            exponent,
            span_ms: (i64::MAX, i64::MIN),
            period,
        };
        let mut built = Built { log, without_purchase: 0, unmatched_refunds_minor: 0 };
        for own in rows.chunk_by(|one, next| one.customer == next.customer) {
            let customer = own[0].customer as usize;
            built.push(&names[super::start(&name_ends, customer)..name_ends[customer]], own, currency)?;
        }
        if built.log.purchases.is_empty() {
            return Err(PurchaseLogError::Empty);
        }
        Ok(built)
    }
}

impl Built {
    /// Appends a customer with all rows of his, by currency and time.
    fn push(&mut self, name: &str, rows: &[Row], currency: [u8; 3]) -> Result<(), PurchaseLogError> {
        let begin = self.log.purchases.len();
        let mut most: Option<Rank> = None;
        let mut currencies = 0;
        for rows in rows.chunk_by(|one, next| one.currency == next.currency) {
            let first = self.log.purchases.len();
            let is_meant = rows[0].currency == currency;
            let unmatched_minor = self.push_currency(name, rows)?;
            let bought = &mut self.log.purchases[first..];
            if is_meant {
                self.unmatched_refunds_minor += unmatched_minor;
            } else {
                bought.iter_mut().for_each(|purchase| purchase.spend_minor = 0);
            }
            let orders = || rows.iter().filter(|row| row.spend_minor >= 0);
            let latest_ms = orders().next_back().map(|row| row.at_ms);
            let rank = (orders().count(), bought.last().map(|purchase| purchase.at_ms), latest_ms, Reverse(rows[0].currency));
            most = most.max(Some(rank));
            currencies += 1;
        }
        let log = &mut self.log;
        let is_priced = most.is_some_and(|most| most.3.0 == currency);
        if !is_priced {
            log.purchases[begin..].iter_mut().for_each(|purchase| purchase.spend_minor = 0);
        }
        if currencies > 1 {
            merge(&mut log.purchases, begin, log.period);
        }
        let (Some(first), Some(last)) = (log.purchases.get(begin), log.purchases.last()) else {
            self.without_purchase += 1;
            return Ok(());
        };
        log.span_ms = (log.span_ms.0.min(first.at_ms), log.span_ms.1.max(last.at_ms));
        log.names.push_str(name);
        log.name_ends.push(log.names.len());
        log.purchase_ends.push(log.purchases.len());
        log.priced.push(is_priced);
        Ok(())
    }

    /// Appends the purchases of rows of one currency, ascending in time; gives the refunds beyond them.
    fn push_currency(&mut self, name: &str, rows: &[Row]) -> Result<i128, PurchaseLogError> {
        let log = &mut self.log;
        let begin = log.purchases.len();
        let mut unmatched_minor = 0;
        for rows in rows.chunk_by(|one, next| log.period.number(one.at_ms) == log.period.number(next.at_ms)) {
            if let Some(first) = rows.iter().find(|row| row.spend_minor >= 0) {
                let spend: i128 = rows.iter().map(|row| i128::from(row.spend_minor.max(0))).sum();
                let spend_minor = i64::try_from(spend).map_err(|_| PurchaseLogError::Spend { customer: name.to_string() })?;
                log.purchases.push(Purchase { at_ms: first.at_ms, spend_minor });
            }
            let refunds = rows.iter().map(|row| -i128::from(row.spend_minor.min(0))).sum();
            unmatched_minor += take_off(&mut log.purchases, begin, refunds);
        }
        Ok(unmatched_minor)
    }
}

/// Puts the purchases from `begin` on, of which only one currency's have spend, in order, those of a period together.
fn merge(purchases: &mut Vec<Purchase>, begin: usize, period: Period) {
    let mut own = purchases.split_off(begin);
    own.sort_unstable_by_key(|purchase| (purchase.at_ms, purchase.spend_minor));
    own.dedup_by(|next, kept| {
        let is_same = period.number(next.at_ms) == period.number(kept.at_ms);
        if is_same {
            kept.spend_minor += next.spend_minor;
        }
        is_same
    });
    purchases.append(&mut own);
}

/// Lowers the spend of the purchases from `begin` on by `owed`, the last first; gives what could not be taken off. Those that lose all
/// their spend go; a gift, which never had any, stays.
fn take_off(purchases: &mut Vec<Purchase>, begin: usize, mut owed: i128) -> i128 {
    for index in (begin..purchases.len()).rev() {
        if owed == 0 {
            break;
        }
        let spend_minor = purchases[index].spend_minor;
        if i128::from(spend_minor) > owed {
            purchases[index].spend_minor -= owed as i64;
            return 0;
        }
        owed -= i128::from(spend_minor);
        if spend_minor > 0 {
            purchases.remove(index);
        }
    }
    owed
}
