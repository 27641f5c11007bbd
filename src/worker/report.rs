//! What the worker did, as plain numbers, for whoever shows them.
//!
//! A tally counts one transaction and is reported only if that commits, so that work done again is counted once. No labels are invented
//! here beyond the engine's and the decoder's own closed lists. Filled by `turn` and `commit`, taken by the worker's runner.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::{Note, Outcome, RowVersion, Settings};
use crate::event::{Reason, RejectStage};

use super::trace::TraceLinks;
use super::transaction::OutputTopic;

/// Event times kept of a transaction, to show its latency.
const SAMPLES_MAX: usize = 512;

/// One transaction's counts.
#[derive(Debug, Default)]
pub struct Tally {
    /// (records, bytes) taken, by input topic.
    pub consumed: Vec<(u64, u64)>,
    /// Kind of event, outcome, and how many: to be added up, since kinds are told apart by where their names lie.
    pub events: Vec<(&'static str, Outcome, u64)>,
    pub rejects: BTreeMap<(Reason, RejectStage), u64>,
    pub produced: BTreeMap<OutputTopic, u64>,
    pub notes: Vec<Note>,
    pub event_times_ms: Vec<i64>,
    pub changelog_bytes: u64,
    pub base_bytes: u64,
    pub links: TraceLinks,
}

impl Tally {
    pub fn consume(&mut self, topic: usize, bytes: usize) {
        if self.consumed.len() <= topic {
            self.consumed.resize(topic + 1, (0, 0));
        }
        let (records, total_bytes) = &mut self.consumed[topic];
        *records += 1;
        *total_bytes += bytes as u64;
    }

    pub fn apply(&mut self, kind: &'static str, outcome: Outcome, time_ms: i64) {
        let known = self.events.iter_mut().find(|(name, found, _)| std::ptr::eq(*name, kind) && *found == outcome);
        match known {
            Some((_, _, count)) => *count += 1,
            None => self.events.push((kind, outcome, 1)),
        }
        if self.event_times_ms.len() < SAMPLES_MAX {
            self.event_times_ms.push(time_ms);
        }
    }

    pub fn produce(&mut self, topic: OutputTopic, records: u64) {
        *self.produced.entry(topic).or_default() += records;
    }
}

/// A committed transaction.
#[derive(Debug)]
pub struct Commit {
    pub tally: Tally,
    /// How long it was open.
    pub open_ms: u64,
}

/// One slot brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restoration {
    pub slot: u32,
    pub customers: usize,
    pub bytes: usize,
    /// It was held already, and only what had been written since was read.
    pub was_warm: bool,
    /// What was read of the changelog for it.
    pub log_records: u64,
    pub log_bytes: u64,
    pub took_ms: u64,
}

/// Everything since the last report.
#[derive(Debug, Default)]
pub struct Report {
    /// What has come into force, before all that follows.
    pub settings: Option<Arc<Settings>>,
    pub commits: Vec<Commit>,
    /// Why each transaction that did not commit did not, but for those below.
    pub aborts: Vec<String>,
    /// Why transactions ended that somebody else had to end: another has this writer's name or slots, or we are no member of the group.
    pub fenced: Vec<String>,
    /// What did not work and costs nothing but patience.
    pub troubles: Vec<String>,
    /// Commits whose outcome had to be asked of the group.
    pub resolved: u64,
    /// The group said what is ours, be it nothing.
    pub group_answered: bool,
    pub assigned: Vec<u32>,
    pub revoked: Vec<u32>,
    pub lost: Vec<u32>,
    pub restored: Vec<Restoration>,
}

/// A slot whose changelog is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoreState {
    pub slot: u32,
    /// Offsets up to the end of the changelog, markers of transactions included.
    pub remaining_records: u64,
    /// Estimated from those read so far.
    pub remaining_bytes: u64,
}

/// A slot of somebody else that is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandbyState {
    pub slot: u32,
    /// Offsets up to the end of the changelog; 0 once everything committed has been read.
    pub remaining_records: u64,
    /// Estimated from those read so far.
    pub remaining_bytes: u64,
    /// Memory of what is held, all in.
    pub bytes: usize,
}

/// A running slot as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotState {
    pub slot: u32,
    pub customers: usize,
    /// Memory, all in.
    pub bytes: usize,
    pub timers: usize,
    pub time_ms: Option<i64>,
    /// Of the rows it writes.
    pub row_version: RowVersion,
    /// What its customers have been scored with, as the changelog names it.
    pub scored_with: String,
}
