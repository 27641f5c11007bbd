//! The simulated Kafka: partition logs, transaction coordinator, offsets and group under one clock, which only the world moves.
//!
//! What a request does, it does at once; what happens by itself (markers on their way, time-outs, records of the shop, late commits) happens
//! in `pass_time`. Nothing here knows lifetide. A control (`broken`) takes one protection away. Called by `source`, `transaction`, `world`
//! and, when all is over, by `checks`.

use std::collections::{BTreeMap, VecDeque};

use lifetide::worker::memory::{MemoryRecord, Produced};
use lifetide::worker::source::{Bounds, CommittedOffset, CommittedOffsets, Input};
use lifetide::worker::transaction::{OutputTopic, Position};

use super::controls::Control;
use super::coordinator::{Coordinator, Fenced, Marker, Pass, Place};
use super::group::{Group, Identity};
use super::input::{Arrival, Step};
use super::log::Log;
use super::offsets::Offsets;
use super::{INPUTS, SLOTS, TOPICS};
use crate::exactly_once::Random;

/// Markers reach their partitions within this, mostly.
const MARKER_MS: u64 = 20;

/// Why a transaction's offsets are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Fenced,
    Generation,
}

impl From<Fenced> for Refusal {
    fn from(_: Fenced) -> Refusal {
        Refusal::Fenced
    }
}

pub struct Cluster {
    pub now_ms: u64,
    pub group: Group,
    pub random: Random,
    /// The next transaction's markers take this long on their way to some of its partitions.
    pub slow_markers_ms: u64,
    inputs: BTreeMap<Input, Log<MemoryRecord>>,
    outputs: BTreeMap<(OutputTopic, u32), Log<Produced>>,
    offsets: Offsets,
    coordinator: Coordinator,
    /// What the shop's systems will still write, by moment.
    arrivals: VecDeque<Arrival>,
    broken: Option<Control>,
}

impl Cluster {
    pub fn new(random: Random, arrivals: VecDeque<Arrival>, broken: Option<Control>) -> Cluster {
        let mut group = Group::new(SLOTS);
        group.takes_any_claim = broken == Some(Control::Generations);
        let mut coordinator = Coordinator::default();
        coordinator.ignores_epochs = broken == Some(Control::Epochs);
        Cluster {
            now_ms: 0,
            group,
            random,
            slow_markers_ms: 0,
            inputs: BTreeMap::new(),
            outputs: BTreeMap::new(),
            offsets: Offsets::default(),
            coordinator,
            arrivals,
            broken,
        }
    }

    pub fn is_broken(&self, control: Control) -> bool {
        self.broken == Some(control)
    }

    /// Lets everything happen that is due by now.
    pub fn pass_time(&mut self) {
        while self.arrivals.front().is_some_and(|arrival| arrival.at_ms <= self.now_ms) {
            let arrival = self.arrivals.pop_front().expect("it was there");
            let log = self.inputs.entry(arrival.input).or_default();
            match arrival.step {
                Step::Record { writer, record } => log.append(writer, |offset| record.at(offset)),
                Step::Mark { writer, commit } => log.mark(writer, commit),
            }
        }
        self.group.pass_time(self.now_ms);
        for marker in self.coordinator.due(self.now_ms) {
            self.mark(marker);
        }
    }

    /// When something happens by itself next.
    pub fn next_ms(&self) -> Option<u64> {
        let arrival = self.arrivals.front().map(|arrival| arrival.at_ms);
        [arrival, self.group.next_ms(), self.coordinator.next_ms()].into_iter().flatten().min()
    }

    fn mark(&mut self, Marker { writer, place, commit, .. }: Marker) {
        match place {
            Place::Output(topic, partition) => self.outputs.entry((topic, partition)).or_default().mark(writer, commit),
            Place::Offsets => self.offsets.mark(writer, commit && self.broken != Some(Control::LostOffsets)),
        }
    }

    pub fn init(&mut self, transactional_id: &str) -> Pass {
        let pass = self.coordinator.init(transactional_id, self.now_ms);
        self.pass_time();
        pass
    }

    /// One record of a transaction reaches its partition.
    pub fn produce(&mut self, pass: Pass, topic: OutputTopic, partition: u32, record: Produced) -> Result<(), Fenced> {
        self.add(pass, Place::Output(topic, partition))?;
        let is_early = self.broken == Some(Control::EarlyOutputs) && topic != OutputTopic::Changelog;
        let writer = if is_early { None } else { Some(pass.writer) };
        self.outputs.entry((topic, partition)).or_default().append(writer, |_| record);
        Ok(())
    }

    pub fn send_offsets(&mut self, pass: Pass, positions: &[Position], identity: Identity) -> Result<(), Refusal> {
        self.add(pass, Place::Offsets)?;
        if !self.group.takes_offsets_of(identity) {
            return Err(Refusal::Generation);
        }
        self.offsets.add(pass.writer, positions);
        Ok(())
    }

    fn add(&mut self, pass: Pass, place: Place) -> Result<(), Fenced> {
        // the coordinator takes nothing new before the last transaction's markers are written; clients ask until it does
        self.coordinator.hurry(pass.writer, self.now_ms);
        self.pass_time();
        self.coordinator.add(pass, place, self.now_ms)
    }

    pub fn end(&mut self, pass: Pass, commit: bool) -> Result<(), Fenced> {
        let slow_ms = std::mem::take(&mut self.slow_markers_ms);
        let (now_ms, random) = (self.now_ms, &mut self.random);
        let due_ms = |_| {
            let is_slow = slow_ms > 0 && random.below(3) > 0;
            now_ms + random.below(MARKER_MS) + if is_slow { slow_ms } else { 0 }
        };
        self.coordinator.end(pass, commit, due_ms)?;
        if commit && self.broken == Some(Control::EndsTwice) {
            let due_ms = now_ms + self.random.below(100);
            self.coordinator.end_later(pass, due_ms);
        }
        Ok(())
    }

    /// The commit arrives later, when nobody waits for its answer.
    pub fn end_later(&mut self, pass: Pass, after_ms: u64) {
        self.coordinator.end_later(pass, self.now_ms + after_ms);
    }

    pub fn committed(&self, slot: u32) -> CommittedOffsets {
        match self.broken {
            Some(Control::UnstableOffsets) => CommittedOffsets::Stable(self.offsets.last(slot, TOPICS)),
            _ => self.offsets.of(slot, TOPICS),
        }
    }

    /// The committed positions as they stand.
    pub fn positions(&self, slot: u32) -> Vec<Option<CommittedOffset>> {
        self.offsets.last(slot, TOPICS)
    }

    /// At most `most` committed records of an input from an offset on, and where its end is.
    pub fn input_records(&self, input: Input, from: i64, most: usize) -> (Vec<MemoryRecord>, i64) {
        if input.topic == INPUTS {
            return self.messages(input.slot, from, most);
        }
        let Some(log) = self.inputs.get(&input) else { return (Vec::new(), 0) };
        (log.committed(from).take(most).map(|(_, record)| record.clone()).collect(), log.stable_end())
    }

    /// The same of the relay, which is written as any output.
    fn messages(&self, slot: u32, from: i64, most: usize) -> (Vec<MemoryRecord>, i64) {
        let Some(log) = self.output(OutputTopic::Relay, slot) else { return (Vec::new(), 0) };
        let record = |(offset, r): (i64, &Produced)| {
            MemoryRecord::new(offset, r.key.as_deref(), r.value.as_deref(), r.timestamp_ms, r.headers.clone())
        };
        (log.committed(from).take(most).map(record).collect(), log.stable_end())
    }

    pub fn input_bounds(&self, input: Input) -> Bounds {
        if input.topic == INPUTS {
            return self.output(OutputTopic::Relay, input.slot).map_or(Bounds { low: 0, high: 0 }, Log::bounds);
        }
        self.inputs.get(&input).map_or(Bounds { low: 0, high: 0 }, Log::bounds)
    }

    pub fn output(&self, topic: OutputTopic, partition: u32) -> Option<&Log<Produced>> {
        self.outputs.get(&(topic, partition))
    }

    pub fn changelog_bounds(&self, slot: u32) -> Bounds {
        self.output(OutputTopic::Changelog, slot).map_or(Bounds { low: 0, high: 0 }, Log::bounds)
    }

    /// A changelog's blocks from an offset on, as a reader is shown them, and its end.
    pub fn blocks(&self, slot: u32, from: i64, most: usize) -> (Vec<(i64, Vec<u8>)>, i64) {
        let Some(log) = self.output(OutputTopic::Changelog, slot) else { return (Vec::new(), 0) };
        let owned = |(offset, record): (i64, &Produced)| (offset, record.value.clone().unwrap_or_default());
        match self.broken {
            Some(Control::AbortedBlocks) => (log.uncommitted(from).take(most).map(owned).collect(), log.bounds().high),
            _ => (log.committed(from).take(most).map(owned).collect(), log.stable_end()),
        }
    }

    pub fn trim(&mut self, topic: OutputTopic, slot: u32, before: i64) {
        let beyond = if self.broken == Some(Control::EagerTrim) { i64::MAX } else { before };
        self.outputs.entry((topic, slot)).or_default().trim(beyond);
    }

    /// All records have been written, read and accounted for; no transaction is open or on its way.
    pub fn is_drained(&self) -> bool {
        let all = (0..SLOTS).flat_map(|slot| (0..TOPICS).map(move |topic| Input { topic, slot }));
        self.arrivals.is_empty()
            && self.coordinator.is_idle()
            && all.into_iter().all(|input| {
                let end = self.input_records(input, i64::MAX, 0).1;
                let committed = self.positions(input.slot)[input.topic].as_ref().map_or(0, |committed| committed.offset);
                committed == end
            })
    }

    /// A4: the logs with a transaction that has no end.
    pub fn hanging(&self) -> Vec<(OutputTopic, u32)> {
        self.outputs.iter().filter(|(_, log)| log.has_open_transactions()).map(|(place, _)| *place).collect()
    }
}
