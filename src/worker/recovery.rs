//! Brings a newly assigned slot to the state its committed offsets name, a bounded piece of work at a time.
//!
//! Fetch the stable committed metadata; read the changelog from its restore start until the block whose chain equals the metadata's;
//! verify; hand over. What is held of the slot already (`standby`) is where reading begins, if it can become the committed state. A dead
//! owner's open transaction is fenced instead of waited for. Whatever does not agree is tried once more from the top and then refused
//! with the exact reason and the ways out: a slot is never served from a state that was not proven. Called by the worker's loop between
//! the slots that run.

mod reading;
mod writer;

use crate::engine::Region;

use super::block::TransactionHeader;
use super::distance::Distance;
use super::metadata::Metadata;
use super::restore::{Restore, Target};
use super::rounds;
use super::source::{CommittedOffset, CommittedOffsets, Input, LogRead, Source, SourceError, WAYS_OUT};
use super::standby::Warm;
use super::transaction::Transaction;
use super::{Now, WorkerError};

use reading::{Piece, Reading};

/// One read of the changelog: long enough to be efficient, short enough for the other slots of the worker.
const READ_BYTES: usize = 4 * 1024 * 1024;
/// The first disagreement may be a race with a trim or an old owner's last commit; the second is the truth.
const ATTEMPTS_MAX: u32 = 2;
/// The writer trims while we read: each time the start is fetched anew. More often than this is not a race.
const RESTARTS_MAX: u32 = 20;

/// The state a slot starts running with.
pub struct Recovered {
    pub regions: Vec<(u16, Region)>,
    /// `None`: the slot has no history.
    pub last: Option<TransactionHeader>,
    /// Next offset of each input, in the order of the topics.
    pub offsets: Vec<i64>,
    /// Restore start in force.
    pub start: i64,
    /// How far the rounds of bases had come.
    pub round: rounds::Progress,
    /// It goes on from what was held of the slot already.
    pub was_warm: bool,
    /// What was read of the changelog.
    pub log_records: u64,
    pub log_bytes: u64,
}

impl Recovered {
    /// Of its rows.
    pub fn memory(&self) -> usize {
        self.regions.iter().map(|(_, region)| region.memory()).sum()
    }
}

pub enum Progress {
    /// Nothing to read at the moment.
    Waiting,
    More,
    Done(Box<Recovered>),
}

enum Stage {
    Fetch,
    /// Offsets were unstable when last asked for.
    Unstable,
    /// Looks for the writer of the last committed block, to fence it.
    FindWriter {
        last: Option<String>,
    },
    /// No offsets were ever committed: the changelog must be empty too.
    ProveEmpty,
    Read(Reading),
}

pub struct Recovery {
    slot: u32,
    stage: Stage,
    /// What is held of the slot, until it is known what must become of it.
    warm: Option<Warm>,
    /// The changelog is open where the warm state ends.
    is_followed: bool,
    unstable_since_ms: Option<u64>,
    /// Writers whose transactions have been ended already: whoever still holds the offsets is somebody else.
    fenced: Vec<String>,
    attempts: u32,
    restarts: u32,
    pub began_ms: u64,
}

impl Recovery {
    pub fn new(slot: u32, now: Now) -> Recovery {
        Recovery {
            slot,
            stage: Stage::Fetch,
            warm: None,
            is_followed: false,
            unstable_since_ms: None,
            fenced: Vec::new(),
            attempts: 0,
            restarts: 0,
            began_ms: now.mono_ms,
        }
    }

    /// As `new`, from what is held of the slot. `is_followed`: its changelog is open there.
    pub fn resume(slot: u32, warm: Warm, is_followed: bool, now: Now) -> Recovery {
        Recovery { warm: Some(warm), is_followed, ..Recovery::new(slot, now) }
    }

    /// What has been gathered of the slot, for whoever goes on from there.
    pub fn into_warm(self, now: Now) -> Option<Warm> {
        match self.stage {
            Stage::Read(reading) => Some(Warm::broken_off(reading.restore, reading.distance, now)),
            _ => self.warm.map(|warm| warm.left(now)),
        }
    }

    /// Does the next bounded piece of work.
    pub fn advance<S: Source, T: Transaction>(
        &mut self,
        source: &mut S,
        transaction: &mut T,
        topics: &[String],
        now: Now,
    ) -> Result<Progress, WorkerError> {
        match std::mem::replace(&mut self.stage, Stage::Fetch) {
            Stage::Fetch => match source.committed(self.slot)? {
                CommittedOffsets::Unstable => self.wait_for_stable(now),
                CommittedOffsets::Stable(offsets) => {
                    self.unstable_since_ms = None;
                    self.begin(source, topics, offsets)
                }
            },
            Stage::Unstable => self.look_for_writer(source, now),
            Stage::FindWriter { .. } if self.warm.is_some() => self.ask_warm(source, transaction),
            Stage::FindWriter { last } => self.find_writer(source, transaction, last),
            Stage::ProveEmpty => self.prove_empty(source, topics),
            Stage::Read(reading) => self.read(source, topics, reading, now),
        }
    }

    /// What was held of the slot is of no use: all of it is read.
    fn forget_warm<S: Source>(&mut self, source: &mut S) {
        self.warm = None;
        if std::mem::take(&mut self.is_followed) {
            source.close_changelog(self.slot);
        }
    }

    fn begin<S: Source>(
        &mut self,
        source: &mut S,
        topics: &[String],
        committed: Vec<Option<CommittedOffset>>,
    ) -> Result<Progress, WorkerError> {
        let changelog = source.changelog_bounds(self.slot)?;
        if committed.iter().all(Option::is_none) {
            self.forget_warm(source);
            if changelog.low > 0 {
                return self.try_again(source, "the changelog has a history but the group has no committed offsets".into());
            }
            source.open_changelog(self.slot, changelog.low)?;
            self.stage = Stage::ProveEmpty;
            return Ok(Progress::More);
        }
        for (topic, committed) in committed.iter().enumerate() {
            let Some(committed) = committed else { continue };
            let low = source.input_bounds(Input { topic, slot: self.slot })?.low;
            if committed.offset < low {
                let name = &topics[topic];
                let why = format!(
                    "events of {name} were deleted before they were read: committed offset {} lies below the log start {low}",
                    committed.offset
                );
                return self.try_again(source, why);
            }
        }
        let Some(metadata) = Metadata::newest(&committed) else {
            let why =
                "the group has committed offsets, but not lifetide's: they were reset by a tool, or the group belongs to another program";
            return self.try_again(source, why.into());
        };
        let target = Target { seq: metadata.seq, chain: metadata.chain };
        let offsets = committed.iter().map(|c| c.as_ref().map(|c| c.offset)).collect();
        let start = metadata.start;
        if let Some(warm) = self.warm.take() {
            let next = warm.next();
            if let Some(restore) = warm.aim(target.clone()) {
                if !self.is_followed && !restore.is_done() {
                    source.open_changelog(self.slot, next)?;
                    self.is_followed = true;
                }
                let distance = Distance::new(next, changelog.high);
                self.stage = Stage::Read(Reading { restore, offsets, start, distance, is_warm: true, short_since_ms: None });
                return Ok(Progress::More);
            }
            self.forget_warm(source);
        }
        if start < changelog.low {
            return self.restart(source);
        }
        source.open_changelog(self.slot, start)?;
        let (restore, distance) = (Box::new(Restore::new(self.slot, target)), Distance::new(start, changelog.high));
        self.stage = Stage::Read(Reading { restore, offsets, start, distance, is_warm: false, short_since_ms: None });
        Ok(Progress::More)
    }

    fn prove_empty<S: Source>(&mut self, source: &mut S, topics: &[String]) -> Result<Progress, WorkerError> {
        let mut entries = Vec::new();
        let read = source.read_changelog(self.slot, READ_BYTES, &mut entries)?;
        if !entries.is_empty() {
            return self.try_again(source, "the changelog holds committed blocks but the group has no committed offsets".into());
        }
        match read {
            LogRead::More => {
                self.stage = Stage::ProveEmpty;
                Ok(Progress::Waiting)
            }
            LogRead::OutOfRange => self.restart(source),
            LogRead::End => {
                source.close_changelog(self.slot);
                let low = |topic| source.input_bounds(Input { topic, slot: self.slot }).map(|bounds| bounds.low);
                let offsets = (0..topics.len()).map(low).collect::<Result<_, SourceError>>()?;
                Ok(Progress::Done(Box::new(Recovered {
                    regions: Vec::new(),
                    last: None,
                    offsets,
                    start: 0,
                    round: rounds::Progress::default(),
                    was_warm: false,
                    log_records: 0,
                    log_bytes: 0,
                })))
            }
        }
    }

    /// How far the reading of the changelog has come; `None` before and after it.
    pub fn distance(&self) -> Option<&Distance> {
        match &self.stage {
            Stage::Read(reading) => Some(&reading.distance),
            _ => None,
        }
    }

    /// Memory of what has been restored so far.
    pub fn memory(&self) -> usize {
        match &self.stage {
            Stage::Read(reading) => reading.restore.memory(),
            _ => self.warm.as_ref().map_or(0, Warm::memory),
        }
    }

    /// The next call asks the group, which may take half a second.
    pub fn asks_the_group(&self) -> bool {
        matches!(self.stage, Stage::Fetch)
    }

    fn read<S: Source>(&mut self, source: &mut S, topics: &[String], mut reading: Reading, now: Now) -> Result<Progress, WorkerError> {
        let is_warm = reading.is_warm;
        let piece = reading.advance(source, self.slot, now.mono_ms)?;
        let why = match piece {
            Piece::Waiting | Piece::More => {
                self.stage = Stage::Read(reading);
                return Ok(if matches!(piece, Piece::More) { Progress::More } else { Progress::Waiting });
            }
            Piece::OutOfRange if !is_warm => return self.restart(source),
            Piece::OutOfRange => None,
            Piece::Disagrees(why) => Some(why),
            Piece::End => match reading.finish(source, topics, self.slot)? {
                Ok(recovered) => {
                    source.close_changelog(self.slot);
                    return Ok(Progress::Done(Box::new(recovered)));
                }
                Err(why) => Some(why),
            },
        };
        match why {
            Some(why) if !is_warm => self.try_again(source, why),
            // nothing is proven by it but that it cannot be gone on from
            _ => {
                self.forget_warm(source);
                Ok(Progress::More)
            }
        }
    }

    /// What does not agree may have been read at different times: a process that stood still meanwhile has lost the slot to somebody who
    /// wrote on, and does not know it yet.
    fn try_again<S: Source>(&mut self, source: &mut S, why: String) -> Result<Progress, WorkerError> {
        self.forget_warm(source);
        source.close_changelog(self.slot);
        self.attempts += 1;
        if self.attempts >= ATTEMPTS_MAX {
            return Err(self.refuse(why));
        }
        Ok(Progress::More)
    }

    /// The restore start was trimmed meanwhile: the committed metadata names a newer one by now.
    fn restart<S: Source>(&mut self, source: &mut S) -> Result<Progress, WorkerError> {
        source.close_changelog(self.slot);
        self.restarts += 1;
        if self.restarts >= RESTARTS_MAX {
            return Err(self.refuse("the changelog was deleted up to beyond its restore start".into()));
        }
        Ok(Progress::Waiting)
    }

    fn refuse(&self, why: String) -> WorkerError {
        WorkerError::Refused(format!("slot {}: {why}; {WAYS_OUT}", self.slot))
    }
}
