//! The body of the loop: one bounded step of everything that is due, in a fixed order.
//!
//! Group changes are served only between transactions; then recovering slots get a piece of their restore; then each running slot has its
//! turn; then, if nothing more is ready or a bound of the transaction is reached, it commits. It reads no clock and blocks nowhere but in
//! the seams. Called by `runner`, `replay` and simulation.

use crate::engine::Slot;

use super::changelog::Changelog;
use super::merge::Merge;
use super::owned::{Owned, RelayMarks, Running};
use super::partitioner::misplaced;
use super::recovery::{Progress, Recovered};
use super::report::Restoration;
use super::rounds::Rounds;
use super::source::{Membership, Source};
use super::transaction::Transaction;
use super::turn::{Came, Turn};
use super::{Change, Failure, Next, Now, TimeMode, Worker, WorkerError};

/// The longest sleep: the group must hear from us, and metrics be fresh.
const WAIT_MS_MAX: u64 = 100;
/// Between two steps: longer than this, and the ends our inputs told are old. A third of the default grace: a pause that goes unnoticed
/// leaves the rest of it to events on their way.
const STALL_MS: u64 = 5_000;
/// Between two pieces of scoring everybody anew, where nothing else is to do.
const RESCORE_WAIT_MS: u64 = 5;
/// While the changelog has nothing for us at the moment.
const RECOVERY_WAIT_MS: u64 = 5;

impl<S: Source, T: Transaction> Worker<S, T> {
    /// Does what is due now.
    pub fn step(&mut self, now: Now) -> Result<Next, WorkerError> {
        self.stalled |= now.mono_ms.saturating_sub(self.stepped_ms) > STALL_MS;
        self.stepped_ms = now.mono_ms;
        if self.stalled && self.batch.is_some() {
            return self.commit(now);
        }
        let mut follows_on = false;
        if self.batch.is_none() {
            self.take_settings();
            self.serve_group(now)?;
            if std::mem::take(&mut self.stalled) {
                self.look_again()?;
            }
            self.ration(now);
            follows_on = self.follow(now);
            let rest_ms = self.rest_until_ms.saturating_sub(now.mono_ms);
            if rest_ms > 0 {
                return Ok(Next::Wait(rest_ms.min(WAIT_MS_MAX)));
            }
        }
        let recovery = self.recover(now)?;
        let ready = match self.run_slots(now) {
            Ok(ready) => ready,
            Err(Failure::Worker(error)) => return Err(error),
            Err(Failure::Transaction(error)) => return self.end_badly(error, now),
        };
        if self.batch.as_ref().is_some_and(|batch| !ready || batch.is_full(&self.rules, now)) {
            let next = self.commit(now)?;
            self.tend_changelogs();
            self.followers.is_busy = ready;
            return Ok(next);
        }
        self.followers.is_busy = ready;
        Ok(match (ready || follows_on, recovery) {
            (true, _) | (_, Some(Progress::More)) => Next::Now,
            (_, Some(_)) => Next::Wait(RECOVERY_WAIT_MS),
            (false, None) => Next::Wait(self.until_next_deadline(now)),
        })
    }

    /// Gives running slots their turns, round and round until the transaction is full; true if any may go on at once.
    fn run_slots(&mut self, now: Now) -> Result<bool, Failure> {
        let Worker { slots, source, transaction, rules, batch, begun, outputs, first_slot, records_max, blamed, .. } = self;
        let mut turn = Turn { source, transaction, rules, batch, begun, outputs, records_max: *records_max, blamed, now };
        let mut ready = false;
        let order: Vec<u32> = slots.range(*first_slot..).chain(slots.range(..*first_slot)).map(|(number, _)| *number).collect();
        for number in order {
            if turn.is_full() {
                if let Some(batch) = turn.batch.as_mut() {
                    batch.next_slot = Some(number);
                }
                return Ok(true);
            }
            if let Some(Owned::Running(running)) = slots.get_mut(&number) {
                ready |= turn.run(running)? == Came::Further;
            }
        }
        Ok(ready)
    }

    /// Milliseconds until a deadline can fall due by itself, which only happens with the wall clock.
    fn until_next_deadline(&self, now: Now) -> u64 {
        let is_rescoring = |owned: &Owned<S::Record>| matches!(owned, Owned::Running(running) if running.slot.is_rescoring());
        if self.slots.values().any(is_rescoring) {
            return RESCORE_WAIT_MS;
        }
        let TimeMode::Wall { idle_grace_ms } = self.rules.time else {
            return WAIT_MS_MAX;
        };
        let running = self.slots.values().filter_map(|owned| match owned {
            Owned::Running(running) if running.merge.is_at_end() => running.slot.next_deadline_ms(),
            _ => None,
        });
        let due_ms = running.min().map_or(i64::MAX, |deadline_ms| deadline_ms.saturating_add(idle_grace_ms));
        u64::try_from(due_ms.saturating_sub(now.wall_ms)).unwrap_or(0).clamp(1, WAIT_MS_MAX)
    }

    /// After standing still, inputs that had told their ends may hold what was written meanwhile: by the wall clock alone deadlines would
    /// fire before it is read. Begins again from the committed offsets, where every input tells its end anew.
    fn look_again(&mut self) -> Result<(), WorkerError> {
        for (number, owned) in &mut self.slots {
            if let Owned::Running(running) = owned {
                running.rewind();
                self.source.start(*number, &running.committed_offsets)?;
            }
        }
        Ok(())
    }

    /// Value models and rules change between transactions, so that each transaction is of one.
    fn take_settings(&mut self) {
        let Some((count, Change { settings, configuration })) = self.rules.in_force.newer_than(self.changes) else {
            return;
        };
        self.changes = count;
        self.rules.engine = settings.clone();
        (self.rules.configuration, self.writer.configuration) = (configuration, configuration);
        for owned in self.slots.values_mut() {
            if let Owned::Running(running) = owned {
                running.slot.change_settings(settings.clone());
            }
        }
        self.report.settings = Some(settings);
    }

    fn serve_group(&mut self, now: Now) -> Result<(), WorkerError> {
        for change in self.source.membership()? {
            match change {
                Membership::Assigned(slots) => {
                    for slot in &slots {
                        self.take_up(*slot, now);
                    }
                    self.claim = Some(self.source.claim()?);
                    self.report.group_answered = true;
                    self.report.assigned.extend(slots);
                }
                Membership::Revoked(slots) => {
                    self.give_back(&slots, now);
                    self.report.revoked.extend(slots);
                }
                Membership::Lost(slots) => {
                    for slot in &slots {
                        self.give_up(*slot);
                        self.rules.shelf.disown(*slot, self.rules.nonce);
                    }
                    self.report.lost.extend(slots);
                }
            }
        }
        Ok(())
    }

    pub(super) fn give_up(&mut self, slot: u32) {
        self.unserved.remove(&slot);
        if matches!(self.slots.remove(&slot), Some(Owned::Recovering(_))) {
            self.source.close_changelog(slot);
        }
        self.withdraw(slot);
    }

    /// Removes what this worker serves of a slot, and nothing that another of the process has put in its place.
    pub(super) fn withdraw(&self, slot: u32) {
        self.committed.forget_aside(slot);
        self.rules.shelf.release(slot, self.rules.nonce, || self.committed.take_slot(slot));
    }

    /// Gives each recovering slot a piece of work; `None` when there is none.
    fn recover(&mut self, now: Now) -> Result<Option<Progress>, WorkerError> {
        let recovering: Vec<u32> =
            self.slots.iter().filter(|(_, owned)| matches!(owned, Owned::Recovering(_))).map(|(number, _)| *number).collect();
        let mut outcome = None;
        // asking the group may take half a second: never while a transaction is open, and once a step
        let mut may_ask = self.batch.is_none();
        for number in recovering {
            let Some(Owned::Recovering(recovery)) = self.slots.get_mut(&number) else {
                continue;
            };
            if recovery.asks_the_group() && !std::mem::replace(&mut may_ask, false) {
                outcome = outcome.or(Some(Progress::Waiting));
                continue;
            }
            let began_ms = recovery.began_ms;
            match recovery.advance(&mut self.source, &mut self.transaction, &self.rules.topics, now)? {
                Progress::Done(recovered) if !self.has_room_for(number, recovered.memory()) => {
                    self.put_off(number, recovered.memory(), now);
                    outcome = outcome.or(Some(Progress::Waiting));
                }
                Progress::Done(recovered) => {
                    self.begin_running(number, *recovered, began_ms, now)?;
                    outcome = Some(Progress::More);
                }
                Progress::More => outcome = Some(Progress::More),
                Progress::Waiting => outcome = outcome.or(Some(Progress::Waiting)),
            }
        }
        Ok(outcome)
    }

    fn begin_running(&mut self, number: u32, recovered: Recovered, began_ms: u64, now: Now) -> Result<(), WorkerError> {
        if let Some(why) = misplaced(self.rules.partitions, number, &recovered.regions) {
            return Err(WorkerError::Refused(why));
        }
        self.rules.shelf.hold(number, self.rules.nonce, || self.committed.install(number, recovered.regions));
        let rounds = Rounds::new(self.rules.base_ratio, self.rules.max_round_ms, recovered.start, recovered.round, now.mono_ms);
        let settings = self.rules.engine.clone();
        let (slot, changelog) = match &recovered.last {
            None => {
                let slot = Slot::new(number, settings, self.committed.clone()).with_row_version(self.rules.row_version);
                (slot, Changelog::empty(number, rounds))
            }
            Some(last) => {
                let restored = Slot::restored(number, settings, self.committed.clone(), last.time_ms);
                let slot = restored.with_row_version(last.row_version()).scored_with_model(&last.model_version);
                (slot, Changelog::after(last, rounds))
            }
        };
        self.source.start(number, &recovered.offsets)?;
        let (customers, bytes) = self.committed.size(number);
        let (log_records, log_bytes) = (recovered.log_records, recovered.log_bytes);
        self.report.restored.push(Restoration {
            slot: number,
            customers,
            bytes,
            was_warm: recovered.was_warm,
            log_records,
            log_bytes,
            took_ms: now.mono_ms - began_ms,
        });
        let merge = Merge::new(&recovered.offsets);
        let running = Running {
            slot,
            merge,
            changelog,
            committed_offsets: recovered.offsets,
            committed_start: recovered.start,
            trimmed: recovered.start,
            relay_marks: RelayMarks::default(),
            ahead_since_ms: None,
            latest_ms: None,
            cells_from_ms: 0,
            touched: false,
        };
        self.slots.insert(number, Owned::Running(Box::new(running)));
        Ok(())
    }
}
