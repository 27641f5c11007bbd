//! Rebuilds a slot's state from its inputs, from their beginning up to given offsets, without a word to anybody.
//!
//! The very worker that `run` uses does it, in memory: its source ends where the former life ended (`Bounded`), its transactions go nowhere
//! (`Silent`). Time is the events' own and runs on to where the slot stood, so that what was decided then is decided again, counts as
//! done, and is not said twice. What comes of it is the caller's to write. Called by `cli` (`state rebuild`).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::Committed;
use crate::worker::block;
use crate::worker::metadata::Metadata;
use crate::worker::source::{
    Arrival, Bounds, Claim, CommittedOffsets, Input, LogEntry, LogRead, Membership, Record as _, Source, SourceError,
};
use crate::worker::transaction::{Outgoing, Position, Transaction, TransactionError};
use crate::worker::{Next, Now, Rules, TimeMode, Worker, WorkerError};

use super::hold::Held;
use super::inspect::committed_offsets;
use super::{input_bounds, read_log};

/// Nothing is written, so a transaction's end costs only a pass over the changed rows.
const COMMIT_RECORDS: u64 = 50_000;
/// The longest sleep while the brokers have nothing for us.
const WAIT_MS_MAX: u64 = 20;

/// Where a slot stood, as far as it can be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    /// Of each input, in the order of the topics.
    pub bounds: Vec<Bounds>,
    /// Of each input the first offset that was not applied; where nothing is committed, the end as it is now.
    pub until: Vec<i64>,
    /// Slot time by the last block that can be read.
    pub time_ms: Option<i64>,
    /// Larger than any sequence number of the slot that we know of.
    pub next_seq: u64,
}

/// Asks the group and the changelog, whatever state that is in.
pub fn former<S: Source>(source: &mut S, topics: &[String], slot: u32, clock: &impl Fn() -> Now) -> Result<Former, WorkerError> {
    let committed = committed_offsets(source, slot, clock)?;
    let bounds = input_bounds(source, topics, slot)?;
    let until = committed.iter().zip(&bounds).map(|(committed, bounds)| {
        let until = committed.as_ref().map_or(bounds.high, |committed| committed.offset);
        until.clamp(bounds.low, bounds.high)
    });
    let until = until.collect();
    let mut seq = Metadata::newest(&committed).map_or(0, |metadata| metadata.seq);
    let mut time_ms = None;
    let low = source.changelog_bounds(slot)?.low;
    read_log(source, slot, low, |entry| {
        if let Ok((header, _)) = block::decode(&entry.value) {
            seq = seq.max(header.transaction.seq);
            time_ms = header.transaction.time_ms.or(time_ms);
        }
        Ok(())
    })?;
    Ok(Former { bounds, until, time_ms, next_seq: seq + 1 })
}

/// The rows of the slot, and its slot time.
pub fn rebuild<S: Source>(
    source: &mut S,
    held: &Held,
    rules: &Rules,
    slot: u32,
    former: &Former,
    clock: &impl Fn() -> Now,
) -> Result<(Arc<Committed>, Option<i64>), WorkerError> {
    let mut rules = rules.clone();
    rules.time = TimeMode::Event { until_ms: former.time_ms };
    rules.commit_records_max = COMMIT_RECORDS;
    (rules.base_ratio, rules.max_round_ms) = (0.0, u64::MAX);
    let committed = Arc::new(Committed::new());
    let bounded = Bounded { source, held, slot, until: former.until.clone(), told: vec![false; former.until.len()], is_assigned: false };
    let mut worker = Worker::new(bounded, Silent, rules, committed.clone());
    loop {
        let next = worker.step(clock())?;
        worker.take_report();
        let Next::Wait(longest_ms) = next else { continue };
        if worker.status().running == [slot] {
            let time_ms = worker.slot_states().first().and_then(|state| state.time_ms);
            return Ok((committed, time_ms));
        }
        worker.wait(longest_ms.min(WAIT_MS_MAX));
    }
}

/// One slot of a held group, as if it had no history, with inputs that end at given offsets.
struct Bounded<'a, S: Source> {
    source: &'a mut S,
    held: &'a Held,
    slot: u32,
    until: Vec<i64>,
    /// The end was told.
    told: Vec<bool>,
    is_assigned: bool,
}

impl<S: Source> Source for Bounded<'_, S> {
    type Record = S::Record;

    fn membership(&mut self) -> Result<Vec<Membership>, SourceError> {
        self.held.check(self.source).map_err(|error| match error {
            WorkerError::Unavailable(why) => SourceError::Unavailable(why),
            WorkerError::Refused(why) => SourceError::Refused(why),
            WorkerError::Fenced(why) => SourceError::Fenced(why),
        })?;
        let is_assigned = std::mem::replace(&mut self.is_assigned, true);
        Ok(if is_assigned { Vec::new() } else { vec![Membership::Assigned(vec![self.slot])] })
    }

    fn wait(&mut self, longest: Duration) {
        self.source.wait(longest);
    }

    fn take(&mut self, input: Input, most: usize, into: &mut VecDeque<Arrival<S::Record>>) -> Result<(), SourceError> {
        let until = self.until[input.topic];
        let told = &mut self.told[input.topic];
        let mut arrivals = VecDeque::new();
        self.source.take(input, most, &mut arrivals)?;
        for arrival in arrivals {
            match arrival {
                Arrival::Record(record) if record.offset() < until => into.push_back(Arrival::Record(record)),
                // an open transaction of a producer: what follows it comes when it has ended
                Arrival::End(offset) if offset < until => {}
                Arrival::Record(_) | Arrival::End(_) => {
                    if !std::mem::replace(told, true) {
                        into.push_back(Arrival::End(until));
                    }
                }
            }
        }
        Ok(())
    }

    fn start(&mut self, slot: u32, offsets: &[i64]) -> Result<(), SourceError> {
        self.source.start(slot, offsets)
    }

    fn claim(&mut self) -> Result<Claim, SourceError> {
        self.source.claim()
    }

    fn committed(&mut self, _slot: u32) -> Result<CommittedOffsets, SourceError> {
        Ok(CommittedOffsets::Stable(vec![None; self.until.len()]))
    }

    fn input_bounds(&mut self, input: Input) -> Result<Bounds, SourceError> {
        self.source.input_bounds(input)
    }

    fn changelog_bounds(&mut self, _slot: u32) -> Result<Bounds, SourceError> {
        Ok(Bounds { low: 0, high: 0 })
    }

    fn open_changelog(&mut self, _slot: u32, _from: i64) -> Result<(), SourceError> {
        Ok(())
    }

    fn read_changelog(&mut self, _slot: u32, _most_bytes: usize, _into: &mut Vec<LogEntry>) -> Result<LogRead, SourceError> {
        Ok(LogRead::End)
    }

    fn close_changelog(&mut self, _slot: u32) {}
}

/// Whatever is decided is taken for said.
struct Silent;

impl Transaction for Silent {
    fn writer(&self) -> &str {
        "rebuild"
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        Ok(())
    }

    fn send(&mut self, _record: &Outgoing<'_>) -> Result<(), TransactionError> {
        Ok(())
    }

    fn commit(&mut self, _positions: &[Position], _claim: &Claim) -> Result<(), TransactionError> {
        Ok(())
    }

    fn abort(&mut self) -> Result<(), TransactionError> {
        Ok(())
    }

    fn renew(&mut self) -> Result<(), TransactionError> {
        Ok(())
    }

    fn fence(&mut self, _writer: &str) -> Result<(), TransactionError> {
        Ok(())
    }

    fn trim(&mut self, _slot: u32, _before: i64) -> Result<(), TransactionError> {
        Ok(())
    }
}
