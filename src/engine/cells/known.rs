//! The cells somebody has counted on, by number: their keys are written and compared once, not with every count.
//!
//! A place (`Place`) is found by its parts, a cell by its key; several places may be one cell, since keys are cut and cleaned.
//! Numbers mean nothing beyond this value, and decide nothing. Owned by `cells`.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use super::calendar::Day;
use super::cell::Cell;
use super::key::{KnownPlace, Place};

/// Places, and keys, remembered. Beyond it they are learned anew: a dimension that never repeats must not fill memory.
const PLACES_MAX: usize = 40_000;

/// Stands for a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(u32);

/// What is known of one cell.
pub struct KnownCell {
    pub key: Box<str>,
    /// As the open transaction has changed it.
    pub open: Option<Cell>,
    /// Changed since it was last written.
    pub is_dirty: bool,
    /// And only by the open transaction.
    pub is_newly_dirty: bool,
}

struct Numbered {
    hash: u64,
    place: KnownPlace,
    number: Number,
}

#[derive(Default)]
pub struct Known {
    cells: Vec<KnownCell>,
    by_key: HashTable<Number>,
    places: HashTable<Numbered>,
    /// A buffer.
    key: String,
}

impl Known {
    /// The number of the cell that a place is counted on; `day`: of its moment.
    pub fn of_place(&mut self, place: &Place<'_>, day: &Day) -> Number {
        let hash = place.hash(day);
        if let Some(known) = self.places.find(hash, |known| known.hash == hash && known.place.is(place, day)) {
            return known.number;
        }
        let mut key = std::mem::take(&mut self.key);
        place.write_key(day, &mut key);
        let number = self.number(&key);
        self.key = key;
        if self.places.len() >= PLACES_MAX {
            self.places.clear();
        }
        self.places.insert_unique(hash, Numbered { hash, place: KnownPlace::of(place, day), number }, |known| known.hash);
        number
    }

    /// The number of the cell of a key.
    pub fn number(&mut self, key: &str) -> Number {
        let hash_of = |key: &str| xxh3_64(key.as_bytes());
        let cells = &self.cells;
        if let Some(number) = self.by_key.find(hash_of(key), |number| *cells[number.0 as usize].key == *key) {
            return *number;
        }
        let number = Number(u32::try_from(cells.len()).expect("invariant: memory ends before numbers do"));
        self.cells.push(KnownCell { key: key.into(), open: None, is_dirty: false, is_newly_dirty: false });
        let cells = &self.cells;
        self.by_key.insert_unique(hash_of(key), number, |number| hash_of(&cells[number.0 as usize].key));
        number
    }

    /// More keys are known than there are cells to be: time to forget.
    pub fn is_crowded(&self) -> bool {
        self.cells.len() > PLACES_MAX
    }

    pub fn key(&self, number: Number) -> &str {
        &self.cells[number.0 as usize].key
    }

    pub fn at(&mut self, number: Number) -> &mut KnownCell {
        &mut self.cells[number.0 as usize]
    }

    /// Key and value of a cell that the open transaction has changed.
    pub fn changed(&self, number: Number) -> Option<(&str, &Cell)> {
        let known = &self.cells[number.0 as usize];
        Some((&*known.key, known.open.as_ref()?))
    }

    /// Puts numbers in the order of their keys.
    pub fn sort(&self, numbers: &mut [Number]) {
        numbers.sort_unstable_by(|one, other| self.cells[one.0 as usize].key.cmp(&self.cells[other.0 as usize].key));
    }
}
