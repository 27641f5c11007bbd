//! Begins a slot's history anew: one transaction with all its rows and its offsets.
//!
//! The transaction is a genesis followed by bases of the whole hash space, and the restore start lies before it and behind everything else:
//! what the changelog held until then no longer matters, whatever was wrong with it. Rows, offsets and metadata are committed together, so
//! that a crash leaves the old history or the new one. It chooses neither rows nor offsets. Called by `cli` (`state`).

use crate::engine::Committed;
use crate::worker::block::{BlockKind, InputOffset, TransactionHeader};
use crate::worker::buffers::Buffers;
use crate::worker::chain::{Chain, ChainHasher};
use crate::worker::changelog::{self, ROW_VERSION};
use crate::worker::metadata::Metadata;
use crate::worker::rounds::whole_space;
use crate::worker::source::{Input, Source};
use crate::worker::transaction::{Outgoing, OutputTopic, Position, Transaction, TransactionError};
use crate::worker::{Now, Rules, WorkerError};

use super::hold::Held;
use super::inspect::committed_offsets;

/// The group is served between so many blocks: some 32 MiB, well within its patience.
const BLOCKS_PER_CHECK: usize = 64;
/// Blocks are numbered with 16 bits.
const BLOCKS_MAX: usize = u16::MAX as usize;

/// What a slot shall begin with; its rows are those of `rows` under this slot.
pub struct Beginning<'a> {
    pub slot: u32,
    pub rows: &'a Committed,
    /// Larger than any this slot had before.
    pub seq: u64,
    /// Next offset of each input, in the order of the topics.
    pub offsets: &'a [i64],
    pub time_ms: Option<i64>,
}

/// Writes it and lets go of what came before.
pub fn rewrite<S: Source, T: Transaction>(
    (source, transaction): (&mut S, &mut T),
    held: &Held,
    rules: &Rules,
    beginning: &Beginning<'_>,
    clock: &impl Fn() -> Now,
) -> Result<(), WorkerError> {
    let slot = beginning.slot;
    held.check(source)?;
    let start = source.changelog_bounds(slot)?.high;
    let bodies = bodies(beginning);
    if bodies.len() > BLOCKS_MAX {
        return Err(WorkerError::Refused(format!("slot {slot}: {} blocks are too many for one transaction", bodies.len())));
    }
    let header = header(beginning, rules, transaction.writer(), &bodies);
    let metadata = Metadata { seq: header.seq, chain: header.chain, start, writer: header.writer.clone() };
    transaction.begin().map_err(WorkerError::of_transaction)?;
    if let Err(error) = send((source, transaction), held, slot, changelog::encode(header, bodies, &mut Buffers::default())) {
        // if even the abort fails, the broker ends it in time
        let _ = transaction.abort();
        return Err(error);
    }
    commit((source, transaction), held, beginning, &metadata, clock)?;
    // the old history is superfluous already: if it cannot be deleted now, the next owner's trims delete it
    match transaction.trim(slot, start) {
        Err(error @ TransactionError::Refused(_)) => Err(WorkerError::of_transaction(error)),
        _ => Ok(()),
    }
}

fn send<S: Source, T: Transaction>(
    (source, transaction): (&mut S, &mut T),
    held: &Held,
    slot: u32,
    blocks: impl Iterator<Item = Vec<u8>>,
) -> Result<(), WorkerError> {
    for (number, block) in blocks.enumerate() {
        if number % BLOCKS_PER_CHECK == 0 {
            held.check(source)?;
        }
        let record = Outgoing {
            topic: OutputTopic::Changelog,
            partition: Some(slot),
            key: None,
            value: Some(&block),
            timestamp_ms: None,
            headers: &[],
        };
        transaction.send(&record).map_err(WorkerError::of_transaction)?;
    }
    Ok(())
}

fn commit<S: Source, T: Transaction>(
    (source, transaction): (&mut S, &mut T),
    held: &Held,
    beginning: &Beginning<'_>,
    metadata: &Metadata,
    clock: &impl Fn() -> Now,
) -> Result<(), WorkerError> {
    let slot = beginning.slot;
    let text = metadata.to_text();
    let offsets = beginning.offsets.iter().enumerate();
    let positions: Vec<Position> =
        offsets.map(|(topic, offset)| Position { input: Input { topic, slot }, offset: *offset, metadata: text.clone() }).collect();
    let claim = held.check(source)?;
    match transaction.commit(&positions, &claim) {
        Ok(()) => Ok(()),
        Err(TransactionError::Unknown(why)) => {
            // a renewed producer ends what the former one left open; then the committed chain tells
            transaction.renew().map_err(WorkerError::of_transaction)?;
            let committed = Metadata::newest(&committed_offsets(source, slot, clock)?);
            match committed.is_some_and(|committed| committed.chain == metadata.chain) {
                true => Ok(()),
                false => Err(WorkerError::Unavailable(format!("slot {slot} was not changed: {why}"))),
            }
        }
        Err(error) => Err(WorkerError::of_transaction(error)),
    }
}

fn bodies(beginning: &Beginning<'_>) -> Vec<(BlockKind, Vec<u8>)> {
    let Beginning { slot, rows, .. } = *beginning;
    let mut buffers = Buffers::default();
    let pieces = whole_space(|region| rows.with_region(slot, region, |r| r.map_or(0, |r| r.bytes())));
    let mut bodies: Vec<(BlockKind, Vec<u8>)> =
        pieces.iter().flat_map(|piece| changelog::base_bodies(slot, *piece, rows, &mut buffers)).collect();
    bodies.push((BlockKind::Delta, Vec::new()));
    bodies
}

fn header(beginning: &Beginning<'_>, rules: &Rules, writer: &str, bodies: &[(BlockKind, Vec<u8>)]) -> TransactionHeader {
    let mut hasher = ChainHasher::new(Chain::default(), rules.nonce);
    bodies.iter().for_each(|(_, body)| hasher.body(body));
    let offsets = rules.topics.iter().zip(beginning.offsets);
    TransactionHeader {
        slot: beginning.slot,
        seq: beginning.seq,
        chain: hasher.finish(),
        nonce: rules.nonce,
        genesis: true,
        row_version: ROW_VERSION,
        offsets: offsets.map(|(topic, offset)| InputOffset { topic: topic.clone(), offset: *offset }).collect(),
        time_ms: beginning.time_ms,
        model_version: rules.engine.value.parameters.version.clone(),
        configuration: rules.configuration,
        writer: writer.to_owned(),
    }
}
