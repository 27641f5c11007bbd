//! Reads slots' changelogs back, committed records only.
//!
//! One handle for all restoring slots of a worker, and another for those it follows, made when the first begins and dropped when the last
//! ends; they join no group. It moves bytes: what a block means, and where to stop, the worker knows. Used by `consumer` and `visitor`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client;
use super::group::{Group, Handle, serve_event, serve_events};
use super::observer::unreadable_error;
use super::queue::{Fetched, PartitionQueue};
use super::retire::Retiring;
use super::wake::Waker;
use crate::worker::source::{LogEntry, LogRead, Record as _, SourceError};

/// Blocks per call: what a read may exceed its bytes by (8 × 512 KiB).
const BATCH: usize = 8;
/// How long a read of a slot being restored waits for a first block: other slots of the worker wait meanwhile.
pub(super) const FIRST_BLOCK_WAIT: Duration = Duration::from_millis(5);

pub(super) struct ChangelogReader {
    /// Before the handle, as they must go first.
    queues: BTreeMap<u32, PartitionQueue>,
    handle: Retiring<Arc<Handle>>,
    topic: String,
    /// Zero where many slots are looked at in turn.
    wait: Duration,
}

impl ChangelogReader {
    /// `wait`: how long a read may wait for a first block.
    pub fn new(config: &ClientConfig, topic: &str, wait: Duration) -> Result<ChangelogReader, SourceError> {
        let handle: Handle =
            config.create_with_context(Group::outsider()).map_err(|error| SourceError::Refused(client::text_of(&error)))?;
        // it is of no group, so nobody waits for it to go
        let handle = Retiring::new(Arc::new(handle), Duration::ZERO);
        Ok(ChangelogReader { queues: BTreeMap::new(), handle, topic: topic.to_owned(), wait })
    }

    pub fn open(&mut self, slot: u32, from: i64, waker: &Arc<Waker>) -> Result<(), SourceError> {
        self.close(slot);
        let queue = PartitionQueue::split(&self.handle, &self.topic, slot, waker);
        self.handle
            .incremental_assign(&self.partition(slot, Offset::Offset(from)))
            .map_err(|error| SourceError::Unavailable(client::text_of(&error)))?;
        self.queues.insert(slot, queue);
        Ok(())
    }

    pub fn close(&mut self, slot: u32) {
        if self.queues.remove(&slot).is_some()
            && let Err(error) = self.handle.incremental_unassign(&self.partition(slot, Offset::Invalid))
        {
            tracing::warn!("changelog partition {slot} could not be let go: {error}");
        }
    }

    pub fn has(&self, slot: u32) -> bool {
        self.queues.contains_key(&slot)
    }

    pub fn is_idle(&self) -> bool {
        self.queues.is_empty()
    }

    /// # Panics
    /// When the slot was not opened.
    pub fn read(&self, slot: u32, most_bytes: usize, into: &mut Vec<LogEntry>) -> Result<LogRead, SourceError> {
        let queue = self.queues.get(&slot).expect("invariant: a changelog is opened before it is read");
        let mut reading = Reading { topic: &self.topic, bytes: 0, outcome: None, into };
        while reading.outcome.is_none() && reading.bytes < most_bytes {
            if queue.take(BATCH, |fetched| reading.note(fetched)) > 0 {
                continue;
            }
            if reading.bytes > 0 {
                break;
            }
            if self.wait.is_zero() {
                serve_event(&self.handle, Duration::ZERO);
                break;
            }
            serve_events(&self.handle, Duration::ZERO);
            match queue.wait(self.wait) {
                Some(fetched) => reading.note(fetched),
                None => break,
            }
        }
        reading.outcome.unwrap_or(Ok(LogRead::More))
    }

    fn partition(&self, slot: u32, offset: Offset) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition_offset(&self.topic, slot as i32, offset).expect("invariant: any absolute offset can be set");
        list
    }
}

struct Reading<'a> {
    topic: &'a str,
    bytes: usize,
    outcome: Option<Result<LogRead, SourceError>>,
    into: &'a mut Vec<LogEntry>,
}

impl Reading<'_> {
    /// Nothing after the end of what may be read is kept: it would hide a gap.
    fn note(&mut self, fetched: Fetched) {
        if matches!(self.outcome, Some(Err(_) | Ok(LogRead::OutOfRange))) {
            return;
        }
        self.outcome = match fetched {
            Fetched::Record(record) => {
                let value = record.value().unwrap_or_default().to_vec();
                self.bytes += value.len();
                self.into.push(LogEntry { offset: record.offset(), value });
                None
            }
            Fetched::End(_) => Some(Ok(LogRead::End)),
            Fetched::Failed(RDKafkaErrorCode::OffsetOutOfRange | RDKafkaErrorCode::AutoOffsetReset, _) => Some(Ok(LogRead::OutOfRange)),
            Fetched::Failed(code, text) => Some(Err(unreadable_error(self.topic, code, text))),
        };
    }
}
