//! Reads a changelog as it lies, and says which histories are in it.
//!
//! A restore follows one history and refuses everything else; a survey takes each complete transaction, finds the one it follows by
//! hashing (`chain`), and so tells forks, gaps and damage apart. It keeps where each transaction lies and not its rows: `choice` picks one,
//! and the rows are read again. Pure: it is fed records and reads nothing itself. Called by `choice`.

use crate::engine::{REGION_BITS, RowVersion};
use crate::worker::block::{self, BlockHeader, BlockKind};
use crate::worker::chain::{Chain, ChainHasher};
use crate::worker::rounds::Piece;

const REGIONS: usize = 1 << REGION_BITS;
/// Some 2 GB of bookkeeping. A changelog holds about a round; a busy slot writes a few million transactions in one of a day.
const TRANSACTIONS_MAX: usize = 20_000_000;
/// Damage is described up to here; more of it says nothing new.
const DAMAGES_MAX: usize = 100;

/// A complete transaction of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub seq: u64,
    pub chain: Chain,
    /// The transaction it follows, by its place; `None`: a genesis, or what it follows is not there any more.
    pub parent: Option<u32>,
    /// Changelog offsets of its first and last block.
    pub first: i64,
    pub last: i64,
    /// From its history's beginning in this log up to here every row is known.
    pub is_covered: bool,
    /// Pieces of the hash space it writes anew.
    bases: Vec<Piece>,
}

/// A transaction of which not all blocks have been read.
struct Open {
    header: BlockHeader,
    first: i64,
    bodies: Vec<Vec<u8>>,
    bases: Vec<Piece>,
}

#[derive(Default)]
pub struct Survey {
    slot: u32,
    pub found: Vec<Found>,
    /// (changelog offset, what is wrong there), in order.
    pub damages: Vec<(i64, String)>,
    open: Option<Open>,
}

impl Survey {
    pub fn new(slot: u32) -> Survey {
        Survey { slot, ..Survey::default() }
    }

    /// Takes the next record of the partition. An error: this version cannot read this changelog at all.
    pub fn take(&mut self, offset: i64, value: &[u8]) -> Result<(), String> {
        let (header, body) = match block::decode(value) {
            Ok(block) => block,
            Err(error) => {
                self.interrupt();
                self.damage(offset, error.to_string());
                return Ok(());
            }
        };
        let (slot, version) = (header.transaction.slot, header.transaction.row_version);
        if RowVersion::from_number(version).is_none() {
            return Err(format!(
                "rows of version {version} at changelog offset {offset} are newer than this version reads ({})",
                RowVersion::NEWEST
            ));
        }
        if slot != self.slot {
            self.interrupt();
            self.damage(offset, format!("a block of slot {slot}"));
            return Ok(());
        }
        let is_next = self.open.as_ref().is_some_and(|open| {
            usize::from(header.index) == open.bodies.len() && header.transaction.chain == open.header.transaction.chain
        });
        if !is_next {
            self.interrupt();
            if header.index != 0 {
                self.damage(offset, "a transaction without its first block".to_owned());
                return Ok(());
            }
            self.open = Some(Open { header: header.clone(), first: offset, bodies: Vec::new(), bases: Vec::new() });
        }
        let open = self.open.as_mut().expect("invariant: opened above, or it was the next block of an open one");
        open.bodies.push(body.to_vec());
        if let BlockKind::Base { bits, value, continued: false } = header.kind {
            open.bases.push(Piece { bits, value });
        }
        if header.last {
            self.close(offset);
        }
        if self.found.len() > TRANSACTIONS_MAX {
            return Err(format!("the changelog holds more than {TRANSACTIONS_MAX} transactions"));
        }
        Ok(())
    }

    /// No more records: what is open stays incomplete.
    pub fn finish(&mut self) {
        self.interrupt();
    }

    /// The transaction named by a chain.
    pub fn find(&self, chain: Chain) -> Option<usize> {
        self.found.iter().rposition(|found| found.chain == chain)
    }

    /// A transaction and all it follows, the oldest first.
    pub fn path(&self, to: usize) -> Vec<usize> {
        let mut path: Vec<usize> = self.back_from(to).collect();
        path.reverse();
        path
    }

    fn back_from(&self, from: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(from), |at| self.found[*at].parent.map(|parent| parent as usize))
    }

    fn damage(&mut self, offset: i64, what: String) {
        if self.damages.len() < DAMAGES_MAX {
            self.damages.push((offset, what));
        }
    }

    fn interrupt(&mut self) {
        if let Some(open) = self.open.take() {
            self.damage(open.first, "a transaction without its last block".to_owned());
        }
    }

    fn close(&mut self, last: i64) {
        let Some(Open { header, first, bodies, bases }) = self.open.take() else {
            return;
        };
        let transaction = header.transaction;
        let follows = |previous: Chain| {
            let mut hasher = ChainHasher::new(previous, transaction.nonce);
            bodies.iter().for_each(|body| hasher.body(body));
            hasher.finish() == transaction.chain
        };
        if transaction.genesis && !follows(Chain::default()) {
            return self.damage(first, "the chain does not follow from the blocks".to_owned());
        }
        // nearly always the one before; after a fork an earlier one, and candidates bear the number before this one
        let mut before = self.found.iter().enumerate().rev().filter(|(_, found)| found.seq.checked_add(1) == Some(transaction.seq));
        let parent = if transaction.genesis { None } else { before.find(|(_, found)| follows(found.chain)).map(|(place, _)| place as u32) };
        let known = transaction.genesis || parent.is_some_and(|parent| self.found[parent as usize].is_covered);
        let has_bases = !bases.is_empty();
        self.found.push(Found { seq: transaction.seq, chain: transaction.chain, parent, first, last, is_covered: known, bases });
        if !known && has_bases {
            let place = self.found.len() - 1;
            self.found[place].is_covered = self.covers(place);
        }
    }

    /// Whether the bases on the way to a transaction make up the whole space.
    fn covers(&self, to: usize) -> bool {
        let mut covered = vec![false; REGIONS];
        for base in self.back_from(to).flat_map(|at| &self.found[at].bases) {
            let width = REGIONS.checked_shr(u32::from(base.bits)).unwrap_or_default();
            let first = usize::from(base.value) * width;
            covered.iter_mut().skip(first).take(width).for_each(|region| *region = true);
        }
        covered.iter().all(|covered| *covered)
    }
}
