//! How the slots of this process are: what the API tells of them, written by those who work on them.
//!
//! A worker's observer puts a slot's line in when anything of it changes; questions are answered from what was written last. It knows neither
//! Kafka nor the workers. Written by `cli`, read by `api`.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use utoipa::ToSchema;

/// What a slot is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlotPhase {
    /// Everything that was written has been read.
    Running,
    /// Some input has not been read to its end yet.
    Lagging,
    /// Its state is being read back from the changelog.
    Restoring,
    /// Ours and not taken up: `state.max_bytes` is used up.
    Full,
}

/// A slot of this process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SlotLine {
    pub slot: u32,
    pub worker: usize,
    pub state: SlotPhase,
    /// Measured twice a second, as what follows; `null` while it is not running.
    pub size: Option<SlotSize>,
    /// Records between the next to be taken and the end, by topic: one topic of one slot is asked about twice a second, round and round.
    pub lag_records: BTreeMap<String, u64>,
    /// While its state is read back.
    pub restore: Option<Remaining>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SlotSize {
    pub customers: usize,
    /// All in.
    pub memory_bytes: usize,
    /// Customers for whom something is due at some time.
    pub deadlines: usize,
    /// The slot's clock, RFC 3339; `null` before the first event.
    #[schema(format = DateTime)]
    pub time: Option<String>,
    /// Of the rows it writes.
    pub row_version: u8,
    /// Parameters, model and a hash of all that decides a score, as the changelog names what customers have been scored with.
    pub scored_with: String,
}

/// What is still to be read of a changelog; bytes are estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Remaining {
    pub records: u64,
    pub bytes: u64,
}

/// Shared by all workers and the server.
#[derive(Default)]
pub struct Slots(Mutex<BTreeMap<u32, SlotLine>>);

impl Slots {
    /// Exactly these are the worker's, in these phases; what was known of those that stay in theirs is kept.
    pub fn put_phases(&self, worker: usize, phases: &BTreeMap<u32, SlotPhase>) {
        let mut lines = self.lines();
        // a slot that has moved to another worker of this process is that one's
        lines.retain(|slot, line| line.worker != worker || phases.contains_key(slot));
        for (slot, state) in phases {
            let new = SlotLine { slot: *slot, worker, state: *state, size: None, lag_records: BTreeMap::new(), restore: None };
            let line = lines.entry(*slot).or_insert_with(|| new.clone());
            if line.worker != worker {
                *line = new;
            }
            line.state = *state;
            line.restore = line.restore.filter(|_| *state == SlotPhase::Restoring);
        }
    }

    /// Changes a worker's line, if it is there.
    pub fn change(&self, worker: usize, slot: u32, change: impl FnOnce(&mut SlotLine)) {
        self.lines().get_mut(&slot).filter(|line| line.worker == worker).map(change);
    }

    pub fn phase(&self, slot: u32) -> Option<SlotPhase> {
        self.lines().get(&slot).map(|line| line.state)
    }

    /// All, in order.
    pub fn all(&self) -> Vec<SlotLine> {
        self.lines().values().cloned().collect()
    }

    /// A worker that panicked leaves whole lines behind: a line is changed field by field, and each is true by itself.
    fn lines(&self) -> MutexGuard<'_, BTreeMap<u32, SlotLine>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_speaks_for_its_own_slots_and_a_slot_that_moves_begins_anew() {
        let slots = Slots::default();
        slots.put_phases(0, &BTreeMap::from([(1, SlotPhase::Restoring), (2, SlotPhase::Running)]));
        slots.change(0, 1, |line| line.restore = Some(Remaining { records: 5, bytes: 9 }));
        slots.change(0, 2, |line| line.lag_records.extend([("shop.carts".to_owned(), 3)]));
        slots.change(1, 2, |_| unreachable!("not its slot"));
        slots.put_phases(0, &BTreeMap::from([(1, SlotPhase::Lagging), (2, SlotPhase::Running)]));
        let all = slots.all();
        assert_eq!((all[0].state, all[0].restore, all[1].lag_records["shop.carts"]), (SlotPhase::Lagging, None, 3));
        slots.put_phases(1, &BTreeMap::from([(2, SlotPhase::Running)]));
        assert!(slots.all()[1].lag_records.is_empty(), "what another worker knew is forgotten");
        slots.put_phases(0, &BTreeMap::new());
        assert_eq!(slots.all().iter().map(|line| line.slot).collect::<Vec<_>>(), [2]);
        assert_eq!((slots.phase(1), slots.phase(2)), (None, Some(SlotPhase::Running)));
    }
}
