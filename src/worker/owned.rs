//! A slot in the hands of a worker: on its way back from the changelog, or running.
//!
//! Only data and the two ways in and out; what happens to a running slot is in `step` and `commit`. Called by these two.

use std::collections::VecDeque;

use crate::engine::Slot;

use super::changelog::Changelog;
use super::merge::Merge;
use super::recovery::Recovery;
use super::source::Record;

/// Twice the marks of a round.
const RELAY_MARKS_MAX: usize = 64;

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
    pub relay_marks: RelayMarks,
    /// Since when the inputs stand further than committed with nothing to commit: markers of their producers' transactions.
    pub ahead_since_ms: Option<u64>,
    /// When cells may be written while inputs lag.
    pub cells_from_ms: u64,
    /// The latest event of a record of several; slot time goes only to the first of them.
    pub latest_ms: Option<i64>,
    /// The open transaction has taken records or fired timers of this slot.
    pub touched: bool,
}

/// Where the relay stood when marks of the changelog were made: a state that a restore may begin with, or a person go back to, finds its
/// messages there. As many as the changelog has marks in a round, and those of the last.
#[derive(Default)]
pub struct RelayMarks(VecDeque<(i64, i64)>);

impl RelayMarks {
    /// All blocks so far lie before `changelog`, and of the relay all before `relay` has been read.
    pub fn note(&mut self, changelog: i64, relay: i64) {
        self.0.push_back((changelog, relay));
        if self.0.len() > RELAY_MARKS_MAX {
            self.0.pop_front();
        }
    }

    /// Nothing before this offset of the changelog is needed any more; what is not needed of the relay, if that is more than before.
    pub fn pass(&mut self, changelog: i64) -> Option<i64> {
        let mut passed = None;
        while let Some((at, relay)) = self.0.front()
            && *at <= changelog
        {
            passed = Some(*relay);
            self.0.pop_front();
        }
        passed.filter(|relay| *relay > 0)
    }
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
