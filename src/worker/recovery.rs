//! Brings a newly assigned slot to the state its committed offsets name, a bounded piece of work at a time.
//!
//! Fetch the stable committed metadata; read the changelog from its restore start until the block whose chain equals the metadata's;
//! verify; hand over. A dead owner's open transaction is fenced instead of waited for. Whatever does not agree is tried once more from
//! the top and then refused with the exact reason and the ways out: a slot is never served from a state that was not proven. Called by
//! the worker's loop between the slots that run.

use crate::engine::Region;

use super::block::{self, InputOffset, TransactionHeader};
use super::distance::Distance;
use super::metadata::Metadata;
use super::restore::{Restore, Target};
use super::rounds;
use super::source::{CommittedOffset, CommittedOffsets, Input, LogEntry, LogRead, Source, SourceError, WAYS_OUT};
use super::transaction::Transaction;
use super::{Now, WorkerError};

/// Offsets unstable for this long: their writer is dead or gone, and is fenced.
const UNSTABLE_MS: u64 = 500;
/// Offsets still unstable after this, fencing included: beyond any transaction time-out we allow.
const UNSTABLE_MS_MAX: u64 = 120_000;
/// The end of the log may come before the wanted state: the commit's marker reaches the changelog's partition a little later than the
/// offsets' one. Beyond any transaction time-out it will not come any more.
const MARKER_MS_MAX: u64 = 15_000;
/// The writer of the last block is looked for in this much of the log's end.
const TAIL_OFFSETS: i64 = 2_000;
/// One read of the changelog: long enough to be efficient, short enough for the other slots of the worker.
const READ_BYTES: usize = 4 * 1024 * 1024;
/// The first disagreement may be a race with a trim or an old owner's last commit; the second is the truth.
const ATTEMPTS_MAX: u32 = 2;
/// The writer trims while we read: each time the start is fetched anew. More often than this is not a race.
const RESTARTS_MAX: u32 = 20;

/// The state a slot starts running with.
pub struct Recovered {
    pub regions: Vec<(u16, Region)>,
    /// `None`: the slot has no history.
    pub last: Option<TransactionHeader>,
    /// Next offset of each input, in the order of the topics.
    pub offsets: Vec<i64>,
    /// Restore start in force.
    pub start: i64,
    /// How far the rounds of bases had come.
    pub round: rounds::Progress,
    /// What was read of the changelog.
    pub log_records: u64,
    pub log_bytes: u64,
}

impl Recovered {
    /// Of its rows.
    pub fn memory(&self) -> usize {
        self.regions.iter().map(|(_, region)| region.memory()).sum()
    }
}

pub enum Progress {
    /// Nothing to read at the moment.
    Waiting,
    More,
    Done(Box<Recovered>),
}

enum Stage {
    Fetch,
    /// Looks for the writer of the last committed block, to fence it.
    FindWriter {
        last: Option<String>,
    },
    /// No offsets were ever committed: the changelog must be empty too.
    ProveEmpty,
    Read(Reading),
}

/// A restore under way.
struct Reading {
    restore: Box<Restore>,
    offsets: Vec<Option<i64>>,
    start: i64,
    distance: Distance,
}

pub struct Recovery {
    slot: u32,
    stage: Stage,
    unstable_since_ms: Option<u64>,
    /// At the end of the log, and not there yet.
    short_since_ms: Option<u64>,
    /// Writers whose transactions have been ended already: whoever still holds the offsets is somebody else.
    fenced: Vec<String>,
    attempts: u32,
    restarts: u32,
    pub began_ms: u64,
}

impl Recovery {
    pub fn new(slot: u32, now: Now) -> Recovery {
        Recovery {
            slot,
            stage: Stage::Fetch,
            unstable_since_ms: None,
            short_since_ms: None,
            fenced: Vec::new(),
            attempts: 0,
            restarts: 0,
            began_ms: now.mono_ms,
        }
    }

    /// Does the next bounded piece of work.
    pub fn advance<S: Source, T: Transaction>(
        &mut self,
        source: &mut S,
        transaction: &mut T,
        topics: &[String],
        now: Now,
    ) -> Result<Progress, WorkerError> {
        match std::mem::replace(&mut self.stage, Stage::Fetch) {
            Stage::Fetch => match source.committed(self.slot)? {
                CommittedOffsets::Unstable => self.wait_for_stable(source, now),
                CommittedOffsets::Stable(offsets) => {
                    self.unstable_since_ms = None;
                    self.begin(source, topics, offsets)
                }
            },
            Stage::FindWriter { last } => self.find_writer(source, transaction, last),
            Stage::ProveEmpty => self.prove_empty(source, topics),
            Stage::Read(reading) => self.read(source, topics, reading, now),
        }
    }

    fn wait_for_stable<S: Source>(&mut self, source: &mut S, now: Now) -> Result<Progress, WorkerError> {
        let since_ms = *self.unstable_since_ms.get_or_insert(now.mono_ms);
        let waited_ms = now.mono_ms.saturating_sub(since_ms);
        if waited_ms > UNSTABLE_MS_MAX {
            return Err(self
                .refuse(format!("committed offsets stay unstable for {waited_ms} ms: a transaction of another program holds them open")));
        }
        if waited_ms >= UNSTABLE_MS {
            let bounds = source.changelog_bounds(self.slot)?;
            source.open_changelog(self.slot, bounds.low.max(bounds.high - TAIL_OFFSETS))?;
            self.stage = Stage::FindWriter { last: None };
        }
        Ok(Progress::Waiting)
    }

    fn find_writer<S: Source, T: Transaction>(
        &mut self,
        source: &mut S,
        transaction: &mut T,
        mut last: Option<String>,
    ) -> Result<Progress, WorkerError> {
        let mut entries = Vec::new();
        match source.read_changelog(self.slot, READ_BYTES, &mut entries)? {
            LogRead::More => {
                if let Some(writer) = last_writer(&entries) {
                    last = Some(writer);
                }
                self.stage = Stage::FindWriter { last };
                return Ok(if entries.is_empty() { Progress::Waiting } else { Progress::More });
            }
            LogRead::End => {
                let writer = last_writer(&entries).or(last).filter(|writer| !self.fenced.contains(writer));
                if let Some(writer) = writer {
                    transaction.fence(&writer).map_err(WorkerError::of_transaction)?;
                    self.fenced.push(writer);
                }
            }
            LogRead::OutOfRange => {}
        }
        source.close_changelog(self.slot);
        Ok(Progress::More)
    }

    fn begin<S: Source>(
        &mut self,
        source: &mut S,
        topics: &[String],
        committed: Vec<Option<CommittedOffset>>,
    ) -> Result<Progress, WorkerError> {
        let changelog = source.changelog_bounds(self.slot)?;
        if committed.iter().all(Option::is_none) {
            if changelog.low > 0 {
                return self.try_again(source, "the changelog has a history but the group has no committed offsets".into());
            }
            source.open_changelog(self.slot, changelog.low)?;
            self.stage = Stage::ProveEmpty;
            return Ok(Progress::More);
        }
        for (topic, committed) in committed.iter().enumerate() {
            let Some(committed) = committed else { continue };
            let low = source.input_bounds(Input { topic, slot: self.slot })?.low;
            if committed.offset < low {
                let name = &topics[topic];
                let why = format!(
                    "events of {name} were deleted before they were read: committed offset {} lies below the log start {low}",
                    committed.offset
                );
                return self.try_again(source, why);
            }
        }
        let Some(metadata) = Metadata::newest(&committed) else {
            let why =
                "the group has committed offsets, but not lifetide's: they were reset by a tool, or the group belongs to another program";
            return self.try_again(source, why.into());
        };
        if metadata.start < changelog.low {
            return self.restart(source);
        }
        source.open_changelog(self.slot, metadata.start)?;
        let target = Target { seq: metadata.seq, chain: metadata.chain };
        let offsets = committed.iter().map(|c| c.as_ref().map(|c| c.offset)).collect();
        let restore = Box::new(Restore::new(self.slot, target));
        let distance = Distance::new(metadata.start, changelog.high);
        self.stage = Stage::Read(Reading { restore, offsets, start: metadata.start, distance });
        Ok(Progress::More)
    }

    fn prove_empty<S: Source>(&mut self, source: &mut S, topics: &[String]) -> Result<Progress, WorkerError> {
        let mut entries = Vec::new();
        let read = source.read_changelog(self.slot, READ_BYTES, &mut entries)?;
        if !entries.is_empty() {
            return self.try_again(source, "the changelog holds committed blocks but the group has no committed offsets".into());
        }
        match read {
            LogRead::More => {
                self.stage = Stage::ProveEmpty;
                Ok(Progress::Waiting)
            }
            LogRead::OutOfRange => self.restart(source),
            LogRead::End => {
                source.close_changelog(self.slot);
                let low = |topic| source.input_bounds(Input { topic, slot: self.slot }).map(|bounds| bounds.low);
                let offsets = (0..topics.len()).map(low).collect::<Result<_, SourceError>>()?;
                Ok(Progress::Done(Box::new(Recovered {
                    regions: Vec::new(),
                    last: None,
                    offsets,
                    start: 0,
                    round: rounds::Progress::default(),
                    log_records: 0,
                    log_bytes: 0,
                })))
            }
        }
    }

    /// How far the reading of the changelog has come; `None` before and after it.
    pub fn distance(&self) -> Option<&Distance> {
        match &self.stage {
            Stage::Read(reading) => Some(&reading.distance),
            _ => None,
        }
    }

    /// Memory of what has been restored so far.
    pub fn memory(&self) -> usize {
        match &self.stage {
            Stage::Read(reading) => reading.restore.memory(),
            _ => 0,
        }
    }

    /// The next call asks the group, which may take half a second.
    pub fn asks_the_group(&self) -> bool {
        matches!(self.stage, Stage::Fetch)
    }

    fn read<S: Source>(&mut self, source: &mut S, topics: &[String], mut reading: Reading, now: Now) -> Result<Progress, WorkerError> {
        let mut entries = Vec::new();
        let read = source.read_changelog(self.slot, READ_BYTES, &mut entries)?;
        if read == LogRead::OutOfRange {
            return self.restart(source);
        }
        reading.distance.pass(&entries);
        for entry in &entries {
            if reading.restore.is_done() {
                break;
            }
            if let Err(error) = reading.restore.take(entry.offset, &entry.value) {
                return self.try_again(source, error.to_string());
            }
        }
        if !entries.is_empty() {
            self.short_since_ms = None;
        } else if read == LogRead::End {
            self.short_since_ms.get_or_insert(now.mono_ms);
        }
        let short_ms = self.short_since_ms.map_or(0, |since_ms| now.mono_ms.saturating_sub(since_ms));
        if !reading.restore.is_done() && short_ms <= MARKER_MS_MAX {
            self.stage = Stage::Read(reading);
            return Ok(if entries.is_empty() { Progress::Waiting } else { Progress::More });
        }
        self.short_since_ms = None;
        source.close_changelog(self.slot);
        let Reading { restore, offsets, start, distance } = reading;
        let named =
            topics.iter().zip(&offsets).filter_map(|(topic, offset)| offset.map(|offset| InputOffset { topic: topic.clone(), offset }));
        match restore.finish(&named.collect::<Vec<_>>()) {
            Err(error) => self.try_again(source, error.to_string()),
            Ok(restored) => {
                let mut next = Vec::with_capacity(offsets.len());
                for (topic, offset) in offsets.into_iter().enumerate() {
                    // an input configured since begins at its first record
                    let low = |source: &mut S| source.input_bounds(Input { topic, slot: self.slot }).map(|bounds| bounds.low);
                    next.push(offset.map_or_else(|| low(source), Ok)?);
                }
                Ok(Progress::Done(Box::new(Recovered {
                    regions: restored.regions,
                    last: Some(restored.last),
                    offsets: next,
                    start,
                    round: restored.round,
                    log_records: distance.records,
                    log_bytes: distance.bytes,
                })))
            }
        }
    }

    /// What does not agree may have been read at different times: a process that stood still meanwhile has lost the slot to somebody who
    /// wrote on, and does not know it yet.
    fn try_again<S: Source>(&mut self, source: &mut S, why: String) -> Result<Progress, WorkerError> {
        source.close_changelog(self.slot);
        self.attempts += 1;
        if self.attempts >= ATTEMPTS_MAX {
            return Err(self.refuse(why));
        }
        Ok(Progress::More)
    }

    /// The restore start was trimmed meanwhile: the committed metadata names a newer one by now.
    fn restart<S: Source>(&mut self, source: &mut S) -> Result<Progress, WorkerError> {
        source.close_changelog(self.slot);
        self.restarts += 1;
        if self.restarts >= RESTARTS_MAX {
            return Err(self.refuse("the changelog was deleted up to beyond its restore start".into()));
        }
        Ok(Progress::Waiting)
    }

    fn refuse(&self, why: String) -> WorkerError {
        WorkerError::Refused(format!("slot {}: {why}; {WAYS_OUT}", self.slot))
    }
}

fn last_writer(entries: &[LogEntry]) -> Option<String> {
    entries.iter().rev().find_map(|entry| block::decode(&entry.value).ok()).map(|(header, _)| header.transaction.writer)
}
