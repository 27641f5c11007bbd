//! Where records come from: the first of the two seams between the worker's decisions and the world.
//!
//! librdkafka implements it (`kafka::Consumer`), and so does an in-memory log (`worker::memory`), which drives `replay`.
//! An implementation moves bytes and offsets; it decides nothing: it neither orders partitions, nor skips records, nor commits.
//! Called by the worker's loop, from the worker's own thread.

use std::collections::VecDeque;
use std::time::Duration;

use thiserror::Error;

/// One partition of one topic that slots read: `topic` counts in the order of `input.topics`, with the relay behind them, `slot` is the
/// partition number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Input {
    pub topic: usize,
    pub slot: u32,
}

/// A record as it came; it owns its bytes.
pub trait Record: 'static {
    fn key(&self) -> Option<&[u8]>;
    fn value(&self) -> Option<&[u8]>;
    fn timestamp_ms(&self) -> Option<i64>;
    fn offset(&self) -> i64;
    /// All headers in order; a null value is an empty one.
    fn each_header(&self, visit: &mut dyn FnMut(&str, &[u8]));
}

/// What one partition delivered.
#[derive(Debug)]
pub enum Arrival<R> {
    Record(R),
    /// Everything committed so far has been delivered; the offset from which the next record may come (the last stable one, beyond the
    /// markers of transactions).
    End(i64),
}

/// A change of the slots this member owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    Assigned(Vec<u32>),
    /// The group took slots back in order; their new owner waits for us.
    Revoked(Vec<u32>),
    /// The group gave the slots to somebody else already.
    Lost(Vec<u32>),
}

/// Who we are to the group: member id and generation, opaque. Two claims are equal when neither has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim(pub Vec<u8>);

/// Committed position of a slot's inputs, in the order of the topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedOffset {
    pub offset: i64,
    pub metadata: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommittedOffsets {
    /// `None` where nothing was ever committed.
    Stable(Vec<Option<CommittedOffset>>),
    /// A transaction with offsets of this slot is still open somewhere.
    Unstable,
}

/// First offset still there, and one past the last (the high watermark, open transactions included).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub low: i64,
    pub high: i64,
}

/// One record of a changelog partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    pub offset: i64,
    pub value: Vec<u8>,
}

/// Where a changelog reader stands after a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogRead {
    /// More may follow, now or soon.
    More,
    /// The end at the last stable offset.
    End,
    /// The start asked for has been trimmed away.
    OutOfRange,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SourceError {
    /// Worth trying again: brokers unreachable, coordinator moving.
    #[error("kafka is unavailable: {0}")]
    Unavailable(String),
    /// Trying again cannot help; a person must: the text names what is wrong and the ways out.
    #[error("{0}")]
    Refused(String),
    /// Somebody has joined the group under our name: another process, or our own former self as the broker remembers it after an outage.
    /// Joining again tells them apart.
    #[error("{0}")]
    Fenced(String),
}

/// What a person can do about a slot whose history does not fit its offsets.
pub const WAYS_OUT: &str = "ways out (docs/runbook.md), each shown first and done with --yes: put topics and offsets back as they were; \
    `state adopt` where the committed offsets are gone; `state repair` where changelog and offsets disagree (with --skip-lost, where events \
    are gone); `state rebuild --mute-actions` where the changelog proves nothing any more; `state reset` to begin empty, with \
    plays.not_before set to now so that nobody is mailed again";

pub trait Source {
    type Record: Record;

    /// Serves the group and returns what changed. Only ever called while no transaction is open: a revocation is acknowledged by this
    /// very call. Must be called at least every few seconds.
    fn membership(&mut self) -> Result<Vec<Membership>, SourceError>;

    /// Sleeps until something may have arrived, at most `longest`.
    fn wait(&mut self, longest: Duration);

    /// Moves at most `most` arrivals of one partition into `into`, without waiting. What is not taken stays with the source, which
    /// stops fetching at its own bounds: that is the back-pressure.
    fn take(&mut self, input: Input, most: usize, into: &mut VecDeque<Arrival<Self::Record>>) -> Result<(), SourceError>;

    /// Delivers the slot's inputs from these offsets on (in the order of the topics), and nothing from before.
    fn start(&mut self, slot: u32, offsets: &[i64]) -> Result<(), SourceError>;

    /// The claim as it is now, read fresh.
    fn claim(&mut self) -> Result<Claim, SourceError>;

    /// The slot's committed offsets, not older than any transaction that ended before the call.
    fn committed(&mut self, slot: u32) -> Result<CommittedOffsets, SourceError>;

    fn input_bounds(&mut self, input: Input) -> Result<Bounds, SourceError>;

    fn changelog_bounds(&mut self, slot: u32) -> Result<Bounds, SourceError>;

    /// Begins reading a slot's changelog, committed records only.
    fn open_changelog(&mut self, slot: u32, from: i64) -> Result<(), SourceError>;

    /// As `open_changelog`, for whoever is in no hurry: little is fetched ahead, and reading never waits.
    fn follow_changelog(&mut self, slot: u32, from: i64) -> Result<(), SourceError> {
        self.open_changelog(slot, from)
    }

    /// Reads what is there, at most about `most_bytes`, waiting a few milliseconds at most.
    fn read_changelog(&mut self, slot: u32, most_bytes: usize, into: &mut Vec<LogEntry>) -> Result<LogRead, SourceError>;

    fn close_changelog(&mut self, slot: u32);
}
