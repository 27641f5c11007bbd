//! How fast the changelog repeats itself: which piece of the hash space the next transaction writes as a base.
//!
//! A round is one pass over the whole space. Credit grows with the deltas written (`changelog.base_ratio`) and with time
//! (`changelog.max_round`), and is spent on the next piece when it covers it: one-event transactions write no bases, and a stretch of log
//! one round long holds everything a restore needs. It also remembers marks (positions of the log between transactions), so that the
//! restore start can follow. Pure bookkeeping: reads no state, sends nothing. Called by `changelog`.

use std::collections::VecDeque;

use crate::engine::REGION_BITS;

const REGIONS: u64 = 1 << REGION_BITS;
/// A piece gathers small neighbouring regions up to about this size: an empty slot's round is one piece, a large one's a thousand.
const PIECE_BYTES: usize = 256 * 1024;
/// Credit beyond this is forgotten: a burst must not owe minutes of bases.
const CREDIT_BYTES_MAX: f64 = 64.0 * 1024.0 * 1024.0;
/// Bases of one transaction: what is owed beyond goes into the next one, so that a commit stays short.
const BASES_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Marks a round: each moves the restore start, and lets the broker delete, a step forward.
const MARKS_PER_ROUND: u64 = 24;

/// A piece of the hash space: the regions whose first `bits` bits are `value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    pub bits: u8,
    pub value: u16,
}

impl Piece {
    pub fn regions(&self) -> std::ops::Range<u16> {
        let width = (REGIONS >> self.bits) as u16;
        self.value * width..(self.value + 1) * width
    }
}

/// A position of the log before which all blocks so far lie, and how many regions had been based by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    offset: i64,
    based: u64,
}

/// How far a slot's rounds have come, whoever wrote them: a new owner goes on where the last one stopped, else a shop that is deployed
/// more often than a round lasts would never end one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Regions written as bases; the next one is `based % REGIONS`.
    based: u64,
    marks: VecDeque<Mark>,
}

impl Progress {
    /// A transaction's first block stands at this offset of the log.
    pub fn note(&mut self, offset: i64) {
        if self.wants_mark() {
            // who only reads the log takes no mark: of those the space was based after, the newest is enough
            while self.marks.get(1).is_some_and(|mark| self.based - mark.based >= REGIONS) {
                self.marks.pop_front();
            }
            self.marks.push_back(Mark { offset, based: self.based });
        }
    }

    /// A base of so many regions from this one on was written.
    pub fn advance(&mut self, first: u64, width: u64) {
        if first != self.based % REGIONS {
            // the first base read, or a writer that began anew: what came before counts for nothing
            *self = Progress { based: first, marks: VecDeque::new() };
        }
        self.based += width;
    }

    fn wants_mark(&self) -> bool {
        self.marks.back().is_none_or(|mark| self.based - mark.based >= REGIONS / MARKS_PER_ROUND)
    }

    /// The newest mark after which the whole space has been based again; older ones are forgotten.
    fn passed(&mut self) -> Option<i64> {
        let mut passed = None;
        while let Some(oldest) = self.marks.front()
            && self.based - oldest.based >= REGIONS
        {
            passed = Some(oldest.offset);
            self.marks.pop_front();
        }
        passed
    }
}

#[derive(Clone)]
pub struct Rounds {
    ratio: f64,
    max_round_ms: u64,
    credit_bytes: f64,
    progress: Progress,
    round_began_ms: u64,
    start: i64,
}

impl Rounds {
    /// `start`: the restore start in force; `progress`: of the writers before; `now_ms` is monotonic.
    pub fn new(ratio: f64, max_round_ms: u64, start: i64, progress: Progress, now_ms: u64) -> Rounds {
        Rounds { ratio, max_round_ms, credit_bytes: 0.0, progress, round_began_ms: now_ms, start }
    }

    pub fn start(&self) -> i64 {
        self.start
    }

    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The pieces that the next transaction shall write, given its delta's size and the present size of each region.
    pub fn spend(&mut self, delta_bytes: usize, now_ms: u64, bytes_of: impl Fn(u16) -> usize) -> Vec<Piece> {
        self.credit_bytes = (self.credit_bytes + delta_bytes as f64 * self.ratio).min(CREDIT_BYTES_MAX);
        let mut pieces = Vec::new();
        let mut spent = 0;
        while spent < BASES_BYTES_MAX && (pieces.len() as u64) < REGIONS {
            let (piece, bytes) = piece_at((self.progress.based % REGIONS) as u16, &bytes_of);
            let affordable = self.credit_bytes >= bytes as f64;
            if !affordable && !self.is_behind(now_ms) {
                break;
            }
            self.credit_bytes = (self.credit_bytes - bytes as f64).max(0.0);
            self.progress.based += u64::from(piece.regions().end - piece.regions().start);
            spent += bytes;
            pieces.push(piece);
            if self.progress.based.is_multiple_of(REGIONS) {
                self.round_began_ms = now_ms;
                break;
            }
        }
        pieces
    }

    /// Time alone demands the next piece: the share of `max_round_ms` that has passed is larger than the share of the round written.
    fn is_behind(&self, now_ms: u64) -> bool {
        let passed_ms = now_ms.saturating_sub(self.round_began_ms);
        passed_ms.saturating_mul(REGIONS) > (self.progress.based % REGIONS + 1).saturating_mul(self.max_round_ms)
    }

    /// Whether the writer should ask the log's end now, between two transactions.
    pub fn wants_mark(&self) -> bool {
        self.progress.wants_mark()
    }

    /// Remembers the log's end (its high watermark); all our blocks so far lie before it.
    pub fn mark(&mut self, offset: i64) {
        self.progress.note(offset);
        if let Some(start) = self.progress.passed() {
            self.start = self.start.max(start);
        }
    }
}

/// The widest aligned piece from this region on that stays under `PIECE_BYTES`, and its size.
fn piece_at(first: u16, bytes_of: &impl Fn(u16) -> usize) -> (Piece, usize) {
    let mut piece = Piece { bits: REGION_BITS as u8, value: first };
    let mut bytes = bytes_of(first);
    while piece.bits > 0 && piece.value.is_multiple_of(2) {
        let wider = Piece { bits: piece.bits - 1, value: piece.value / 2 };
        let added: usize = (piece.regions().end..wider.regions().end).map(bytes_of).sum();
        if bytes + added > PIECE_BYTES {
            break;
        }
        (piece, bytes) = (wider, bytes + added);
    }
    (piece, bytes)
}

/// The whole space in pieces, in order: a round in one go.
pub fn whole_space(bytes_of: impl Fn(u16) -> usize) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut next = 0;
    while u64::from(next) < REGIONS {
        let (piece, _) = piece_at(next, &bytes_of);
        next = piece.regions().end;
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(pieces: &[Piece]) -> usize {
        pieces.iter().map(|p| p.regions().len()).sum()
    }

    #[test]
    fn a_small_slot_is_one_piece_and_is_written_once_credit_covers_it() {
        let mut rounds = Rounds::new(1.0, 1_000_000, 0, Progress::default(), 0);
        let size = |_| 10;
        assert_eq!(rounds.spend(5_000, 0, size), []);
        assert_eq!(rounds.spend(5_300, 0, size), [Piece { bits: 0, value: 0 }]);
        assert_eq!(rounds.spend(100, 0, size), [], "credit is spent");
    }

    #[test]
    fn a_large_slot_goes_region_by_region_and_covers_the_space_in_order() {
        let mut rounds = Rounds::new(1.0, u64::MAX, 0, Progress::default(), 0);
        let mut seen = Vec::new();
        for _ in 0..1024 {
            seen.extend(rounds.spend(200_000, 0, |_| 200_000));
        }
        let regions: Vec<u16> = seen.iter().flat_map(|p| p.regions()).collect();
        assert_eq!(regions, (0..1024).collect::<Vec<u16>>());
    }

    #[test]
    fn whoever_only_reads_keeps_the_marks_of_a_round() {
        let mut progress = Progress::default();
        for offset in 0..10_000 {
            progress.note(offset);
            progress.advance(offset as u64 % 4 * (REGIONS / 4), REGIONS / 4);
        }
        assert!(progress.marks.len() <= MARKS_PER_ROUND as usize + 2, "{}", progress.marks.len());
        let newest = progress.passed().unwrap();
        assert!(newest > 9_990, "the newest that was passed is kept: {newest}");
    }

    #[test]
    fn time_alone_ends_a_round() {
        let mut rounds = Rounds::new(1.0, 1_000, 0, Progress::default(), 0);
        assert_eq!(rounds.spend(0, 0, |_| 200_000), []);
        let mut pieces = Vec::new();
        for now in 0..=1_100 {
            pieces.extend(rounds.spend(0, now, |_| 200_000));
        }
        assert!(covered(&pieces) >= 1024, "{} regions in a round's time", covered(&pieces));
    }

    #[test]
    fn the_start_moves_to_a_mark_once_the_space_is_based_again_after_it() {
        let mut rounds = Rounds::new(1.0, u64::MAX, 5, Progress::default(), 0);
        rounds.mark(100);
        assert_eq!(rounds.start(), 5);
        for step in 0..1024 {
            rounds.spend(200_000, 0, |_| 200_000);
            if rounds.wants_mark() {
                rounds.mark(200 + step);
            }
        }
        rounds.mark(5_000);
        assert_eq!(rounds.start(), 100);
        for step in 0..512 {
            rounds.spend(200_000, 0, |_| 200_000);
            if rounds.wants_mark() {
                rounds.mark(6_000 + step);
            }
        }
        assert!((200..5_000).contains(&rounds.start()), "{}", rounds.start());
    }
}
