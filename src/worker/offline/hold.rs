//! Holds a whole group, so that nobody else writes to its slots.
//!
//! All slots must be given to us, and from then on nothing may change: whoever joins gets another generation, and what we commit under the
//! old claim is refused by the broker itself. That is the fence; the look at the members before is a courtesy. Called by `cli` (`state`).

use std::collections::BTreeSet;
use std::time::Duration;

use crate::worker::source::{Claim, Membership, Source};
use crate::worker::{Now, WorkerError};

use super::PAUSE_MS;

/// An empty group assigns after `group.initial.rebalance.delay.ms` (3 s) and a heartbeat.
const ASSIGNED_MS_MAX: u64 = 30_000;

/// The group is ours, as long as `check` says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    claim: Claim,
}

/// Waits until every slot is ours.
pub fn hold<S: Source>(source: &mut S, slots: u32, clock: &impl Fn() -> Now) -> Result<Held, WorkerError> {
    let began_ms = clock().mono_ms;
    let mut ours = BTreeSet::new();
    while clock().mono_ms - began_ms <= ASSIGNED_MS_MAX {
        for change in source.membership()? {
            match change {
                Membership::Assigned(given) => {
                    ours.extend(given);
                    if ours.len() < slots as usize {
                        return Err(WorkerError::Refused(format!(
                            "the group has other members: of {slots} slots only {} were given to this command; stop them first",
                            ours.len()
                        )));
                    }
                }
                Membership::Revoked(_) | Membership::Lost(_) => return Err(disturbed()),
            }
        }
        if ours.len() == slots as usize {
            return Ok(Held { claim: source.claim()? });
        }
        source.wait(Duration::from_millis(PAUSE_MS));
    }
    Err(WorkerError::Unavailable(format!("the group gave no slots within {} s", ASSIGNED_MS_MAX / 1000)))
}

impl Held {
    /// Serves the group, and makes sure that it is still ours alone; the claim to commit under.
    pub fn check<S: Source>(&self, source: &mut S) -> Result<Claim, WorkerError> {
        if !source.membership()?.is_empty() || source.claim()? != self.claim {
            return Err(disturbed());
        }
        Ok(self.claim.clone())
    }
}

fn disturbed() -> WorkerError {
    WorkerError::Refused("somebody joined the group meanwhile: nothing more was changed; stop all members and do it again".to_owned())
}
