//! Keeps slots of others ready: those just given back, and with `standby` those whose changelogs are followed.
//!
//! It comes after everything the worker's own slots need: between transactions only, nothing while a slot of ours is on its way back, a
//! small piece now and then while there are events to apply, and one slot at a time while that has far to read. What does not hold (a
//! broken chain, a trimmed start, a broker that does not answer) is dropped and begun anew later: nothing that is merely kept ready may
//! stop a worker. Called by `step`.

use std::collections::BTreeMap;

use super::block::TransactionHeader;
use super::metadata::Metadata;
use super::owned::{Owned, Running};
use super::recovery::Recovery;
use super::source::{CommittedOffsets, LogRead, Source, SourceError};
use super::standby::Warm;
use super::transaction::Transaction;
use super::{InputOffset, Now, StandbyState, Worker};

/// Read of all followed changelogs in one step: some milliseconds of work.
const STEP_BYTES: usize = 1024 * 1024;
/// Looks at the followed changelogs, where there is nothing else to do.
const FOLLOW_MS: u64 = 10;
/// The same while our own slots have events waiting: a tenth of the time at most.
const BUSY_MS: u64 = 50;
/// Before what could not be followed is tried again.
const RETRY_MS: u64 = 5_000;
/// Between two looks at who need not be followed any more, and at the memory of all slots.
const LOOK_MS: u64 = 1_000;

#[derive(Default)]
pub struct Followers {
    /// Slots whose changelogs are open at the end of what is held of them, and where each log ended when it was opened.
    open: BTreeMap<u32, i64>,
    /// Slots that are not to be tried before this moment.
    again_ms: BTreeMap<u32, u64>,
    /// No changelog is opened before this moment: the last one that could not be has held up our own slots for up to three seconds.
    open_ms: u64,
    /// Whose turn it is first.
    first_slot: u32,
    /// Not before then, unless there was more to read.
    follow_ms: u64,
    looked_ms: Option<u64>,
    /// Memory of the slots of the process that are not merely kept ready, as of the last look.
    owned_bytes: usize,
    /// Our own slots had more to do after the last step.
    pub is_busy: bool,
}

/// What came of opening a changelog.
enum Opened {
    /// It ends there by now.
    Until(i64),
    /// There is nothing to follow yet.
    Nothing,
    /// Somebody's transaction is open: the question took its time.
    Unstable,
}

impl<S: Source, T: Transaction> Worker<S, T> {
    /// A slot is ours: from what is held of it, if anything.
    pub fn take_up(&mut self, slot: u32, now: Now) {
        self.rules.shelf.own(slot, self.rules.nonce);
        let is_followed = self.followers.open.remove(&slot).is_some();
        let warm = self.rules.shelf.take(slot);
        if self.slots.contains_key(&slot) {
            return;
        }
        let recovery = match warm {
            Some(warm) => Recovery::resume(slot, warm, is_followed, now),
            None => {
                if is_followed {
                    self.source.close_changelog(slot);
                }
                Recovery::new(slot, now)
            }
        };
        self.slots.insert(slot, Owned::Recovering(Box::new(recovery)));
    }

    /// The group took slots back in order. What is held of them stays: the group may give them to us again, unchanged.
    pub fn give_back(&mut self, slots: &[u32], now: Now) {
        // the group waits for us: a broker that does not answer for one slot is not asked for the others
        let mut is_answered = true;
        for slot in slots.iter().copied() {
            let warm = match self.slots.remove(&slot) {
                Some(Owned::Running(running)) if running.changelog.seq() > 0 && is_answered => {
                    self.cool(&running, now).unwrap_or_else(|error| {
                        self.report.troubles.push(format!("slot {slot} and those given back after it are not kept warm: {error}"));
                        is_answered = false;
                        None
                    })
                }
                Some(Owned::Recovering(recovery)) => {
                    self.source.close_changelog(slot);
                    recovery.into_warm(now)
                }
                _ => None,
            };
            self.give_up(slot);
            let was_owner = self.rules.shelf.disown(slot, self.rules.nonce);
            if let Some(warm) = warm.filter(|_| was_owner) {
                self.rules.shelf.put(slot, warm);
            }
        }
    }

    /// A slot that ran, as it is to be kept; `None`: another worker has put its rows in place of ours.
    fn cool(&mut self, running: &Running<S::Record>, now: Now) -> Result<Option<Warm>, SourceError> {
        let slot = running.slot.number();
        let end = self.source.changelog_bounds(slot)?.high;
        let (last, progress) = (self.last_of(running), running.changelog.progress().clone());
        let regions = self.rules.shelf.release(slot, self.rules.nonce, || self.committed.take_slot(slot));
        Ok(regions.map(|regions| Warm::given_back(last, regions, progress, end, now)))
    }

    /// The header of the last transaction of a slot in which nothing is open.
    fn last_of(&self, running: &Running<S::Record>) -> TransactionHeader {
        let offsets = self.rules.topics.iter().zip(&running.committed_offsets);
        TransactionHeader {
            slot: running.slot.number(),
            seq: running.changelog.seq(),
            chain: running.changelog.chain(),
            nonce: self.writer.nonce,
            genesis: false,
            row_version: running.slot.row_version().number(),
            offsets: offsets.map(|(topic, offset)| InputOffset { topic: topic.clone(), offset: *offset }).collect(),
            time_ms: running.slot.time_ms(),
            model_version: running.slot.model_version().to_owned(),
            configuration: self.writer.configuration,
            writer: self.writer.transactional_id.clone(),
        }
    }

    /// Reads on in the changelogs of others; true if there is more to read at once.
    pub fn follow(&mut self, now: Now) -> bool {
        self.look_at_followed(now);
        let is_recovering = self.slots.values().any(|owned| matches!(owned, Owned::Recovering(_)));
        if is_recovering || now.mono_ms < self.followers.follow_ms {
            return false;
        }
        self.begin_to_follow(now);
        let first = self.followers.first_slot;
        let open = &self.followers.open;
        let order: Vec<u32> = open.range(first..).chain(open.range(..first)).map(|(slot, _)| *slot).collect();
        let mut left_bytes = STEP_BYTES;
        for slot in order {
            if left_bytes == 0 {
                self.followers.first_slot = slot;
                break;
            }
            match self.read_on(slot, left_bytes) {
                Ok(bytes) => left_bytes = left_bytes.saturating_sub(bytes),
                Err(why) => self.drop_followed(slot, why, now),
            }
        }
        let has_more = left_bytes == 0;
        self.followers.follow_ms = match (self.followers.is_busy, has_more) {
            (true, _) => now.mono_ms + BUSY_MS,
            (false, false) => now.mono_ms + FOLLOW_MS,
            (false, true) => now.mono_ms,
        };
        has_more
    }

    /// Every now and then: lets go of what has been kept long enough, or what there is no room or no need for.
    fn look_at_followed(&mut self, now: Now) {
        if self.followers.looked_ms.is_some_and(|looked_ms| now.mono_ms.saturating_sub(looked_ms) < LOOK_MS) {
            return;
        }
        self.followers.looked_ms = Some(now.mono_ms);
        let shelf = self.rules.shelf.clone();
        shelf.expire(now.mono_ms);
        // looking at every region is for those who keep something ready
        if self.rules.state_bytes_max.is_some() && (!self.rules.follows.is_empty() || shelf.memory() > 0) {
            self.followers.owned_bytes = self.committed.memory();
            self.make_room();
        }
        let taken: Vec<u32> = self.followers.open.keys().copied().filter(|slot| shelf.is_owned(*slot)).collect();
        taken.into_iter().for_each(|slot| self.drop_followed(slot, None, now));
    }

    /// Slots kept ready are the first to go where memory is used up.
    fn make_room(&self) {
        if let Some(most_bytes) = self.rules.state_bytes_max {
            self.rules.shelf.shrink(most_bytes.saturating_sub(self.followers.owned_bytes));
        }
    }

    /// Opens the next changelog to follow, unless one of those open has still far to read.
    fn begin_to_follow(&mut self, now: Now) {
        let shelf = self.rules.shelf.clone();
        let is_far = |(slot, end): (&u32, &i64)| shelf.with(*slot, |warm| warm.is_before(*end)).unwrap_or(false);
        let room_bytes = self.room_bytes();
        if room_bytes == 0 || now.mono_ms < self.followers.open_ms || self.followers.open.iter().any(is_far) {
            return;
        }
        let followers = &self.followers;
        let again_ms = |slot: &u32| followers.again_ms.get(slot).copied().unwrap_or(0);
        let is_wanted = |slot: &u32| !followers.open.contains_key(slot) && !shelf.is_owned(*slot) && shelf.fits(*slot, room_bytes);
        // those that failed come after all others, else one that always fails would be the only one tried
        let wanted = self.rules.follows.iter().copied().filter(|slot| again_ms(slot) <= now.mono_ms && is_wanted(slot));
        let Some(slot) = wanted.min_by_key(again_ms) else {
            return;
        };
        match self.open_to_follow(slot) {
            Ok(Opened::Until(end)) => drop(self.followers.open.insert(slot, end)),
            Ok(Opened::Nothing) => drop(self.followers.again_ms.insert(slot, now.mono_ms + RETRY_MS)),
            Ok(Opened::Unstable) => {
                self.followers.again_ms.insert(slot, now.mono_ms + RETRY_MS);
                self.followers.open_ms = now.mono_ms + RETRY_MS;
            }
            Err(error) => {
                self.drop_followed(slot, Some(error.to_string()), now);
                self.followers.open_ms = now.mono_ms + RETRY_MS;
            }
        }
    }

    fn open_to_follow(&mut self, slot: u32) -> Result<Opened, SourceError> {
        if let Some(next) = self.rules.shelf.adopt(slot) {
            self.source.follow_changelog(slot, next)?;
            return Ok(Opened::Until(next));
        }
        let CommittedOffsets::Stable(offsets) = self.source.committed(slot)? else {
            return Ok(Opened::Unstable);
        };
        let Some(metadata) = Metadata::newest(&offsets) else {
            return Ok(Opened::Nothing);
        };
        let end = self.source.changelog_bounds(slot)?.high;
        self.source.follow_changelog(slot, metadata.start)?;
        self.rules.shelf.put(slot, Warm::empty(slot, metadata.start, end));
        Ok(Opened::Until(end))
    }

    /// Reads a piece of one changelog; its bytes, or that it is not followed any longer, and why, if that is worth a word.
    fn read_on(&mut self, slot: u32, most_bytes: usize) -> Result<usize, Option<String>> {
        let mut entries = Vec::new();
        let read = self.source.read_changelog(slot, most_bytes, &mut entries).map_err(|error| Some(error.to_string()))?;
        if read == LogRead::OutOfRange {
            return Err(Some("its owner has trimmed what had not been read yet".into()));
        }
        // where it is not held any more, another worker has taken it up, or there was no room for it
        let taken = self.rules.shelf.with(slot, |warm| warm.take(&entries, read)).ok_or(None)?;
        taken.map_err(|error| Some(error.to_string()))?;
        self.make_room();
        Ok(entries.iter().map(|entry| entry.value.len()).sum())
    }

    /// What is left of `state.max_bytes`.
    fn room_bytes(&self) -> usize {
        let Some(most_bytes) = self.rules.state_bytes_max else {
            return usize::MAX;
        };
        most_bytes.saturating_sub(self.followers.owned_bytes + self.rules.shelf.memory())
    }

    fn drop_followed(&mut self, slot: u32, why: Option<String>, now: Now) {
        self.followers.open.remove(&slot);
        self.source.close_changelog(slot);
        // without a reason it is not there, or a neighbour's that has been put there since
        if why.is_some() {
            self.rules.shelf.take(slot);
        }
        self.followers.again_ms.insert(slot, now.mono_ms + RETRY_MS);
        self.report.troubles.extend(why.map(|why| format!("slot {slot} is not followed for the moment: {why}")));
    }

    /// What is held stays for whoever follows on.
    pub fn stop_following(&mut self) {
        for slot in std::mem::take(&mut self.followers.open).into_keys() {
            self.rules.shelf.abandon(slot, self.stepped_ms);
        }
    }

    /// The slots followed, and how far each is behind, as of the last `measure_followed`.
    pub fn standby_states(&self) -> Vec<StandbyState> {
        self.followers.open.keys().filter_map(|slot| self.rules.shelf.state(*slot)).collect()
    }

    /// Looks where the changelog ends of the `nth` slot followed, counted round and round.
    pub fn measure_followed(&mut self, nth: usize) -> Result<(), SourceError> {
        let count = self.followers.open.len().max(1);
        let Some(slot) = self.followers.open.keys().nth(nth % count).copied() else {
            return Ok(());
        };
        let end = self.source.changelog_bounds(slot)?.high;
        self.rules.shelf.with(slot, |warm| warm.extend(end));
        Ok(())
    }
}
