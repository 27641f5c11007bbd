//! Follows the consumer group: what it gives and takes away, and what it says went wrong.
//!
//! `Group` is the context of every consumer handle of this room. Its callbacks run inside `poll`, on the worker's thread: they assign
//! (paused: nothing is fetched until the worker says from where), check that the partitions of a slot came together,
//! and note what changed for `Consumer::membership`. It moves no records. The pure part, `slots_of`, is tested here.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;

use super::client;
use super::settings::Settings;
use crate::worker::source::{Membership, SourceError};

/// Events served at a time; a poll that finds none costs a microsecond.
const EVENTS_MAX: usize = 20;
/// For an explanation that is still on its way when a call has failed.
pub(super) const EVENTS_WAIT: Duration = Duration::from_millis(5);

/// A consumer handle of this room.
pub(super) type Handle = BaseConsumer<Group>;

pub(super) struct Group {
    /// Empty for handles that join no group.
    topics: Vec<String>,
    /// Read beside the topics, and no part of the subscription: a member that does not know it may be in the group, too, and would be given
    /// partitions of the inputs without it.
    relay: String,
    /// Slots known when the queues were split.
    slots: u32,
    instance_id: String,
    group_id: String,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    changes: Vec<Membership>,
    /// For good: the first reason why this member cannot go on.
    refused: Option<SourceError>,
    last_error: Option<String>,
    /// Who we are, or who they are, was not believed.
    mistrust: Option<String>,
}

impl Group {
    pub fn member(settings: &Settings, slots: u32) -> Group {
        let (topics, relay) = (settings.input_topics.clone(), settings.output.relay.clone());
        let (instance_id, group_id) = (settings.instance_id.clone(), settings.group_id.clone());
        Group { topics, relay, slots, instance_id, group_id, notes: Mutex::default() }
    }

    pub fn outsider() -> Group {
        Group {
            topics: Vec::new(),
            relay: String::new(),
            slots: 0,
            instance_id: String::new(),
            group_id: String::new(),
            notes: Mutex::default(),
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse(&self, reason: String) {
        self.notes().refused.get_or_insert(SourceError::Refused(reason));
    }

    /// What changed since the last call, in order.
    pub fn changes(&self) -> Result<Vec<Membership>, SourceError> {
        let mut notes = self.notes();
        match &notes.refused {
            Some(reason) => Err(reason.clone()),
            None => Ok(std::mem::take(&mut notes.changes)),
        }
    }

    /// librdkafka's latest complaint, to say why nobody answers.
    pub fn last_error(&self) -> Option<String> {
        self.notes().last_error.clone()
    }

    /// That a broker does not accept our credentials, or we not its certificate: asking again does not help.
    pub fn mistrust(&self) -> Option<String> {
        self.notes().mistrust.clone()
    }

    /// What `poll` returned instead of a record.
    pub fn note_error(&self, error: &KafkaError) {
        match error {
            // also told to a member that was away for a session: librdkafka then asks with an empty member id
            KafkaError::MessageConsumptionFatal(RDKafkaErrorCode::FencedInstanceId) => {
                let reason =
                    format!("another process uses instance id `{}`: give each process of the group its own instance.id", self.instance_id);
                self.notes().refused.get_or_insert(SourceError::Fenced(reason));
            }
            KafkaError::MessageConsumptionFatal(code) => self.refuse(format!("the consumer failed for good: {code}")),
            KafkaError::MessageConsumption(code) if client::is_unauthorized(*code) => {
                let resource = match code {
                    RDKafkaErrorCode::TopicAuthorizationFailed => topics_in_words(&self.topics),
                    _ => format!("group {}", self.group_id),
                };
                self.refuse(client::denial("Read", &resource));
            }
            other => tracing::debug!("consumer: {}", client::text_of(other)),
        }
    }

    /// A record on the main queue belongs to a partition that did not exist when the queues were split.
    pub fn note_stray(&self) {
        self.refuse(format!("an input topic has more than the {} partitions it had at the start: start again", self.slots));
    }

    fn assigned(&self, consumer: &Handle, partitions: &mut TopicPartitionList) -> Result<(), String> {
        let elements = partitions.elements();
        let slots = slots_of(&self.topics, self.slots, elements.iter().map(|element| (element.topic(), element.partition())))?;
        for slot in &slots {
            partitions.add_partition(&self.relay, *slot as i32);
        }
        // An absolute offset, and paused before assigned, so that nothing at all is asked of the brokers until `start` seeks. At a logical
        // offset librdkafka would look the offset up, and a seek that overtakes the answer is later undone by it: records come twice.
        partitions.set_all_offsets(Offset::Offset(0)).map_err(|error| error.to_string())?;
        if !slots.is_empty() {
            consumer.pause(partitions).map_err(|error| error.to_string())?;
        }
        consumer.assign(partitions).map_err(|error| error.to_string())?;
        self.notes().changes.push(Membership::Assigned(slots));
        Ok(())
    }

    fn revoked(&self, consumer: &Handle, partitions: &TopicPartitionList) {
        let lost = consumer.assignment_lost();
        let mut slots: Vec<u32> = partitions.elements().iter().filter_map(|element| u32::try_from(element.partition()).ok()).collect();
        slots.sort_unstable();
        slots.dedup();
        if !slots.is_empty() {
            self.notes().changes.push(if lost { Membership::Lost(slots) } else { Membership::Revoked(slots) });
        }
        if let Err(error) = consumer.unassign() {
            self.refuse(format!("partitions could not be given back: {error}"));
        }
    }
}

impl ClientContext for Group {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        client::log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let mut notes = self.notes();
        // "all brokers are down" comes with every failed connection, and hides why
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            tracing::debug!(target: "librdkafka", "{error}: {reason}");
            // a broker asked in the wrong protocol hangs up without a word
            notes.last_error.get_or_insert_with(|| format!("{reason}, or they expect another security.protocol"));
            return;
        }
        tracing::warn!(target: "librdkafka", "{error}: {reason}");
        if matches!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SSL)) {
            notes.mistrust.get_or_insert_with(|| reason.to_owned());
        }
        notes.last_error = Some(reason.to_owned());
    }
}

impl ConsumerContext for Group {
    fn rebalance(&self, consumer: &Handle, event: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        if event != RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            return self.revoked(consumer, partitions);
        }
        if let Err(reason) = self.assigned(consumer, partitions) {
            self.refuse(reason);
            // the group waits for an answer; the worker stops at the refusal
            if let Err(error) = consumer.unassign() {
                tracing::warn!("partitions could not be given back: {error}");
            }
        }
    }
}

/// For an error that does not say which of them it means.
pub(super) fn topics_in_words(topics: &[String]) -> String {
    match topics {
        [topic] => format!("topic {topic}"),
        several => format!("one of the topics {}", several.join(", ")),
    }
}

/// Serves logs and errors of a handle that fetches nothing by itself: librdkafka keeps them until asked.
pub(super) fn serve_events(handle: &Handle, longest: Duration) {
    (0..EVENTS_MAX).for_each(|_| serve_event(handle, longest));
}

/// As `serve_events`, for who comes by so often that one at a time is enough.
pub(super) fn serve_event(handle: &Handle, longest: Duration) {
    if let Some(Err(error)) = handle.poll(longest) {
        handle.context().note_error(&error);
    }
}

/// The slots of an assignment, in order; an error if one came without a partition of each topic, or is beyond those known.
fn slots_of<'a>(topics: &[String], known: u32, partitions: impl Iterator<Item = (&'a str, i32)>) -> Result<Vec<u32>, String> {
    let mut found: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for (topic, partition) in partitions {
        let slot = u32::try_from(partition).map_err(|_| format!("partition {partition} of {topic} makes no sense"))?;
        found.entry(slot).or_default().push(topic);
    }
    for (slot, with) in &found {
        if *slot >= known {
            return Err(format!("partition {slot} of {} is new: there were {known} at the start; start again", with.join(", ")));
        }
        if let Some(missing) = topics.iter().find(|topic| !with.contains(&topic.as_str())) {
            return Err(format!(
                "partition {slot} of {} came without that of {missing}: all input topics need the same number of partitions",
                with.join(", ")
            ));
        }
    }
    Ok(found.into_keys().collect())
}

#[cfg(test)]
mod tests {
    use super::super::settings::tests::settings;
    use super::*;

    #[test]
    fn partitions_of_a_slot_come_together() {
        let topics = ["a".to_owned(), "b".to_owned()];
        type Case<'a> = (&'a [(&'a str, i32)], Result<Vec<u32>, &'a str>);
        let cases: [Case<'_>; 5] = [
            (&[], Ok(vec![])),
            (&[("b", 2), ("a", 0), ("b", 0), ("a", 2)], Ok(vec![0, 2])),
            (&[("a", 0), ("b", 0), ("a", 1)], Err("partition 1 of a came without that of b")),
            (&[("a", 4), ("b", 4)], Err("partition 4 of a, b is new")),
            (&[("a", -1)], Err("makes no sense")),
        ];
        for (partitions, expected) in cases {
            match (slots_of(&topics, 4, partitions.iter().copied()), expected) {
                (Ok(slots), Ok(expected)) => assert_eq!(slots, expected),
                (Err(reason), Err(part)) => assert!(reason.contains(part), "{reason}"),
                (found, expected) => panic!("{partitions:?}: {found:?}, not {expected:?}"),
            }
        }
    }

    #[test]
    fn a_refusal_stays() {
        let group = Group::member(&settings(), 4);
        group.note_error(&KafkaError::MessageConsumption(RDKafkaErrorCode::AllBrokersDown));
        assert_eq!(group.changes(), Ok(vec![]));
        group.note_error(&KafkaError::MessageConsumptionFatal(RDKafkaErrorCode::FencedInstanceId));
        group.note_stray();
        for _ in 0..2 {
            let reason = group.changes().unwrap_err().to_string();
            assert!(reason.contains("another process uses instance id `a`"), "{reason}");
        }
    }
}
