//! The cells of a slot: additive figures over all its customers, counted on while events and deadlines change them.
//!
//! Those of the open transaction lie here, the rest is committed state like any row. What has changed is written to `aggregates` now and
//! then, the last value only; which cells that are is not stored: after a restart all are written once. It decides no figure
//! (`population` and `costs` do). Owned by `slot`, reached through the scene.

mod calendar;
mod cell;
mod key;
mod known;
mod paid;
mod sketch;

pub use cell::{Cell, Tally, check_cell};
pub use key::{Figure, OTHER, Place, UNKNOWN, VALUE_BYTES_MAX, Window, key_of, month_text, parts};
pub use sketch::{Sketch, SketchBin};

use std::sync::Arc;

use super::committed::{ALL_REGIONS, Committed};
use super::note::{Counter, Note};
use super::outputs::{Outputs, Topic};
use super::record::cell::CellRecord;
use super::record::id::OutputId;
use super::row::RowVersion;
use super::settings::Settings;
use calendar::Calendar;
use known::{Known, Number};
use paid::Paid;

/// Cells of a slot (a record for each flush at most, a few hundred bytes in memory). Beyond it new ones are counted as `other`.
const CELLS_MAX: usize = 10_000;

pub struct Cells {
    slot: u32,
    calendar: Calendar,
    /// Told with what is expected.
    discount_monthly: f64,
    interval_ms: i64,
    committed: Arc<Committed>,
    /// The rows written are of a version that has cells.
    is_kept: bool,
    known: Known,
    /// Those that the open transaction has changed.
    open: Vec<Number>,
    paid: Paid,
    /// Cells there are, those of the open transaction included.
    count: usize,
    published_count: usize,
    count_max: usize,
    /// Changed since they were last written.
    dirty: Vec<Number>,
    /// What the open transaction has taken out of what was in `dirty` before it.
    flushed: Vec<Number>,
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
            calendar: Calendar::new(settings.report_zone.clone()),
            discount_monthly: settings.value.horizon.discount_monthly,
            interval_ms: settings.aggregates_interval_ms,
            committed,
            is_kept: version.has_cells(),
            known: Known::default(),
            open: Vec::new(),
            paid: Paid::default(),
            count: 0,
            published_count: 0,
            count_max: CELLS_MAX,
            dirty: Vec::new(),
            flushed: Vec::new(),
            due_ms: None,
            is_held: false,
            published_due_ms: None,
            key: String::new(),
        }
    }

    /// Those of a slot that has been restored at this time: all of them are to be written.
    pub fn restored(mut self, time_ms: Option<i64>) -> Cells {
        let committed = self.committed.clone();
        for region in ALL_REGIONS {
            committed.with_region(self.slot, region as u16, |region| {
                let keys = region.into_iter().flat_map(|r| r.cells()).map(|(key, _)| key).filter(|key| is_cell(key));
                for key in keys {
                    let number = self.known.number(key);
                    self.known.at(number).is_dirty = true;
                    self.dirty.push(number);
                }
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

    /// The month of a moment, counted from January of year 0.
    pub fn month_of(&mut self, at_ms: i64) -> u32 {
        self.calendar.day(at_ms).month
    }

    /// Adds to a cell.
    pub fn add(&mut self, place: &Place<'_>, delta: i128, out: &mut Outputs) {
        if delta != 0 {
            self.change(place, out, |tally| tally.add(delta));
        }
    }

    /// Counts a duration on a sketch.
    pub fn observe(&mut self, place: &Place<'_>, duration_ms: i64, out: &mut Outputs) {
        self.change(place, out, |tally| tally.observe(duration_ms));
    }

    fn change(&mut self, place: &Place<'_>, out: &mut Outputs, change: impl FnOnce(&mut Tally)) {
        if !self.is_kept {
            return;
        }
        let day = self.calendar.day(place.at_ms);
        let mut number = self.known.of_place(place, &day);
        let mut found = self.take(number);
        if found.is_none() && self.count >= self.count_max {
            out.note(Note::Count(Counter::CellFolded));
            place.write_folded_key(&mut self.key);
            number = self.known.number(&self.key);
            found = self.take(number);
        }
        let (mut cell, was_open) = found.unwrap_or_else(|| {
            self.count += 1;
            (Cell { window: place.window, tally: Tally::new(place.figure), seq: 0 }, false)
        });
        change(&mut cell.tally);
        cell.seq += 1;
        let known = self.known.at(number);
        known.open = Some(cell);
        if !was_open {
            self.open.push(number);
        }
        if !known.is_dirty {
            (known.is_dirty, known.is_newly_dirty) = (true, true);
            self.dirty.push(number);
        }
    }

    /// Whether a cost that names no customer has been counted already; if not, from here on it is.
    pub fn has_paid(&mut self, ids: &[u64]) -> bool {
        self.paid.has_seen(ids, self.slot, &self.committed)
    }

    /// A cell to be put back as open, and whether it was: a sketch is not copied for each duration.
    fn take(&mut self, number: Number) -> Option<(Cell, bool)> {
        match self.known.at(number).open.take() {
            Some(cell) => Some((cell, true)),
            None => Some((self.stored(number)?, false)),
        }
    }

    fn stored(&mut self, number: Number) -> Option<Cell> {
        let key = self.known.key(number);
        self.committed.with_cell(self.slot, key, |row| Cell::read(row).expect("invariant: restore has checked the cells"))
    }

    /// Writes what has changed since the last time, as of a moment.
    pub fn flush(&mut self, at_ms: i64, out: &mut Outputs) {
        self.due_ms = None;
        let mut dirty = std::mem::take(&mut self.dirty);
        self.known.sort(&mut dirty);
        for number in dirty {
            let cell = self.known.at(number).open.clone().or_else(|| self.stored(number));
            let known = self.known.at(number);
            known.is_dirty = false;
            if !std::mem::take(&mut known.is_newly_dirty) {
                self.flushed.push(number);
            }
            let Some(cell) = cell else { continue };
            let record = CellRecord::new(&known.key, &cell, self.slot, self.discount_monthly);
            let full_key = format!("{}|{}", known.key, self.slot);
            let id = OutputId::of_cell(&full_key, cell.seq);
            out.push(Topic::Aggregates, &full_key, at_ms, id.as_str(), None, |bytes| record.write(&id, bytes));
        }
    }

    /// Keys and rows the transaction writes, in order of the keys.
    pub fn changes(&self) -> impl Iterator<Item = (&str, Vec<u8>)> {
        let mut open = self.open.clone();
        self.known.sort(&mut open);
        let cells = open.into_iter().filter_map(|number| self.known.changed(number)).map(|(key, cell)| (key, cell.row()));
        cells.chain(self.paid.changed_row().map(|row| (paid::KEY, row)))
    }

    /// The transaction is committed.
    pub fn publish(&mut self) {
        for (key, row) in self.changes() {
            self.committed.put_cell(self.slot, key, &row);
        }
        self.paid.publish();
        self.flushed.clear();
        self.published_count = self.count;
        self.published_due_ms = self.due_ms;
        self.close();
    }

    /// The transaction is not committed.
    pub fn discard(&mut self) {
        self.paid.discard();
        let known = &mut self.known;
        self.dirty.retain(|number| !std::mem::take(&mut known.at(*number).is_newly_dirty));
        for number in self.open.iter().chain(&self.dirty) {
            known.at(*number).is_dirty = false;
        }
        self.dirty.append(&mut self.flushed);
        self.dirty.sort_unstable();
        self.dirty.dedup();
        for number in &self.dirty {
            known.at(*number).is_dirty = true;
        }
        self.count = self.published_count;
        self.due_ms = self.published_due_ms;
        self.close();
    }

    /// Ready for the next transaction.
    fn close(&mut self) {
        for number in self.open.drain(..) {
            self.known.at(number).open = None;
        }
        for number in &self.dirty {
            self.known.at(*number).is_newly_dirty = false;
        }
        if self.known.is_crowded() {
            let former = std::mem::take(&mut self.known);
            for number in &mut self.dirty {
                *number = self.known.number(former.key(*number));
                self.known.at(*number).is_dirty = true;
            }
        }
    }

    /// A smaller bound than `CELLS_MAX`.
    #[cfg(test)]
    pub fn bound(&mut self, count_max: usize) {
        self.count_max = count_max;
    }
}
