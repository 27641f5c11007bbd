//! The end of a slot's transaction: rows encoded, shown to the changelog, then published, or everything forgotten.
//!
//! Until `publish`, committed state shows nothing of the transaction; after `discard`, neither does the slot.

use super::Slot;
use crate::engine::overlay::NEVER;

/// A row the transaction writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'a> {
    pub hash: u64,
    pub id: &'a str,
    /// `None`: deleted.
    pub row: Option<&'a [u8]>,
}

impl Slot {
    /// Whether a customer has changed or slot time moved since the last `publish`.
    #[cfg(test)]
    pub fn is_touched(&self) -> bool {
        self.time_ms != self.published_time_ms || self.overlay.entries().iter().any(|e| e.is_changed)
    }

    /// Customers the transaction has touched.
    #[cfg(test)]
    pub fn open_customers(&self) -> usize {
        self.overlay.entries().len()
    }

    /// Completes the rows. No `tick` or `apply` until `publish` or `discard`.
    pub fn seal(&mut self) {
        self.overlay.close();
    }

    /// The changed rows, sealed, in order of first touch.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        let changed = self.overlay.entries().iter().filter(|e| e.is_changed);
        changed.map(|e| Change { hash: e.hash, id: self.overlay.id(e), row: self.overlay.row(e) })
    }

    /// Keys and rows of the changed cells, in order of the keys.
    pub fn cell_changes(&self) -> impl Iterator<Item = (&str, Vec<u8>)> {
        self.cells.changes()
    }

    /// The transaction is committed: its rows become the committed ones.
    pub fn publish(&mut self) {
        for change in self.changes() {
            self.committed.put(self.number, change.hash, change.id, change.row);
        }
        for mark in self.marks() {
            self.committed.put_mark(self.number, mark);
        }
        self.marks.clear();
        self.cells.publish();
        self.overlay.clear();
        self.published_time_ms = self.time_ms;
        self.published_row_version = self.overlay.version();
        self.published_rescoring.clone_from(&self.rescoring);
    }

    /// The transaction is not committed: customers and time are as after the last `publish`, and every committed deadline is queued. What
    /// the queue still holds of the transaction is found outdated when its moment comes.
    pub fn discard(&mut self) {
        for entry in self.overlay.entries() {
            if entry.committed_deadline_ms != NEVER {
                self.timers.offer(entry.hash, entry.committed_deadline_ms);
            }
        }
        self.marks.clear();
        self.overlay.clear();
        self.cells.discard();
        self.set_row_version(self.published_row_version);
        self.time_ms = self.published_time_ms;
        self.rescoring.clone_from(&self.published_rescoring);
    }
}
