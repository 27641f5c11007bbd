//! The worker's source of records over the simulated cluster: one member of the group as librdkafka shows it.
//!
//! The member learns of the group in `membership` only; fetching goes on whatever the group thinks, from where `start` said, a few records
//! at a time or none. An end is told once for each position at which it is met. What a call means to the cluster is here; what may go wrong
//! around it, in `World::enter`. Made by `world` for each life.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use lifetide::worker::block::{self, BlockHeader};
use lifetide::worker::memory::MemoryRecord;
use lifetide::worker::source::{
    Arrival, Bounds, Claim, CommittedOffset, CommittedOffsets, Input, LogEntry, LogRead, Membership, Record as _, Source, SourceError,
};
use lifetide::worker::{InputOffset, Metadata};

use super::controls::Control;
use super::group::{Identity, Word};
use super::plan::{Kind, Point};
use super::strike::Dead;
use super::world::{Body, World};

/// As long as lifetide's consumer waits for stable offsets.
const COMMITTED_WAIT_MS: u64 = 500;
/// A member does not hear of everything at once: one look of so many shows nothing.
const DEAF_ONE_IN: u64 = 3;
/// Nothing has been fetched yet, in one take of so many.
const EMPTY_ONE_IN: u64 = 5;

impl From<Dead> for SourceError {
    fn from(_: Dead) -> SourceError {
        SourceError::Unavailable("dead".to_owned())
    }
}

/// Where the reading of a partition is.
#[derive(Clone, Copy)]
struct Cursor {
    next: i64,
    /// The end last told.
    told: Option<i64>,
}

pub struct SimulatedSource {
    world: Rc<World>,
    body: Rc<Body>,
    instance: Option<String>,
    generation: i32,
    owned: Vec<u32>,
    inputs: BTreeMap<Input, Cursor>,
    changelogs: BTreeMap<u32, Cursor>,
    /// The last block given of each changelog that is or was followed, for a control.
    followed: BTreeMap<u32, Option<Vec<u8>>>,
}

impl SimulatedSource {
    pub fn join(world: &Rc<World>, body: &Rc<Body>, name: &str) -> SimulatedSource {
        let instance = world.plan.static_membership.then(|| name.to_owned());
        let mut source = SimulatedSource {
            world: world.clone(),
            body: body.clone(),
            instance,
            generation: -1,
            owned: Vec::new(),
            inputs: BTreeMap::new(),
            changelogs: BTreeMap::new(),
            followed: BTreeMap::new(),
        };
        source.join_group();
        source
    }

    fn join_group(&mut self) {
        let mut cluster = self.world.cluster.borrow_mut();
        let now_ms = cluster.now_ms;
        self.body.member.set(cluster.group.join(self.instance.as_deref(), now_ms));
        self.generation = -1;
    }

    fn call<T>(&mut self, point: Point, effect: impl FnOnce(&mut Self) -> Result<T, SourceError>) -> Result<T, SourceError> {
        if let Some(Kind::Fail) = self.world.enter(&self.body, point)? {
            return Err(SourceError::Unavailable("brokers unreachable".to_owned()));
        }
        let result = effect(self);
        self.world.leave(&self.body)?;
        result
    }

    fn give_up(&mut self, slots: &[u32]) {
        self.inputs.retain(|input, _| !slots.contains(&input.slot));
    }

    fn changes(&mut self) -> Result<Vec<Membership>, SourceError> {
        let mut changes = Vec::new();
        let member = self.body.member.get();
        let word = self.world.cluster.borrow().group.word_for(member);
        match word {
            Word::Fenced => return Err(SourceError::Fenced("another process uses this instance id".to_owned())),
            Word::Stranger => {
                let lost = std::mem::take(&mut self.owned);
                self.give_up(&lost);
                if !lost.is_empty() {
                    changes.push(Membership::Lost(lost));
                }
                self.join_group();
            }
            Word::Rejoin => {
                let revoked = std::mem::take(&mut self.owned);
                self.give_up(&revoked);
                if !revoked.is_empty() {
                    changes.push(Membership::Revoked(revoked));
                }
                self.world.cluster.borrow_mut().group.rejoin(member);
            }
            Word::Wait => {}
            Word::Assigned { generation, slots } if generation != self.generation => {
                self.generation = generation;
                self.owned = slots.clone();
                changes.push(Membership::Assigned(slots));
            }
            Word::Assigned { .. } => {}
        }
        Ok(changes)
    }

    fn some_records(&mut self, input: Input, most: usize, into: &mut VecDeque<Arrival<MemoryRecord>>) {
        let Some(cursor) = self.inputs.get_mut(&input) else { return };
        if self.world.below(EMPTY_ONE_IN) == 0 {
            return;
        }
        let few = 1 + self.world.below(most.min(30) as u64) as usize;
        let (records, end) = self.world.cluster.borrow().input_records(input, cursor.next, few);
        let is_all = records.len() < few;
        for record in records {
            cursor.next = record.offset() + 1;
            into.push_back(Arrival::Record(record));
        }
        if is_all {
            cursor.next = end;
            if cursor.told != Some(end) {
                cursor.told = Some(end);
                into.push_back(Arrival::End(end));
            }
        }
    }

    fn some_blocks(&mut self, slot: u32, into: &mut Vec<LogEntry>) -> LogRead {
        let cursor = self.changelogs.get_mut(&slot).expect("a changelog is opened before it is read");
        if self.world.cluster.borrow().changelog_bounds(slot).low > cursor.next {
            return LogRead::OutOfRange;
        }
        let few = 1 + self.world.below(self.world.plan.blocks_per_read) as usize;
        let (blocks, end) = self.world.cluster.borrow().blocks(slot, cursor.next, few);
        let is_all = blocks.len() < few;
        for (offset, value) in blocks {
            cursor.next = offset + 1;
            self.followed.entry(slot).and_modify(|last| *last = Some(value.clone()));
            into.push(LogEntry { offset, value });
        }
        if !is_all {
            return LogRead::More;
        }
        cursor.next = end;
        if cursor.told.replace(end) == Some(end) { LogRead::More } else { LogRead::End }
    }
}

impl SimulatedSource {
    /// For a control: a slot that was followed is taken up as it was followed, whatever has been committed since.
    fn stale(&mut self, slot: u32) -> Option<CommittedOffsets> {
        if !self.owned.contains(&slot) || !self.world.cluster.borrow().is_broken(Control::StaleStandbys) {
            return None;
        }
        let last = self.followed.remove(&slot)??;
        let (BlockHeader { transaction, .. }, _) = block::decode(&last).ok()?;
        let metadata = Metadata { seq: transaction.seq, chain: transaction.chain, start: 0, writer: transaction.writer }.to_text();
        let position = |input: &InputOffset| Some(CommittedOffset { offset: input.offset, metadata: metadata.clone() });
        Some(CommittedOffsets::Stable(transaction.offsets.iter().map(position).collect()))
    }
}

impl Source for SimulatedSource {
    type Record = MemoryRecord;

    fn membership(&mut self) -> Result<Vec<Membership>, SourceError> {
        self.call(Point::Membership, |source| {
            if source.world.below(DEAF_ONE_IN) == 0 {
                return Ok(Vec::new());
            }
            source.changes()
        })
    }

    fn wait(&mut self, _longest: Duration) {}

    fn take(&mut self, input: Input, most: usize, into: &mut VecDeque<Arrival<MemoryRecord>>) -> Result<(), SourceError> {
        self.call(Point::Take, |source| {
            source.some_records(input, most, into);
            Ok(())
        })
    }

    fn start(&mut self, slot: u32, offsets: &[i64]) -> Result<(), SourceError> {
        self.call(Point::Start, |source| {
            if !source.owned.contains(&slot) {
                return Err(SourceError::Unavailable(format!("slot {slot} is not assigned")));
            }
            for (topic, offset) in offsets.iter().enumerate() {
                source.inputs.insert(Input { topic, slot }, Cursor { next: *offset, told: None });
            }
            Ok(())
        })
    }

    fn claim(&mut self) -> Result<Claim, SourceError> {
        self.call(Point::Claim, |source| {
            if source.world.cluster.borrow().is_broken(Control::Generations) {
                return Ok(Claim(b"always".to_vec()));
            }
            if source.generation < 0 {
                return Err(SourceError::Unavailable("not a member of the group at present".to_owned()));
            }
            Ok(Claim(format!("{}:{}", source.body.member.get(), source.generation).into_bytes()))
        })
    }

    fn committed(&mut self, slot: u32) -> Result<CommittedOffsets, SourceError> {
        self.call(Point::Committed, |source| {
            if let Some(stale) = source.stale(slot) {
                return Ok(stale);
            }
            let at_once = source.world.cluster.borrow().committed(slot);
            if at_once != CommittedOffsets::Unstable {
                return Ok(at_once);
            }
            source.world.stand_still(COMMITTED_WAIT_MS);
            Ok(source.world.cluster.borrow().committed(slot))
        })
    }

    fn input_bounds(&mut self, input: Input) -> Result<Bounds, SourceError> {
        self.call(Point::InputBounds, |source| Ok(source.world.cluster.borrow().input_bounds(input)))
    }

    fn changelog_bounds(&mut self, slot: u32) -> Result<Bounds, SourceError> {
        self.call(Point::ChangelogBounds, |source| Ok(source.world.cluster.borrow().changelog_bounds(slot)))
    }

    fn follow_changelog(&mut self, slot: u32, from: i64) -> Result<(), SourceError> {
        self.open_changelog(slot, from)?;
        self.followed.insert(slot, None);
        Ok(())
    }

    fn open_changelog(&mut self, slot: u32, from: i64) -> Result<(), SourceError> {
        self.call(Point::OpenChangelog, |source| {
            source.changelogs.insert(slot, Cursor { next: from, told: None });
            Ok(())
        })
    }

    fn read_changelog(&mut self, slot: u32, _most_bytes: usize, into: &mut Vec<LogEntry>) -> Result<LogRead, SourceError> {
        self.call(Point::ReadChangelog, |source| Ok(source.some_blocks(slot, into)))
    }

    fn close_changelog(&mut self, slot: u32) {
        self.changelogs.remove(&slot);
    }
}

/// Whose claim it is; one that cannot be read is nobody's.
pub fn identity_of(claim: &Claim) -> Identity {
    let text = String::from_utf8_lossy(&claim.0);
    let parsed = text.split_once(':').and_then(|(member, generation)| Some((member.parse().ok()?, generation.parse().ok()?)));
    let (member, generation) = parsed.unwrap_or((0, 0));
    Identity { member, generation }
}
