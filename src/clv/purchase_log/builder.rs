//! Builds a purchase log from rows in any order, in one pass over a stream: 20 bytes a row and the names once.
//!
//! Rows of one customer and period become one purchase. A negative row is a refund: it lowers the spend of its own period, what it
//! exceeds that by the period before, and so on; a purchase that refunds have eaten up is none. Nothing read here is trusted: more rows
//! than can be counted, absurd times and sums beyond i64 are errors. Says nothing of what a row means: the command line's readers do.

use super::{Period, Purchase, PurchaseLog};
use hashbrown::HashTable;
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
    /// Customer of each row.
    customers: Vec<u32>,
    rows: Vec<Purchase>,
}

impl PurchaseLogBuilder {
    pub fn new(period: Period) -> PurchaseLogBuilder {
        PurchaseLogBuilder {
            period,
            names: String::new(),
            name_ends: Vec::new(),
            by_name: HashTable::new(),
            customers: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// A purchase, or with a negative amount a refund, in minor units.
    pub fn add(&mut self, customer: &str, at_ms: i64, spend_minor: i64) -> Result<(), PurchaseLogError> {
        if !(AT_MS_MIN..AT_MS_MAX).contains(&at_ms) {
            return Err(PurchaseLogError::Time { at_ms });
        }
        if self.rows.len() == ROWS_MAX {
            return Err(PurchaseLogError::TooManyRows);
        }
        let number = self.number(customer);
        self.customers.push(number);
        self.rows.push(Purchase { at_ms, spend_minor });
        Ok(())
    }

    pub fn rows(&self) -> usize {
        self.rows.len()
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

    /// The log, in one currency whose amounts have `exponent` decimal digits.
    pub fn finish(self, currency: Option<String>, exponent: u32) -> Result<Built, PurchaseLogError> {
        let (mut rows, counts) = by_customer(&self.customers, &self.rows, self.name_ends.len());
        let PurchaseLogBuilder { period, names, name_ends, .. } = self;
        let log = PurchaseLog {
            names: String::with_capacity(names.len()),
            name_ends: Vec::with_capacity(name_ends.len()),
            purchases: Vec::new(),
            purchase_ends: Vec::with_capacity(name_ends.len()),
            currency,
            exponent,
            span_ms: (i64::MAX, i64::MIN),
            period,
        };
        let mut built = Built { log, without_purchase: 0, unmatched_refunds_minor: 0 };
        let mut rest = rows.as_mut_slice();
        for (customer, count) in counts.into_iter().enumerate() {
            let (own, others) = rest.split_at_mut(count);
            rest = others;
            built.push(&names[super::start(&name_ends, customer)..name_ends[customer]], own)?;
        }
        if built.log.purchases.is_empty() {
            return Err(PurchaseLogError::Empty);
        }
        Ok(built)
    }
}

impl Built {
    /// Appends a customer with all rows of his, which are put in order here.
    fn push(&mut self, name: &str, rows: &mut [Purchase]) -> Result<(), PurchaseLogError> {
        rows.sort_unstable_by_key(|row| (row.at_ms, row.spend_minor));
        let log = &mut self.log;
        let begin = log.purchases.len();
        for rows in rows.chunk_by(|one, next| log.period.number(one.at_ms) == log.period.number(next.at_ms)) {
            if let Some(first) = rows.iter().find(|row| row.spend_minor >= 0) {
                let spend: i128 = rows.iter().map(|row| i128::from(row.spend_minor.max(0))).sum();
                let spend_minor = i64::try_from(spend).map_err(|_| PurchaseLogError::Spend { customer: name.to_string() })?;
                log.purchases.push(Purchase { at_ms: first.at_ms, spend_minor });
            }
            let refunds = rows.iter().map(|row| -i128::from(row.spend_minor.min(0))).sum();
            self.unmatched_refunds_minor += take_off(&mut log.purchases, begin, refunds);
        }
        let (Some(first), Some(last)) = (log.purchases.get(begin), log.purchases.last()) else {
            self.without_purchase += 1;
            return Ok(());
        };
        log.span_ms = (log.span_ms.0.min(first.at_ms), log.span_ms.1.max(last.at_ms));
        log.names.push_str(name);
        log.name_ends.push(log.names.len());
        log.purchase_ends.push(log.purchases.len());
        Ok(())
    }
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

/// The rows ordered by customer, and how many each has.
fn by_customer(customers: &[u32], rows: &[Purchase], customer_count: usize) -> (Vec<Purchase>, Vec<usize>) {
    let mut counts = vec![0; customer_count];
    for &customer in customers {
        counts[customer as usize] += 1;
    }
    let mut next = 0;
    let mut places: Vec<usize> = Vec::with_capacity(customer_count);
    for count in &counts {
        places.push(next);
        next += count;
    }
    let mut ordered = vec![Purchase { at_ms: 0, spend_minor: 0 }; rows.len()];
    for (&customer, &row) in customers.iter().zip(rows) {
        ordered[places[customer as usize]] = row;
        places[customer as usize] += 1;
    }
    (ordered, counts)
}
