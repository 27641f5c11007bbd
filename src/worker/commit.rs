//! The end of a transaction: seal, send blocks, commit with the positions, then publish or rewind.
//!
//! The new state is published only when the commit is known to have happened, and dropped only when it is known not to. Where neither is
//! known the producer is renewed, which ends the transaction one way or the other, and the committed metadata says which. Fencing: the
//! group's claim must be the one under which the slots were assigned. Called by `step`.

use crate::engine::{Committed, Outputs};

use super::block::InputOffset;
use super::buffers::Buffers;
use super::chain::Chain;
use super::changelog::{Prepared, Writer};
use super::metadata::Metadata;
use super::owned::{Owned, Running};
use super::recovery::Recovery;
use super::report::{Commit, Tally};
use super::source::{CommittedOffsets, Input, Record, Source, SourceError};
use super::trace::TraceLinks;
use super::transaction::{Outgoing, OutputTopic, Position, Transaction, TransactionError};
use super::{Next, Now, Rules, Worker, WorkerError};

/// Transactions that may fail in a row before the worker gives up: each is retried from the same offsets, so more of them is no bad luck.
const FAILURES_MAX: u32 = 12;
/// First pause after a failed transaction; doubles with each.
const RETRY_MS: u64 = 20;
const RETRY_MS_MAX: u64 = 2_000;
/// How often to ask for stable offsets after an unknown outcome; each ask waits up to half a second itself.
const RESOLVE_ATTEMPTS_MAX: u32 = 60;

/// The open transaction.
pub struct Batch {
    began_ms: u64,
    pub records: u64,
    pub bytes: usize,
    pub tally: Tally,
    records_max: u64,
    /// What fell due is alone in it: nothing may be added.
    is_closed: bool,
    /// The last record put aside or applied: alone in its transaction, it is the one to blame.
    pub last: Option<(Input, i64)>,
    /// The slot whose turn it was when it was full: the next transaction begins where this one ends, so that a busy slot starves none.
    pub next_slot: Option<u32>,
    /// It tells other customers something.
    pub tells_others: bool,
    /// Blamed records that are dead letters in it.
    pub put_aside: Vec<(Input, i64)>,
}

/// A record from which follows what cannot be written.
pub struct Blamed {
    /// Its input and offset.
    pub place: (Input, i64),
    pub why: String,
}

impl Batch {
    pub fn new(records_max: u64, links: TraceLinks, now: Now) -> Batch {
        Batch {
            began_ms: now.mono_ms,
            records: 0,
            bytes: 0,
            tally: Tally { links, ..Tally::default() },
            records_max,
            is_closed: false,
            last: None,
            next_slot: None,
            tells_others: false,
            put_aside: Vec::new(),
        }
    }

    /// After deadlines have fired or customers were scored anew. Where a transaction is for one record, these have one of their own: nobody's
    /// record is to blame for them. True: nothing may be added.
    pub fn close_if_for_one_record(&mut self, outputs: &Outputs) -> bool {
        self.is_closed |= self.records_max == 1 && !outputs.is_empty();
        self.is_closed
    }

    pub fn is_full(&self, rules: &Rules, now: Now) -> bool {
        self.is_closed
            || (self.tells_others && rules.relays_at_once)
            || now.mono_ms.saturating_sub(self.began_ms) >= rules.commit_interval_ms
            || self.records >= self.records_max
            || self.bytes >= rules.commit_bytes_max
    }
}

impl<S: Source, T: Transaction> Worker<S, T> {
    /// Commits the open transaction; whatever comes of it, none is open afterwards.
    pub fn commit(&mut self, now: Now) -> Result<Next, WorkerError> {
        // whoever took the slots from us has another generation: then nothing of this may become visible
        let claim = match self.source.claim() {
            Ok(claim) if self.claim.as_ref() == Some(&claim) => claim,
            Ok(_) => {
                let why = "the group has moved on since these slots were assigned";
                return self.end_badly(TransactionError::Fenced(why.into()), now);
            }
            // no member at the moment: what comes of it the group will say, and the worker need not end for it
            Err(SourceError::Unavailable(why)) => return self.end_badly(TransactionError::Fenced(why), now),
            Err(refused) => return Err(refused.into()),
        };
        let mut prepared = Vec::new();
        let mut positions = Vec::new();
        for (number, owned) in &mut self.slots {
            if let Owned::Running(running) = owned
                && running.touched
            {
                let blocks = prepare(running, &self.committed, &self.rules.topics, &self.writer, now, &mut self.buffers);
                positions.extend(positions_of(*number, running, &blocks.metadata));
                prepared.push((*number, blocks));
            }
        }
        let displaced: Vec<u32> = prepared.iter().map(|(number, _)| *number).filter(|number| !self.holds(*number)).collect();
        if !displaced.is_empty() {
            let why = format!("another worker of this process has put its rows in place of ours of slots {displaced:?}");
            let next = self.end_badly(TransactionError::Fenced(why), now);
            displaced.into_iter().for_each(|number| self.begin_anew(number, now));
            return next;
        }
        let Some(batch) = self.batch.as_mut() else {
            return Ok(Next::Now);
        };
        let sent = prepared.iter().try_for_each(|(number, blocks)| send_blocks(&mut self.transaction, *number, blocks, &mut batch.tally));
        match sent.and_then(|()| self.transaction.commit(&positions, &claim)) {
            Ok(()) => {
                prepared.into_iter().for_each(|(number, blocks)| self.publish(number, blocks, now));
                self.close_batch(true, now);
                Ok(Next::Now)
            }
            Err(TransactionError::Unknown(_)) => self.resolve(prepared, now),
            Err(error) => self.end_badly(error, now),
        }
    }

    /// The transaction is known to be void: rewind to the last commit, halve what the next one may hold, and pause a little. What cannot be
    /// written will not be after a pause, either: then the search goes on at once, until a record is alone.
    pub fn end_badly(&mut self, error: TransactionError, now: Now) -> Result<Next, WorkerError> {
        let is_fenced = matches!(error, TransactionError::Fenced(_));
        let is_of_changelog = matches!(error, TransactionError::UnwritableChangelog(_));
        let is_unwritable = is_of_changelog || matches!(error, TransactionError::Unwritable(_));
        let why = match error {
            TransactionError::Refused(why) => return Err(WorkerError::Refused(why)),
            TransactionError::Abort(why)
            | TransactionError::Unwritable(why)
            | TransactionError::UnwritableChangelog(why)
            | TransactionError::Fenced(why) => {
                if self.transaction.abort().is_err() {
                    self.renew()?;
                }
                why
            }
            TransactionError::Renew(why) | TransactionError::Unknown(why) => {
                self.renew()?;
                why
            }
        };
        let touched: Vec<u32> = self.touched();
        for number in &touched {
            self.rewind(*number)?;
        }
        let (is_alone, last) = self.batch.as_ref().map_or((true, None), |batch| (batch.records_max == 1, batch.last));
        self.records_max = self.batch.as_ref().map_or(self.records_max, |batch| (batch.records / 2).max(1));
        self.close_batch(false, now);
        if is_fenced { &mut self.report.fenced } else { &mut self.report.aborts }.push(why.clone());
        if is_unwritable && !is_alone {
            return Ok(Next::Now);
        }
        if is_unwritable
            && !is_of_changelog
            && let Some(place) = last
        {
            self.blame(place, &why)?;
            return Ok(Next::Now);
        }
        self.failures += 1;
        if self.failures >= FAILURES_MAX {
            let count = format!("{FAILURES_MAX} transactions in a row failed for slots {touched:?}");
            // what falls due by itself has no record that could be put aside, and will not be smaller the next time
            return Err(match (is_of_changelog, is_unwritable) {
                (true, _) => WorkerError::Refused(format!("{count}; their changelog cannot be written: {why}")),
                (false, true) => WorkerError::Refused(format!("{count}; what fell due there cannot be written: {why}")),
                (false, false) => WorkerError::Unavailable(format!("{count}; the last because: {why}")),
            });
        }
        let pause_ms = (RETRY_MS << (self.failures - 1).min(10)).min(RETRY_MS_MAX);
        self.rest_until_ms = now.mono_ms + pause_ms;
        Ok(Next::Wait(pause_ms))
    }

    /// What follows from this record alone cannot be written: it becomes a dead letter. If not even that can be written, a person must look.
    fn blame(&mut self, place: (Input, i64), why: &str) -> Result<(), WorkerError> {
        let (Input { topic, slot }, offset) = place;
        let what = format!(
            "what follows from the record at {} partition {slot} offset {offset} cannot be written: {why}",
            self.rules.topics[topic]
        );
        if self.blamed.iter().any(|blamed| blamed.place == place) {
            return Err(WorkerError::Refused(format!("{what}; as a dead letter it cannot, either")));
        }
        self.report.troubles.push(format!("{what}; it becomes a dead letter"));
        self.blamed.retain(|blamed| blamed.place.0 != place.0);
        self.blamed.push(Blamed { place, why: why.to_owned() });
        Ok(())
    }

    fn renew(&mut self) -> Result<(), WorkerError> {
        self.transaction.renew().map_err(WorkerError::of_transaction)
    }

    /// The commit may have happened. Renewing the producer ends the transaction; then each slot's committed chain tells.
    fn resolve(&mut self, prepared: Vec<(u32, Prepared)>, now: Now) -> Result<Next, WorkerError> {
        self.renew()?;
        let mut happened = true;
        for (number, blocks) in prepared {
            let committed = self.committed_chain(number)?;
            let before = match self.slots.get(&number) {
                Some(Owned::Running(running)) => running.changelog.chain(),
                _ => continue,
            };
            if committed == Some(blocks.metadata.chain) {
                self.publish(number, blocks, now);
                continue;
            }
            happened = false;
            if committed.unwrap_or_default() == before {
                self.rewind(number)?;
            } else {
                // somebody else has written this slot since: what we hold is void
                self.withdraw(number);
                self.begin_anew(number, now);
            }
        }
        self.failures = if happened { 0 } else { self.failures + 1 };
        self.close_batch(happened, now);
        self.report.resolved += 1;
        Ok(Next::Now)
    }

    fn committed_chain(&mut self, number: u32) -> Result<Option<Chain>, WorkerError> {
        for _ in 0..RESOLVE_ATTEMPTS_MAX {
            if let CommittedOffsets::Stable(offsets) = self.source.committed(number)? {
                return Ok(Metadata::newest(&offsets).map(|m| m.chain));
            }
        }
        Err(WorkerError::Unavailable(format!(
            "slot {number}: committed offsets stay unstable after a commit of unknown outcome (docs/runbook.md: a transaction that nobody ends)"
        )))
    }

    /// Whether all that this worker has read of a slot since it began to run were its own rows.
    ///
    /// Another worker of the process that is given the slot (or hears late that it was) installs its rows over ours before we hear of our
    /// loss. Asked after the last read and before the commit: a yes means that the transaction follows from our rows, whoever the owner is,
    /// and the group says whether it counts. Asked again to publish, because others may install in between: then the commit stands, and
    /// ours are not put over their newer rows. Nothing is lost by that: the commit was the rightful owner's, its offsets were pending before
    /// the group had a next owner, and a restore waits until they are stable, so it holds the transaction. If we are the rightful owner
    /// still, we restore the slot ourselves.
    fn holds(&self, number: u32) -> bool {
        self.rules.shelf.is_held(number, self.rules.nonce)
    }

    /// What we hold of a slot is void: from its changelog again, unless the group tells first that it is another's.
    fn begin_anew(&mut self, number: u32, now: Now) {
        self.slots.insert(number, Owned::Recovering(Box::new(Recovery::new(number, now))));
    }

    /// Makes a slot's committed transaction the state that everybody sees.
    fn publish(&mut self, number: u32, blocks: Prepared, now: Now) {
        if let Some(Owned::Running(running)) = self.slots.get_mut(&number) {
            if self.rules.shelf.while_held(number, self.rules.nonce, || running.slot.publish()).is_none() {
                self.begin_anew(number, now);
                return;
            }
            running.committed_offsets = running.merge.offsets();
            running.committed_start = blocks.metadata.start;
            running.touched = false;
            running.changelog.commit(blocks, &mut self.buffers);
        }
        self.failures = 0;
    }

    fn rewind(&mut self, number: u32) -> Result<(), WorkerError> {
        if let Some(Owned::Running(running)) = self.slots.get_mut(&number) {
            running.rewind();
            self.source.start(number, &running.committed_offsets)?;
        }
        Ok(())
    }

    fn touched(&self) -> Vec<u32> {
        let touched = self.slots.iter().filter(|(_, owned)| matches!(owned, Owned::Running(running) if running.touched));
        touched.map(|(number, _)| *number).collect()
    }

    fn close_batch(&mut self, committed: bool, now: Now) {
        self.outputs.clear();
        if let Some(batch) = self.batch.take()
            && committed
        {
            self.first_slot = batch.next_slot.unwrap_or(self.first_slot);
            // one without records says nothing about how many can be written
            if batch.last.is_some() {
                self.records_max = self.records_max.saturating_mul(2).min(self.rules.commit_records_max);
            }
            self.blamed.retain(|blamed| !batch.put_aside.contains(&blamed.place));
            self.report.commits.push(Commit { tally: batch.tally, open_ms: now.mono_ms.saturating_sub(batch.began_ms) });
        }
    }

    /// Between transactions: notes where the log stands, and lets go of what no restore needs any more.
    pub fn tend_changelogs(&mut self) {
        let relay = self.rules.relay();
        for (number, owned) in &mut self.slots {
            let Owned::Running(running) = owned else {
                continue;
            };
            // neither is worth a worker: a mark not made and a trim that fails are made with the next start, the log is only longer for it
            if running.changelog.wants_mark() && !running.touched {
                match self.source.changelog_bounds(*number) {
                    Ok(bounds) => {
                        running.changelog.mark(bounds.high);
                        running.relay_marks.note(bounds.high, running.committed_offsets[relay]);
                    }
                    Err(error) => self.report.troubles.push(error.to_string()),
                }
            }
            if running.committed_start > running.trimmed {
                running.trimmed = running.committed_start;
                let relayed = running.relay_marks.pass(running.committed_start).map(|offset| (OutputTopic::Relay, offset));
                for (topic, before) in [(OutputTopic::Changelog, running.committed_start)].into_iter().chain(relayed) {
                    if let Err(error) = self.transaction.trim(topic, *number, before) {
                        self.report.troubles.push(format!("{topic:?} of slot {number} was not trimmed: {error}"));
                    }
                }
            }
        }
    }
}

fn prepare<R: Record>(
    running: &mut Running<R>,
    committed: &Committed,
    topics: &[String],
    writer: &Writer,
    now: Now,
    buffers: &mut Buffers,
) -> Prepared {
    running.slot.seal();
    let offsets = topics.iter().zip(running.merge.offsets()).map(|(topic, offset)| InputOffset { topic: topic.clone(), offset });
    running.changelog.prepare(&running.slot, committed, offsets.collect(), writer, now.mono_ms, buffers)
}

fn positions_of<R: Record>(slot: u32, running: &Running<R>, metadata: &Metadata) -> Vec<Position> {
    let text = metadata.to_text();
    let offsets = running.merge.offsets().into_iter().enumerate();
    offsets.map(|(topic, offset)| Position { input: Input { topic, slot }, offset, metadata: text.clone() }).collect()
}

fn send_blocks<T: Transaction>(transaction: &mut T, slot: u32, prepared: &Prepared, tally: &mut Tally) -> Result<(), TransactionError> {
    for block in &prepared.blocks {
        transaction.send(&Outgoing {
            topic: OutputTopic::Changelog,
            partition: Some(slot),
            key: None,
            value: Some(block),
            timestamp_ms: None,
            headers: &[],
        })?;
        tally.changelog_bytes += block.len() as u64;
    }
    tally.base_bytes += prepared.base_bytes as u64;
    tally.produce(OutputTopic::Changelog, prepared.blocks.len() as u64);
    Ok(())
}
