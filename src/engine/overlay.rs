//! The customers the open transaction has touched, decoded, in order of first touch.
//!
//! A customer is decoded from its committed row once and encoded once, whatever happens in between. Entries and their buffers are used
//! again by the next transaction, no more of them than the last one needed. Called by `slot`.

use std::ops::Range;

use hashbrown::HashTable;

use super::committed::Committed;
use super::customer::Customer;
use super::row;

/// No deadline, as in a row's first field.
pub const NEVER: i64 = i64::MAX;

/// Entries kept for reuse however small the transactions.
const SPARE_MIN: usize = 64;

#[derive(Default)]
pub struct Entry {
    pub hash: u64,
    pub id: String,
    pub customer: Customer,
    /// Of the customer as it is here; `NEVER` if none.
    pub deadline_ms: i64,
    /// Of the committed row; `NEVER` if there is none.
    pub committed_deadline_ms: i64,
    /// Differs from the committed row.
    pub is_changed: bool,
    /// `false`: no such customer, or no longer.
    pub exists: bool,
    /// The encoded row, once sealed.
    row: Range<usize>,
}

#[derive(Default)]
pub struct Overlay {
    /// The first `open` are this transaction's, the rest is for reuse.
    entries: Vec<Entry>,
    open: usize,
    places: HashTable<u32>,
    sealed: Vec<u8>,
}

impl Overlay {
    /// The place of a customer, read from its committed row if this is the first touch.
    pub fn touch(&mut self, slot: u32, hash: u64, id: &str, committed: &Committed) -> usize {
        if let Some(place) = self.find(hash, id) {
            return place;
        }
        let place = self.open;
        if place == self.entries.len() {
            self.entries.push(Entry::default());
        }
        let entry = &mut self.entries[place];
        entry.hash = hash;
        entry.id.clear();
        entry.id.push_str(id);
        entry.customer.clear();
        let deadline = committed.with_row(slot, hash, id, |bytes| {
            // rows come from this codec, and restore has verified their checksums
            row::decode_into(bytes, &mut entry.customer)
                .expect("invariant: a committed row can be decoded");
            row::deadline_ms(bytes)
        });
        entry.deadline_ms = deadline.flatten().unwrap_or(NEVER);
        entry.committed_deadline_ms = entry.deadline_ms;
        entry.is_changed = false;
        entry.exists = deadline.is_some();
        entry.row = 0..0;
        self.open += 1;
        let entries = &self.entries;
        self.places
            .insert_unique(hash, place as u32, |p| entries[*p as usize].hash);
        place
    }

    pub fn find(&self, hash: u64, id: &str) -> Option<usize> {
        let is_it = |place: &u32| {
            let entry = &self.entries[*place as usize];
            entry.hash == hash && entry.id == id
        };
        self.places.find(hash, is_it).map(|place| *place as usize)
    }

    pub fn entry(&mut self, place: usize) -> &mut Entry {
        &mut self.entries[place]
    }

    /// In order of first touch.
    pub fn entries(&self) -> &[Entry] {
        &self.entries[..self.open]
    }

    /// All with one hash, nearly always one at most.
    pub fn with_hash(&self, hash: u64) -> impl Iterator<Item = &Entry> {
        self.places
            .iter_hash(hash)
            .map(|place| &self.entries[*place as usize])
            .filter(move |e| e.hash == hash)
    }

    pub fn len(&self) -> usize {
        self.open
    }

    /// Encodes what has changed.
    pub fn seal(&mut self) {
        self.sealed.clear();
        for entry in self.entries[..self.open]
            .iter_mut()
            .filter(|e| e.is_changed && e.exists)
        {
            let start = self.sealed.len();
            row::encode(&entry.customer, entry.deadline_ms, &mut self.sealed);
            entry.row = start..self.sealed.len();
        }
    }

    /// The sealed row of an entry; `None`: deleted.
    pub fn row(&self, entry: &Entry) -> Option<&[u8]> {
        entry.exists.then(|| &self.sealed[entry.row.clone()])
    }

    /// Ready for the next transaction.
    pub fn clear(&mut self) {
        let spare = self.open.max(SPARE_MIN);
        self.entries.truncate(spare);
        self.entries.shrink_to(2 * spare);
        self.places.clear();
        self.sealed.clear();
        self.open = 0;
    }
}
