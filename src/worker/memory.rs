//! A log in memory that behaves as one Kafka cluster does to one worker: the second implementation of both seams.
//!
//! It drives `replay` and tests of one worker; the simulation has a cluster of its own. Transactions are atomic, committed offsets carry metadata,
//! the changelog is kept (or dropped, for `replay`, which never restores). It injects no faults, sorts nothing and knows no time.

mod record;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use super::source::{
    Arrival, Bounds, Claim, CommittedOffset, CommittedOffsets, Input, LogEntry, LogRead, Membership, Record, Source, SourceError,
};
use super::transaction::{Outgoing, OutputTopic, Position, Transaction, TransactionError};

pub use record::MemoryRecord;

/// A committed output record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Produced {
    pub topic: OutputTopic,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub timestamp_ms: Option<i64>,
    pub headers: Vec<(String, Vec<u8>)>,
}

/// One slot's partitions of everything.
#[derive(Default)]
struct Partitions {
    inputs: Vec<Vec<MemoryRecord>>,
    /// First offsets of the inputs that were not deleted.
    inputs_low: Vec<i64>,
    committed: Vec<Option<CommittedOffset>>,
    changelog: Vec<Vec<u8>>,
    changelog_low: i64,
}

/// The cluster.
pub struct MemoryLog {
    slots: Vec<Partitions>,
    keeps_changelog: bool,
    /// Committed outputs, oldest first, until somebody takes them.
    pub produced: Vec<Produced>,
}

impl MemoryLog {
    /// `topics`: the inputs, and the relay as the last.
    pub fn new(topics: usize, slots: u32, keeps_changelog: bool) -> Rc<RefCell<MemoryLog>> {
        let slot = |_| Partitions {
            inputs: vec![Vec::new(); topics],
            inputs_low: vec![0; topics],
            committed: vec![None; topics],
            ..Partitions::default()
        };
        Rc::new(RefCell::new(MemoryLog { slots: (0..slots).map(slot).collect(), keeps_changelog, produced: Vec::new() }))
    }

    /// Appends an input record, at the next offset or at one of its own, which must lie behind all others; else returns the last one.
    pub fn append(
        &mut self,
        input: Input,
        offset: Option<i64>,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        timestamp_ms: Option<i64>,
        headers: Vec<(String, Vec<u8>)>,
    ) -> Result<(), i64> {
        let end = self.end(input);
        let offset = offset.unwrap_or(end);
        if offset < end {
            return Err(end - 1);
        }
        let record = MemoryRecord::new(offset, key, value, timestamp_ms, headers);
        self.slots[input.slot as usize].inputs[input.topic].push(record);
        Ok(())
    }

    /// The relay is the last of the topics.
    fn relay_topic(&self) -> usize {
        self.slots.first().map_or(0, |slot| slot.inputs.len() - 1)
    }

    fn relay(&mut self, slot: u32, message: Produced) {
        let input = Input { topic: self.relay_topic(), slot };
        let Produced { key, value, timestamp_ms, headers, .. } = message;
        let appended = self.append(input, None, key.as_deref(), value.as_deref(), timestamp_ms, headers);
        appended.expect("invariant: without an offset of its own a record comes last");
    }

    /// Deletes input records before this offset, as a topic's retention does.
    pub fn delete_before(&mut self, input: Input, offset: i64) {
        let partitions = &mut self.slots[input.slot as usize];
        partitions.inputs[input.topic].retain(|record| record.offset() >= offset);
        partitions.inputs_low[input.topic] = offset;
    }

    /// One past the last offset of an input.
    fn end(&self, input: Input) -> i64 {
        let low = self.slots[input.slot as usize].inputs_low[input.topic];
        self.slots[input.slot as usize].inputs[input.topic].last().map_or(low, |record| record.offset() + 1)
    }

    /// Bytes of a slot's changelog blocks, for tests that damage them.
    pub fn changelog(&mut self, slot: u32) -> &mut Vec<Vec<u8>> {
        &mut self.slots[slot as usize].changelog
    }

    pub fn committed(&mut self, slot: u32) -> &mut Vec<Option<CommittedOffset>> {
        &mut self.slots[slot as usize].committed
    }

    fn bounds(&self, slot: u32) -> Bounds {
        let partitions = &self.slots[slot as usize];
        Bounds { low: partitions.changelog_low, high: partitions.changelog.len() as i64 }
    }
}

/// The reading side; owns all slots from the start.
pub struct MemorySource {
    log: Rc<RefCell<MemoryLog>>,
    assigned: bool,
    /// Next record to deliver, by its place, and whether the end before it was told; by slot and topic.
    cursors: Vec<Vec<(usize, bool)>>,
    changelog: Vec<Option<usize>>,
}

impl MemorySource {
    pub fn new(log: Rc<RefCell<MemoryLog>>) -> MemorySource {
        let topics = log.borrow().slots.first().map_or(0, |slot| slot.inputs.len());
        let slots = log.borrow().slots.len();
        MemorySource { log, assigned: false, cursors: vec![vec![(0, false); topics]; slots], changelog: vec![None; slots] }
    }
}

impl Source for MemorySource {
    type Record = MemoryRecord;

    fn membership(&mut self) -> Result<Vec<Membership>, SourceError> {
        if std::mem::replace(&mut self.assigned, true) {
            return Ok(Vec::new());
        }
        Ok(vec![Membership::Assigned((0..self.cursors.len() as u32).collect())])
    }

    fn wait(&mut self, _longest: Duration) {}

    fn take(&mut self, input: Input, most: usize, into: &mut VecDeque<Arrival<MemoryRecord>>) -> Result<(), SourceError> {
        let log = self.log.borrow();
        let records = &log.slots[input.slot as usize].inputs[input.topic];
        let (next, end_told) = &mut self.cursors[input.slot as usize][input.topic];
        for record in records.iter().skip(*next).take(most) {
            into.push_back(Arrival::Record(record.clone()));
            *next += 1;
            *end_told = false;
        }
        if *next == records.len() && !std::mem::replace(end_told, true) {
            into.push_back(Arrival::End(log.end(input)));
        }
        Ok(())
    }

    fn start(&mut self, slot: u32, offsets: &[i64]) -> Result<(), SourceError> {
        let log = self.log.borrow();
        let inputs = &log.slots[slot as usize].inputs;
        let place = |(records, offset): (&Vec<MemoryRecord>, &i64)| records.partition_point(|record| record.offset() < *offset);
        self.cursors[slot as usize] = inputs.iter().zip(offsets).map(|pair| (place(pair), false)).collect();
        Ok(())
    }

    fn claim(&mut self) -> Result<Claim, SourceError> {
        Ok(Claim(Vec::new()))
    }

    fn committed(&mut self, slot: u32) -> Result<CommittedOffsets, SourceError> {
        Ok(CommittedOffsets::Stable(self.log.borrow().slots[slot as usize].committed.clone()))
    }

    fn input_bounds(&mut self, input: Input) -> Result<Bounds, SourceError> {
        let log = self.log.borrow();
        Ok(Bounds { low: log.slots[input.slot as usize].inputs_low[input.topic], high: log.end(input) })
    }

    fn changelog_bounds(&mut self, slot: u32) -> Result<Bounds, SourceError> {
        Ok(self.log.borrow().bounds(slot))
    }

    fn open_changelog(&mut self, slot: u32, from: i64) -> Result<(), SourceError> {
        self.changelog[slot as usize] = Some(from as usize);
        Ok(())
    }

    fn read_changelog(&mut self, slot: u32, most_bytes: usize, into: &mut Vec<LogEntry>) -> Result<LogRead, SourceError> {
        let log = self.log.borrow();
        let next = self.changelog[slot as usize].as_mut().ok_or_else(|| SourceError::Refused("changelog is not open".into()))?;
        if (*next as i64) < log.bounds(slot).low {
            return Ok(LogRead::OutOfRange);
        }
        let mut bytes = 0;
        for block in log.slots[slot as usize].changelog.iter().skip(*next) {
            if bytes >= most_bytes {
                return Ok(LogRead::More);
            }
            into.push(LogEntry { offset: *next as i64, value: block.clone() });
            *next += 1;
            bytes += block.len();
        }
        Ok(LogRead::End)
    }

    fn close_changelog(&mut self, slot: u32) {
        self.changelog[slot as usize] = None;
    }
}

/// The writing side.
pub struct MemoryTransaction {
    log: Rc<RefCell<MemoryLog>>,
    open: Vec<Produced>,
    blocks: Vec<(u32, Vec<u8>)>,
    /// Words to other customers, by the slot that reads them.
    messages: Vec<(u32, Produced)>,
}

impl MemoryTransaction {
    pub fn new(log: Rc<RefCell<MemoryLog>>) -> MemoryTransaction {
        MemoryTransaction { log, open: Vec::new(), blocks: Vec::new(), messages: Vec::new() }
    }
}

impl Transaction for MemoryTransaction {
    fn writer(&self) -> &str {
        "memory"
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        Ok(())
    }

    fn send(&mut self, record: &Outgoing<'_>) -> Result<(), TransactionError> {
        if record.topic == OutputTopic::Changelog {
            if let (Some(slot), Some(block)) = (record.partition, record.value) {
                self.blocks.push((slot, block.to_vec()));
            }
            return Ok(());
        }
        let produced = Produced {
            topic: record.topic,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            timestamp_ms: record.timestamp_ms,
            headers: record.headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect(),
        };
        match (record.topic, record.partition) {
            (OutputTopic::Relay, Some(slot)) => self.messages.push((slot, produced)),
            _ => self.open.push(produced),
        }
        Ok(())
    }

    fn commit(&mut self, positions: &[Position], _claim: &Claim) -> Result<(), TransactionError> {
        let mut log = self.log.borrow_mut();
        log.produced.append(&mut self.open);
        for (slot, block) in self.blocks.drain(..) {
            if log.keeps_changelog {
                log.slots[slot as usize].changelog.push(block);
            }
        }
        for (slot, message) in self.messages.drain(..) {
            log.relay(slot, message);
        }
        for position in positions {
            let committed = CommittedOffset { offset: position.offset, metadata: position.metadata.clone() };
            log.slots[position.input.slot as usize].committed[position.input.topic] = Some(committed);
        }
        Ok(())
    }

    fn abort(&mut self) -> Result<(), TransactionError> {
        self.open.clear();
        self.blocks.clear();
        self.messages.clear();
        Ok(())
    }

    fn renew(&mut self) -> Result<(), TransactionError> {
        self.abort()
    }

    fn fence(&mut self, _writer: &str) -> Result<(), TransactionError> {
        Ok(())
    }

    fn trim(&mut self, topic: OutputTopic, slot: u32, before: i64) -> Result<(), TransactionError> {
        let mut log = self.log.borrow_mut();
        if topic == OutputTopic::Relay {
            let relay = Input { topic: log.relay_topic(), slot };
            log.delete_before(relay, before);
            return Ok(());
        }
        let partitions = &mut log.slots[slot as usize];
        partitions.changelog_low = partitions.changelog_low.max(before);
        for block in partitions.changelog.iter_mut().take(before.max(0) as usize) {
            block.clear();
        }
        Ok(())
    }
}
