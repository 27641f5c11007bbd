//! Deals all customers out anew after partitions were added: each row goes to the slot its key lies in from then on.
//!
//! Only for slots that can be proven and have read their inputs to the end: a record that is left in an old partition would be of a customer
//! who has moved. Marks of erasures name nobody, so every slot gets all of them. Slot time is the latest of all, as deadlines fire at their
//! own time whenever that comes. It writes nothing: `rewrite` takes the whole deal in one transaction. Called by `cli` (`state reslot`).

use std::collections::BTreeSet;

use crate::engine::{Committed, RowVersion};
use crate::worker::source::Source;
use crate::worker::{Now, Rules, WorkerError, partition_of};

use super::inspect::{Inspection, inspect};
use super::rewrite::Beginning;

/// What one slot has, and will have.
pub struct Hand {
    pub slot: u32,
    /// Of the last transaction so far.
    pub last_seq: Option<u64>,
    pub customers_before: usize,
    /// Of those before, who go elsewhere.
    pub leaving: usize,
    pub marks: usize,
    /// Next offset of each input, in the order of the topics.
    pub offsets: Vec<i64>,
}

/// All slots, in order.
pub struct Deal {
    pub hands: Vec<Hand>,
    pub rows: Committed,
    pub time_ms: Option<i64>,
    /// The newest that any slot is written in; `None` if none is.
    pub row_version: Option<RowVersion>,
    /// What the customers of each slot that has a history have been scored with.
    scored_with: BTreeSet<String>,
}

impl Deal {
    /// Customers who change their slot.
    pub fn moving(&self) -> usize {
        self.hands.iter().map(|hand| hand.leaving).sum()
    }

    /// Whether anything changes: customers move, or a slot does not know of all erasures.
    pub fn is_needed(&self) -> bool {
        let all = self.hands.iter().map(|hand| hand.marks).max().unwrap_or_default();
        self.moving() > 0 || self.hands.iter().any(|hand| hand.marks < all)
    }

    /// Every slot's new beginning.
    pub fn beginnings(&self) -> Vec<Beginning<'_>> {
        let beginning = |hand| {
            let &Hand { slot, last_seq, ref offsets, .. } = hand;
            let row_version = self.row_version.unwrap_or(RowVersion::NEWEST);
            let (seq, scored_with) = (last_seq.unwrap_or_default() + 1, self.scored_with());
            Beginning { slot, rows: &self.rows, seq, offsets, time_ms: self.time_ms, row_version, scored_with }
        };
        self.hands.iter().map(beginning).collect()
    }

    /// What everybody has been scored with, wherever they come from; empty: not all with the same.
    fn scored_with(&self) -> &str {
        let mut all = self.scored_with.iter();
        all.next().filter(|_| all.next().is_none()).map_or("", String::as_str)
    }
}

/// Looks at all slots. Refused while one of them cannot be proven or has something left to read, and when a
/// customer has begun a second life elsewhere.
pub fn deal<S: Source>(source: &mut S, rules: &Rules, clock: &impl Fn() -> Now) -> Result<Deal, WorkerError> {
    let Some(slots) = rules.partitions else {
        return Err(WorkerError::Refused("with input.partitioner = \"trust\" it is not known where a customer's records go".to_owned()));
    };
    let mut deal = Deal { hands: Vec::new(), rows: Committed::new(), time_ms: None, row_version: None, scored_with: BTreeSet::new() };
    for slot in 0..slots {
        let found = inspect(source, &rules.topics, slot, clock)?;
        let offsets = next_offsets(&found, &rules.topics)?;
        let state = found.state.map_err(|why| WorkerError::Refused(format!("slot {slot}: {why}")))?;
        let mut hand =
            Hand { slot, last_seq: state.last.as_ref().map(|last| last.seq), customers_before: 0, leaving: 0, marks: 0, offsets };
        for (_, region) in &state.regions {
            for (hash, id, row) in region.rows() {
                let home = partition_of(id, slots);
                hand.customers_before += 1;
                hand.leaving += usize::from(home != slot);
                let id = std::str::from_utf8(id).map_err(|_| WorkerError::Refused(format!("slot {slot}: an id is not text")))?;
                if deal.rows.with_row(home, hash, id, |_| ()).is_some() {
                    return Err(WorkerError::Refused(format!(
                        "slot {slot} holds a customer whom another slot holds, too: events came after partitions were added and before customers \
                         were moved; see the second way of docs/runbook.md: another number of partitions"
                    )));
                }
                deal.rows.put(home, hash, id, Some(row));
            }
            // readers add over slots, so a cell may stay where it was counted
            region.cells().for_each(|(key, row)| deal.rows.put_cell(slot, key, row));
            for mark in region.marks() {
                hand.marks += 1;
                (0..slots).for_each(|home| deal.rows.put_mark(home, *mark));
            }
        }
        deal.time_ms = deal.time_ms.max(state.last.as_ref().and_then(|last| last.time_ms));
        deal.row_version = deal.row_version.max(state.last.as_ref().map(|last| last.row_version()));
        deal.scored_with.extend(state.last.map(|last| last.model_version));
        deal.hands.push(hand);
    }
    Ok(deal)
}

/// Where reading goes on: at the end of everything for a slot with a history, at the beginning for one that is new.
fn next_offsets(found: &Inspection, topics: &[String]) -> Result<Vec<i64>, WorkerError> {
    if found.committed.iter().all(Option::is_none) {
        return Ok(found.inputs.iter().map(|bounds| bounds.low).collect());
    }
    let read = found.committed.iter().zip(&found.inputs).zip(topics).map(|((committed, bounds), topic)| {
        let next = committed.as_ref().map_or(bounds.low, |committed| committed.offset);
        match next {
            next if next >= bounds.high => Ok(next),
            next => Err(WorkerError::Refused(format!(
                "slot {}: {topic} is read to {next} of {}: with the producers stopped, let the group read to the end with the former number of partitions first",
                found.slot, bounds.high
            ))),
        }
    });
    read.collect()
}
