//! Waiting for offsets that a transaction holds open, and ending that transaction where its writer is dead or gone.
//!
//! The writer's name stands in the last block it wrote: found at the end of the changelog, or known from what is held of the slot. Who is
//! fenced and lives after all loses a transaction, and makes it anew.

use super::super::block;
use super::super::source::{LogEntry, LogRead, Source};
use super::super::transaction::Transaction;
use super::super::{Now, WorkerError};
use super::{Progress, READ_BYTES, Recovery, Stage};

/// Offsets unstable for this long: their writer is dead or gone, and is fenced.
const UNSTABLE_MS: u64 = 500;
/// Offsets still unstable after this, fencing included: beyond any transaction time-out we allow.
const UNSTABLE_MS_MAX: u64 = 120_000;
/// The writer of the last block is looked for in this much of the log's end.
const TAIL_OFFSETS: i64 = 2_000;

impl Recovery {
    pub(super) fn wait_for_stable(&mut self, now: Now) -> Result<Progress, WorkerError> {
        let since_ms = *self.unstable_since_ms.get_or_insert(now.mono_ms);
        let waited_ms = now.mono_ms.saturating_sub(since_ms);
        if waited_ms > UNSTABLE_MS_MAX {
            return Err(self
                .refuse(format!("committed offsets stay unstable for {waited_ms} ms: a transaction of another program holds them open")));
        }
        self.stage = Stage::Unstable;
        Ok(Progress::Waiting)
    }

    /// The asking itself may have taken the time that a living writer needs to end its transaction.
    pub(super) fn look_for_writer<S: Source>(&mut self, source: &mut S, now: Now) -> Result<Progress, WorkerError> {
        let waited_ms = self.unstable_since_ms.map_or(0, |since_ms| now.mono_ms.saturating_sub(since_ms));
        if waited_ms < UNSTABLE_MS {
            return Ok(Progress::More);
        }
        if let (Some(warm), false) = (&self.warm, self.is_followed) {
            source.open_changelog(self.slot, warm.next())?;
            self.is_followed = true;
        } else if self.warm.is_none() {
            let bounds = source.changelog_bounds(self.slot)?;
            source.open_changelog(self.slot, bounds.low.max(bounds.high - TAIL_OFFSETS))?;
        }
        self.stage = Stage::FindWriter { last: None };
        Ok(Progress::More)
    }

    /// Who wrote last is known from the blocks taken, once there are no more of them.
    pub(super) fn ask_warm<S: Source, T: Transaction>(&mut self, source: &mut S, transaction: &mut T) -> Result<Progress, WorkerError> {
        let Some(warm) = &mut self.warm else {
            return Ok(Progress::More);
        };
        let mut entries = Vec::new();
        let read = source.read_changelog(self.slot, READ_BYTES, &mut entries)?;
        if read == LogRead::OutOfRange || warm.take(&entries, read).is_err() {
            self.forget_warm(source);
            return Ok(Progress::More);
        }
        if !entries.is_empty() {
            self.stage = Stage::FindWriter { last: None };
            return Ok(Progress::More);
        }
        match warm.writer().map(str::to_owned).filter(|writer| !self.fenced.contains(writer)) {
            Some(writer) => self.fence(transaction, writer)?,
            // the last block has not come yet, or is not of the transaction that is open
            None => return Ok(Progress::Waiting),
        }
        Ok(Progress::More)
    }

    fn fence<T: Transaction>(&mut self, transaction: &mut T, writer: String) -> Result<(), WorkerError> {
        transaction.fence(&writer).map_err(WorkerError::of_transaction)?;
        self.fenced.push(writer);
        Ok(())
    }

    pub(super) fn find_writer<S: Source, T: Transaction>(
        &mut self,
        source: &mut S,
        transaction: &mut T,
        mut last: Option<String>,
    ) -> Result<Progress, WorkerError> {
        let mut entries = Vec::new();
        match source.read_changelog(self.slot, READ_BYTES, &mut entries)? {
            LogRead::More => {
                if let Some(writer) = last_writer(&entries) {
                    last = Some(writer);
                }
                self.stage = Stage::FindWriter { last };
                return Ok(if entries.is_empty() { Progress::Waiting } else { Progress::More });
            }
            LogRead::End => {
                let writer = last_writer(&entries).or(last).filter(|writer| !self.fenced.contains(writer));
                if let Some(writer) = writer {
                    self.fence(transaction, writer)?;
                }
            }
            LogRead::OutOfRange => {}
        }
        source.close_changelog(self.slot);
        Ok(Progress::More)
    }
}

fn last_writer(entries: &[LogEntry]) -> Option<String> {
    entries.iter().rev().find_map(|entry| block::decode(&entry.value).ok()).map(|(header, _)| header.transaction.writer)
}
