//! A handle that reads nothing and only asks: how many partitions, where a log begins and ends, who a group's members are.
//!
//! It is apart from the consumer because its high watermarks include open transactions, which a read_committed handle leaves out. It
//! decides nothing. Used by `consumer`, `visitor` and, before the first worker starts, `cli` (`run`).

use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::assignment;
use super::client;
use super::group::{EVENTS_WAIT, Group, Handle, serve_events};
use super::member;
use super::retire::Retiring;
use super::settings::Settings;
use super::topics;
use crate::clock;
use crate::worker::source::{Bounds, SourceError};

/// For the first answer of the cluster.
const METADATA_WAIT: Duration = Duration::from_secs(10);

/// For watermarks, asked while other slots wait.
const WATERMARK_WAIT: Duration = Duration::from_secs(2);

/// For it to go, when a worker ends: it is of no group, but must not outlive the process.
const END_WAIT: Duration = Duration::from_secs(1);

/// Before the coordinator is asked again.
const MEMBERS_PAUSE: Duration = Duration::from_millis(200);
/// For the coordinator to name the members.
const MEMBERS_WAIT: Duration = Duration::from_secs(10);

/// A member of the group, as others see it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    pub name: String,
    /// The newest version of rows it reads; `None`: it does not say, being of an older version of lifetide or under a `client.id` of its own.
    pub reads_rows: Option<u8>,
    /// Where it answers HTTP, if it says so.
    pub address: Option<String>,
    /// In order; none while the group is dealing them out.
    pub slots: Vec<u32>,
}

pub struct Observer(Retiring<Handle>);

impl Observer {
    pub fn connect(settings: &Settings, client_id: &str) -> Result<Observer, SourceError> {
        let created = client::observer(settings, client_id).create_with_context(Group::outsider());
        let held = created.map(|handle| Observer(Retiring::new(handle, END_WAIT)));
        held.map_err(|error| SourceError::Refused(client::text_of(&error)))
    }

    /// First and next offset of a partition, open transactions included.
    pub fn bounds(&self, topic: &str, slot: u32) -> Result<Bounds, SourceError> {
        let found = self.0.fetch_watermarks(topic, slot as i32, WATERMARK_WAIT);
        serve_events(&self.0, Duration::ZERO);
        let what = || format!("watermarks of {topic} {slot}");
        let (low, high) = found.map_err(|error| unreachable_error(&what(), &format!("topic {topic}"), &error))?;
        Ok(Bounds { low, high })
    }

    /// A group's members, in order of their names; empty when nobody is there.
    pub fn members(&self, group: &str) -> Result<Vec<Member>, SourceError> {
        let began_ms = clock::monotonic_ms();
        let found = loop {
            let found = self.0.fetch_group_list(Some(group), MEMBERS_WAIT);
            serve_events(&self.0, Duration::ZERO);
            match found {
                // without a state it is an error that says nothing of the members, such as a coordinator that moves
                Ok(found) if found.groups().iter().all(|group| !group.state().is_empty()) => break found,
                Err(error) if !is_settling(&error) => {
                    return Err(unreachable_error("the members", &format!("group {group}"), &error));
                }
                _ => {}
            }
            if clock::monotonic_ms() - began_ms > MEMBERS_WAIT.as_millis() as u64 {
                return Err(SourceError::Unavailable(format!("the coordinator does not name the members of group {group}")));
            }
            std::thread::sleep(MEMBERS_PAUSE);
        };
        let members = found.groups().iter().filter(|found| found.name() == group).flat_map(|found| found.members());
        let mut members: Vec<Member> = members
            .map(|found| {
                let (name, address, reads_rows) = member::read(found.client_id());
                let slots = found.assignment().map(assignment::slots).unwrap_or_default();
                Member { name: name.to_owned(), reads_rows, address: address.map(str::to_owned), slots }
            })
            .collect();
        members.sort_unstable();
        Ok(members)
    }

    /// Partitions of each input topic; refused when topics are missing or differ.
    pub fn count_slots(&self, settings: &Settings) -> Result<u32, SourceError> {
        let observer = &self.0;
        let mut counts = Vec::new();
        for topic in &settings.input_topics {
            let metadata = observer.fetch_metadata(Some(topic), METADATA_WAIT).map_err(|error| {
                serve_events(observer, EVENTS_WAIT);
                let reason = observer.context().last_error().unwrap_or_else(|| client::text_of(&error));
                SourceError::Unavailable(format!("no answer from {}: {reason}", settings.bootstrap_servers))
            })?;
            let found = metadata.topics().first();
            let code = found.and_then(|found| found.error()).map(RDKafkaErrorCode::from);
            if code.is_some_and(client::is_unauthorized) {
                return Err(SourceError::Refused(client::denial("Read", &format!("topic {topic}"))));
            }
            counts.push(found.map_or(0, |found| found.partitions().len() as u32));
        }
        let found = settings.input_topics.iter().map(String::as_str).zip(counts.iter().copied());
        match topics::input_problems(found).first() {
            Some(problem) => Err(SourceError::Refused(problem.to_string())),
            None => Ok(counts[0]),
        }
    }
}

/// What a failed question to the cluster means for the worker. `resource`: what one must be allowed to read to ask it.
pub fn unreachable_error(what: &str, resource: &str, error: &KafkaError) -> SourceError {
    match error.rdkafka_error_code() {
        Some(code) if client::is_unauthorized(code) => SourceError::Refused(client::denial("Read", resource)),
        _ => SourceError::Unavailable(format!("{what}: {}", client::text_of(error))),
    }
}

/// The group's coordinator moves or starts, as after the first group of a new cluster.
fn is_settling(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::CoordinatorLoadInProgress | RDKafkaErrorCode::CoordinatorNotAvailable | RDKafkaErrorCode::NotCoordinator)
    )
}

/// What a failed read of a topic means for the worker.
pub fn unreadable_error(topic: &str, code: RDKafkaErrorCode, text: String) -> SourceError {
    if client::is_unauthorized(code) {
        return SourceError::Refused(client::denial("Read", &format!("topic {topic}")));
    }
    SourceError::Unavailable(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coordinator_that_starts_is_asked_again_and_a_refusal_is_final() {
        let cases = [
            (RDKafkaErrorCode::CoordinatorLoadInProgress, true),
            (RDKafkaErrorCode::NotCoordinator, true),
            (RDKafkaErrorCode::GroupAuthorizationFailed, false),
            (RDKafkaErrorCode::BrokerTransportFailure, false),
        ];
        for (code, expected) in cases {
            assert_eq!(is_settling(&KafkaError::GroupListFetch(code)), expected, "{code}");
        }
    }
}
