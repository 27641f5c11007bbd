//! Where a slot stood and whom it had erased, as far as group and changelog can still tell.
//!
//! Every block whose checksum holds is believed, whatever history it belongs to: who asked to be forgotten is forgotten on every branch, and
//! what an id gave away is not its own again. It reads, and decides nothing. Called by `cli` (`state rebuild`) before `rebuild`.

use std::collections::BTreeMap;

use crate::engine::{Mark, MarkId, RowVersion, row_moved_to};
use crate::worker::block;
use crate::worker::metadata::Metadata;
use crate::worker::rows::{self, RowKind};
use crate::worker::source::{Bounds, Source};
use crate::worker::{Now, WorkerError};

use super::inspect::committed_offsets;
use super::survey::Survey;
use super::{input_bounds, read_log};

/// Where a slot stood, as far as it can be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    /// Of each input, in the order of the topics.
    pub bounds: Vec<Bounds>,
    /// Of each input the first offset that was not applied; where nothing is committed, the end as it is now.
    pub until: Vec<i64>,
    /// Slot time by the last block that can be read.
    pub time_ms: Option<i64>,
    /// What the last block that can be read was written in; the newest if there is none.
    pub row_version: RowVersion,
    /// Larger than any sequence number of the slot that we know of.
    pub next_seq: u64,
    /// Erased customers the changelog tells of, in order of their marks.
    pub marks: Vec<Mark>,
    /// Ids that had become other customers', with the rows that say so: what their events of before came to is there.
    pub moved: BTreeMap<String, Vec<u8>>,
    /// The changelog is whole up to the committed state. If not, erasures may be missing in `marks`.
    pub is_whole: bool,
}

/// Asks the group and the changelog, whatever state that is in.
pub fn former<S: Source>(source: &mut S, topics: &[String], slot: u32, clock: &impl Fn() -> Now) -> Result<Former, WorkerError> {
    let committed = committed_offsets(source, slot, clock)?;
    let bounds = input_bounds(source, topics, slot)?;
    let until = committed.iter().zip(&bounds).map(|(committed, bounds)| {
        let until = committed.as_ref().map_or(bounds.high, |committed| committed.offset);
        until.clamp(bounds.low, bounds.high)
    });
    let until = until.collect();
    let metadata = Metadata::newest(&committed);
    let mut seq = metadata.as_ref().map_or(0, |metadata| metadata.seq);
    let (mut time_ms, mut row_version) = (None, None);
    let (mut marks, mut moved) = (BTreeMap::new(), BTreeMap::new());
    let (mut survey, mut is_readable) = (Survey::new(slot), true);
    let low = source.changelog_bounds(slot)?.low;
    read_log(source, slot, low, |entry| {
        is_readable = is_readable && survey.take(entry.offset, &entry.value).is_ok();
        if let Ok((header, body)) = block::decode(&entry.value)
            && header.transaction.slot == slot
        {
            seq = seq.max(header.transaction.seq);
            time_ms = header.transaction.time_ms.or(time_ms);
            row_version = RowVersion::from_number(header.transaction.row_version).or(row_version);
            is_readable &= collect(body, &mut marks, &mut moved);
        }
        Ok(())
    })?;
    survey.finish();
    let of_committed = metadata.and_then(|metadata| survey.find(metadata.chain));
    let is_whole = is_readable && survey.damages.is_empty() && of_committed.is_some_and(|at| survey.found[at].is_covered);
    let marks = marks.into_iter().map(|(id, erased_ms)| Mark { id, erased_ms }).collect();
    let row_version = row_version.unwrap_or(RowVersion::NEWEST);
    Ok(Former { bounds, until, time_ms, row_version, next_seq: seq.saturating_add(1), marks, moved, is_whole })
}

/// The marks of a body; false if there are rows that cannot be read. A later erasure of the same customer counts for the earlier, too, and of
/// an id that was given up the latest row.
fn collect(body: &[u8], marks: &mut BTreeMap<MarkId, i64>, moved: &mut BTreeMap<String, Vec<u8>>) -> bool {
    for row in rows::rows(body) {
        let Ok(row) = row else { return false };
        if row.kind == RowKind::Customer {
            let Ok(id) = std::str::from_utf8(row.id) else { return false };
            match row.row.filter(|row| row_moved_to(row).is_some()) {
                Some(row) => drop(moved.insert(id.to_owned(), row.to_vec())),
                None => drop(moved.remove(id)),
            }
        }
        let (RowKind::Erased, Some(bytes)) = (row.kind, row.row) else { continue };
        let Ok(mark) = Mark::read(row.id, bytes) else { return false };
        let erased_ms = marks.entry(mark.id).or_insert(mark.erased_ms);
        *erased_ms = mark.erased_ms.max(*erased_ms);
    }
    true
}
