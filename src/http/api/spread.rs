//! How the customers' values are spread: how many are worth 0 to 1, 1 to 2, 2 to 5, 5 to 10 … of a currency.
//!
//! No figure keeps it, so rows are looked at, a part of them for each picture, round and round; what is told is of the last whole round. A row says
//! what it last put into the figures over all customers. Called by `live`.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::{self, ALL_REGIONS, Committed};

/// Looked at for one picture, and the rest of a region: some tens of milliseconds of a thread that serves nobody else.
const ROWS_MAX: usize = 20_000;
/// 1, 2, 5 and so on, up to a billion.
const BOUNDS: usize = 28;

/// Customers with a value in one currency.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SpreadOfCurrency {
    currency: String,
    /// From the lower bound of a bin in main units on, how many; bins without anybody are not there.
    bins: Vec<(i64, u64)>,
}

type Bins = BTreeMap<String, [u64; BOUNDS]>;

#[derive(Default)]
pub struct Spread {
    /// Where to go on.
    next: (u32, u32),
    counted: Bins,
    /// Of the last round.
    whole: Bins,
}

impl Spread {
    pub fn advance(&mut self, committed: &Committed) {
        let slots = committed.slots();
        let places = slots.into_iter().flat_map(|slot| ALL_REGIONS.map(move |region| (slot, region)));
        let (mut rows, mut looked) = (Vec::new(), 0);
        let begin = self.next;
        for place in places.skip_while(|place| *place < begin) {
            if looked > ROWS_MAX {
                self.next = place;
                return;
            }
            committed.with_region(place.0, place.1 as u16, |region| {
                rows.extend(region.into_iter().flat_map(|region| region.rows()).map(|(_, _, row)| row.to_vec()));
            });
            looked += rows.len();
            rows.drain(..).for_each(|row| self.count(&row));
        }
        self.next = (0, 0);
        self.whole = std::mem::take(&mut self.counted);
    }

    fn count(&mut self, row: &[u8]) {
        let Some(value) = engine::read_row(row).ok().and_then(|customer| customer.contribution) else { return };
        let bins = self.counted.entry(value.currency.code().to_owned()).or_insert([0; BOUNDS]);
        let main = value.total_minor / 10_i128.pow(value.currency.exponent());
        bins[(0..BOUNDS).rev().find(|bin| i128::from(bound(*bin)) <= main).unwrap_or_default()] += 1;
    }

    pub fn told(&self) -> Vec<SpreadOfCurrency> {
        let bins = |bins: &[u64; BOUNDS]| (0..BOUNDS).filter(|bin| bins[*bin] > 0).map(|bin| (bound(bin), bins[bin])).collect();
        self.whole.iter().map(|(currency, counts)| SpreadOfCurrency { currency: currency.clone(), bins: bins(counts) }).collect()
    }
}

/// 0, 1, 2, 5, 10, 20, …
fn bound(bin: usize) -> i64 {
    match bin.checked_sub(1) {
        None => 0,
        Some(step) => [1, 2, 5][step % 3] * 10_i64.pow((step / 3) as u32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_rise_by_one_two_and_five() {
        assert_eq!([0, 1, 2, 3, 4, 5, 27].map(bound), [0, 1, 2, 5, 10, 20, 500_000_000]);
        assert!((1..BOUNDS).all(|bin| bound(bin) > bound(bin - 1)));
    }
}
