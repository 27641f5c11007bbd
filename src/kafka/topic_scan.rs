//! Reads a topic from its beginning to its end, committed records only, one partition after the other.
//!
//! The end is where the log ended when reading began, transactions open at that moment included: whoever asks whether a letter was sent
//! again must not be told by a log that an open transaction hides. It knows nothing of what a record says, joins no group and commits
//! nothing. Used by `cli` (`dlq`, `deliver`).

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client;
use super::deadline::Deadline;
use super::group::{Group, Handle, serve_events};
use super::message::Message;
use super::observer::{Observer, unreachable_error, unreadable_error};
use super::queue::{Fetched, PartitionQueue};
use super::retire::Retiring;
use super::settings::Settings;
use super::wake::Waker;
use crate::worker::source::{Bounds, Record as _, SourceError};

/// Without a record or a later end for this long, the log is stuck: longer than any transaction of ours stays open.
const STUCK_WAIT: Duration = Duration::from_secs(20);
/// For librdkafka to end.
const END_WAIT: Duration = Duration::from_secs(2);
/// One look into the queue.
const LOOK: Duration = Duration::from_millis(100);

pub struct TopicScan {
    handle: Retiring<Arc<Handle>>,
    observer: Observer,
    waker: Arc<Waker>,
    topic: String,
    partitions: u32,
}

impl TopicScan {
    /// `partitions`: of the topic.
    pub fn open(settings: &Settings, topic: &str, partitions: u32) -> Result<TopicScan, SourceError> {
        let created = client::log_reader(settings, "scan").create_with_context(Group::outsider());
        let handle: Handle = created.map_err(|error| SourceError::Refused(client::text_of(&error)))?;
        Ok(TopicScan {
            handle: Retiring::new(Arc::new(handle), END_WAIT),
            observer: Observer::connect(settings, "scan-observer")?,
            waker: Arc::new(Waker::default()),
            topic: topic.to_owned(),
            partitions,
        })
    }

    /// First and next offset of a partition of any topic, open transactions included.
    pub fn bounds(&self, topic: &str, partition: u32) -> Result<Bounds, SourceError> {
        self.observer.bounds(topic, partition)
    }

    /// Shows every record with its partition, in order within a partition, until the end or `Break`.
    pub fn read(&self, visit: &mut dyn FnMut(u32, &Message) -> ControlFlow<()>) -> Result<(), SourceError> {
        for partition in 0..self.partitions {
            let bounds = self.observer.bounds(&self.topic, partition)?;
            if bounds.low >= bounds.high {
                continue;
            }
            let queue = PartitionQueue::split(&self.handle, &self.topic, partition, &self.waker);
            let assigned = self.handle.incremental_assign(&self.list(partition, Offset::Offset(bounds.low)));
            assigned.map_err(|error| unreachable_error(&self.topic, &self.resource(), &error))?;
            let flow = self.read_partition(&queue, partition, bounds.high, visit);
            drop(queue);
            let unassigned = self.handle.incremental_unassign(&self.list(partition, Offset::Invalid));
            unassigned.map_err(|error| unreachable_error(&self.topic, &self.resource(), &error))?;
            if flow?.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn read_partition(
        &self,
        queue: &PartitionQueue,
        partition: u32,
        high: i64,
        visit: &mut dyn FnMut(u32, &Message) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, SourceError> {
        let mut stuck = Deadline::after(STUCK_WAIT);
        loop {
            serve_events(&self.handle, Duration::ZERO);
            let next = match queue.wait(LOOK) {
                None if stuck.is_over() => {
                    let what = format!("{} partition {partition} does not give its end", self.topic);
                    return Err(SourceError::Unavailable(format!("{what}: brokers are away, or a transaction stays open on it")));
                }
                None => continue,
                Some(Fetched::Record(message)) => {
                    if visit(partition, &message).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                    message.offset() + 1
                }
                // the last stable offset: the end only if no transaction hides what follows
                Some(Fetched::End(offset)) => offset,
                Some(Fetched::Failed(code, text)) => return Err(unreadable_error(&self.topic, code, text)),
            };
            if next >= high {
                return Ok(ControlFlow::Continue(()));
            }
            stuck = Deadline::after(STUCK_WAIT);
        }
    }

    /// What one must be allowed to read.
    fn resource(&self) -> String {
        format!("topic {}", self.topic)
    }

    fn list(&self, partition: u32, offset: Offset) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition_offset(&self.topic, partition as i32, offset).expect("invariant: offsets are absolute or invalid");
        list
    }
}
