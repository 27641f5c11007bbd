//! The customers the open transaction has touched: their rows as they are now, in order of first touch, and one of them decoded.
//!
//! Only the customer at hand is decoded, into a value that is used again and again and so stays in the processor's cache: a transaction
//! touches thousands of customers, nearly all of them once or in a row. The rows lie one after the other in one buffer, ready for the
//! changelog and for committed state. Called by `slot`.

use hashbrown::HashTable;

use super::committed::Committed;
use super::customer::Customer;
use super::row::{self, RowVersion};

/// No deadline, as in a row's first field.
pub const NEVER: i64 = i64::MAX;

/// Bytes of the buffer kept whatever the next transactions need.
const SPARE_BYTES: usize = 64 * 1024;

/// Room behind a row for growing in place: a quarter of its length.
const GROWTH_SHARE: usize = 4;

/// One customer of the transaction.
pub struct Entry {
    pub hash: u64,
    /// Of the customer as it is now; `NEVER` if none.
    pub deadline_ms: i64,
    /// Of the committed row; `NEVER` if there is none.
    pub committed_deadline_ms: i64,
    /// Differs from the committed row.
    pub is_changed: bool,
    /// `false`: no such customer, or no longer.
    pub exists: bool,
    id: Span,
    /// Empty while the committed row holds.
    row: Span,
    room: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: usize,
    length: usize,
}

impl Span {
    fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start..self.start + self.length]
    }
}

pub struct Overlay {
    /// Of the rows it writes.
    version: RowVersion,
    entries: Vec<Entry>,
    places: HashTable<u32>,
    /// Ids and rows.
    bytes: Vec<u8>,
    /// The entry that is decoded in `customer`.
    open: Option<usize>,
    /// `customer` differs from the entry's row.
    is_unwritten: bool,
    customer: Customer,
    /// The row being encoded.
    encoded: Vec<u8>,
}

impl Overlay {
    pub fn new(version: RowVersion) -> Overlay {
        Overlay {
            version,
            entries: Vec::new(),
            places: HashTable::new(),
            bytes: Vec::new(),
            open: None,
            is_unwritten: false,
            customer: Customer::default(),
            encoded: Vec::new(),
        }
    }

    pub fn version(&self) -> RowVersion {
        self.version
    }

    /// From here on rows are of this version; the customer at hand is still written in the former one.
    pub fn set_version(&mut self, version: RowVersion) {
        self.close();
        self.version = version;
    }

    /// Makes a customer the one at hand. `true`: it has just been decoded.
    pub fn open(&mut self, slot: u32, hash: u64, id: &str, committed: &Committed) -> bool {
        let known = self.find(hash, id);
        // an older version may not keep everything: then the customer at hand is what its row says, wherever a transaction ends
        if known.is_some() && known == self.open && self.version == RowVersion::NEWEST {
            return false;
        }
        self.close();
        self.customer.clear();
        let customer = &mut self.customer;
        // rows come from this codec, and restore has verified their checksums
        let mut decode = |bytes: &[u8]| row::decode_into(bytes, customer).expect("invariant: a stored row can be decoded");
        let place = match known {
            Some(place) => {
                let entry = &self.entries[place];
                match (entry.exists, entry.row.length) {
                    (false, _) => {}
                    (true, 0) => committed.with_row(slot, hash, id, decode).unwrap_or_default(),
                    (true, _) => decode(entry.row.of(&self.bytes)),
                }
                place
            }
            None => {
                let deadline = committed.with_row(slot, hash, id, |bytes| {
                    decode(bytes);
                    row::deadline_ms(bytes).unwrap_or(NEVER)
                });
                self.add(hash, id, deadline)
            }
        };
        self.open = Some(place);
        true
    }

    /// The customer at hand, and its entry.
    pub fn current(&mut self) -> (&mut Customer, &mut Entry) {
        let place = self.open.expect("invariant: a customer was opened");
        (&mut self.customer, &mut self.entries[place])
    }

    /// The customer at hand has changed.
    pub fn mark_changed(&mut self) {
        let (_, entry) = self.current();
        entry.is_changed = true;
        self.is_unwritten = true;
    }

    /// Writes the customer at hand back into its row.
    pub fn close(&mut self) {
        let Some(place) = self.open.take() else {
            return;
        };
        let entry = &mut self.entries[place];
        if !std::mem::take(&mut self.is_unwritten) || !entry.exists {
            return;
        }
        self.encoded.clear();
        row::encode(&self.customer, self.version, entry.deadline_ms, &mut self.encoded);
        let length = self.encoded.len();
        if length > entry.room {
            entry.room = length + length / GROWTH_SHARE;
            entry.row.start = self.bytes.len();
            self.bytes.resize(entry.row.start + entry.room, 0);
        }
        entry.row.length = length;
        self.bytes[entry.row.start..entry.row.start + length].copy_from_slice(&self.encoded);
    }

    pub fn find(&self, hash: u64, id: &str) -> Option<usize> {
        let is_it = |place: &u32| {
            let entry = &self.entries[*place as usize];
            entry.hash == hash && entry.id.of(&self.bytes) == id.as_bytes()
        };
        self.places.find(hash, is_it).map(|place| *place as usize)
    }

    /// In order of first touch.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// All with one hash, nearly always one at most.
    pub fn with_hash(&self, hash: u64) -> impl Iterator<Item = &Entry> {
        self.places.iter_hash(hash).map(|place| &self.entries[*place as usize]).filter(move |e| e.hash == hash)
    }

    pub fn id(&self, entry: &Entry) -> &str {
        std::str::from_utf8(entry.id.of(&self.bytes)).expect("invariant: ids are put in as text")
    }

    /// The row of a changed entry that is not at hand; `None`: deleted.
    pub fn row(&self, entry: &Entry) -> Option<&[u8]> {
        entry.exists.then(|| entry.row.of(&self.bytes))
    }

    /// Ready for the next transaction, with buffers as large as this one needed.
    pub fn clear(&mut self) {
        self.open = None;
        self.is_unwritten = false;
        self.bytes.shrink_to(2 * self.bytes.len() + SPARE_BYTES);
        self.entries.shrink_to(2 * self.entries.len());
        self.entries.clear();
        self.bytes.clear();
        self.places.clear();
    }

    fn add(&mut self, hash: u64, id: &str, committed_deadline_ms: Option<i64>) -> usize {
        let place = self.entries.len();
        let deadline_ms = committed_deadline_ms.unwrap_or(NEVER);
        let id_span = Span { start: self.bytes.len(), length: id.len() };
        self.bytes.extend_from_slice(id.as_bytes());
        self.entries.push(Entry {
            hash,
            deadline_ms,
            committed_deadline_ms: deadline_ms,
            is_changed: false,
            exists: committed_deadline_ms.is_some(),
            id: id_span,
            row: Span::default(),
            room: 0,
        });
        let entries = &self.entries;
        self.places.insert_unique(hash, place as u32, |p| entries[*p as usize].hash);
        place
    }
}
