//! Brings a slot back as a new owner would, with every check, and only to look at it.
//!
//! It owns nothing and ends nobody's transaction: where a new owner would fence a dead one, it waits for the broker to do so. A slot that
//! would be refused is a finding, not an error. Called by `cli` (`state verify`, `state export`).

use crate::engine::{Region, hash_of, region_of};
use crate::worker::block::TransactionHeader;
use crate::worker::metadata::Metadata;
use crate::worker::recovery::{Progress, Recovered, Recovery};
use crate::worker::source::{Bounds, Claim, CommittedOffset, CommittedOffsets, Source};
use crate::worker::transaction::{Outgoing, OutputTopic, Position, Transaction, TransactionError};
use crate::worker::{Now, WorkerError};

use super::{PAUSE_MS, input_bounds};

/// Longer than any transaction may last that holds offsets open.
const STABLE_MS_MAX: u64 = 60_000;

/// How a slot stands.
pub struct Inspection {
    pub slot: u32,
    /// Of each input, in the order of the topics.
    pub inputs: Vec<Bounds>,
    pub changelog: Bounds,
    /// What the group has committed, before anything was verified.
    pub committed: Vec<Option<CommittedOffset>>,
    pub metadata: Option<Metadata>,
    /// The state it would run with, or why it would be refused.
    pub state: Result<Recovered, String>,
}

/// Looks at one slot. An error is Kafka's; what is wrong with the slot is in `state`.
pub fn inspect<S: Source>(source: &mut S, topics: &[String], slot: u32, clock: &impl Fn() -> Now) -> Result<Inspection, WorkerError> {
    let committed = committed_offsets(source, slot, clock)?;
    let inputs = input_bounds(source, topics, slot)?;
    let changelog = source.changelog_bounds(slot)?;
    let mut recovery = Recovery::new(slot, clock());
    let state = loop {
        match recovery.advance(source, &mut Bystander, topics, clock()) {
            Ok(Progress::Done(recovered)) => break Ok(*recovered),
            Ok(Progress::More) => {}
            Ok(Progress::Waiting) => source.wait(std::time::Duration::from_millis(PAUSE_MS)),
            Err(WorkerError::Refused(why)) => break Err(why),
            Err(error) => return Err(error),
        }
    };
    source.close_changelog(slot);
    Ok(Inspection { slot, inputs, changelog, metadata: Metadata::newest(&committed), committed, state })
}

impl Inspection {
    /// The last transaction of a state that was proven; `None`: refused, or without history.
    pub fn last(&self) -> Option<&TransactionHeader> {
        self.state.as_ref().ok().and_then(|state| state.last.as_ref())
    }

    /// (customers, bytes of ids and rows) of a state that was proven.
    pub fn size(&self) -> (usize, usize) {
        let regions = self.state.iter().flat_map(|state| &state.regions);
        regions.fold((0, 0), |(rows, bytes), (_, region)| (rows + region.len(), bytes + region.bytes()))
    }

    /// Cells of a state that was proven.
    pub fn cells(&self) -> usize {
        self.state.iter().flat_map(|state| &state.regions).map(|(_, region)| region.cells().count()).sum()
    }

    /// A customer's row in a state that was proven.
    pub fn row(&self, customer: &str) -> Option<&[u8]> {
        let hash = hash_of(customer);
        let regions = &self.state.as_ref().ok()?.regions;
        let found: Option<&Region> = regions.iter().find(|(number, _)| *number == region_of(hash)).map(|(_, region)| region);
        found.and_then(|region| region.get(hash, customer))
    }
}

/// The slot's committed offsets once no transaction holds them open.
pub fn committed_offsets<S: Source>(
    source: &mut S,
    slot: u32,
    clock: &impl Fn() -> Now,
) -> Result<Vec<Option<CommittedOffset>>, WorkerError> {
    let began_ms = clock().mono_ms;
    loop {
        match source.committed(slot)? {
            CommittedOffsets::Stable(offsets) => return Ok(offsets),
            CommittedOffsets::Unstable if clock().mono_ms - began_ms > STABLE_MS_MAX => {
                return Err(WorkerError::Unavailable(format!("slot {slot}: a transaction holds its committed offsets open")));
            }
            CommittedOffsets::Unstable => source.wait(std::time::Duration::from_millis(PAUSE_MS)),
        }
    }
}

/// Writes nothing and fences nobody.
struct Bystander;

fn not_ours() -> TransactionError {
    TransactionError::Refused("a look writes nothing".to_owned())
}

impl Transaction for Bystander {
    fn writer(&self) -> &str {
        ""
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        Err(not_ours())
    }

    fn send(&mut self, _record: &Outgoing<'_>) -> Result<(), TransactionError> {
        Err(not_ours())
    }

    fn commit(&mut self, _positions: &[Position], _claim: &Claim) -> Result<(), TransactionError> {
        Err(not_ours())
    }

    fn abort(&mut self) -> Result<(), TransactionError> {
        Err(not_ours())
    }

    fn renew(&mut self) -> Result<(), TransactionError> {
        Err(not_ours())
    }

    fn fence(&mut self, _writer: &str) -> Result<(), TransactionError> {
        Ok(())
    }

    fn trim(&mut self, _topic: OutputTopic, _slot: u32, _before: i64) -> Result<(), TransactionError> {
        Err(not_ours())
    }
}
