//! The changelog's record: a block of rows behind a header that lets restore verify what it reads.
//!
//! A transaction of a slot writes its bases (rows of one hash prefix as they were before it) and then its deltas (rows it changed), all
//! with one `seq` and one `chain`. Layout, little-endian: magic, checksum of all that follows, header, rows. This file turns values into
//! bytes and back and checks the checksum; what a block means is `restore`'s and `changelog`'s affair. Format 1 stays readable for ever.

use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

use super::chain::Chain;
use super::reader::Reader;
use crate::engine::RowVersion;

const MAGIC: [u8; 4] = *b"LTCL";
pub const FORMAT: u8 = 1;
/// Bytes before the part that the checksum covers.
const CHECKED_FROM: usize = MAGIC.len() + 8;
/// A header is seldom longer.
const HEADER_BYTES_MOSTLY: usize = 256;
/// Rows are gathered until a block has this many bytes: half of the default `message.max.bytes` of a broker, uncompressed.
pub const BLOCK_BYTES_MAX: usize = 512 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// Replaces every row whose hash begins with the `bits` lowest bits of `value`; a continued base adds to the one before it.
    Base { bits: u8, value: u16, continued: bool },
    /// Rows changed or deleted by the transaction.
    Delta,
}

/// One input's position after the transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputOffset {
    pub topic: String,
    pub offset: i64,
}

/// What is the same in all blocks of one transaction of one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionHeader {
    pub slot: u32,
    pub seq: u64,
    pub chain: Chain,
    /// Of the writer; part of the chain, so that two writers of the same history differ.
    pub nonce: u64,
    /// This transaction begins the slot's history: the state before it is empty.
    pub genesis: bool,
    /// The newest that a row of the slot may have.
    pub row_version: u8,
    pub offsets: Vec<InputOffset>,
    pub time_ms: Option<i64>,
    pub model_version: String,
    pub configuration: u64,
    /// `transactional.id` of the writer.
    pub writer: String,
}

impl TransactionHeader {
    /// Of a transaction that restore has taken: it takes no rows that cannot be read.
    pub fn row_version(&self) -> RowVersion {
        RowVersion::from_number(self.row_version).expect("invariant: restore refuses other versions")
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockHeader {
    pub transaction: TransactionHeader,
    pub index: u16,
    pub last: bool,
    pub kind: BlockKind,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BlockError {
    #[error("not a changelog block")]
    Magic,
    #[error("checksum does not match: the block is damaged")]
    Checksum,
    #[error("block format {0} is newer than this version reads ({FORMAT})")]
    Format(u8),
    #[error("block ends in the middle of {0}")]
    Truncated(&'static str),
    #[error("unknown {0} {1}")]
    Unknown(&'static str, u8),
    #[error("a name in the header is not UTF-8")]
    Text,
}

const FLAG_LAST: u8 = 1;
const FLAG_GENESIS: u8 = 2;
const FLAG_CONTINUED: u8 = 4;

/// The record value of a block.
pub fn encode(header: &BlockHeader, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode_into(header, body, &mut out);
    out
}

/// Writes the record value of a block into an empty buffer.
pub fn encode_into(header: &BlockHeader, body: &[u8], out: &mut Vec<u8>) {
    let transaction = &header.transaction;
    out.reserve(body.len() + HEADER_BYTES_MOSTLY);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[0; 8]);
    out.push(FORMAT);
    out.push(transaction.row_version);
    let (kind, bits, value, continued) = match header.kind {
        BlockKind::Base { bits, value, continued } => (0, bits, value, continued),
        BlockKind::Delta => (1, 0, 0, false),
    };
    out.push(kind);
    out.push(flag(header.last, FLAG_LAST) | flag(transaction.genesis, FLAG_GENESIS) | flag(continued, FLAG_CONTINUED));
    out.push(bits);
    out.extend_from_slice(&value.to_le_bytes());
    out.extend_from_slice(&header.index.to_le_bytes());
    out.extend_from_slice(&transaction.slot.to_le_bytes());
    out.extend_from_slice(&transaction.seq.to_le_bytes());
    out.extend_from_slice(&transaction.chain.0.to_le_bytes());
    out.extend_from_slice(&transaction.nonce.to_le_bytes());
    out.extend_from_slice(&transaction.time_ms.unwrap_or(i64::MIN).to_le_bytes());
    out.extend_from_slice(&transaction.configuration.to_le_bytes());
    push_text(out, &transaction.model_version);
    push_text(out, &transaction.writer);
    out.extend_from_slice(&(transaction.offsets.len() as u16).to_le_bytes());
    for input in &transaction.offsets {
        push_text(out, &input.topic);
        out.extend_from_slice(&input.offset.to_le_bytes());
    }
    out.extend_from_slice(body);
    let checksum = xxh3_64(&out[CHECKED_FROM..]);
    out[MAGIC.len()..CHECKED_FROM].copy_from_slice(&checksum.to_le_bytes());
}

fn flag(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u16).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Reads a block and checks its checksum; the body is returned as it lies in `bytes`.
pub fn decode(bytes: &[u8]) -> Result<(BlockHeader, &[u8]), BlockError> {
    if bytes.len() < CHECKED_FROM || bytes[..MAGIC.len()] != MAGIC {
        return Err(BlockError::Magic);
    }
    let (checksum, checked) = bytes[MAGIC.len()..].split_at(8);
    if checksum != xxh3_64(checked).to_le_bytes() {
        return Err(BlockError::Checksum);
    }
    let mut read = Reader { rest: checked };
    let format = read.byte("the header")?;
    if format != FORMAT {
        return Err(BlockError::Format(format));
    }
    let row_version = read.byte("the header")?;
    let kind = read.byte("the header")?;
    let flags = read.byte("the header")?;
    let bits = read.byte("the header")?;
    let value = u16::from_le_bytes(read.array("the header")?);
    let index = u16::from_le_bytes(read.array("the header")?);
    let kind = match kind {
        0 => BlockKind::Base { bits, value, continued: flags & FLAG_CONTINUED != 0 },
        1 => BlockKind::Delta,
        other => return Err(BlockError::Unknown("block kind", other)),
    };
    let transaction = TransactionHeader {
        row_version,
        genesis: flags & FLAG_GENESIS != 0,
        slot: u32::from_le_bytes(read.array("the header")?),
        seq: u64::from_le_bytes(read.array("the header")?),
        chain: Chain(u128::from_le_bytes(read.array("the header")?)),
        nonce: u64::from_le_bytes(read.array("the header")?),
        time_ms: Some(i64::from_le_bytes(read.array("the header")?)).filter(|ms| *ms != i64::MIN),
        configuration: u64::from_le_bytes(read.array("the header")?),
        model_version: read.text()?,
        writer: read.text()?,
        offsets: read.offsets()?,
    };
    Ok((BlockHeader { transaction, index, last: flags & FLAG_LAST != 0, kind }, read.rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::rows::tests::body;
    use crate::worker::rows::{BlockRow, RowKind, rows};

    fn header() -> BlockHeader {
        BlockHeader {
            transaction: TransactionHeader {
                slot: 3,
                seq: 7,
                chain: Chain(0x0123_4567_89ab_cdef_0011_2233_4455_6677),
                nonce: 42,
                genesis: true,
                row_version: 1,
                offsets: vec![InputOffset { topic: "shop.carts".into(), offset: 12 }],
                time_ms: Some(1_767_225_600_000),
                model_version: "cdnow-1".into(),
                configuration: 99,
                writer: "lifetide-host-0".into(),
            },
            index: 1,
            last: true,
            kind: BlockKind::Base { bits: 4, value: 9, continued: true },
        }
    }

    #[test]
    fn a_block_reads_back_as_it_was_written() {
        let bytes = encode(&header(), &body());
        let (read, rest) = decode(&bytes).unwrap();
        assert_eq!(read, header());
        let read_rows: Vec<_> = rows(rest).map(Result::unwrap).collect();
        assert_eq!(
            read_rows,
            [
                BlockRow { kind: RowKind::Customer, id: b"u-1", row: Some(b"row") },
                BlockRow { kind: RowKind::Customer, id: b"u-2", row: None }
            ]
        );
    }

    #[test]
    fn format_1_is_frozen() {
        // stored changelogs carry these bytes: a change here is a new format, not an edit of this test
        let bytes = encode(&header(), &body());
        assert_eq!(bytes.len(), 140);
        assert_eq!(xxh3_64(&bytes), 2_144_000_855_264_219_970, "golden checksum of format 1");
    }

    #[test]
    fn any_flipped_bit_and_any_cut_is_noticed() {
        let bytes = encode(&header(), &body());
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(decode(&damaged).is_err(), "bit flipped in byte {at}");
            assert!(decode(&bytes[..at]).is_err(), "cut at {at}");
        }
    }
}
