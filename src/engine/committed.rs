//! Committed state: every customer's row as of the last committed transaction, by slot and region.
//!
//! A region holds the rows of one slot whose hashes share their first `REGION_BITS` bits: the unit of changelog bases, of restore and of
//! locking. Rows are the very bytes of the changelog, those of cells, too. Nothing here knows what a row means. Written by `worker` at the end of a
//! transaction and by restore; read by `Slot` on first touch and by `http`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use dashmap::{DashMap, DashSet};
use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::erasure::{Mark, MarkId};

/// 1024 regions a slot: with a million customers a base piece is some 200 KB, and an empty slot costs nothing.
pub const REGION_BITS: u32 = 10;

/// What a row costs beside its id and its bytes: 33 in the table at two thirds of its room (50), a deadline in two tables of the slot's
/// queue (50), the allocator's rounding (12).
pub const ROW_OVERHEAD_BYTES: usize = 112;

/// What a cell costs beside its key and its row: two boxes in a tree, the allocator's rounding.
const CELL_OVERHEAD_BYTES: usize = 80;

/// Fixed for ever: rows are found, and changelog bases cut, by this hash.
const HASH_SEED: u64 = 0x6c69_6665_7469_6465;

/// The hash of a customer id, or of a cell's key.
pub fn hash_of(customer: &str) -> u64 {
    xxh3_64_with_seed(customer.as_bytes(), HASH_SEED)
}

/// Where the mark of an erased customer lies: by its own hash, because the id's would give the id away.
pub fn hash_of_mark(id: &MarkId) -> u64 {
    xxh3_64_with_seed(&id.0, HASH_SEED)
}

/// The region of a hash: its first bits.
pub fn region_of(hash: u64) -> u16 {
    (hash >> (64 - REGION_BITS)) as u16
}

/// The hash a region's table works with: all rows of a region share their first bits, and a table tells entries apart by just those.
fn spread(hash: u64) -> u64 {
    hash.rotate_left(REGION_BITS)
}

/// One row in memory: the customer id and the row's bytes in one allocation, with what room the allocator gives with it.
struct Entry {
    hash: u64,
    row_len: u32,
    id_len: u16,
    bytes: Box<[u8]>,
}

impl Entry {
    fn new(hash: u64, id: &[u8], row: &[u8]) -> Entry {
        let room = room_for(id.len() + row.len());
        let mut bytes = Vec::with_capacity(room);
        bytes.extend_from_slice(id);
        bytes.extend_from_slice(row);
        bytes.resize(room, 0);
        Entry { hash, row_len: row.len() as u32, id_len: id.len() as u16, bytes: bytes.into_boxed_slice() }
    }

    fn id(&self) -> &[u8] {
        &self.bytes[..usize::from(self.id_len)]
    }

    fn row(&self) -> &[u8] {
        &self.bytes[usize::from(self.id_len)..][..self.row_len as usize]
    }

    /// Another row of the same customer: where the former one lay, if it needs that very room.
    fn put(&mut self, row: &[u8]) {
        let id_len = usize::from(self.id_len);
        if room_for(id_len + row.len()) == self.bytes.len() {
            self.bytes[id_len..][..row.len()].copy_from_slice(row);
            self.row_len = row.len() as u32;
        } else {
            *self = Entry::new(self.hash, &self.bytes[..id_len], row);
        }
    }
}

/// The steps in which allocators give memory, four from one power of two to the next: a row that grows a little stays where it is, and takes
/// no more memory than it would.
fn room_for(bytes: usize) -> usize {
    bytes.next_multiple_of((bytes.next_power_of_two() / 8).max(8))
}

/// The rows of one region.
#[derive(Default)]
pub struct Region {
    table: HashTable<Entry>,
    marks: HashTable<Mark>,
    /// By key. A handful: ten at most in a slot that has as many as it may.
    cells: BTreeMap<Box<str>, Box<[u8]>>,
    bytes: usize,
}

impl Region {
    pub fn get(&self, hash: u64, id: &str) -> Option<&[u8]> {
        self.table.find(spread(hash), |e| e.hash == hash && e.id() == id.as_bytes()).map(Entry::row)
    }

    /// Puts a row in place of the customer's former one. `id` is at most 65,535 bytes (event ids are at most 256).
    pub fn put(&mut self, hash: u64, id: &[u8], row: &[u8]) {
        let is_it = |e: &Entry| e.hash == hash && e.id() == id;
        match self.table.entry(spread(hash), is_it, |e| spread(e.hash)) {
            hashbrown::hash_table::Entry::Occupied(mut place) => {
                let old = place.get_mut();
                self.bytes = self.bytes - old.row().len() + row.len();
                old.put(row);
            }
            hashbrown::hash_table::Entry::Vacant(place) => {
                self.bytes += id.len() + row.len();
                place.insert(Entry::new(hash, id, row));
            }
        }
    }

    /// Makes room for so many customers at once.
    pub fn reserve(&mut self, customers: usize) {
        self.table.reserve(customers, |e| spread(e.hash));
    }

    pub fn remove(&mut self, hash: u64, id: &[u8]) {
        if let Ok(old) = self.table.find_entry(spread(hash), |e| e.hash == hash && e.id() == id) {
            self.bytes -= old.get().id().len() + old.get().row().len();
            old.remove();
        }
    }

    /// When the customer of this mark was erased.
    pub fn erased_ms(&self, id: &MarkId) -> Option<i64> {
        self.marks.find(spread(hash_of_mark(id)), |m| m.id == *id).map(|m| m.erased_ms)
    }

    pub fn put_mark(&mut self, mark: Mark) {
        let rehash = |m: &Mark| spread(hash_of_mark(&m.id));
        match self.marks.entry(rehash(&mark), |m| m.id == mark.id, rehash) {
            hashbrown::hash_table::Entry::Occupied(mut place) => *place.get_mut() = mark,
            hashbrown::hash_table::Entry::Vacant(place) => {
                place.insert(mark);
                self.bytes += Mark::BYTES;
            }
        }
    }

    /// In an order that means nothing.
    pub fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter()
    }

    pub fn cell(&self, key: &str) -> Option<&[u8]> {
        self.cells.get(key).map(AsRef::as_ref)
    }

    pub fn put_cell(&mut self, key: &str, row: &[u8]) {
        match self.cells.get_mut(key) {
            Some(old) if old.len() == row.len() => old.copy_from_slice(row),
            Some(old) => {
                self.bytes = self.bytes - old.len() + row.len();
                *old = row.into();
            }
            None => {
                self.bytes += key.len() + row.len();
                self.cells.insert(key.into(), row.into());
            }
        }
    }

    /// Keys and rows, in order of the keys.
    pub fn cells(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.cells.iter().map(|(key, row)| (key.as_ref(), row.as_ref()))
    }

    /// Customers.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Neither customers nor marks nor cells.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty() && self.marks.is_empty() && self.cells.is_empty()
    }

    /// Bytes of ids, rows, marks and cells.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Memory it takes, all in.
    pub fn memory(&self) -> usize {
        self.bytes + self.len() * ROW_OVERHEAD_BYTES + self.cells.len() * CELL_OVERHEAD_BYTES
    }

    /// Every row as (hash, id, row), in an order that means nothing: sort before it decides anything.
    pub fn rows(&self) -> impl Iterator<Item = (u64, &[u8], &[u8])> {
        self.table.iter().map(|e| (e.hash, e.id(), e.row()))
    }
}

/// All slots of the process.
#[derive(Default)]
pub struct Committed {
    regions: DashMap<(u32, u16), Region, FxBuildHasher>,
    /// Slots whose rows are all here, be it none.
    held: DashSet<u32, FxBuildHasher>,
    /// Memory of slots that are being restored aside.
    aside: DashMap<u32, usize, FxBuildHasher>,
}

impl Committed {
    pub fn new() -> Committed {
        Committed::default()
    }

    /// Reads a customer's row; the region is locked only while `read` runs.
    pub fn with_row<T>(&self, slot: u32, hash: u64, id: &str, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let region = self.regions.get(&(slot, region_of(hash)))?;
        region.get(hash, id).map(read)
    }

    /// Reads all rows with one hash (nearly always one), for timers, which know hashes only.
    pub fn for_hash(&self, slot: u32, hash: u64, mut read: impl FnMut(&[u8], &[u8])) {
        if let Some(region) = self.regions.get(&(slot, region_of(hash))) {
            for entry in region.table.iter_hash(spread(hash)).filter(|e| e.hash == hash) {
                read(entry.id(), entry.row());
            }
        }
    }

    /// Runs `read` over one region; absent means empty.
    pub fn with_region<T>(&self, slot: u32, region: u16, read: impl FnOnce(Option<&Region>) -> T) -> T {
        read(self.regions.get(&(slot, region)).as_deref())
    }

    /// Writes one row (`None`: deletes it).
    pub fn put(&self, slot: u32, hash: u64, id: &str, row: Option<&[u8]>) {
        let mut region = self.regions.entry((slot, region_of(hash))).or_default();
        match row {
            Some(row) => region.put(hash, id.as_bytes(), row),
            None => region.remove(hash, id.as_bytes()),
        }
    }

    /// When the customer of this mark was erased, if they were.
    pub fn erased_ms(&self, slot: u32, id: &MarkId) -> Option<i64> {
        self.regions.get(&(slot, region_of(hash_of_mark(id))))?.erased_ms(id)
    }

    pub fn put_mark(&self, slot: u32, mark: Mark) {
        self.regions.entry((slot, region_of(hash_of_mark(&mark.id)))).or_default().put_mark(mark);
    }

    /// Reads the row of a cell, found by the hash of its key.
    pub fn with_cell<T>(&self, slot: u32, key: &str, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        self.regions.get(&(slot, region_of(hash_of(key))))?.cell(key).map(read)
    }

    pub fn put_cell(&self, slot: u32, key: &str, row: &[u8]) {
        self.regions.entry((slot, region_of(hash_of(key)))).or_default().put_cell(key, row);
    }

    /// Installs restored regions of a slot in place of what was there.
    pub fn install(&self, slot: u32, regions: impl IntoIterator<Item = (u16, Region)>) {
        drop(self.take_slot(slot));
        for (number, region) in regions {
            self.regions.insert((slot, number), region);
        }
        self.held.insert(slot);
    }

    /// Whether all rows of a slot are here. Who has found no row asks this afterwards: a slot stops being held before its first row goes.
    pub fn holds(&self, slot: u32) -> bool {
        self.held.contains(&slot)
    }

    /// The slots held, in order.
    pub fn slots(&self) -> BTreeSet<u32> {
        self.held.iter().map(|slot| *slot).collect()
    }

    /// Takes a slot's regions away, to be dropped or put back: nobody can read them any more.
    pub fn take_slot(&self, slot: u32) -> Vec<(u16, Region)> {
        self.aside.remove(&slot);
        self.held.remove(&slot);
        ALL_REGIONS.filter_map(|region| self.regions.remove(&(slot, region as u16)).map(|((_, number), rows)| (number, rows))).collect()
    }

    /// Tells what a slot takes that is being restored aside, until it is installed or removed.
    pub fn set_aside(&self, slot: u32, bytes: usize) {
        self.aside.insert(slot, bytes);
    }

    /// What was being restored aside is gone.
    pub fn forget_aside(&self, slot: u32) {
        self.aside.remove(&slot);
    }

    /// Memory of all slots of the process, those being restored included; looks at every region.
    pub fn memory(&self) -> usize {
        let installed: usize = self.regions.iter().map(|region| region.memory()).sum();
        installed + self.aside.iter().map(|bytes| *bytes).sum::<usize>()
    }

    /// (customers, memory) of a slot's installed regions.
    pub fn footprint(&self, slot: u32) -> (usize, usize) {
        self.add_up(slot, |region| (region.len(), region.memory()))
    }

    /// (customers, bytes of ids and rows) of a slot.
    pub fn size(&self, slot: u32) -> (usize, usize) {
        self.add_up(slot, |region| (region.len(), region.bytes()))
    }

    fn add_up(&self, slot: u32, of: impl Fn(&Region) -> (usize, usize)) -> (usize, usize) {
        ALL_REGIONS
            .filter_map(|region| self.regions.get(&(slot, region as u16)).map(|region| of(&region)))
            .fold((0, 0), |sum, r| (sum.0 + r.0, sum.1 + r.1))
    }
}

/// The numbers of a slot's regions.
pub const ALL_REGIONS: Range<u32> = 0..1 << REGION_BITS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_what_was_put_last_whether_it_grew_or_shrank() {
        let mut region = Region::default();
        let lengths = [140, 141, 160, 161, 400, 0, 1, 75_000, 139, 139];
        for (n, length) in lengths.into_iter().enumerate() {
            let row = vec![n as u8; length];
            region.put(7, b"u-1", &row);
            region.put(7, b"u-2", b"another");
            assert_eq!(region.get(7, "u-1"), Some(row.as_slice()), "{length}");
            assert_eq!((region.len(), region.bytes()), (2, 3 + length + 3 + 7));
        }
        assert_eq!(region.rows().map(|(_, id, row)| id.len() + row.len()).sum::<usize>(), region.bytes());
        region.remove(7, b"u-1");
        assert_eq!((region.get(7, "u-1"), region.bytes()), (None, 10));
    }

    #[test]
    fn room_is_enough_and_at_most_a_quarter_more() {
        for bytes in 1..100_000 {
            let room = room_for(bytes);
            assert!(room >= bytes && room - bytes < (bytes / 4).max(8), "{bytes}: {room}");
        }
    }
}
