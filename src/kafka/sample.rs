//! The keys of the last records of topics, to see how producers spread them.
//!
//! A few of each partition, read by assignment; it joins no group and commits nothing. Used by `cli` (`doctor`).

use std::time::Duration;

use rdkafka::Message as _;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client;
use super::deadline::Deadline;
use super::group::{Group, Handle};
use super::observer::{Observer, unreachable_error};
use super::retire::Retiring;
use super::settings::Settings;
use crate::worker::source::SourceError;

/// Of each partition.
const RECORDS: i64 = 5;
/// For all of them.
const READ_WAIT: Duration = Duration::from_secs(10);
/// For librdkafka to end.
const END_WAIT: Duration = Duration::from_secs(2);
/// One look for a record.
const LOOK: Duration = Duration::from_millis(100);

/// Where a record lies, and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sampled {
    pub topic: String,
    pub partition: u32,
    pub key: Vec<u8>,
}

/// The last records of the topics, those with a key; fewer if the brokers are slow.
pub fn sample(settings: &Settings, topics: &[(String, u32)]) -> Result<Vec<Sampled>, SourceError> {
    let observer = Observer::connect(settings, "sample-observer")?;
    let mut wanted = TopicPartitionList::new();
    for (topic, partitions) in topics {
        for partition in 0..*partitions {
            let bounds = observer.bounds(topic, partition)?;
            let from = (bounds.high - RECORDS).max(bounds.low);
            if from < bounds.high {
                let offset = Offset::Offset(from);
                wanted.add_partition_offset(topic, partition as i32, offset).expect("invariant: offsets are absolute");
            }
        }
    }
    if wanted.count() == 0 {
        return Ok(Vec::new());
    }
    let created = client::log_reader(settings, "sample").create_with_context(Group::outsider());
    let handle: Retiring<Handle> = Retiring::new(created.map_err(|error| SourceError::Refused(client::text_of(&error)))?, END_WAIT);
    handle.assign(&wanted).map_err(|error| unreachable_error("a sample of the inputs", "the input topics", &error))?;
    let (mut sampled, mut left) = (Vec::new(), wanted.count());
    let end = Deadline::after(READ_WAIT);
    while left > 0 && !end.is_over() {
        match handle.poll(LOOK) {
            None => {}
            Some(Ok(record)) => {
                let key = record.key().map(<[u8]>::to_vec);
                sampled.extend(key.map(|key| Sampled { topic: record.topic().to_owned(), partition: record.partition() as u32, key }));
            }
            Some(Err(KafkaError::PartitionEOF(_))) => left -= 1,
            Some(Err(error)) => return Err(unreachable_error("a sample of the inputs", "the input topics", &error)),
        }
    }
    Ok(sampled)
}
