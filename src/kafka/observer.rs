//! A handle that reads nothing and only asks: how many partitions, where a log begins and ends.
//!
//! It is apart from the consumer because its high watermarks include open transactions, which a read_committed handle leaves out. It
//! decides nothing. Used by `consumer`.

use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::client;
use super::group::{EVENTS_WAIT, Group, Handle, serve_events};
use super::retire::Retiring;
use super::settings::Settings;
use super::topics;
use crate::worker::source::{Bounds, SourceError};

/// For the first answer of the cluster.
const METADATA_WAIT: Duration = Duration::from_secs(10);

/// For watermarks, asked while other slots wait.
const WATERMARK_WAIT: Duration = Duration::from_secs(2);

/// For it to go, when a worker ends: it is of no group, but must not outlive the process.
const END_WAIT: Duration = Duration::from_secs(1);

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
