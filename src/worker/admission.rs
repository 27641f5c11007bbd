//! Which of the assigned slots are taken up: those there is room for under `state.max_bytes`.
//!
//! Better a slot that nobody serves for a while than a process that the system kills with all of its slots. Looked at between
//! transactions: while the memory of all slots of the process is beyond the bound, slots of others that are held ready go first, then slots
//! on their way back are put off, the last ones first; a slot put off is tried again once what it took when it was put off fits. Slots that run are never touched: they may grow beyond the
//! bound, and only a person can help them. Called by `step`.

use super::owned::Owned;
use super::recovery::Recovery;
use super::source::Source;
use super::transaction::Transaction;
use super::{Now, Worker};

/// Between two looks at whether a slot fits by now: each look reads the size of every region.
const LOOK_MS: u64 = 1_000;

/// A slot that is ours and not taken up.
#[derive(Debug, Clone, Copy)]
pub struct Unserved {
    /// What had been restored of it when it was put off: less room than that is of no use.
    needs_bytes: usize,
    look_ms: u64,
}

impl<S: Source, T: Transaction> Worker<S, T> {
    /// Puts off the slots for which there is no room, and takes up those for which there is again.
    pub fn ration(&mut self, now: Now) {
        let Some(most_bytes) = self.rules.state_bytes_max else {
            return;
        };
        let recovering: Vec<(u32, usize)> = self
            .slots
            .iter()
            .filter_map(|(number, owned)| match owned {
                Owned::Recovering(recovery) => Some((*number, recovery.memory())),
                Owned::Running(_) => None,
            })
            .collect();
        // nothing has been restored since the last look
        if recovering == self.rationed && self.unserved.values().all(|unserved| unserved.look_ms > now.mono_ms) {
            return;
        }
        recovering.iter().for_each(|(number, bytes)| self.committed.set_aside(*number, *bytes));
        let mut used_bytes = self.committed.memory();
        self.rules.shelf.shrink(most_bytes.saturating_sub(used_bytes));
        for (number, bytes) in recovering.iter().rev().copied() {
            if used_bytes <= most_bytes {
                break;
            }
            used_bytes -= bytes;
            self.put_off(number, bytes, now);
        }
        for (number, unserved) in &mut self.unserved {
            if unserved.look_ms > now.mono_ms {
                continue;
            }
            unserved.look_ms = now.mono_ms + LOOK_MS;
            if used_bytes + unserved.needs_bytes <= most_bytes {
                used_bytes += unserved.needs_bytes;
                self.slots.insert(*number, Owned::Recovering(Box::new(Recovery::new(*number, now))));
            }
        }
        self.unserved.retain(|number, _| !self.slots.contains_key(number));
        self.rationed = recovering;
    }

    /// Whether a slot that has been restored may be served.
    pub fn has_room_for(&self, number: u32, bytes: usize) -> bool {
        let Some(most_bytes) = self.rules.state_bytes_max else {
            return true;
        };
        self.committed.set_aside(number, bytes);
        let used_bytes = self.committed.memory();
        self.rules.shelf.shrink(most_bytes.saturating_sub(used_bytes));
        used_bytes <= most_bytes
    }

    /// Lets go of what has been restored of a slot.
    pub fn put_off(&mut self, number: u32, bytes: usize, now: Now) {
        self.give_up(number);
        self.unserved.insert(number, Unserved { needs_bytes: bytes, look_ms: now.mono_ms + LOOK_MS });
    }
}
