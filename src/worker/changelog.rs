//! What a slot's transaction writes to its changelog: bases the rounds ask for, the rows it changed, and the chain through both.
//!
//! `prepare` builds the blocks and what the slot's history will be once they are committed; `commit` makes it so. Nothing here is sent
//! or read back, and an aborted transaction leaves no trace: the next `prepare` begins from the same history. Called by `commit`.

use crate::engine::{Committed, Mark, Slot};

use super::block::{self, BLOCK_BYTES_MAX, BlockHeader, BlockKind, InputOffset, TransactionHeader};
use super::buffers::Buffers;
use super::chain::{Chain, ChainHasher};
use super::metadata::Metadata;
use super::rounds::{Piece, Progress, Rounds};
use super::rows::{self, BlockRow, RowKind};

/// Who writes, and under which rules: the same in every block of this worker.
#[derive(Debug, Clone)]
pub struct Writer {
    pub transactional_id: String,
    pub nonce: u64,
    pub configuration: u64,
}

/// A slot's place in its own history.
pub struct Changelog {
    slot: u32,
    seq: u64,
    chain: Chain,
    rounds: Rounds,
}

/// Blocks ready to send, and the history they make.
pub struct Prepared {
    pub blocks: Vec<Vec<u8>>,
    pub metadata: Metadata,
    pub base_bytes: usize,
    rounds: Rounds,
}

impl Changelog {
    /// A slot without any history: its first transaction is its genesis.
    pub fn empty(slot: u32, rounds: Rounds) -> Changelog {
        Changelog { slot, seq: 0, chain: Chain::default(), rounds }
    }

    /// A slot whose last transaction was this one.
    pub fn after(last: &TransactionHeader, rounds: Rounds) -> Changelog {
        Changelog { slot: last.slot, seq: last.seq, chain: last.chain, rounds }
    }

    pub fn chain(&self) -> Chain {
        self.chain
    }

    /// 0: nothing was ever committed.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// How far its rounds of bases have come.
    pub fn progress(&self) -> &Progress {
        self.rounds.progress()
    }

    pub fn wants_mark(&self) -> bool {
        self.seq > 0 && self.rounds.wants_mark()
    }

    /// Remembers the log's end between two transactions.
    pub fn mark(&mut self, offset: i64) {
        self.rounds.mark(offset);
    }

    /// Builds the blocks of a sealed slot.
    pub fn prepare(
        &self,
        slot: &Slot,
        committed: &Committed,
        offsets: Vec<InputOffset>,
        writer: &Writer,
        now_ms: u64,
        buffers: &mut Buffers,
    ) -> Prepared {
        let deltas = delta_bodies(slot, buffers);
        let delta_bytes = deltas.iter().map(Vec::len).sum();
        let mut rounds = self.rounds.clone();
        let pieces = rounds.spend(delta_bytes, now_ms, |region| committed.with_region(self.slot, region, |r| r.map_or(0, |r| r.bytes())));
        let mut bodies: Vec<(BlockKind, Vec<u8>)> =
            pieces.iter().flat_map(|piece| base_bodies(self.slot, *piece, committed, buffers)).collect();
        let base_bytes = bodies.iter().map(|(_, body)| body.len()).sum();
        bodies.extend(deltas.into_iter().map(|body| (BlockKind::Delta, body)));

        let mut hasher = ChainHasher::new(self.chain, writer.nonce);
        bodies.iter().for_each(|(_, body)| hasher.body(body));
        let transaction = TransactionHeader {
            slot: self.slot,
            seq: self.seq + 1,
            chain: hasher.finish(),
            nonce: writer.nonce,
            genesis: self.seq == 0,
            row_version: slot.row_version().number(),
            offsets,
            time_ms: slot.time_ms(),
            model_version: slot.model_version().to_owned(),
            configuration: writer.configuration,
            writer: writer.transactional_id.clone(),
        };
        let metadata =
            Metadata { seq: transaction.seq, chain: transaction.chain, start: rounds.start(), writer: writer.transactional_id.clone() };
        let blocks = encode(transaction, bodies, buffers).collect();
        Prepared { blocks, metadata, base_bytes, rounds }
    }

    /// The prepared transaction has been committed.
    pub fn commit(&mut self, prepared: Prepared, buffers: &mut Buffers) {
        self.seq = prepared.metadata.seq;
        self.chain = prepared.metadata.chain;
        self.rounds = prepared.rounds;
        prepared.blocks.into_iter().for_each(|block| buffers.give_back(block));
    }
}

/// A transaction's blocks, one after the other.
pub fn encode(transaction: TransactionHeader, bodies: Vec<(BlockKind, Vec<u8>)>, buffers: &mut Buffers) -> impl Iterator<Item = Vec<u8>> {
    let count = bodies.len();
    let mut header = BlockHeader { transaction, index: 0, last: false, kind: BlockKind::Delta };
    bodies.into_iter().enumerate().map(move |(index, (kind, body))| {
        header.index = index as u16;
        header.last = index + 1 == count;
        header.kind = kind;
        let mut block = buffers.take();
        block::encode_into(&header, &body, &mut block);
        buffers.give_back(body);
        block
    })
}

/// Changed rows, in order of first touch, then marks of erased customers, then cells; one empty body where nothing changed, because every transaction
/// leaves a trace.
fn delta_bodies(slot: &Slot, buffers: &mut Buffers) -> Vec<Vec<u8>> {
    let mut bodies = vec![buffers.take()];
    for change in slot.changes() {
        let row = BlockRow { kind: RowKind::Customer, id: change.id.as_bytes(), row: change.row };
        push(&mut bodies, row, buffers);
    }
    slot.marks().for_each(|mark| push_mark(&mut bodies, &mark, buffers));
    slot.cell_changes().for_each(|(key, row)| push_cell(&mut bodies, key, &row, buffers));
    bodies
}

/// A piece's rows as they are committed; the first body replaces the piece, further ones add to it.
pub fn base_bodies(slot: u32, piece: Piece, committed: &Committed, buffers: &mut Buffers) -> Vec<(BlockKind, Vec<u8>)> {
    let mut bodies = vec![buffers.take()];
    for region in piece.regions() {
        committed.with_region(slot, region, |region| {
            for (_, id, row) in region.into_iter().flat_map(|r| r.rows()) {
                push(&mut bodies, BlockRow { kind: RowKind::Customer, id, row: Some(row) }, buffers);
            }
            region.into_iter().flat_map(|r| r.marks()).for_each(|mark| push_mark(&mut bodies, mark, buffers));
            region.into_iter().flat_map(|r| r.cells()).for_each(|(key, row)| push_cell(&mut bodies, key, row, buffers));
        });
    }
    let kind = |index| BlockKind::Base { bits: piece.bits, value: piece.value, continued: index > 0 };
    bodies.into_iter().enumerate().map(|(index, body)| (kind(index), body)).collect()
}

fn push_mark(bodies: &mut Vec<Vec<u8>>, mark: &Mark, buffers: &mut Buffers) {
    push(bodies, BlockRow { kind: RowKind::Erased, id: &mark.id.0, row: Some(&mark.row()) }, buffers);
}

fn push_cell(bodies: &mut Vec<Vec<u8>>, key: &str, row: &[u8], buffers: &mut Buffers) {
    push(bodies, BlockRow { kind: RowKind::Cell, id: key.as_bytes(), row: Some(row) }, buffers);
}

fn push(bodies: &mut Vec<Vec<u8>>, row: BlockRow<'_>, buffers: &mut Buffers) {
    let bytes = row.id.len() + row.row.map_or(0, <[u8]>::len);
    if bodies.last().is_none_or(|body| body.len() + bytes > BLOCK_BYTES_MAX) {
        bodies.push(buffers.take());
    }
    if let Some(body) = bodies.last_mut() {
        rows::push_row(body, row);
    }
}
