//! Begins histories of slots anew: one transaction with all their rows and their offsets.
//!
//! For each slot it holds a genesis followed by bases of the whole hash space, and the restore start lies before it and behind everything else:
//! what the changelog held until then no longer matters, whatever was wrong with it. Rows, offsets and metadata are committed together, so
//! that a crash leaves the old history or the new one. It chooses neither rows nor offsets. Called by `cli` (`state`), and by
//! `rebuild`, which begins with marks alone.

use crate::engine::{Committed, RowVersion};
use crate::worker::block::{BlockKind, InputOffset, TransactionHeader};
use crate::worker::buffers::Buffers;
use crate::worker::chain::{Chain, ChainHasher};
use crate::worker::changelog;
use crate::worker::metadata::Metadata;
use crate::worker::rounds::whole_space;
use crate::worker::source::{Input, Source, SourceError};
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
    /// The version its owner writes; no row is newer.
    pub row_version: RowVersion,
    /// What all customers of the rows have been scored with, as changelogs name it; empty: some with this, some with that, or nobody knows.
    /// If it is not what their next owner scores with, everybody is scored anew.
    pub scored_with: &'a str,
}

/// Writes all of them in one transaction and lets go of what came before.
pub fn rewrite<S: Source, T: Transaction>(
    (source, transaction): (&mut S, &mut T),
    held: &Held,
    rules: &Rules,
    beginnings: &[Beginning<'_>],
    clock: &impl Fn() -> Now,
) -> Result<(), WorkerError> {
    held.check(source)?;
    let starts = beginnings.iter().map(|beginning| source.changelog_bounds(beginning.slot).map(|bounds| bounds.high));
    let starts: Vec<i64> = starts.collect::<Result<_, SourceError>>()?;
    transaction.begin().map_err(WorkerError::of_transaction)?;
    let named = match send_all((source, transaction), held, rules, beginnings.iter().zip(&starts)) {
        Ok(named) => named,
        Err(error) => {
            // if even the abort fails, the broker ends it in time
            let _ = transaction.abort();
            return Err(error);
        }
    };
    commit((source, transaction), held, beginnings, &named, clock)?;
    // the old history is superfluous already: if it cannot be deleted now, the next owner's trims delete it
    for (beginning, start) in beginnings.iter().zip(starts) {
        if let Err(error @ TransactionError::Refused(_)) = transaction.trim(OutputTopic::Changelog, beginning.slot, start) {
            return Err(WorkerError::of_transaction(error));
        }
    }
    Ok(())
}

/// The metadata of each, in order.
fn send_all<'a, S: Source, T: Transaction>(
    (source, transaction): (&mut S, &mut T),
    held: &Held,
    rules: &Rules,
    beginnings: impl Iterator<Item = (&'a Beginning<'a>, &'a i64)>,
) -> Result<Vec<Metadata>, WorkerError> {
    let (mut named, mut buffers) = (Vec::new(), Buffers::default());
    for (beginning, start) in beginnings {
        let (metadata, blocks) = genesis(beginning, rules, transaction.writer(), *start, &mut buffers)?;
        send((source, transaction), held, beginning.slot, blocks)?;
        named.push(metadata);
    }
    Ok(named)
}

/// The blocks of the beginning, and the metadata that names it; `start`: where they will lie.
pub(super) fn genesis<'b>(
    beginning: &Beginning<'_>,
    rules: &Rules,
    writer: &str,
    start: i64,
    buffers: &'b mut Buffers,
) -> Result<(Metadata, impl Iterator<Item = Vec<u8>> + use<'b>), WorkerError> {
    let bodies = bodies(beginning, buffers);
    if bodies.len() > BLOCKS_MAX {
        return Err(WorkerError::Refused(format!("slot {}: {} blocks are too many for one transaction", beginning.slot, bodies.len())));
    }
    let header = header(beginning, rules, writer, &bodies);
    let metadata = Metadata { seq: header.seq, chain: header.chain, start, writer: header.writer.clone() };
    Ok((metadata, changelog::encode(header, bodies, buffers)))
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
    beginnings: &[Beginning<'_>],
    named: &[Metadata],
    clock: &impl Fn() -> Now,
) -> Result<(), WorkerError> {
    let mut positions = Vec::new();
    for (beginning, metadata) in beginnings.iter().zip(named) {
        let text = metadata.to_text();
        let offsets = beginning.offsets.iter().enumerate();
        positions.extend(offsets.map(|(topic, offset)| {
            let input = Input { topic, slot: beginning.slot };
            Position { input, offset: *offset, metadata: text.clone() }
        }));
    }
    let claim = held.check(source)?;
    match transaction.commit(&positions, &claim) {
        Ok(()) => Ok(()),
        Err(TransactionError::Unknown(why)) => {
            // a renewed producer ends what the former one left open; then a committed chain tells, of one as of all
            transaction.renew().map_err(WorkerError::of_transaction)?;
            let (Some(beginning), Some(metadata)) = (beginnings.first(), named.first()) else { return Ok(()) };
            let committed = Metadata::newest(&committed_offsets(source, beginning.slot, clock)?);
            match committed.is_some_and(|committed| committed.chain == metadata.chain) {
                true => Ok(()),
                false => Err(WorkerError::Unavailable(format!("slot {} was not changed: {why}", beginning.slot))),
            }
        }
        Err(error) => Err(WorkerError::of_transaction(error)),
    }
}

fn bodies(beginning: &Beginning<'_>, buffers: &mut Buffers) -> Vec<(BlockKind, Vec<u8>)> {
    let Beginning { slot, rows, .. } = *beginning;
    let pieces = whole_space(|region| rows.with_region(slot, region, |r| r.map_or(0, |r| r.bytes())));
    let mut bodies: Vec<(BlockKind, Vec<u8>)> =
        pieces.iter().flat_map(|piece| changelog::base_bodies(slot, *piece, rows, buffers)).collect();
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
        row_version: beginning.row_version.number(),
        offsets: offsets.map(|(topic, offset)| InputOffset { topic: topic.clone(), offset: *offset }).collect(),
        time_ms: beginning.time_ms,
        model_version: beginning.scored_with.to_owned(),
        configuration: rules.configuration,
        writer: writer.to_owned(),
    }
}
