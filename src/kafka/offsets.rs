//! Asks the group for the committed offsets of a slot's inputs, open transactions taken into account.
//!
//! It neither joins nor commits: any handle that bears the group's name may ask. What the offsets and their metadata mean is the worker's
//! affair. Used by `consumer` and `visitor`.

use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::group::{Handle, topics_in_words};
use super::observer::unreachable_error;
use crate::worker::source::{CommittedOffset, CommittedOffsets, SourceError};

/// Longer than a transaction takes that is being committed; a dead owner's stays open for seconds.
pub(super) const COMMITTED_WAIT: Duration = Duration::from_millis(500);

/// In the order of the topics.
pub(super) fn committed(handle: &Handle, group_id: &str, topics: &[String], slot: u32) -> Result<CommittedOffsets, SourceError> {
    let mut list = TopicPartitionList::with_capacity(topics.len());
    for topic in topics {
        list.add_partition(topic, slot as i32);
    }
    let found = match handle.committed_offsets(list, COMMITTED_WAIT) {
        Ok(found) => found,
        // librdkafka itself asks again while offsets are unstable, until the time is up
        Err(error) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::OperationTimedOut) && coordinator_answers(handle, topics) => {
            return Ok(CommittedOffsets::Unstable);
        }
        Err(error) => return Err(no_offsets(&error, group_id, topics)),
    };
    let mut offsets = Vec::with_capacity(topics.len());
    for topic in topics {
        let element = found.find_partition(topic, slot as i32).expect("invariant: the answer has what was asked");
        if let Err(error) = element.error() {
            if error.rdkafka_error_code() == Some(RDKafkaErrorCode::UnstableOffsetCommit) {
                return Ok(CommittedOffsets::Unstable);
            }
            return Err(no_offsets(&error, group_id, std::slice::from_ref(topic)));
        }
        offsets.push(match element.offset() {
            Offset::Offset(offset) => Some(CommittedOffset { offset, metadata: element.metadata().to_owned() }),
            _ => None,
        });
    }
    Ok(CommittedOffsets::Stable(offsets))
}

/// Whether the coordinator answers at all: a partition that nobody has cannot be held up by a transaction.
fn coordinator_answers(handle: &Handle, topics: &[String]) -> bool {
    let mut nobody = TopicPartitionList::with_capacity(1);
    nobody.add_partition(&topics[0], i32::MAX);
    handle.committed_offsets(nobody, COMMITTED_WAIT).is_ok()
}

/// Why the committed offsets of one of these topics cannot be had.
fn no_offsets(error: &KafkaError, group_id: &str, topics: &[String]) -> SourceError {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::TopicAuthorizationFailed) => unreachable_error("committed offsets", &topics_in_words(topics), error),
        _ => unreachable_error("committed offsets", &format!("group {group_id}"), error),
    }
}
