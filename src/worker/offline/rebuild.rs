//! Rebuilds a slot's state from its inputs, from their beginning up to given offsets, without a word to anybody.
//!
//! The very worker that `run` uses does it, in memory: its source ends where the former life ended (`Bounded`), its transactions go nowhere
//! (`Nowhere`: whatever is decided is taken for said), not even to other customers, who have heard it all. What these had told is not in the inputs: as far as the relay still holds
//! it, it is taken again; ids that were given up stay so, since what they had is another's; the rest is lost. Time is the events' own and runs on to where the slot stood, so that what was decided then is decided again, counts as
//! done, and is not said twice. What comes of it is the caller's to write. Called by `cli` (`state rebuild`).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Committed, Mark, RowVersion, hash_of};
use crate::worker::buffers::Buffers;
use crate::worker::nowhere::Nowhere;
use crate::worker::source::{
    Arrival, Bounds, Claim, CommittedOffset, CommittedOffsets, Input, LogEntry, LogRead, Membership, Record as _, Source, SourceError,
};
use crate::worker::transaction::Outgoing;
use crate::worker::{Next, Now, Rules, SlotState, TimeMode, Worker, WorkerError};

use super::former::Former;
use super::hold::Held;
use super::rewrite::{Beginning, genesis};

/// Names the writer of rows that were built anew.
const WRITER: &str = "rebuild";
/// Nothing is written, so a transaction's end costs only a pass over the changed rows.
const COMMIT_RECORDS: u64 = 50_000;
/// The longest sleep while the brokers have nothing for us.
const WAIT_MS_MAX: u64 = 20;

/// The rows of the slot, and its slot time. Erasures that the inputs do not tell of any more hold from the beginning, and so does what an id
/// gave away: then it is done a second time, with their marks.
pub fn rebuild<S: Source>(
    source: &mut S,
    held: &Held,
    rules: &Rules,
    slot: u32,
    former: &Former,
    clock: &impl Fn() -> Now,
) -> Result<Rebuilt, WorkerError> {
    let mut rules = rules.clone();
    rules.time = TimeMode::Event { until_ms: former.time_ms };
    rules.commit_records_max = COMMIT_RECORDS;
    rules.row_version = former.row_version;
    (rules.base_ratio, rules.max_round_ms) = (0.0, u64::MAX);
    let first = run(source, held, &rules, slot, former, &[], clock)?;
    let is_told = |mark: &&Mark| first.rows.erased_ms(slot, &mark.id).is_some_and(|told_ms| told_ms >= mark.erased_ms);
    let carried: Vec<Mark> = former.marks.iter().filter(|mark| !is_told(mark)).copied().collect();
    if carried.is_empty() && former.moved.is_empty() {
        return Ok(first);
    }
    run(source, held, &rules, slot, former, &carried, clock)
}

/// What a slot was built anew as.
pub struct Rebuilt {
    pub rows: Arc<Committed>,
    pub time_ms: Option<i64>,
    /// The inputs may tell the slot to write newer rows than it did.
    pub row_version: RowVersion,
    /// What everybody was scored with on the way.
    pub scored_with: String,
    /// Erasures known from the changelog alone.
    pub carried: usize,
}

fn run<S: Source>(
    source: &mut S,
    held: &Held,
    rules: &Rules,
    slot: u32,
    former: &Former,
    marks: &[Mark],
    clock: &impl Fn() -> Now,
) -> Result<Rebuilt, WorkerError> {
    let until = former.until.clone();
    let beginning = if marks.is_empty() && former.moved.is_empty() { None } else { Some(marked(rules, slot, former, marks)?) };
    let bounded = Bounded { source, held, slot, told: vec![false; until.len()], until, is_assigned: false, beginning, is_read: false };
    let rows = Arc::new(Committed::new());
    let mut worker = Worker::new(bounded, Nowhere(WRITER, |_: &Outgoing<'_>| {}), rules.clone(), rows.clone());
    loop {
        let next = worker.step(clock())?;
        worker.take_report();
        let Next::Wait(longest_ms) = next else { continue };
        if worker.status().running == [slot] {
            let state = worker.slot_states().pop().expect("invariant: the slot is running");
            let SlotState { time_ms, row_version, scored_with, .. } = state;
            return Ok(Rebuilt { rows, time_ms, row_version, scored_with, carried: marks.len() });
        }
        worker.wait(longest_ms.min(WAIT_MS_MAX));
    }
}

/// A history that begins with nothing but marks, of either kind, before the first record of each input.
struct Marked {
    offsets: Vec<CommittedOffset>,
    log: Vec<LogEntry>,
}

fn marked(rules: &Rules, slot: u32, former: &Former, marks: &[Mark]) -> Result<Marked, WorkerError> {
    let rows = Committed::new();
    marks.iter().for_each(|mark| rows.put_mark(slot, *mark));
    former.moved.iter().for_each(|(id, row)| rows.put(slot, hash_of(id), id, Some(row)));
    let offsets: Vec<i64> = former.bounds.iter().map(|bounds| bounds.low).collect();
    let row_version = former.row_version;
    let beginning = Beginning { slot, rows: &rows, seq: 1, offsets: &offsets, time_ms: None, row_version, scored_with: "" };
    let mut buffers = Buffers::default();
    let (metadata, blocks) = genesis(&beginning, rules, WRITER, 0, &mut buffers)?;
    let metadata = metadata.to_text();
    Ok(Marked {
        offsets: offsets.iter().map(|offset| CommittedOffset { offset: *offset, metadata: metadata.clone() }).collect(),
        log: blocks.zip(0..).map(|(value, offset)| LogEntry { offset, value }).collect(),
    })
}

/// One slot of a held group, as if it had no history or one of marks alone, with inputs that end at given offsets.
struct Bounded<'a, S: Source> {
    source: &'a mut S,
    held: &'a Held,
    slot: u32,
    until: Vec<i64>,
    /// The end was told.
    told: Vec<bool>,
    is_assigned: bool,
    beginning: Option<Marked>,
    /// The beginning was read.
    is_read: bool,
}

impl<S: Source> Source for Bounded<'_, S> {
    type Record = S::Record;

    fn membership(&mut self) -> Result<Vec<Membership>, SourceError> {
        self.held.check(self.source).map_err(|error| match error {
            WorkerError::Unavailable(why) => SourceError::Unavailable(why),
            WorkerError::Refused(why) => SourceError::Refused(why),
            WorkerError::Fenced(why) => SourceError::Fenced(why),
        })?;
        let is_assigned = std::mem::replace(&mut self.is_assigned, true);
        Ok(if is_assigned { Vec::new() } else { vec![Membership::Assigned(vec![self.slot])] })
    }

    fn wait(&mut self, longest: Duration) {
        self.source.wait(longest);
    }

    fn take(&mut self, input: Input, most: usize, into: &mut VecDeque<Arrival<S::Record>>) -> Result<(), SourceError> {
        let until = self.until[input.topic];
        let told = &mut self.told[input.topic];
        let mut arrivals = VecDeque::new();
        self.source.take(input, most, &mut arrivals)?;
        for arrival in arrivals {
            match arrival {
                Arrival::Record(record) if record.offset() < until => into.push_back(Arrival::Record(record)),
                // an open transaction of a producer: what follows it comes when it has ended
                Arrival::End(offset) if offset < until => {}
                Arrival::Record(_) | Arrival::End(_) => {
                    if !std::mem::replace(told, true) {
                        into.push_back(Arrival::End(until));
                    }
                }
            }
        }
        Ok(())
    }

    fn start(&mut self, slot: u32, offsets: &[i64]) -> Result<(), SourceError> {
        // who looks again (after a pause, say) waits for the ends again
        self.told.fill(false);
        self.source.start(slot, offsets)
    }

    fn claim(&mut self) -> Result<Claim, SourceError> {
        self.source.claim()
    }

    fn committed(&mut self, _slot: u32) -> Result<CommittedOffsets, SourceError> {
        Ok(CommittedOffsets::Stable(match &self.beginning {
            None => vec![None; self.until.len()],
            Some(beginning) => beginning.offsets.iter().cloned().map(Some).collect(),
        }))
    }

    fn input_bounds(&mut self, input: Input) -> Result<Bounds, SourceError> {
        self.source.input_bounds(input)
    }

    fn changelog_bounds(&mut self, _slot: u32) -> Result<Bounds, SourceError> {
        Ok(Bounds { low: 0, high: self.beginning.as_ref().map_or(0, |beginning| beginning.log.len() as i64) })
    }

    fn open_changelog(&mut self, _slot: u32, _from: i64) -> Result<(), SourceError> {
        self.is_read = false;
        Ok(())
    }

    fn read_changelog(&mut self, _slot: u32, _most_bytes: usize, into: &mut Vec<LogEntry>) -> Result<LogRead, SourceError> {
        if !std::mem::replace(&mut self.is_read, true) {
            into.extend(self.beginning.iter().flat_map(|beginning| beginning.log.iter().cloned()));
        }
        Ok(LogRead::End)
    }

    fn close_changelog(&mut self, _slot: u32) {}
}
