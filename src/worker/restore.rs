//! Rebuilds a slot's state from its changelog, aside, and hands it over only when everything agrees.
//!
//! `Restore::take` is fed the records of one changelog partition in order, from the restore start on. It verifies checksums, that each
//! transaction's blocks are whole and chained to the one before, that bases cover the whole hash space (or the slot's genesis was seen),
//! and that the wanted state's offsets are the group's committed ones. It copies rows and decodes none. Without a target it follows the log
//! for as long as somebody writes it. It reads nothing itself and decides nothing about what to do when a check fails. Called by `recovery`
//! and `standby`.

use thiserror::Error;

use crate::engine::{Mark, REGION_BITS, Region, RowVersion, check_cell, hash_of, hash_of_mark, region_of};

use super::block::{self, BlockError, BlockHeader, BlockKind, InputOffset, TransactionHeader};
use super::chain::{Chain, ChainHasher};
use super::rows::{self, BlockRow, RowKind};

use super::rounds::Progress;

const REGIONS: usize = 1 << REGION_BITS;

/// What a restore must arrive at: the committed metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub seq: u64,
    pub chain: Chain,
}

fn or_none(number: Option<impl ToString>) -> String {
    number.map_or("none".to_owned(), |number| number.to_string())
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RestoreError {
    #[error("record at changelog offset {offset}: {error}")]
    Block { offset: i64, error: BlockError },
    #[error("record at changelog offset {offset} belongs to slot {found}, not {slot}")]
    Slot { offset: i64, slot: u32, found: u32 },
    #[error("changelog is torn at offset {offset}: {what}")]
    Torn { offset: i64, what: &'static str },
    #[error("changelog ends at sequence {}, before the committed state {seq} (chain {chain})", or_none(*.last))]
    EndsBefore { last: Option<u64>, seq: u64, chain: Chain },
    #[error("sequence {seq} has chain {found}, but the committed offsets name {chain}: two histories were written")]
    OtherHistory { seq: u64, found: Chain, chain: Chain },
    #[error("bases from the restore start on cover {covered} of {REGIONS} regions")]
    NotCovered { covered: usize },
    #[error("changelog and committed offsets disagree about {topic}: {} logged, {} committed", or_none(*.logged), or_none(*.committed))]
    Offsets { topic: String, logged: Option<i64>, committed: Option<i64> },
    #[error(
        "record at changelog offset {offset} has rows of version {found}, newer than this version of lifetide reads ({})",
        RowVersion::NEWEST
    )]
    RowVersion { offset: i64, found: u8 },
    #[error("base of {bits} hash bits cannot be read by this version ({REGION_BITS} at most)")]
    Prefix { bits: u8 },
}

/// A slot's state as it was when its last transaction committed.
pub struct Restored {
    pub regions: Vec<(u16, Region)>,
    pub last: TransactionHeader,
    /// How far the writers' round of bases had come.
    pub round: Progress,
}

pub struct Restore {
    slot: u32,
    /// `None`: a state that is followed, and not wanted yet.
    target: Option<Target>,
    regions: Vec<Region>,
    covered: Vec<bool>,
    round: Progress,
    last: Option<TransactionHeader>,
    open: Option<Open>,
    done: bool,
}

/// A transaction of which not all blocks have been read yet.
struct Open {
    hasher: ChainHasher,
    /// Wider than the number in a block, so that the last of as many as there can be counts, too.
    next_index: u32,
}

impl Restore {
    pub fn new(slot: u32, target: Target) -> Restore {
        Restore { target: Some(target), ..Restore::follow(slot) }
    }

    /// Begins with nothing, and takes whatever comes.
    pub fn follow(slot: u32) -> Restore {
        Restore {
            slot,
            target: None,
            regions: (0..REGIONS).map(|_| Region::default()).collect(),
            covered: vec![false; REGIONS],
            round: Progress::default(),
            last: None,
            open: None,
            done: false,
        }
    }

    /// Follows on from a whole state: the one that `last` made.
    pub fn after(last: TransactionHeader, regions: Vec<(u16, Region)>, round: Progress) -> Restore {
        let mut restore = Restore::follow(last.slot);
        regions.into_iter().for_each(|(number, region)| restore.regions[usize::from(number)] = region);
        restore.covered.fill(true);
        Restore { round, last: Some(last), ..restore }
    }

    /// Says what to arrive at. False: what has been taken cannot become that, being beyond it or another history.
    pub fn aim(&mut self, target: Target) -> bool {
        let fits = match &self.last {
            Some(last) if last.seq >= target.seq => last.chain == target.chain && self.open.is_none(),
            _ => true,
        };
        self.done = fits && self.last.as_ref().is_some_and(|last| last.chain == target.chain);
        self.target = Some(target);
        fits
    }

    /// Follows on, wanting nothing.
    pub fn forget_target(&mut self) {
        self.target = None;
        self.done = false;
    }

    /// The last whole transaction taken.
    pub fn last(&self) -> Option<&TransactionHeader> {
        self.last.as_ref()
    }

    /// True once the wanted state is complete; what follows in the log is no concern.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Memory of the rows restored so far.
    pub fn memory(&self) -> usize {
        self.regions.iter().map(Region::memory).sum()
    }

    /// Takes the next record of the partition.
    pub fn take(&mut self, offset: i64, value: &[u8]) -> Result<(), RestoreError> {
        assert!(!self.done, "a finished restore takes no more blocks");
        let (header, body) = block::decode(value).map_err(|error| RestoreError::Block { offset, error })?;
        let found = header.transaction.slot;
        if found != self.slot {
            return Err(RestoreError::Slot { offset, slot: self.slot, found });
        }
        let found = header.transaction.row_version;
        if RowVersion::from_number(found).is_none() {
            return Err(RestoreError::RowVersion { offset, found });
        }
        self.chain_in(offset, &header, body)?;
        self.apply(offset, &header, body)?;
        if header.last {
            self.close(offset, header.transaction)?;
        }
        Ok(())
    }

    /// Checks that the block is the next one of its transaction.
    fn chain_in(&mut self, offset: i64, header: &BlockHeader, body: &[u8]) -> Result<(), RestoreError> {
        let transaction = &header.transaction;
        let torn = |what| Err(RestoreError::Torn { offset, what });
        let open = match (&mut self.open, header.index) {
            (Some(open), index) if u32::from(index) == open.next_index => open,
            (None, 0) => {
                if let Some(last) = &self.last
                    && last.seq.checked_add(1) != Some(transaction.seq)
                {
                    return torn("a sequence number is missing or repeated");
                }
                let previous = self.last.as_ref().map_or(Chain::default(), |last| last.chain);
                self.open.insert(Open { hasher: ChainHasher::new(previous, transaction.nonce), next_index: 0 })
            }
            (Some(_), _) => return torn("a block of a transaction is missing"),
            (None, _) => return torn("the first block of a transaction is missing"),
        };
        open.hasher.body(body);
        open.next_index += 1;
        Ok(())
    }

    fn apply(&mut self, offset: i64, header: &BlockHeader, body: &[u8]) -> Result<(), RestoreError> {
        if header.index == 0 {
            self.round.note(offset);
        }
        if header.transaction.genesis && header.index == 0 {
            self.replace(0..REGIONS);
        }
        if let BlockKind::Base { bits, value, continued: false } = header.kind {
            if u32::from(bits) > REGION_BITS {
                return Err(RestoreError::Prefix { bits });
            }
            let width = REGIONS >> bits;
            let first = usize::from(value) * width;
            if first + width > REGIONS {
                return Err(RestoreError::Prefix { bits });
            }
            self.replace(first..first + width);
            if width == 1 {
                // all of its customers come now, or nearly all: a table that grows with them would be dealt out anew each time it doubles
                self.regions[first].reserve(rows::rows(body).count());
            }
            self.round.advance(first as u64, width as u64);
        }
        for row in rows::rows(body) {
            self.put(offset, row.map_err(|error| RestoreError::Block { offset, error })?)?;
        }
        Ok(())
    }

    fn put(&mut self, offset: i64, row: BlockRow<'_>) -> Result<(), RestoreError> {
        match row.kind {
            RowKind::Customer => {
                let what = "a customer id is not UTF-8";
                let id = std::str::from_utf8(row.id).map_err(|_| RestoreError::Torn { offset, what })?;
                let hash = hash_of(id);
                match (self.region_at(hash), row.row) {
                    (Some(region), Some(bytes)) => region.put(hash, row.id, bytes),
                    (Some(region), None) => region.remove(hash, row.id),
                    (None, _) => {}
                }
            }
            RowKind::Erased => {
                let what = "a mark of an erased customer is malformed";
                let mark = Mark::read(row.id, row.row.unwrap_or_default()).map_err(|_| RestoreError::Torn { offset, what })?;
                if let Some(region) = self.region_at(hash_of_mark(&mark.id)) {
                    region.put_mark(mark);
                }
            }
            RowKind::Cell => {
                let torn = RestoreError::Torn { offset, what: "a cell is malformed" };
                let bytes = row.row.unwrap_or_default();
                let key = std::str::from_utf8(row.id).ok().filter(|key| check_cell(key, bytes).is_ok()).ok_or(torn)?;
                if let Some(region) = self.region_at(hash_of(key)) {
                    region.put_cell(key, bytes);
                }
            }
        }
        Ok(())
    }

    /// `None`: its base is still to come, and will hold what changed before, too. That is half of all changes a restore reads.
    fn region_at(&mut self, hash: u64) -> Option<&mut Region> {
        let number = usize::from(region_of(hash));
        self.covered[number].then(|| &mut self.regions[number])
    }

    fn replace(&mut self, regions: std::ops::Range<usize>) {
        for region in regions {
            self.regions[region] = Region::default();
            self.covered[region] = true;
        }
    }

    /// The transaction is complete: its chain must follow from what was read.
    fn close(&mut self, offset: i64, transaction: TransactionHeader) -> Result<(), RestoreError> {
        let computed = self.open.take().map(|open| open.hasher.finish());
        // the first transaction read may follow one that is trimmed, whose chain is not known: it is taken at its word
        let verifiable = self.last.is_some() || transaction.genesis;
        if verifiable && computed != Some(transaction.chain) {
            return Err(RestoreError::Torn { offset, what: "the chain does not follow from the blocks" });
        }
        if let Some(Target { seq, chain }) = self.target {
            if transaction.seq == seq && transaction.chain != chain {
                return Err(RestoreError::OtherHistory { seq, found: transaction.chain, chain });
            }
            self.done = transaction.chain == chain;
        }
        self.last = Some(transaction);
        Ok(())
    }

    /// The end of the log: hands the state over if it is the wanted one. `committed` are the group's offsets by topic.
    ///
    /// # Panics
    /// When nothing was ever wanted.
    pub fn finish(self, committed: &[InputOffset]) -> Result<Restored, RestoreError> {
        let Target { seq, chain } = self.target.expect("invariant: a restore that ends has a target");
        let last_seq = self.last.as_ref().map(|last| last.seq);
        let Some(last) = self.last.filter(|_| self.done) else {
            return Err(RestoreError::EndsBefore { last: last_seq, seq, chain });
        };
        let covered = self.covered.iter().filter(|covered| **covered).count();
        if covered < REGIONS {
            return Err(RestoreError::NotCovered { covered });
        }
        for input in committed {
            let logged = last.offsets.iter().find(|o| o.topic == input.topic).map(|o| o.offset);
            if logged != Some(input.offset) {
                return Err(RestoreError::Offsets { topic: input.topic.clone(), logged, committed: Some(input.offset) });
            }
        }
        let filled = self.regions.into_iter().enumerate().filter(|(_, region)| !region.is_empty());
        Ok(Restored { round: self.round, regions: filled.map(|(number, region)| (number as u16, region)).collect(), last })
    }
}
