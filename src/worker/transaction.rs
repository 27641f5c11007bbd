//! Where decisions become durable: the second seam between the worker and the world.
//!
//! One transaction at a time holds outputs, dead letters, changelog blocks and input offsets. Implemented over librdkafka
//! (`kafka::Producer`) and over the in-memory log (`worker::memory`). An implementation never decides what a failure means for the
//! slots; it only says which of seven kinds it is. Called by the worker's loop, from the worker's own thread.

use thiserror::Error;

use super::source::{Claim, Input};

/// The topics lifetide writes; their names are the configuration's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutputTopic {
    Transitions,
    Clv,
    Actions,
    Aggregates,
    DeadLetters,
    Changelog,
    /// Words from customer to customer: an input of every slot, too.
    Relay,
}

/// One record to produce.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    pub topic: OutputTopic,
    /// `None`: by the partitioner, of the key.
    pub partition: Option<u32>,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    /// `None`: the moment of sending. The implementation lowers a time that lies ahead of the clock.
    pub timestamp_ms: Option<i64>,
    pub headers: &'a [(&'a str, &'a [u8])],
}

/// The next offset of an input, with the slot's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub input: Input,
    pub offset: i64,
    pub metadata: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TransactionError {
    /// Nothing was committed and the producer is good: abort, rewind, go on.
    #[error("transaction must be aborted: {0}")]
    Abort(String),
    /// As `Abort`, because a record is too large for its topic, or its time is refused: however often it is sent, it will be.
    #[error("a record cannot be written: {0}")]
    Unwritable(String),
    /// As `Unwritable`, of the changelog: no input record is to blame for how its topic is set.
    #[error("a block of the changelog cannot be written: {0}")]
    UnwritableChangelog(String),
    /// Nothing was committed, because somebody else has this writer's name or the slots by now: abort if the producer still can, else
    /// `renew`; rewind, go on.
    #[error("fenced: {0}")]
    Fenced(String),
    /// Nothing was committed and the producer is not good: `renew`, rewind, go on.
    #[error("producer must be renewed: {0}")]
    Renew(String),
    /// The commit may or may not have happened: `renew`, then ask the committed offsets.
    #[error("outcome of the commit is unknown: {0}")]
    Unknown(String),
    /// A person must act: missing rights, missing topics.
    #[error("{0}")]
    Refused(String),
}

pub trait Transaction {
    /// Stable name of this writer; a later `fence` of it ends what it left open.
    fn writer(&self) -> &str;

    fn begin(&mut self) -> Result<(), TransactionError>;

    /// Takes the record in, waiting while queues are full.
    fn send(&mut self, record: &Outgoing<'_>) -> Result<(), TransactionError>;

    /// Commits everything sent since `begin`, and the positions. `claim` must be the group's present one, else the group refuses.
    fn commit(&mut self, positions: &[Position], claim: &Claim) -> Result<(), TransactionError>;

    fn abort(&mut self) -> Result<(), TransactionError>;

    /// A fresh producer of the same name; on return the former one's transaction has ended, one way or the other.
    fn renew(&mut self) -> Result<(), TransactionError>;

    /// Ends whatever transaction another writer left open.
    fn fence(&mut self, writer: &str) -> Result<(), TransactionError>;

    /// Lets go of a slot's changelog or relay before this offset.
    fn trim(&mut self, topic: OutputTopic, slot: u32, before: i64) -> Result<(), TransactionError>;
}
