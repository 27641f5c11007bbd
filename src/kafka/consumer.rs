//! The worker's source of records over librdkafka: one member of the consumer group with one queue per partition.
//!
//! All partitions of all inputs are split off before `subscribe`, so a record never meets another partition's, and reading one partition
//! never waits for another. Assigned partitions stay paused until `start` says from where. It decides nothing about order, batches or
//! commits: that is the worker's. Blocking calls are bounded by the constants below and run on the worker's thread.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka_sys as sys;

use super::changelog::{ChangelogReader, FIRST_BLOCK_WAIT};
use super::client;
use super::deadline::Deadline;
use super::failure::Failure;
use super::group::{Group, Handle};
use super::message::Message;
use super::observer::Observer;
use super::offsets::{self, COMMITTED_WAIT};
use super::queue::{Fetched, PartitionQueue};
use super::retire::Retiring;
use super::settings::Settings;
use super::wake::Waker;
use crate::worker::source::{
    Arrival, Bounds, Claim, CommittedOffsets, Input, LogEntry, LogRead, Membership, Record as _, Source, SourceError, WAYS_OUT,
};

/// For a partition just assigned to become seekable.
const SEEK_WAIT: Duration = Duration::from_secs(5);
const SEEK_PAUSE: Duration = Duration::from_millis(5);
/// For librdkafka to leave the group and end: milliseconds, unless brokers are silent.
const LEAVE_WAIT: Duration = Duration::from_secs(3);
/// Events served per call of `membership`; the rest wait for the next.
const EVENTS_MAX: usize = 1_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum SlotState {
    Absent,
    /// Assigned, not started: nothing is fetched.
    Paused,
    Running,
}

struct Slot {
    state: SlotState,
    /// Offsets of the last `start`: what lies before is never delivered.
    start: Vec<i64>,
}

/// Leaves the group when dropped, within `LEAVE_WAIT`. Messages must be gone before, else it ends with the last of them.
pub struct Consumer {
    settings: Settings,
    worker: usize,
    slots: Vec<Slot>,
    /// By topic, then slot. Before the handle, as they must go first.
    queues: Vec<Vec<PartitionQueue>>,
    /// Of slots being restored, and of slots being followed.
    changelog: Option<ChangelogReader>,
    followed: Option<ChangelogReader>,
    handle: Retiring<Arc<Handle>>,
    observer: Observer,
    waker: Arc<Waker>,
}

impl Consumer {
    /// Joins the group as this worker. Refused when input topics are missing or differ in partitions.
    pub fn join(settings: &Settings, worker: usize) -> Result<Consumer, SourceError> {
        let problems = settings.problems();
        if !problems.is_empty() {
            return Err(SourceError::Refused(problems.join("; ")));
        }
        let refused = |error: KafkaError| SourceError::Refused(client::text_of(&error));
        let observer = Observer::connect(settings, &format!("{worker}-observer"))?;
        let slots = observer.count_slots(settings)?;
        let topics = &settings.consumed_topics();
        let group = Group::member(settings, slots);
        let mut handle: Handle =
            client::consumer(settings, worker, topics.len() * slots as usize).create_with_context(group).map_err(refused)?;
        let waker = Arc::new(Waker::default());
        let main_waker = Arc::clone(&waker);
        handle.set_nonempty_callback(move || main_waker.wake());
        let handle = Retiring::new(Arc::new(handle), LEAVE_WAIT);
        let split = |topic: &String| (0..slots).map(|slot| PartitionQueue::split(&handle, topic, slot, &waker)).collect();
        let queues = topics.iter().map(split).collect();
        // not to the relay: its partition comes with those of the inputs, whoever else is in the group and does not know it (`group`)
        handle.subscribe(&settings.input_topics.iter().map(String::as_str).collect::<Vec<_>>()).map_err(refused)?;
        let slots = (0..slots).map(|_| Slot { state: SlotState::Absent, start: vec![0; topics.len()] }).collect();
        Ok(Consumer { settings: settings.clone(), worker, slots, queues, changelog: None, followed: None, handle, observer, waker })
    }

    /// Partitions of each input topic.
    pub fn slots(&self) -> u32 {
        self.slots.len() as u32
    }

    fn partitions(&self, slot: u32, offsets: impl Iterator<Item = Offset>) -> TopicPartitionList {
        let topics = self.settings.consumed_topics();
        let mut list = TopicPartitionList::with_capacity(topics.len());
        for (topic, offset) in topics.iter().zip(offsets) {
            list.add_partition_offset(topic, slot as i32, offset).expect("invariant: offsets are absolute or invalid");
        }
        list
    }

    /// The first reason why a partition is not where it should be yet.
    fn seek(&self, slot: u32, offsets: &[i64]) -> Result<(), KafkaError> {
        let list = self.partitions(slot, offsets.iter().map(|offset| Offset::Offset(*offset)));
        let done = self.handle.seek_partitions(list, COMMITTED_WAIT)?;
        done.elements().iter().try_for_each(|element| element.error())
    }

    /// What an error in a started partition means.
    fn failed(&self, input: Input, code: RDKafkaErrorCode, text: &str) -> Result<(), SourceError> {
        let topic = self.settings.consumed(input.topic);
        match code {
            RDKafkaErrorCode::OffsetOutOfRange | RDKafkaErrorCode::AutoOffsetReset => Err(SourceError::Refused(format!(
                "topic {topic}, partition {}: the committed offset is no longer there ({text}); {WAYS_OUT}",
                input.slot
            ))),
            code if client::is_unauthorized(code) => Err(SourceError::Refused(client::denial("Read", &format!("topic {topic}")))),
            _ => {
                tracing::warn!(topic, slot = input.slot, "fetch failed, librdkafka tries again: {text}");
                Ok(())
            }
        }
    }
}

impl Source for Consumer {
    type Record = Message;

    fn membership(&mut self) -> Result<Vec<Membership>, SourceError> {
        let group = Arc::clone(self.handle.context());
        for _ in 0..EVENTS_MAX {
            // one event per call, so the queue's length and not the answer tells whether there are more
            match self.handle.poll(Duration::ZERO) {
                Some(Err(error)) => group.note_error(&error),
                Some(Ok(_)) => group.note_stray(),
                None if self.main_queue_is_empty() => break,
                None => {}
            }
        }
        let changes = group.changes()?;
        for change in &changes {
            let (slots, state) = match change {
                Membership::Assigned(slots) => (slots, SlotState::Paused),
                Membership::Revoked(slots) | Membership::Lost(slots) => (slots, SlotState::Absent),
            };
            for slot in slots {
                self.slots[*slot as usize].state = state;
            }
        }
        Ok(changes)
    }

    fn wait(&mut self, longest: Duration) {
        self.waker.sleep(longest);
    }

    fn take(&mut self, input: Input, most: usize, into: &mut VecDeque<Arrival<Message>>) -> Result<(), SourceError> {
        let slot = &self.slots[input.slot as usize];
        if slot.state != SlotState::Running {
            return Ok(());
        }
        let start = slot.start[input.topic];
        let queue = &self.queues[input.topic][input.slot as usize];
        let mut left = most;
        let mut failure = None;
        while left > 0 {
            let asked = left;
            let taken = queue.take(asked, |fetched| match fetched {
                Fetched::Record(record) if record.offset() < start => {}
                Fetched::Record(record) => into.push_back(Arrival::Record(record)),
                Fetched::End(offset) => into.push_back(Arrival::End(offset)),
                Fetched::Failed(code, text) => failure = Some((code, text)),
            });
            left -= taken;
            if taken == 0 {
                break;
            }
        }
        match failure {
            Some((code, text)) => self.failed(input, code, &text),
            None => Ok(()),
        }
    }

    fn start(&mut self, slot: u32, offsets: &[i64]) -> Result<(), SourceError> {
        assert_eq!(offsets.len(), self.queues.len(), "invariant: one offset per topic that is read");
        assert!(offsets.iter().all(|offset| *offset >= 0), "invariant: offsets are absolute");
        let deadline = Deadline::after(SEEK_WAIT);
        // an assignment takes effect a moment after its callback
        while let Err(error) = self.seek(slot, offsets) {
            if deadline.is_over() {
                return Err(SourceError::Unavailable(format!("slot {slot} cannot start: {}", client::text_of(&error))));
            }
            std::thread::sleep(SEEK_PAUSE);
        }
        let state = &mut self.slots[slot as usize];
        state.start = offsets.to_vec();
        if state.state == SlotState::Running {
            return Ok(());
        }
        // only what is paused: resuming a running partition could drop what was fetched since the seek
        self.slots[slot as usize].state = SlotState::Running;
        let list = self.partitions(slot, offsets.iter().map(|_| Offset::Invalid));
        self.handle.resume(&list).map_err(|error| SourceError::Unavailable(client::text_of(&error)))
    }

    fn claim(&mut self) -> Result<Claim, SourceError> {
        let absent = || SourceError::Unavailable("not a member of the group at present".to_owned());
        // SAFETY: a live consumer; what comes back is ours and destroyed below.
        let metadata = unsafe { sys::rd_kafka_consumer_group_metadata(self.handle.client().native_ptr()) };
        if metadata.is_null() {
            return Err(absent());
        }
        let (mut start, mut len) = (std::ptr::null_mut(), 0);
        // SAFETY: `metadata` is valid until destroyed, once, at the end; on success `start` is an allocation of `len` bytes that is ours.
        unsafe {
            // before the join there is no generation, and brokers check nothing for such a claim
            let joined = sys::rd_kafka_consumer_group_metadata_generation_id(metadata) >= 0;
            let written = Failure::check(sys::rd_kafka_consumer_group_metadata_write(metadata, &mut start, &mut len));
            sys::rd_kafka_consumer_group_metadata_destroy(metadata);
            written.map_err(|failure| SourceError::Unavailable(failure.text))?;
            let bytes = std::slice::from_raw_parts(start.cast::<u8>(), len).to_vec();
            sys::rd_kafka_mem_free(std::ptr::null_mut(), start);
            if joined { Ok(Claim(bytes)) } else { Err(absent()) }
        }
    }

    fn committed(&mut self, slot: u32) -> Result<CommittedOffsets, SourceError> {
        offsets::committed(&self.handle, &self.settings.group_id, &self.settings.consumed_topics(), slot)
    }

    fn input_bounds(&mut self, input: Input) -> Result<Bounds, SourceError> {
        self.observer.bounds(self.settings.consumed(input.topic), input.slot)
    }

    fn changelog_bounds(&mut self, slot: u32) -> Result<Bounds, SourceError> {
        self.observer.bounds(&self.settings.output.changelog, slot)
    }

    fn open_changelog(&mut self, slot: u32, from: i64) -> Result<(), SourceError> {
        let config = || client::changelog_reader(&self.settings, self.worker);
        reader_in(&mut self.changelog, config, &self.settings.output.changelog, FIRST_BLOCK_WAIT)?.open(slot, from, &self.waker)
    }

    fn follow_changelog(&mut self, slot: u32, from: i64) -> Result<(), SourceError> {
        let config = || client::changelog_follower(&self.settings, self.worker, self.slots.len());
        reader_in(&mut self.followed, config, &self.settings.output.changelog, Duration::ZERO)?.open(slot, from, &self.waker)
    }

    fn read_changelog(&mut self, slot: u32, most_bytes: usize, into: &mut Vec<LogEntry>) -> Result<LogRead, SourceError> {
        let reader = [&self.changelog, &self.followed].into_iter().flatten().find(|reader| reader.has(slot));
        reader.expect("invariant: a changelog is opened before it is read").read(slot, most_bytes, into)
    }

    fn close_changelog(&mut self, slot: u32) {
        for reader in [&mut self.changelog, &mut self.followed] {
            if let Some(open) = reader {
                open.close(slot);
                if open.is_idle() {
                    *reader = None;
                }
            }
        }
    }
}

/// The reader that is there, or a new one.
fn reader_in<'a>(
    place: &'a mut Option<ChangelogReader>,
    config: impl FnOnce() -> ClientConfig,
    topic: &str,
    wait: Duration,
) -> Result<&'a mut ChangelogReader, SourceError> {
    match place {
        Some(reader) => Ok(reader),
        None => Ok(place.insert(ChangelogReader::new(&config(), topic, wait)?)),
    }
}

impl Consumer {
    fn main_queue_is_empty(&self) -> bool {
        // SAFETY: a live consumer; the queue handle is ours for the moment and given back.
        unsafe {
            let queue = sys::rd_kafka_queue_get_consumer(self.handle.client().native_ptr());
            if queue.is_null() {
                return true;
            }
            let length = sys::rd_kafka_queue_length(queue);
            sys::rd_kafka_queue_destroy(queue);
            length == 0
        }
    }
}
