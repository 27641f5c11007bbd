//! The worker: one owner, one loop, exactly once.
//!
//! A worker owns slots, and all that happens to them happens here, in one order: take records, merge them by time, let the engine decide,
//! make everything durable in one transaction, and only then publish the new state. It is a state machine over two seams (`Source`,
//! `Transaction`) with time as an argument: librdkafka and an in-memory log both drive the same code. It has no threads, clock,
//! metrics or configuration text of its own. Called by `runner` (threads, `run`), by `replay`, and by simulation.
//!
//! Reading order: `step` (the loop's body), `turn`, `merge`, `message`, `outgoing`, `commit`, `changelog` and its `block`s, `recovery` and `restore`, `standby` and `follow`
//! (slots of others, kept ready); `offline` is what a person can do to slots that nobody runs.

mod admission;
pub mod block;
mod buffers;
pub mod chain;
mod changelog;
mod commit;
mod distance;
mod follow;
mod in_force;
mod merge;
mod message;
pub mod metadata;
mod outgoing;
mod owned;
mod partitioner;
mod reader;
mod recovery;
mod report;
pub mod restore;
mod rounds;
pub mod rows;
mod standby;
mod step;
mod taking;
mod trace;
mod turn;
pub mod upgrade;

pub mod dead_letter;
pub mod memory;
pub mod nowhere;
pub mod offline;
pub mod runner;

pub mod source;
pub mod transaction;

pub use block::InputOffset;
pub use in_force::{Change, InForce};
pub use metadata::Metadata;
pub use partitioner::{misplaced, partition_of};
pub use report::{Commit, Report, Restoration, RestoreState, SlotState, StandbyState, Tally};
pub use standby::Shelf;
pub use trace::{OwnSpan, TRACEPARENT, TRACESTATE, TraceHeaders, TraceRules};

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use crate::engine::{Committed, Outputs, RowVersion, Settings};
use crate::event::DecodeRules;

use admission::Unserved;
use buffers::Buffers;
use changelog::Writer;
use commit::{Batch, Blamed};
use follow::Followers;
use owned::Owned;
use source::{Claim, Input, Source, SourceError};
use transaction::{Transaction, TransactionError};

/// The present, as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a clock that never goes back; its origin means nothing.
    pub mono_ms: u64,
    /// Milliseconds since 1970 by the wall clock.
    pub wall_ms: i64,
}

/// Where slot time comes from (`time.mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeMode {
    /// From events alone; after the last of them it runs on to `until_ms`, where that is given.
    Event { until_ms: Option<i64> },
    /// From events while catching up, then from the wall clock less a grace.
    Wall { idle_grace_ms: i64 },
}

/// What a worker is told once.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The consumer group: words to a slot are for one.
    pub group: String,
    /// Input topics in the order of the configuration, which breaks ties of the merge, and the relay behind them.
    pub topics: Vec<String>,
    /// Number of slots, to check that keys were partitioned as they should; `None` trusts the producers.
    pub partitions: Option<u32>,
    pub decode: DecodeRules,
    pub engine: Arc<Settings>,
    /// What has come into force since; one for all workers of the process.
    pub in_force: Arc<InForce>,
    pub time: TimeMode,
    pub commit_interval_ms: u64,
    pub commit_records_max: u64,
    pub commit_bytes_max: usize,
    pub base_ratio: f64,
    pub max_round_ms: u64,
    /// A transaction that tells other customers anything ends at once, so that they hear of it before anything else happens: for replays.
    pub relays_at_once: bool,
    pub traces: TraceRules,
    /// Memory of all slots of the process beyond which no further slot is taken up.
    pub state_bytes_max: Option<usize>,
    /// Slots this worker follows while nobody of its process owns them.
    pub follows: Vec<u32>,
    /// What the process holds of slots it does not own; one for all its workers.
    pub shelf: Arc<Shelf>,
    /// Of the rows of slots without a history; others go on in theirs.
    pub row_version: RowVersion,
    /// Fingerprint of the configuration, for block headers.
    pub configuration: u64,
    /// Of this worker's life, so that no two lives write the same chain.
    pub nonce: u64,
}

impl Rules {
    /// Where the relay stands among the topics.
    pub fn relay(&self) -> usize {
        self.topics.len() - 1
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WorkerError {
    /// A dependency failed; a new worker may succeed.
    #[error("{0}")]
    Unavailable(String),
    /// A person must act first; the text says how.
    #[error("{0}")]
    Refused(String),
    /// The group knows somebody else under our name. A new worker may succeed, but not for ever.
    #[error("{0}")]
    Fenced(String),
}

impl From<SourceError> for WorkerError {
    fn from(error: SourceError) -> WorkerError {
        match error {
            SourceError::Unavailable(why) => WorkerError::Unavailable(why),
            SourceError::Refused(why) => WorkerError::Refused(why),
            SourceError::Fenced(why) => WorkerError::Fenced(why),
        }
    }
}

impl WorkerError {
    /// What a failed transaction means for whoever cannot go on without it. Not a `From`: within a step most of them end the transaction
    /// and not the worker.
    pub fn of_transaction(error: TransactionError) -> WorkerError {
        match error {
            TransactionError::Refused(why) => WorkerError::Refused(why),
            other => WorkerError::Unavailable(other.to_string()),
        }
    }
}

/// What can go wrong inside a step, by who deals with it.
enum Failure {
    /// The worker ends.
    Worker(WorkerError),
    /// The open transaction ends, the worker goes on.
    Transaction(TransactionError),
}

impl<E: Into<WorkerError>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Worker(error.into())
    }
}

/// What the loop shall do after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Now,
    /// Nothing can happen before this many milliseconds, unless the source wakes.
    Wait(u64),
}

/// Where the slots of a worker stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Ours, and not taken up: `state_bytes_max` is used up.
    pub unserved: Vec<u32>,
    pub recovering: Vec<u32>,
    pub lagging: Vec<u32>,
    pub running: Vec<u32>,
}

pub struct Worker<S: Source, T: Transaction> {
    source: S,
    transaction: T,
    rules: Rules,
    writer: Writer,
    committed: Arc<Committed>,
    /// In slot order, which is the order of work: maps of hashes decide nothing.
    slots: BTreeMap<u32, Owned<S::Record>>,
    /// Assigned slots there is no room for.
    unserved: BTreeMap<u32, Unserved>,
    /// What had been restored of each slot on its way back when room was last looked at.
    rationed: Vec<(u32, usize)>,
    followers: Followers,
    /// Whose turn it is first.
    first_slot: u32,
    /// The group's claim as of the last assignment.
    claim: Option<Claim>,
    batch: Option<Batch>,
    /// Transactions begun in this life.
    begun: u64,
    outputs: Outputs,
    buffers: Buffers,
    /// Transactions in a row that ended without a commit; those that only searched for a record to blame do not count.
    failures: u32,
    /// Of the settings in force, as `InForce` counts them.
    changes: u64,
    /// Records the next transaction may hold: halved by each failure, so that a record that cannot be written is found alone, and doubled by
    /// each commit, up to `commit_records_max`.
    records_max: u64,
    /// To be put aside when they come again; at most one of each input.
    blamed: Vec<Blamed>,
    /// No new transaction before this moment: the last one failed.
    rest_until_ms: u64,
    /// When the last step began.
    stepped_ms: u64,
    /// We stood still since the inputs were last looked at.
    stalled: bool,
    report: Report,
}

impl<S: Source, T: Transaction> Worker<S, T> {
    pub fn new(source: S, transaction: T, rules: Rules, committed: Arc<Committed>) -> Worker<S, T> {
        let writer = Writer { transactional_id: transaction.writer().to_owned(), nonce: rules.nonce, configuration: rules.configuration };
        let (report, records_max) = (Report::default(), rules.commit_records_max);
        Worker {
            source,
            transaction,
            rules,
            writer,
            committed,
            slots: BTreeMap::new(),
            unserved: BTreeMap::new(),
            rationed: Vec::new(),
            records_max,
            followers: Followers::default(),
            first_slot: 0,
            claim: None,
            batch: None,
            begun: 0,
            outputs: Outputs::default(),
            buffers: Buffers::default(),
            failures: 0,
            changes: 0,
            blamed: Vec::new(),
            rest_until_ms: 0,
            stepped_ms: 0,
            stalled: false,
            report,
        }
    }

    /// Takes what has happened since the last call.
    pub fn take_report(&mut self) -> Report {
        std::mem::take(&mut self.report)
    }

    /// Sleeps until the source has something, at most this long.
    pub fn wait(&mut self, longest_ms: u64) {
        self.source.wait(std::time::Duration::from_millis(longest_ms));
    }

    /// Ends what is open, without beginning anything; true when nothing is open any more.
    pub fn finish(&mut self, now: Now) -> Result<bool, WorkerError> {
        if self.batch.is_some() {
            self.commit(now)?;
        }
        Ok(self.batch.is_none())
    }

    /// Gives up all slots: their rows are no longer served.
    pub fn leave(&mut self) {
        for number in std::mem::take(&mut self.slots).into_keys() {
            self.withdraw(number);
            self.rules.shelf.disown(number, self.rules.nonce);
        }
        for number in std::mem::take(&mut self.unserved).into_keys() {
            self.rules.shelf.disown(number, self.rules.nonce);
        }
        self.stop_following();
    }

    /// The running slots, sized: reads every region once, so not for every step.
    pub fn slot_states(&self) -> Vec<SlotState> {
        let running = self.slots.iter().filter_map(|(number, owned)| match owned {
            Owned::Running(running) => Some((*number, &running.slot)),
            Owned::Recovering(_) => None,
        });
        running
            .map(|(number, slot)| {
                let (customers, bytes) = self.committed.footprint(number);
                SlotState {
                    slot: number,
                    customers,
                    bytes,
                    timers: slot.timers(),
                    time_ms: slot.time_ms(),
                    row_version: slot.row_version(),
                    scored_with: slot.model_version().to_owned(),
                }
            })
            .collect()
    }

    /// How far the slots have come whose changelogs are being read.
    pub fn restore_states(&self) -> Vec<RestoreState> {
        let recovering = self.slots.iter().filter_map(|(number, owned)| match owned {
            Owned::Recovering(recovery) => Some((*number, recovery.distance()?)),
            Owned::Running(_) => None,
        });
        recovering
            .map(|(slot, distance)| RestoreState {
                slot,
                remaining_records: distance.remaining_records(),
                remaining_bytes: distance.remaining_bytes(),
            })
            .collect()
    }

    /// Records between the next one to be taken and the end of one input (the `nth` of all running ones, counted round and round).
    pub fn lag(&mut self, nth: usize) -> Result<Option<(Input, u64)>, WorkerError> {
        let running: Vec<(u32, Vec<i64>)> = self
            .slots
            .iter()
            .filter_map(|(number, owned)| match owned {
                Owned::Running(running) => Some((*number, running.merge.offsets())),
                Owned::Recovering(_) => None,
            })
            .collect();
        let topics = self.rules.topics.len();
        if running.is_empty() {
            return Ok(None);
        }
        let (slot, offsets) = &running[nth / topics % running.len()];
        let input = Input { topic: nth % topics, slot: *slot };
        let high = self.source.input_bounds(input)?.high;
        Ok(Some((input, high.saturating_sub(offsets[input.topic]).max(0) as u64)))
    }

    pub fn status(&self) -> Status {
        let mut status = Status { unserved: self.unserved.keys().copied().collect(), ..Status::default() };
        for (number, owned) in &self.slots {
            let list = match owned {
                Owned::Recovering(_) => &mut status.recovering,
                Owned::Running(running) if running.merge.is_lagging() => &mut status.lagging,
                Owned::Running(_) => &mut status.running,
            };
            list.push(*number);
        }
        status
    }
}
