//! One slot's turn: what its merge offers goes to the engine, and what the engine decides goes to the transaction.
//!
//! Before an event is applied, slot time moves to it and the deadlines due by then fire first. Refused records become dead letters here.
//! A turn is bounded, so that a busy slot neither starves the others nor delays the commit. Called by `step`.

use crate::engine::{Moment, Outputs, Progress};
use crate::event::{Event, Reject, Told};

use super::commit::{Batch, Blamed};
use super::dead_letter::Refused;
use super::merge::Ready;
use super::owned::Running;
use super::source::{Input, Record, Source};
use super::taking::Taking;
use super::trace::TraceLinks;
use super::transaction::Transaction;
use super::upgrade::{self, Word};
use super::{Failure, Now, Rules, TimeMode, WorkerError, partition_of};

/// Events a slot may take in one turn, and the rest of the last one's record; a record counts as one at least.
const EVENTS_MAX: usize = 256;
/// Arrivals asked of the source at once.
const TAKE_MAX: usize = 256;
/// Deadlines a slot may fire in one turn, so that a month of silence ends in many transactions and not in one.
const TIMERS_MAX: usize = 1024;
/// Customers a slot may score anew in one turn: a share of what its records cost, so that these hardly wait.
const RESCORE_MAX: usize = 64;
/// Markers alone are no hurry.
const MARKERS_MS: u64 = 5_000;

/// How far a slot came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// It did something and may do more.
    Further,
    /// Nothing is ready.
    ToTheEnd,
}

/// What a turn works with: the worker without its slots.
pub struct Turn<'a, S: Source, T: Transaction> {
    pub source: &'a mut S,
    pub transaction: &'a mut T,
    pub rules: &'a Rules,
    pub batch: &'a mut Option<Batch>,
    pub begun: &'a mut u64,
    pub outputs: &'a mut Outputs,
    /// Records a new transaction may hold.
    pub records_max: u64,
    /// Records that are put aside whatever they say.
    pub blamed: &'a [Blamed],
    pub now: Now,
}

impl<S: Source, T: Transaction> Turn<'_, S, T> {
    pub fn run(&mut self, running: &mut Running<S::Record>) -> Result<Came, Failure> {
        self.pace_cells(running);
        let came = self.rescore(running).and_then(|()| self.take_ready(running));
        self.send_outputs()?;
        came
    }

    /// The open transaction has reached one of its bounds.
    pub fn is_full(&self) -> bool {
        self.batch.as_ref().is_some_and(|batch| batch.is_full(self.rules, self.now))
    }

    fn take_ready(&mut self, running: &mut Running<S::Record>) -> Result<Came, Failure> {
        let mut taken = 0;
        while taken < EVENTS_MAX {
            if self.is_full() || (self.rules.relays_at_once && self.outputs.tells_others()) {
                return Ok(Came::Further);
            }
            for topic in 0..self.rules.topics.len() {
                if running.merge.wants(topic) {
                    self.source.take(Input { topic, slot: running.slot.number() }, TAKE_MAX, running.merge.queue(topic))?;
                }
            }
            if running.slot.takes_relay() && running.merge.message().is_some() {
                self.open_batch(running)?;
                self.take_message(running)?;
                continue;
            }
            match running.merge.ready(&self.rules.decode, self.wall_ms()) {
                Ready::Waiting | Ready::Empty { at_end: false } => return Ok(Came::ToTheEnd),
                Ready::Empty { at_end: true } => return self.run_on(running),
                Ready::Head(topic) => {
                    self.open_batch(running)?;
                    match self.take_head(running, topic)? {
                        Some(events) => taken += events.max(1),
                        None => return Ok(Came::Further),
                    }
                }
            }
        }
        Ok(Came::Further)
    }

    /// Applies or refuses the head, and says how many events that was; `None`: deadlines before it still have to fire, or to be committed.
    fn take_head(&mut self, running: &mut Running<S::Record>, topic: usize) -> Result<Option<usize>, Failure> {
        let batch = self.batch.as_mut().expect("invariant: a head is taken within a transaction");
        let is_lagging = running.merge.is_lagging();
        let (record, decoded) = running.merge.head(topic);
        let name = &self.rules.topics[topic];
        let place = (Input { topic, slot: running.slot.number() }, record.offset());
        let blamed = self.blamed.iter().find(|blamed| blamed.place == place);
        check_partition(self.rules, name, running.slot.number(), record)?;
        let bytes = record.key().map_or(0, <[u8]>::len) + record.value().map_or(0, <[u8]>::len);
        let unwritable = blamed.map(|blamed| Reject::unwritable(&blamed.why));
        let reject = decoded.as_ref().err().or(unwritable.as_ref());
        // what falls due between the events of one record fires after them
        if let (None, Some(first)) = (reject, decoded.as_ref().ok().and_then(Told::earliest)) {
            let moment = moment_of(first, record, self.rules.time, is_lagging, self.now);
            let progress = running.slot.tick(moment, TIMERS_MAX, self.outputs);
            if batch.close_if_for_one_record(self.outputs) || progress == Progress::More {
                return Ok(None);
            }
        }
        batch.last = Some(place);
        batch.tally.links.note(record);
        let mut taking = Taking {
            record,
            topic: name,
            slot_number: running.slot.number(),
            partitions: self.rules.partitions,
            transaction: &mut *self.transaction,
            tally: &mut batch.tally,
        };
        let mut events = 1;
        if let Some(word) = reject.and_then(|_| upgrade::word(record, &self.rules.group)) {
            if let Word::Raise(version) = word {
                running.slot.raise_row_version(version);
            }
        } else if let Some(reject) = reject {
            taking.refuse(Refused { reject, element: None }, blamed.is_some())?;
            batch.put_aside.extend(blamed.map(|blamed| blamed.place));
        } else if let Ok(told) = decoded {
            events = taking.apply(told, &mut running.slot, self.outputs)?;
            if let Told::Several(_) = told {
                running.latest_ms = told.events().map(|event| event.time_ms).chain(running.latest_ms).max();
            }
        }
        running.merge.pop(topic);
        batch.tally.consume(topic, bytes);
        batch.records += 1;
        batch.bytes += bytes;
        Ok(Some(events))
    }

    /// While inputs lag, slot time runs ahead of the clock, and its intervals are no measure for how often anybody wants to read a figure.
    fn pace_cells(&self, running: &mut Running<S::Record>) {
        let may_go = !running.merge.is_lagging() || self.now.mono_ms >= running.cells_from_ms;
        if may_go {
            running.cells_from_ms = self.now.mono_ms + self.rules.engine.aggregates_interval_ms.unsigned_abs();
        }
        running.slot.hold_cells(!may_go);
    }

    /// Scores a piece of the slot anew, before its records: so what others see of the slot between two transactions is where it happened.
    fn rescore(&mut self, running: &mut Running<S::Record>) -> Result<(), Failure> {
        if !running.slot.is_rescoring() || self.is_full() {
            return Ok(());
        }
        // while a record that cannot be written is searched for, nothing else may be to blame: then a piece waits for the records, and has a
        // transaction of its own
        let is_searching = self.records_max == 1;
        if is_searching && (self.batch.is_some() || !running.merge.is_at_end()) {
            return Ok(());
        }
        self.open_batch(running)?;
        running.slot.rescore(RESCORE_MAX, self.outputs);
        if let Some(batch) = self.batch.as_mut() {
            batch.close_if_for_one_record(self.outputs);
        }
        Ok(())
    }

    /// All inputs are at their end: slot time runs on by itself, and what was due by now fires.
    fn run_on(&mut self, running: &mut Running<S::Record>) -> Result<Came, Failure> {
        running.slot.hold_cells(false);
        self.commit_markers(running)?;
        let Some(slot_ms) = running.slot.time_ms() else {
            return Ok(Came::ToTheEnd);
        };
        let to_ms = match self.rules.time {
            TimeMode::Event { until_ms } => running.latest_ms.into_iter().chain(until_ms).fold(slot_ms, i64::max),
            TimeMode::Wall { idle_grace_ms } => slot_ms.max(self.now.wall_ms.saturating_sub(idle_grace_ms)),
        };
        if running.slot.next_deadline_ms().is_some_and(|deadline_ms| deadline_ms <= to_ms) {
            self.open_batch(running)?;
            let progress = running.slot.tick(Moment { to_ms, wall_ms: self.wall_ms() }, TIMERS_MAX, self.outputs);
            if let Some(batch) = self.batch.as_mut() {
                batch.close_if_for_one_record(self.outputs);
            }
            if progress == Progress::More {
                return Ok(Came::Further);
            }
        }
        // where only events move time, nothing else would ever show the last state of the cells
        if matches!(self.rules.time, TimeMode::Event { .. }) && running.slot.has_unwritten_cells() {
            self.open_batch(running)?;
            running.slot.flush(self.outputs);
        }
        Ok(Came::ToTheEnd)
    }

    /// Offsets that only passed markers are committed after a while, too: else a quiet partition's committed offset would lie before its
    /// log's start one day, and look like lost input.
    fn commit_markers(&mut self, running: &mut Running<S::Record>) -> Result<(), Failure> {
        if running.touched || running.merge.offsets() == running.committed_offsets {
            running.ahead_since_ms = None;
            return Ok(());
        }
        let since_ms = *running.ahead_since_ms.get_or_insert(self.now.mono_ms);
        if self.now.mono_ms.saturating_sub(since_ms) < MARKERS_MS {
            return Ok(());
        }
        running.ahead_since_ms = None;
        self.open_batch(running)
    }

    fn open_batch(&mut self, running: &mut Running<S::Record>) -> Result<(), Failure> {
        running.touched = true;
        if self.batch.is_none() {
            self.transaction.begin().map_err(Failure::Transaction)?;
            *self.begun += 1;
            let links = TraceLinks::new(self.rules.traces, self.rules.nonce, *self.begun);
            *self.batch = Some(Batch::new(self.records_max, links, self.now));
        }
        Ok(())
    }

    pub fn wall_ms(&self) -> Option<i64> {
        wall_of(self.rules.time, self.now)
    }
}

fn wall_of(time: TimeMode, now: Now) -> Option<i64> {
    match time {
        TimeMode::Event { .. } => None,
        TimeMode::Wall { .. } => Some(now.wall_ms),
    }
}

/// Slot time before the event: its own. With the wall clock it stays behind the present by the grace, so that an order on its way still
/// stops what would fall due before it; while catching up the present is when the record was written, because such an order may follow.
fn moment_of(event: &Event<'_>, record: &dyn Record, time: TimeMode, is_lagging: bool, now: Now) -> Moment {
    let to_ms = match time {
        TimeMode::Event { .. } => event.time_ms,
        TimeMode::Wall { idle_grace_ms } => {
            let record_ms = || record.timestamp_ms().unwrap_or(event.time_ms);
            let present_ms = if is_lagging { record_ms().min(now.wall_ms) } else { now.wall_ms };
            event.time_ms.min(present_ms.saturating_sub(idle_grace_ms))
        }
    };
    Moment { to_ms, wall_ms: wall_of(time, now) }
}

/// A key in the wrong partition would split a customer in two: the producers must be put right first.
pub fn check_partition(rules: &Rules, topic: &str, slot: u32, record: &dyn Record) -> Result<(), WorkerError> {
    let (Some(partitions), Some(key)) = (rules.partitions, record.key()) else {
        return Ok(());
    };
    let right = partition_of(key, partitions);
    if right == slot {
        return Ok(());
    }
    Err(WorkerError::Refused(format!(
        "record at {topic} partition {slot} offset {} belongs in partition {right} by murmur2 of its key: its producer partitions differently; set its partitioner to murmur2 (librdkafka: `partitioner=murmur2_random`), or `input.partitioner = \"trust\"` if all producers of all inputs agree on another one",
        record.offset()
    )))
}
