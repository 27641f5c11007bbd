//! A slot in the hands of a worker: on its way back from the changelog, or running.
//!
//! Only data and the two ways in and out; what happens to a running slot is in `step` and `commit`. Called by these two.

use crate::engine::Slot;

use super::changelog::Changelog;
use super::merge::Merge;
use super::recovery::Recovery;
use super::source::Record;

pub enum Owned<R: Record> {
    Recovering(Box<Recovery>),
    Running(Box<Running<R>>),
}

pub struct Running<R: Record> {
    pub slot: Slot,
    pub merge: Merge<R>,
    pub changelog: Changelog,
    /// Next offset of each input as of the last commit: where an abort rewinds to.
    pub committed_offsets: Vec<i64>,
    /// The restore start that the committed metadata names: what lies before it may go.
    pub committed_start: i64,
    /// Up to where the changelog has been trimmed.
    pub trimmed: i64,
    /// Since when the inputs stand further than committed with nothing to commit: markers of their producers' transactions.
    pub ahead_since_ms: Option<u64>,
    /// When cells may be written while inputs lag.
    pub cells_from_ms: u64,
    /// The latest event of a record of several; slot time goes only to the first of them.
    pub latest_ms: Option<i64>,
    /// The open transaction has taken records or fired timers of this slot.
    pub touched: bool,
}

impl<R: Record> Running<R> {
    /// Forgets everything since the last commit.
    pub fn rewind(&mut self) {
        self.slot.discard();
        self.merge = Merge::new(&self.committed_offsets);
        self.touched = false;
        self.ahead_since_ms = None;
        self.latest_ms = None;
    }
}
