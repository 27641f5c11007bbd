//! The figures over all customers of some slots: cells added up, as any reader of `aggregates` would add them.
//!
//! It reads committed rows a region at a time and counts nothing itself. What plays did week by week is put side by side by `play_week` and `play_variant`.
//! Called by `http`.

use std::collections::BTreeMap;

use super::cells::{Cell, is_cell, parts};
use super::committed::Region;
use super::play_week::CellId;
use super::record::cell::CellRecord;
use crate::event::Currency;

/// By key without slot, in order of the keys.
#[derive(Default)]
pub struct Totals(BTreeMap<String, Cell>);

impl Totals {
    /// Adds the cells of a region whose names are wanted.
    pub fn add(&mut self, region: &Region, is_wanted: impl Fn(&str) -> bool) {
        for (key, row) in region.cells().filter(|(key, _)| is_cell(key) && is_wanted(parts(key).0)) {
            let cell = Cell::read(row).expect("invariant: restore has checked the cells");
            self.put(key, cell);
        }
    }

    /// Adds those of other slots.
    pub fn unite(&mut self, other: Totals) {
        for (key, cell) in other.0 {
            self.put(&key, cell);
        }
    }

    /// Adds to the cell of a key, without slot.
    pub fn put(&mut self, key: &str, cell: Cell) {
        match self.0.get_mut(key) {
            Some(total) => total.tally.unite(&cell.tally),
            None => drop(self.0.insert(key.to_owned(), cell)),
        }
    }

    /// Keys behind `after` with what is told of them as JSON text, in order.
    pub fn records<'a>(&'a self, after: &str, discount_monthly: f64) -> impl Iterator<Item = (&'a str, String)> + use<'a> {
        let bounds = (std::ops::Bound::Excluded(after.to_owned()), std::ops::Bound::Unbounded);
        self.0.range::<String, _>(bounds).map(move |(key, cell)| {
            let mut out = Vec::new();
            // the slot is not written
            CellRecord::new(key, cell, 0, discount_monthly).write_total(&mut out);
            (key.as_str(), String::from_utf8(out).expect("invariant: names are ASCII and texts are text"))
        })
    }

    /// One figure, added up over all windows and all dimensions but these, which stand in the key in this order; empty where there is none.
    pub fn by<const DIMS: usize>(&self, name: &str, dims: [&str; DIMS]) -> BTreeMap<[String; DIMS], i128> {
        let mut sums = BTreeMap::new();
        for (key, cell) in self.0.iter().filter(|(key, _)| parts(key).0 == name) {
            let mut found = [const { String::new() }; DIMS];
            for (dim, value) in parts(key).1 {
                if let Some(place) = dims.iter().position(|wanted| *wanted == dim) {
                    found[place] = value.to_owned();
                }
            }
            let sum: &mut i128 = sums.entry(found).or_default();
            *sum = sum.saturating_add(cell.tally.number());
        }
        sums
    }

    /// Values by name, dimensions and beginning of the window.
    pub fn values(&self) -> BTreeMap<CellId, i128> {
        let id = |key: &str| -> CellId {
            let (name, dims, start) = parts(key);
            (name.to_owned(), dims.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(), start.to_owned())
        };
        self.0.iter().map(|(key, cell)| (id(key), cell.tally.number())).collect()
    }
}

/// Digits behind the point of a currency that a cell names.
pub fn minor_digits(code: &str) -> u32 {
    Currency::from_code(code).map_or(0, |currency| currency.exponent())
}
