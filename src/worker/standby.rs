//! Slots kept warm: what a process holds of slots it does not own, and where their changelogs are to be read on.
//!
//! A slot given back in order stays warm for a while; with `standby` the changelogs of slots that others own are followed. Both are the
//! same: rows aside, that nobody is served, and a restore that has no target yet. Whoever takes the slot up says which state it must arrive
//! at, and proves it as any restore is proven. The shelf is shared by the workers of a process, because the group may give a slot to any
//! of them. It reads nothing and decides nothing about when. Used by `follow`, `recovery` and `admission`.

use std::fmt;

use dashmap::{DashMap, Entry};
use rustc_hash::FxBuildHasher;

use crate::engine::Region;

use super::Now;
use super::block::TransactionHeader;
use super::distance::Distance;
use super::report::StandbyState;
use super::restore::{Restore, RestoreError, Target};
use super::rounds::Progress;
use super::source::{LogEntry, LogRead};

/// A slot that nobody follows is of use only while its next owner has written little.
const KEPT_MS_MAX: u64 = 300_000;

/// A slot's state, aside, and how far its changelog has been read.
pub struct Warm {
    restore: Box<Restore>,
    distance: Distance,
    /// Of its rows, as of the last block taken.
    memory: usize,
    /// Since when nobody has followed it.
    idle_since_ms: Option<u64>,
}

impl Warm {
    /// Nothing yet of a slot whose changelog is to be read from this offset on.
    pub fn empty(slot: u32, from: i64, end: i64) -> Warm {
        Warm { restore: Box::new(Restore::follow(slot)), distance: Distance::new(from, end), memory: 0, idle_since_ms: None }
    }

    /// A slot as it was given back: all its blocks lie before `end`.
    pub fn given_back(last: TransactionHeader, regions: Vec<(u16, Region)>, round: Progress, end: i64, now: Now) -> Warm {
        let restore = Box::new(Restore::after(last, regions, round));
        let (memory, distance) = (restore.memory(), Distance::new(end, end));
        Warm { restore, distance, memory, idle_since_ms: Some(now.mono_ms) }
    }

    /// A restore that was broken off.
    pub fn broken_off(mut restore: Box<Restore>, distance: Distance, now: Now) -> Warm {
        restore.forget_target();
        Warm { memory: restore.memory(), restore, distance, idle_since_ms: Some(now.mono_ms) }
    }

    /// Takes the next records of the changelog, and where the reader stands after them.
    pub fn take(&mut self, entries: &[LogEntry], read: LogRead) -> Result<(), RestoreError> {
        entries.iter().try_for_each(|entry| self.restore.take(entry.offset, &entry.value))?;
        self.distance.pass(entries);
        if read == LogRead::End {
            self.distance.arrive();
        }
        if !entries.is_empty() {
            self.memory = self.restore.memory();
        }
        Ok(())
    }

    /// Nobody follows it from now on.
    pub fn left(self, now: Now) -> Warm {
        Warm { idle_since_ms: Some(now.mono_ms), ..self }
    }

    /// From where the changelog is to be read on.
    pub fn next(&self) -> i64 {
        self.distance.next()
    }

    pub fn memory(&self) -> usize {
        self.memory
    }

    /// Has not read up to this offset, and there is more to read.
    pub fn is_before(&self, end: i64) -> bool {
        !self.distance.is_at_end() && self.distance.next() < end
    }

    /// The changelog's end as of now.
    pub fn extend(&mut self, end: i64) {
        self.distance.extend(end);
    }

    /// Who wrote the last transaction taken.
    pub fn writer(&self) -> Option<&str> {
        self.restore.last().map(|last| last.writer.as_str())
    }

    /// The restore that goes on from here to this state; `None`: it cannot.
    pub fn aim(mut self, target: Target) -> Option<Box<Restore>> {
        self.restore.aim(target).then_some(self.restore)
    }
}

/// The warm slots of a process, and what its workers must know of each other to keep them.
#[derive(Default)]
pub struct Shelf {
    warm: DashMap<u32, Warm, FxBuildHasher>,
    /// By slot, the life of the worker that owns it: no worker of the process need follow it.
    owners: DashMap<u32, u64, FxBuildHasher>,
    /// By slot, the life of the worker whose rows are those that are served. Assignments may be heard late and out of order, so that two
    /// workers of the process run the same slot for a while; the group lets only one of them commit, but their rows lie in one place.
    holders: DashMap<u32, u64, FxBuildHasher>,
    /// What slots took when there was no room for them: less room than that is of no use.
    needs_bytes: DashMap<u32, usize, FxBuildHasher>,
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf").field("slots", &self.warm.len()).finish_non_exhaustive()
    }
}

impl Shelf {
    pub fn put(&self, slot: u32, warm: Warm) {
        self.warm.insert(slot, warm);
    }

    /// Takes a slot down, to go on from it or to forget it.
    pub fn take(&self, slot: u32) -> Option<Warm> {
        self.warm.remove(&slot).map(|(_, warm)| warm)
    }

    /// Works on a slot where it stands; `None`: it is not there any more.
    pub fn with<R>(&self, slot: u32, work: impl FnOnce(&mut Warm) -> R) -> Option<R> {
        self.warm.get_mut(&slot).map(|mut warm| work(&mut warm))
    }

    /// Somebody follows it from now on; from where. `None`: it is not there.
    pub fn adopt(&self, slot: u32) -> Option<i64> {
        self.with(slot, |warm| {
            warm.idle_since_ms = None;
            warm.next()
        })
    }

    /// Nobody follows it any more.
    pub fn abandon(&self, slot: u32, now_ms: u64) {
        self.with(slot, |warm| warm.idle_since_ms = Some(now_ms));
    }

    /// Lets go of what nobody has followed for too long.
    pub fn expire(&self, now_ms: u64) {
        self.warm.retain(|_, warm| warm.idle_since_ms.is_none_or(|since_ms| now_ms.saturating_sub(since_ms) < KEPT_MS_MAX));
    }

    pub fn own(&self, slot: u32, life: u64) {
        self.owners.insert(slot, life);
    }

    /// Unless another worker of the process has it by now: false.
    pub fn disown(&self, slot: u32, life: u64) -> bool {
        self.owners.remove_if(&slot, |_, owner| *owner == life).is_some()
    }

    pub fn is_owned(&self, slot: u32) -> bool {
        self.owners.contains_key(&slot)
    }

    /// Puts rows of a worker in place of whatever is served of the slot; whoever held it before does not hold it any more.
    pub fn hold(&self, slot: u32, life: u64, install: impl FnOnce()) {
        let mut holder = self.holders.entry(slot).or_insert(life);
        *holder = life;
        install();
    }

    /// Whether the rows served have been this worker's alone since it put them there.
    pub fn is_held(&self, slot: u32, life: u64) -> bool {
        self.while_held(slot, life, || ()).is_some()
    }

    /// Works on the rows served, while nobody else can put his own in their place; `None`: they are another worker's.
    pub fn while_held<R>(&self, slot: u32, life: u64, work: impl FnOnce() -> R) -> Option<R> {
        let holder = self.holders.get(&slot)?;
        (*holder == life).then(work)
    }

    /// Takes this worker's rows away; `None`: those served are another worker's.
    pub fn release<R>(&self, slot: u32, life: u64, remove: impl FnOnce() -> R) -> Option<R> {
        let Entry::Occupied(holder) = self.holders.entry(slot) else {
            return None;
        };
        if *holder.get() != life {
            return None;
        }
        let removed = remove();
        holder.remove();
        Some(removed)
    }

    /// Memory of all its slots.
    pub fn memory(&self) -> usize {
        self.warm.iter().map(|warm| warm.memory).sum()
    }

    /// Lets go of slots, the last ones first, until at most so many bytes are left.
    pub fn shrink(&self, most_bytes: usize) {
        while self.memory() > most_bytes {
            let Some(last) = self.warm.iter().map(|warm| *warm.key()).max() else {
                return;
            };
            if let Some(warm) = self.take(last) {
                self.needs_bytes.insert(last, warm.memory);
            }
        }
    }

    /// Whether a slot to be followed fits into so much room, as far as is known of its size.
    pub fn fits(&self, slot: u32, room_bytes: usize) -> bool {
        self.needs_bytes.get(&slot).is_none_or(|needs_bytes| *needs_bytes <= room_bytes)
    }

    pub fn state(&self, slot: u32) -> Option<StandbyState> {
        let warm = self.warm.get(&slot)?;
        let (remaining_records, remaining_bytes) = (warm.distance.remaining_records(), warm.distance.remaining_bytes());
        Some(StandbyState { slot, remaining_records, remaining_bytes, bytes: warm.memory })
    }
}
