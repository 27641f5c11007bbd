//! The group's committed offsets: what transactions have committed, and what open ones would.
//!
//! Read as lifetide reads them (require stable): while a transaction with offsets of a partition has not got its marker, there is no answer.
//! Called by `cluster`.

use std::collections::BTreeMap;

use lifetide::worker::source::{CommittedOffset, CommittedOffsets, Input};
use lifetide::worker::transaction::Position;

#[derive(Default)]
pub struct Offsets {
    committed: BTreeMap<Input, CommittedOffset>,
    pending: BTreeMap<usize, Vec<Position>>,
}

impl Offsets {
    /// TxnOffsetCommit, after its checks.
    pub fn add(&mut self, writer: usize, positions: &[Position]) {
        self.pending.entry(writer).or_default().extend_from_slice(positions);
    }

    /// The marker of a transaction has arrived.
    pub fn mark(&mut self, writer: usize, commit: bool) {
        for position in self.pending.remove(&writer).unwrap_or_default() {
            if commit {
                self.committed.insert(position.input, CommittedOffset { offset: position.offset, metadata: position.metadata });
            }
        }
    }

    pub fn of(&self, slot: u32, topics: usize) -> CommittedOffsets {
        if self.pending.values().flatten().any(|position| position.input.slot == slot) {
            return CommittedOffsets::Unstable;
        }
        CommittedOffsets::Stable(self.last(slot, topics))
    }

    /// Without minding open transactions.
    pub fn last(&self, slot: u32, topics: usize) -> Vec<Option<CommittedOffset>> {
        (0..topics).map(|topic| self.committed.get(&Input { topic, slot }).cloned()).collect()
    }
}
