//! Figures over the slot's customers: writing them when it is time, and costs that are of no customer.
//!
//! When that is follows from slot time, and from how long the worker holds them back. What is counted, others decide. Called by `slot` and,
//! where time ends, by `worker`.

use super::Slot;
use crate::engine::apply::Outcome;
use crate::engine::costs;
use crate::engine::note::{Counter, Note};
use crate::engine::outputs::Outputs;
use crate::engine::seen::{IdKind, fingerprint};
use crate::event::{Event, Kind};

impl Slot {
    /// Writes the changed cells if that comes before any deadline; deadlines of the same moment go first, so that they are in it.
    pub(super) fn flush_if_next(&mut self, out: &mut Outputs) -> bool {
        let Some(at_ms) = self.cells.due_ms().filter(|due_ms| self.timers.earliest_ms().is_none_or(|deadline_ms| deadline_ms > *due_ms))
        else {
            return false;
        };
        // held back until now, they are of now
        let at_ms = self.time_ms.map_or(at_ms, |time_ms| time_ms.max(at_ms));
        self.cells.flush(at_ms, out);
        self.time_ms = Some(at_ms);
        true
    }

    /// Whether cells have changed since they were last written.
    pub fn has_unwritten_cells(&self) -> bool {
        self.cells.has_unwritten()
    }

    /// Whether changed cells wait although they are due.
    pub fn hold_cells(&mut self, is_held: bool) {
        self.cells.hold(is_held);
    }

    /// Writes the changed cells now: for whoever knows that time goes no further.
    pub fn flush(&mut self, out: &mut Outputs) {
        if let Some(time_ms) = self.time_ms {
            self.cells.flush(time_ms, out);
        }
    }

    /// Allows fewer cells than usual.
    #[cfg(test)]
    pub fn bound_cells(&mut self, count_max: usize) {
        self.cells.bound(count_max);
    }

    /// Counts a cost that names no customer.
    pub(super) fn count_cost(&mut self, event: &Event<'_>, out: &mut Outputs) -> Outcome {
        let Kind::Cost(cost) = &event.kind else {
            return Outcome::Ignored;
        };
        if !self.cells.are_kept() {
            return Outcome::Applied;
        }
        let message = event.message_id.as_deref().map(|id| fingerprint(IdKind::Message, id));
        let own = cost.cost_id.as_deref().map(|id| fingerprint(IdKind::Cost, id));
        let ids: Vec<u64> = message.into_iter().chain(own).collect();
        if self.cells.has_paid(&ids) {
            out.note(Note::Count(Counter::CostDuplicate));
            return Outcome::Duplicate;
        }
        costs::count(cost, "", event.time_ms, &mut self.cells, out);
        self.cells.arm(self.time_ms);
        Outcome::Applied
    }
}
