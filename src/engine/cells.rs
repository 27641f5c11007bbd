//! The cells of a slot: additive figures over all its customers, counted on while events and deadlines change them.
//!
//! Those of the open transaction lie here, the rest is committed state like any row. What has changed is written to `aggregates` now and
//! then, the last value only; which cells that are is not stored: after a restart all are written once. It decides no figure
//! (`population` and `costs` do). Owned by `slot`, reached through the scene.

mod cell;
mod key;
mod paid;

pub use cell::{Cell, check_cell};
pub use key::{Figure, OTHER, Place, UNKNOWN, Window, at_most, month_of, month_text, parts};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::committed::{ALL_REGIONS, Committed};
use super::note::{Counter, Note};
use super::outputs::{Outputs, Topic};
use super::record::cell::CellRecord;
use super::record::id::OutputId;
use super::row::RowVersion;
use super::settings::Settings;
use paid::Paid;

/// Cells of a slot (a record for each flush at most, a few hundred bytes in memory). Beyond it new ones are counted as `other`.
const CELLS_MAX: usize = 10_000;

pub struct Cells {
    slot: u32,
    report_zone: TimeZone,
    /// Told with what is expected.
    discount_monthly: f64,
    interval_ms: i64,
    committed: Arc<Committed>,
    /// The rows written are of a version that has cells.
    is_kept: bool,
    /// As the open transaction has changed them.
    open: BTreeMap<Box<str>, Cell>,
    paid: Paid,
    /// Cells there are, those of the open transaction included.
    count: usize,
    published_count: usize,
    count_max: usize,
    /// Changed since they were last written.
    dirty: BTreeSet<Box<str>>,
    /// What the open transaction has put into `dirty`, and taken out of what was there before it.
    newly_dirty: BTreeSet<Box<str>>,
    flushed: Vec<Box<str>>,
    /// Slot time at which the changed ones are written; `None`: nothing has changed.
    due_ms: Option<i64>,
    /// Nothing is due for the moment.
    is_held: bool,
    published_due_ms: Option<i64>,
    /// A buffer.
    key: String,
}

/// Whether a row kept among the cells is one, by its key.
pub fn is_cell(key: &str) -> bool {
    key != paid::KEY
}

impl Cells {
    /// Of a slot without any.
    pub fn new(slot: u32, settings: &Settings, committed: Arc<Committed>, version: RowVersion) -> Cells {
        Cells {
            slot,
            report_zone: settings.report_zone.clone(),
            discount_monthly: settings.value.horizon.discount_monthly,
            interval_ms: settings.aggregates_interval_ms,
            committed,
            is_kept: version.has_cells(),
            open: BTreeMap::new(),
            paid: Paid::default(),
            count: 0,
            published_count: 0,
            count_max: CELLS_MAX,
            dirty: BTreeSet::new(),
            newly_dirty: BTreeSet::new(),
            flushed: Vec::new(),
            due_ms: None,
            is_held: false,
            published_due_ms: None,
            key: String::new(),
        }
    }

    /// Those of a slot that has been restored at this time: all of them are to be written.
    pub fn restored(mut self, time_ms: Option<i64>) -> Cells {
        for region in ALL_REGIONS {
            self.committed.with_region(self.slot, region as u16, |region| {
                let keys = region.into_iter().flat_map(|r| r.cells()).map(|(key, _)| key).filter(|key| is_cell(key));
                self.dirty.extend(keys.map(Box::from));
            });
        }
        self.count = self.dirty.len();
        self.published_count = self.count;
        self.arm(time_ms);
        self.published_due_ms = self.due_ms;
        self
    }

    /// From here on rows are of this version.
    pub fn set_version(&mut self, version: RowVersion) {
        self.is_kept = version.has_cells();
    }

    /// Whether anything is counted: rows of old versions have no place for it.
    pub fn are_kept(&self) -> bool {
        self.is_kept
    }

    /// When the changed ones are to be written.
    pub fn due_ms(&self) -> Option<i64> {
        self.due_ms.filter(|_| !self.is_held)
    }

    /// Holds them back, or lets them go: catching up on a year, cells would be written for every ten seconds of it.
    pub fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    pub fn has_unwritten(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// After a change at this slot time: the changed cells are written at most an interval later.
    pub fn arm(&mut self, time_ms: Option<i64>) {
        if self.due_ms.is_none() && !self.dirty.is_empty() {
            self.due_ms = time_ms.map(|time_ms| time_ms.saturating_add(self.interval_ms));
        }
    }

    /// Adds to a cell.
    pub fn add(&mut self, place: &Place<'_>, delta: i128, out: &mut Outputs) {
        if !self.is_kept || delta == 0 {
            return;
        }
        let mut key = std::mem::take(&mut self.key);
        place.write_key(&self.report_zone, &mut key);
        self.change(&mut key, place, delta, out);
        self.key = key;
    }

    /// Whether a cost that names no customer has been counted already; if not, from here on it is.
    pub fn has_paid(&mut self, ids: &[u64]) -> bool {
        self.paid.has_seen(ids, self.slot, &self.committed)
    }

    fn change(&mut self, key: &mut String, place: &Place<'_>, delta: i128, out: &mut Outputs) {
        let mut found = self.find(key);
        if found.is_none() && self.count >= self.count_max {
            out.note(Note::Count(Counter::CellFolded));
            place.write_folded_key(key);
            found = self.find(key);
        }
        self.count += usize::from(found.is_none());
        let mut cell = found.unwrap_or(Cell { figure: place.figure, window: place.window, value: 0, seq: 0 });
        cell.value = cell.value.saturating_add(delta);
        cell.seq += 1;
        match self.open.get_mut(key.as_str()) {
            Some(open) => *open = cell,
            None => drop(self.open.insert(key.as_str().into(), cell)),
        }
        if !self.dirty.contains(key.as_str()) {
            self.dirty.insert(key.as_str().into());
            self.newly_dirty.insert(key.as_str().into());
        }
    }

    fn find(&self, key: &str) -> Option<Cell> {
        let stored = || self.committed.with_cell(self.slot, key, |row| Cell::read(row).expect("invariant: restore has checked the cells"));
        self.open.get(key).copied().or_else(stored)
    }

    /// Writes what has changed since the last time, as of a moment.
    pub fn flush(&mut self, at_ms: i64, out: &mut Outputs) {
        self.due_ms = None;
        for key in std::mem::take(&mut self.dirty) {
            let Some(cell) = self.find(&key) else { continue };
            let record = CellRecord::new(&key, &cell, self.slot, self.discount_monthly);
            let full_key = format!("{key}|{}", self.slot);
            let id = OutputId::of_cell(&full_key, cell.seq);
            out.push(Topic::Aggregates, &full_key, at_ms, id.as_str(), None, |bytes| record.write(&id, bytes));
            if !self.newly_dirty.contains(&key) {
                self.flushed.push(key);
            }
        }
    }

    /// Keys and rows the transaction writes, in order of the keys.
    pub fn changes(&self) -> impl Iterator<Item = (&str, Vec<u8>)> {
        let cells = self.open.iter().map(|(key, cell)| (key.as_ref(), cell.row().to_vec()));
        cells.chain(self.paid.changed_row().map(|row| (paid::KEY, row)))
    }

    /// The transaction is committed.
    pub fn publish(&mut self) {
        for (key, row) in self.changes() {
            self.committed.put_cell(self.slot, key, &row);
        }
        self.open.clear();
        self.paid.publish();
        self.newly_dirty.clear();
        self.flushed.clear();
        self.published_count = self.count;
        self.published_due_ms = self.due_ms;
    }

    /// The transaction is not committed.
    pub fn discard(&mut self) {
        self.open.clear();
        self.paid.discard();
        for key in std::mem::take(&mut self.newly_dirty) {
            self.dirty.remove(&key);
        }
        self.dirty.extend(self.flushed.drain(..));
        self.count = self.published_count;
        self.due_ms = self.published_due_ms;
    }

    /// A smaller bound than `CELLS_MAX`.
    #[cfg(test)]
    pub fn bound(&mut self, count_max: usize) {
        self.count_max = count_max;
    }
}
