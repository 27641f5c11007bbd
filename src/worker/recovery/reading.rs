//! A slot's changelog being read up to the committed state, one bounded piece at a time.
//!
//! It says what came of a piece; what to do about it, `recovery` decides.

use super::super::WorkerError;
use super::super::block::InputOffset;
use super::super::distance::Distance;
use super::super::restore::Restore;
use super::super::source::{Input, LogRead, Source};
use super::{READ_BYTES, Recovered};

/// The end of the log may come before the wanted state: the commit's marker reaches the changelog's partition a little later than the
/// offsets' one. Beyond any transaction time-out it will not come any more.
const MARKER_MS_MAX: u64 = 15_000;
/// A warm state that has not arrived by then is thrown away: what it lacks may lie before where it reads.
const WARM_MS_MAX: u64 = 1_000;

/// What came of a piece.
pub enum Piece {
    /// Nothing there at the moment.
    Waiting,
    More,
    /// The wanted state is complete, or will never be.
    End,
    OutOfRange,
    Disagrees(String),
}

pub struct Reading {
    pub restore: Box<Restore>,
    /// Committed, by topic.
    pub offsets: Vec<Option<i64>>,
    /// Restore start in force.
    pub start: i64,
    pub distance: Distance,
    /// It goes on from a state we held already.
    pub is_warm: bool,
    /// At the end of the log, and not there yet.
    pub short_since_ms: Option<u64>,
}

impl Reading {
    pub fn advance<S: Source>(&mut self, source: &mut S, slot: u32, now_ms: u64) -> Result<Piece, WorkerError> {
        if self.restore.is_done() {
            return Ok(Piece::End);
        }
        let mut entries = Vec::new();
        let read = source.read_changelog(slot, READ_BYTES, &mut entries)?;
        if read == LogRead::OutOfRange {
            return Ok(Piece::OutOfRange);
        }
        self.distance.pass(&entries);
        for entry in &entries {
            if let Err(error) = self.restore.take(entry.offset, &entry.value) {
                return Ok(Piece::Disagrees(error.to_string()));
            }
            if self.restore.is_done() {
                return Ok(Piece::End);
            }
        }
        if !entries.is_empty() {
            self.short_since_ms = None;
            return Ok(Piece::More);
        }
        // a reader that has followed the log was told its end before
        if read == LogRead::End || self.is_warm {
            self.short_since_ms.get_or_insert(now_ms);
        }
        let short_ms = self.short_since_ms.map_or(0, |since_ms| now_ms.saturating_sub(since_ms));
        let longest_ms = if self.is_warm { WARM_MS_MAX } else { MARKER_MS_MAX };
        Ok(if short_ms > longest_ms { Piece::End } else { Piece::Waiting })
    }

    /// The state, if it is the committed one; else why not.
    pub fn finish<S: Source>(self, source: &mut S, topics: &[String], slot: u32) -> Result<Result<Recovered, String>, WorkerError> {
        let Reading { restore, offsets, start, distance, is_warm, .. } = self;
        // who owned the slot last may not have known of the relay: then it goes on where it was committed
        let logs = |topic: &String| restore.last().is_some_and(|last| last.offsets.iter().any(|logged| logged.topic == *topic));
        let is_named = |place: usize| place + 1 < topics.len() || logs(&topics[place]);
        let places = topics.iter().zip(&offsets).enumerate().filter(|(place, _)| is_named(*place));
        let named = places.filter_map(|(_, (topic, offset))| offset.map(|offset| InputOffset { topic: topic.clone(), offset }));
        let named: Vec<InputOffset> = named.collect();
        let restored = match restore.finish(&named) {
            Ok(restored) => restored,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let mut next = Vec::with_capacity(offsets.len());
        for (topic, offset) in offsets.into_iter().enumerate() {
            // an input configured since begins at its first record
            let low = |source: &mut S| source.input_bounds(Input { topic, slot }).map(|bounds| bounds.low);
            next.push(offset.map_or_else(|| low(source), Ok)?);
        }
        Ok(Ok(Recovered {
            regions: restored.regions,
            last: Some(restored.last),
            offsets: next,
            start,
            round: restored.round,
            was_warm: is_warm,
            log_records: distance.records,
            log_bytes: distance.bytes,
        }))
    }
}
