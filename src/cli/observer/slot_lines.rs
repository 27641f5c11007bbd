//! What a worker reports of its slots, put where the API reads it.
//!
//! It decides nothing and knows no customer. Called by `observer`.

use std::collections::BTreeMap;

use crate::cli::instant;
use crate::http::{Remaining, SlotPhase, SlotSize, Slots};
use crate::worker::{RestoreState, SlotState, Status};

/// One worker's.
pub struct SlotLines {
    worker: usize,
    /// As it was told last: told again only when it changes, since it comes with every step.
    status: Status,
}

impl SlotLines {
    pub fn new(worker: usize) -> SlotLines {
        SlotLines { worker, status: Status::default() }
    }

    pub fn follow(&mut self, status: &Status, slots: &Slots) {
        if self.status == *status {
            return;
        }
        let Status { unserved, recovering, lagging, running } = status;
        let phases =
            [(unserved, SlotPhase::Full), (recovering, SlotPhase::Restoring), (lagging, SlotPhase::Lagging), (running, SlotPhase::Running)];
        let phases: BTreeMap<u32, SlotPhase> =
            phases.into_iter().flat_map(|(slots, phase)| slots.iter().map(move |s| (*s, phase))).collect();
        slots.put_phases(self.worker, &phases);
        self.status = status.clone();
    }

    pub fn measure(&self, measured: &[SlotState], restores: &[RestoreState], slots: &Slots) {
        for state in measured {
            let size = SlotSize {
                customers: state.customers,
                memory_bytes: state.bytes,
                deadlines: state.timers,
                time: state.time_ms.map(instant),
                row_version: state.row_version.number(),
                scored_with: state.scored_with.clone(),
            };
            slots.change(self.worker, state.slot, |line| line.size = Some(size));
        }
        for restore in restores {
            let remaining = Remaining { records: restore.remaining_records, bytes: restore.remaining_bytes };
            slots.change(self.worker, restore.slot, |line| line.restore = Some(remaining));
        }
    }

    pub fn lag(&self, slot: u32, topic: &str, records: u64, slots: &Slots) {
        slots.change(self.worker, slot, |line| line.lag_records.extend([(topic.to_owned(), records)]));
    }
}
