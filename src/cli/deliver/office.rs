//! The loop of `deliver`: takes slots from the group, reads what was delivered before, and sends what is due, one at a time.
//!
//! Before an attempt the mark `sending` is committed, with the group's claim in the same transaction, so that whoever has lost the slot
//! cannot write it; after the attempt the mark of its outcome with the position behind it. A crash in between leaves an action in doubt, and
//! unsent rather than sent twice. Any failure of Kafka ends this office; the `Desk` outlives it. Called by `cli::deliver`.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::desk::Desk;
use crate::clock;
use crate::deliver::{Action, Ledger, Mark, Next, Queue, Skip, State, pause_ms};
use crate::http::Phase;
use crate::kafka::{Consumer, Message, Producer, Settings};
use crate::worker::source::{Arrival, CommittedOffsets, Input, Membership, Record as _, Source as _};
use crate::worker::transaction::{Outgoing, OutputTopic, Position, Transaction as _, TransactionError};
use crate::worker::{TRACEPARENT, TRACESTATE, TraceHeaders, WorkerError};

/// Places of the two topics among those of the group.
const ACTIONS: usize = 0;
const DELIVERIES: usize = 1;
/// The only member of this process.
const MEMBER: usize = 0;
/// Arrivals of a topic taken at a time.
const TAKEN_MAX: usize = 100;
/// Actions of a slot skipped in one transaction.
const SKIPPED_MAX: usize = 500;
/// Marks deleted with one transaction.
const DELETED_MAX: usize = 100;
/// How far one of the slots is from the end of its actions is looked at this often, round and round: each look asks the broker.
const MEASURE_MS: u64 = 500;
/// The longest sleep, so that a stop and the group are heard.
const LOOK: Duration = Duration::from_millis(50);

enum Stage {
    /// Its offsets are not known yet.
    New,
    /// Its deliveries are read up to this offset.
    Reading(i64),
    Open,
}

struct Slot {
    stage: Stage,
    ledger: Ledger,
    queue: Queue,
    /// Offset of the first action that is not dealt with.
    position: i64,
}

/// What was decided and is to be written down, and counted once it is.
#[derive(Default)]
struct Page {
    marks: Vec<Mark>,
    /// Why, and the play.
    skipped: Vec<(Skip, String)>,
    /// Ended without an attempt of ours.
    ended: Vec<Mark>,
}

pub struct Office {
    source: Consumer,
    journal: Producer,
    slots: BTreeMap<u32, Slot>,
    /// The group has said what is ours, be it nothing.
    has_heard: bool,
    /// When a slot was measured last, and how many have been.
    measured: (u64, usize),
}

impl Office {
    /// `settings`: those of the group that delivers.
    pub fn open(settings: &Settings) -> Result<Office, WorkerError> {
        let journal = Producer::open(settings, MEMBER, clock::wall_ms).map_err(WorkerError::of_transaction)?;
        Ok(Office { source: Consumer::join(settings, MEMBER)?, journal, slots: BTreeMap::new(), has_heard: false, measured: (0, 0) })
    }

    /// Until it is told to stop; what is under way is finished first.
    pub fn run(mut self, desk: &mut Desk, is_stopped: &dyn Fn() -> bool) -> Result<(), WorkerError> {
        while !is_stopped() {
            desk.teller.beat(self.phase());
            self.follow_group(desk)?;
            self.measure(desk);
            let slots: Vec<u32> = self.slots.keys().copied().collect();
            let mut was_busy = false;
            for slot in slots {
                // each may wait for an answer as long as one mail may take
                desk.teller.beat(self.phase());
                self.read(slot)?;
                was_busy |= self.serve(slot, desk)?;
            }
            if !was_busy {
                self.source.wait(LOOK);
            }
        }
        desk.teller.beat(Phase::Draining);
        Ok(())
    }

    fn phase(&self) -> Phase {
        match self.slots.values().filter(|slot| !matches!(slot.stage, Stage::Open)).count() {
            0 if self.has_heard => Phase::Running,
            0 => Phase::Starting,
            slots => Phase::Restoring { slots },
        }
    }

    /// Shows what is left of one slot. A broker that does not answer this may still serve us.
    fn measure(&mut self, desk: &Desk) {
        let (now_ms, (last_ms, nth)) = (clock::monotonic_ms(), self.measured);
        let Some((number, slot)) = self.slots.iter().nth(nth % self.slots.len().max(1)) else { return };
        if now_ms.saturating_sub(last_ms) < MEASURE_MS {
            return;
        }
        self.measured = (now_ms, nth + 1);
        if !matches!(slot.stage, Stage::Open) {
            return;
        }
        if slot.queue.is_done() {
            desk.teller.lag(*number, 0);
        } else if let Ok(bounds) = self.source.input_bounds(Input { topic: ACTIONS, slot: *number }) {
            desk.teller.lag(*number, bounds.high.saturating_sub(slot.position).max(0) as u64);
        }
    }

    fn follow_group(&mut self, desk: &Desk) -> Result<(), WorkerError> {
        for change in self.source.membership()? {
            match change {
                Membership::Assigned(slots) => {
                    self.has_heard = true;
                    tracing::info!(?slots, "slots assigned");
                    let new = || Slot { stage: Stage::New, ledger: Ledger::default(), queue: Queue::default(), position: 0 };
                    self.slots.extend(slots.into_iter().map(|slot| (slot, new())));
                }
                Membership::Revoked(slots) | Membership::Lost(slots) => {
                    tracing::info!(?slots, "slots given back");
                    slots.iter().for_each(|slot| desk.teller.forget(*slot));
                    self.slots.retain(|slot, _| !slots.contains(slot));
                }
            }
        }
        let new: Vec<u32> = self.slots.iter().filter(|(_, slot)| matches!(slot.stage, Stage::New)).map(|(number, _)| *number).collect();
        new.into_iter().try_for_each(|number| self.begin(number))
    }

    /// Begins reading a slot, unless a transaction of its former owner is still open.
    fn begin(&mut self, number: u32) -> Result<(), WorkerError> {
        let CommittedOffsets::Stable(offsets) = self.source.committed(number)? else { return Ok(()) };
        let actions = self.source.input_bounds(Input { topic: ACTIONS, slot: number })?;
        let deliveries = self.source.input_bounds(Input { topic: DELIVERIES, slot: number })?;
        let committed = offsets[ACTIONS].as_ref().map(|committed| committed.offset);
        let position = committed.filter(|offset| (actions.low..=actions.high).contains(offset)).unwrap_or(actions.low);
        if let Some(offset) = committed.filter(|offset| *offset != position) {
            tracing::warn!(slot = number, offset, position, "the committed offset is no longer there: begins with the first action");
        }
        self.source.start(number, &[position, deliveries.low])?;
        let slot = self.slots.get_mut(&number).expect("invariant: only slots of ours are begun");
        slot.position = position;
        slot.stage = if deliveries.low < deliveries.high { Stage::Reading(deliveries.high) } else { Stage::Open };
        Ok(())
    }

    fn read(&mut self, number: u32) -> Result<(), WorkerError> {
        let Some(slot) = self.slots.get_mut(&number) else { return Ok(()) };
        let mut arrivals: VecDeque<Arrival<Message>> = VecDeque::new();
        if !matches!(slot.stage, Stage::New) {
            self.source.take(Input { topic: DELIVERIES, slot: number }, TAKEN_MAX, &mut arrivals)?;
        }
        for arrival in arrivals.drain(..) {
            // afterwards it is our own words that come back
            let Stage::Reading(high) = slot.stage else { continue };
            let next = match arrival {
                Arrival::Record(record) => {
                    note(&mut slot.ledger, &record);
                    record.offset() + 1
                }
                Arrival::End(offset) => offset,
            };
            if next >= high {
                slot.stage = Stage::Open;
            }
        }
        if matches!(slot.stage, Stage::Open) && slot.queue.has_room() {
            self.source.take(Input { topic: ACTIONS, slot: number }, TAKEN_MAX, &mut arrivals)?;
        }
        for arrival in arrivals {
            match arrival {
                Arrival::Record(record) => slot.queue.push(record.offset(), record.value().unwrap_or_default(), trace(&record)),
                Arrival::End(_) => slot.queue.reach_end(),
            }
        }
        Ok(())
    }

    /// Deals with what needs no sending, then makes one attempt at most. Returns whether anything was done.
    fn serve(&mut self, number: u32, desk: &mut Desk) -> Result<bool, WorkerError> {
        let Some(slot) = self.slots.get_mut(&number) else { return Ok(false) };
        let before = slot.position;
        let mut page = Page::default();
        let mut due = None;
        for _ in 0..SKIPPED_MAX {
            match slot.queue.next(&slot.ledger, &desk.own, clock::wall_ms()) {
                Next::Nothing | Next::Wait(_) => break,
                Next::Send(action, attempts) => {
                    due = Some((action, attempts));
                    break;
                }
                Next::Skip(why, mark) => {
                    if why == Skip::InDoubt {
                        page.ended.extend(mark.clone());
                    } else {
                        page.skipped.push((why, slot.queue.first_play().to_owned()));
                    }
                    if let Some(mark) = mark {
                        slot.ledger.note(mark.clone());
                        page.marks.push(mark);
                    }
                    slot.position = slot.queue.pop();
                }
                Next::Conclude(mark) => {
                    if mark.state != State::Waiting {
                        slot.position = slot.queue.pop();
                    }
                    slot.ledger.note(mark.clone());
                    page.marks.push(mark);
                }
            }
        }
        let Some((action, attempts)) = due.filter(|_| desk.may_send()) else {
            let was_busy = slot.position > before || !page.marks.is_empty();
            return if was_busy { self.settle(number, desk, page).map(|()| true) } else { Ok(false) };
        };
        self.send(number, desk, &action, attempts, page).map(|()| true)
    }

    /// `page`: of what was dealt with before it.
    fn send(&mut self, number: u32, desk: &mut Desk, action: &Action, attempts: u32, mut page: Page) -> Result<(), WorkerError> {
        let outcome = match desk.wrap(action) {
            Err(why) => {
                let failed = Mark { why: Some(why), ..desk.mark(action, State::Failed, attempts) };
                page.ended.push(failed.clone());
                failed
            }
            Ok(parcel) => {
                page.marks.push(desk.mark(action, State::Sending, attempts));
                self.settle(number, desk, std::mem::take(&mut page))?;
                let outcome = desk.attempt(action, &parcel, attempts);
                // it has happened, whatever becomes of its mark
                desk.note(&outcome);
                outcome
            }
        };
        let slot = self.slots.get_mut(&number).expect("invariant: slots go between two attempts only");
        if outcome.state == State::Waiting {
            slot.queue.hold_first_until(clock::wall_ms().saturating_add_unsigned(pause_ms(outcome.attempts)));
        } else {
            slot.position = slot.queue.pop();
        }
        slot.ledger.note(outcome.clone());
        page.marks.push(outcome);
        self.settle(number, desk, page)
    }

    /// Writes a page down, and counts what is on it only then: what cannot be written is decided about again.
    fn settle(&mut self, number: u32, desk: &mut Desk, page: Page) -> Result<(), WorkerError> {
        self.write(number, &page.marks)?;
        page.skipped.iter().for_each(|(why, play)| desk.teller.count(why.word(), play));
        page.ended.iter().for_each(|mark| desk.note(mark));
        Ok(())
    }

    /// Commits marks and the slot's position together, if the slot is still ours.
    fn write(&mut self, number: u32, marks: &[Mark]) -> Result<(), WorkerError> {
        let slot = self.slots.get_mut(&number).expect("invariant: marks are of slots of ours");
        let outdated = slot.ledger.outdated(clock::wall_ms(), DELETED_MAX);
        let claim = self.source.claim()?;
        let journal = &mut self.journal;
        let mut write = || -> Result<(), TransactionError> {
            journal.begin()?;
            let written = marks.iter().map(|mark| (mark.id.as_str(), Some(mark.to_json())));
            for (id, value) in outdated.iter().map(|id| (id.as_str(), None)).chain(written) {
                journal.send(&Outgoing {
                    topic: OutputTopic::Relay,
                    partition: Some(number),
                    key: Some(id.as_bytes()),
                    value: value.as_deref(),
                    timestamp_ms: None,
                    headers: &[],
                })?;
            }
            let input = Input { topic: ACTIONS, slot: number };
            journal.commit(&[Position { input, offset: slot.position, metadata: String::new() }], &claim)
        };
        write().map_err(WorkerError::of_transaction)?;
        outdated.iter().for_each(|id| slot.ledger.forget(id));
        Ok(())
    }
}

/// The trace context that a record carries, as headers.
fn trace(record: &Message) -> Vec<(String, String)> {
    let Some(found) = TraceHeaders::of(record) else { return Vec::new() };
    let trace = found.as_trace();
    let headers = [(TRACEPARENT, trace.parent), (TRACESTATE, trace.state)];
    headers.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A record of the topic of deliveries; what cannot be read is of a later version and about nothing we sent.
pub(super) fn note(ledger: &mut Ledger, record: &Message) {
    match record.value() {
        Some(value) => {
            if let Some(mark) = Mark::read(value) {
                ledger.note(mark);
            }
        }
        None => ledger.forget(&String::from_utf8_lossy(record.key().unwrap_or_default())),
    }
}
