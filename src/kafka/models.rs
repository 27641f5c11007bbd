//! Reads the topic of value models: what is published there now, and then each change.
//!
//! One partition, read by every process from its beginning, committed records only; what a record says is for others to judge. It joins no
//! group and commits nothing. Used by `cli` (`models`, and `run` through `model_watch`).

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

/// All are read by all, in one order.
const PARTITION: u32 = 0;
/// A topic of a few records; longer means that brokers are away, or that a transaction stays open on it.
const READ_WAIT: Duration = Duration::from_secs(20);
/// For librdkafka to end.
const END_WAIT: Duration = Duration::from_secs(2);
/// One look into the queue.
const LOOK: Duration = Duration::from_millis(100);

/// What was published under a key: a parameter file, or (`None`) that there is none any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    pub key: Vec<u8>,
    pub value: Option<Vec<u8>>,
}

pub struct ModelsTopic {
    queue: PartitionQueue,
    handle: Retiring<Arc<Handle>>,
    observer: Observer,
    topic: String,
}

impl ModelsTopic {
    /// Reading begins with the first record there is.
    pub fn open(settings: &Settings) -> Result<ModelsTopic, SourceError> {
        let observer = Observer::connect(settings, "models-observer")?;
        let topic = settings.output.models.clone();
        let created = client::log_reader(settings, "models").create_with_context(Group::outsider());
        let handle: Arc<Handle> = Arc::new(created.map_err(|error| SourceError::Refused(client::text_of(&error)))?);
        let low = bounds(&observer, &topic)?.low;
        let queue = PartitionQueue::split(&handle, &topic, PARTITION, &Arc::new(Waker::default()));
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition_offset(&topic, PARTITION as i32, Offset::Offset(low)).expect("invariant: offsets are absolute");
        handle.assign(&list).map_err(|error| unreachable_error(&topic, &format!("topic {topic}"), &error))?;
        Ok(ModelsTopic { queue, handle: Retiring::new(handle, END_WAIT), observer, topic })
    }

    /// Shows what there is, oldest first, up to the end as of now; to be called before `next`.
    pub fn read_all(&self, mut visit: impl FnMut(Published)) -> Result<(), SourceError> {
        let bounds = bounds(&self.observer, &self.topic)?;
        let end = Deadline::after(READ_WAIT);
        let mut next = bounds.low;
        while next < bounds.high {
            serve_events(&self.handle, Duration::ZERO);
            match self.queue.wait(LOOK) {
                None if end.is_over() => {
                    return Err(SourceError::Unavailable(format!("{} does not give its end", self.topic)));
                }
                None => {}
                Some(Fetched::Record(message)) => {
                    next = message.offset() + 1;
                    visit(published(&message));
                }
                Some(Fetched::End(offset)) => next = offset,
                Some(Fetched::Failed(code, text)) => return Err(unreadable_error(&self.topic, code, text)),
            }
        }
        Ok(())
    }

    /// The next record, if there is one within `longest`.
    pub fn next(&self, longest: Duration) -> Result<Option<Published>, SourceError> {
        serve_events(&self.handle, Duration::ZERO);
        match self.queue.wait(longest) {
            Some(Fetched::Record(message)) => Ok(Some(published(&message))),
            Some(Fetched::Failed(code, text)) => Err(unreadable_error(&self.topic, code, text)),
            Some(Fetched::End(_)) | None => Ok(None),
        }
    }
}

/// A topic just made has no leader for a moment, and a first answer may take longer than one question waits.
fn bounds(observer: &Observer, topic: &str) -> Result<Bounds, SourceError> {
    let end = Deadline::after(READ_WAIT);
    loop {
        match observer.bounds(topic, PARTITION) {
            Err(SourceError::Unavailable(_)) if !end.is_over() => std::thread::sleep(LOOK),
            answer => return answer,
        }
    }
}

fn published(message: &Message) -> Published {
    Published { key: message.key().unwrap_or_default().to_vec(), value: message.value().map(<[u8]>::to_vec) }
}
