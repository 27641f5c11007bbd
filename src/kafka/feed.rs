//! Puts records into the input topics on behalf of a command, with marks in the dead-letter topic, or models onto theirs, in one transaction.
//!
//! A command has one producer name for the whole group: opening it ends whatever an earlier run left open and keeps that run from
//! committing afterwards. So whoever reads the marks after `open` knows all that was ever sent. One transaction is all a feeder makes: a
//! late request of it can meet no later one, because the next feeder has another epoch. It decides nothing. Used by `cli`
//! (`dlq`, `erase`, `models`, `state upgrade`).

use std::time::Duration;

use super::client;
use super::produce::Item;
use super::producer::Link;
use super::retire::Retiring;
use super::settings::Settings;
use crate::worker::transaction::TransactionError;

/// For the producer to go.
const RETIRE_WAIT: Duration = Duration::from_secs(2);

/// A record for one partition.
#[derive(Debug, Clone, Copy)]
pub struct FeedRecord<'a> {
    /// One of the input topics, the dead-letter topic, or that of the models.
    pub topic: &'a str,
    pub partition: u32,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    /// `None`: now.
    pub timestamp_ms: Option<i64>,
    pub headers: &'a [(&'a str, &'a [u8])],
}

pub struct Feeder {
    topics: Vec<String>,
    link: Retiring<Link>,
}

impl Feeder {
    /// On return no other feeder of this command and group has anything open, and none opened before can commit.
    pub fn open(settings: &Settings, command: &str) -> Result<Feeder, TransactionError> {
        let names = || settings.input_topics.iter().chain([&settings.output.dead_letters, &settings.output.models]);
        let handles: Vec<&str> = names().map(String::as_str).collect();
        let link = Link::open(settings, &client::feeder_id(settings, command), &handles)?;
        Ok(Feeder { topics: names().cloned().collect(), link: Retiring::new(link, RETIRE_WAIT) })
    }

    pub fn begin(&self) -> Result<(), TransactionError> {
        self.link.begin()
    }

    /// Refused for a topic that is not among those of the settings.
    pub fn send(&self, record: &FeedRecord<'_>) -> Result<(), TransactionError> {
        let Some(topic) = self.topics.iter().position(|name| name == record.topic) else {
            return Err(TransactionError::Refused(format!("topic {} is not among those of the configuration", record.topic)));
        };
        let FeedRecord { partition, key, value, headers, .. } = *record;
        // 0 would mean now
        let timestamp_ms = record.timestamp_ms.map_or(0, |time_ms| time_ms.max(1));
        self.link.send(topic, &Item { partition: Some(partition), key, value, timestamp_ms, headers })
    }

    /// Ends the only transaction. `Unknown`: it may have happened, and the marks tell.
    pub fn commit(self) -> Result<(), TransactionError> {
        self.link.commit()
    }
}
