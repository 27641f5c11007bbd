//! The made-up shop at work: a year of history at once, then a few events a second.
//! It only sends; what becomes of it, it knows of mails alone. Called by `demo`.

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use std::time::Duration;

use super::mailbox::Mail;
use crate::cli::exit::CommandError;
use crate::cli::shop::{Shop, ShopRecord};
use crate::kafka::Settings;

pub const CUSTOMERS: u32 = 400;
const HISTORY_EVENTS: i64 = 6_000;
const HISTORY_MS: i64 = 365 * 24 * 3_600_000;
/// One event each: some twenty-five a second can still be read.
const LIVE_STEP_MS: i64 = 40;
const FLUSH_WAIT: Duration = Duration::from_secs(10);

pub struct Traffic {
    shop: Shop,
    producer: ThreadedProducer<DefaultProducerContext>,
    topics: Vec<String>,
    next_ms: i64,
    /// Mails so far.
    mails: u64,
}

fn failed(error: impl std::fmt::Display) -> CommandError {
    CommandError::Failed(format!("the made-up shop cannot send: {error}"))
}

impl Traffic {
    pub fn new(settings: &Settings, seed: u64) -> Result<Traffic, CommandError> {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", &settings.bootstrap_servers).set("partitioner", "murmur2_random").set("linger.ms", "2");
        let producer = client.create().map_err(failed)?;
        Ok(Traffic {
            shop: Shop::new(seed, CUSTOMERS, 0, HISTORY_MS / HISTORY_EVENTS),
            producer,
            topics: settings.input_topics.clone(),
            next_ms: 0,
            mails: 0,
        })
    }

    /// Sends the year up to now and returns its number of events.
    pub fn send_history(&mut self, now_ms: i64) -> Result<i64, CommandError> {
        self.shop.continue_at(now_ms - HISTORY_MS, HISTORY_MS / HISTORY_EVENTS);
        for _ in 0..HISTORY_EVENTS {
            self.send_next()?;
        }
        self.producer.flush(FLUSH_WAIT).map_err(failed)?;
        self.shop.continue_at(now_ms, LIVE_STEP_MS);
        self.next_ms = now_ms;
        Ok(HISTORY_EVENTS)
    }

    /// Sends what is due by now.
    pub fn send_live(&mut self, now_ms: i64) -> Result<(), CommandError> {
        while self.next_ms <= now_ms {
            self.send_next()?;
            self.next_ms += LIVE_STEP_MS;
        }
        Ok(())
    }

    /// Waits until all of it is written.
    pub fn finish(self) -> Result<(), CommandError> {
        self.producer.flush(FLUSH_WAIT).map_err(failed)
    }

    /// Sends what the mailer tells of these.
    pub fn send_mailed(&mut self, mails: &[Mail], now_ms: i64) -> Result<(), CommandError> {
        for mail in mails {
            self.mails += 1;
            mail.events(self.mails, now_ms).iter().try_for_each(|record| self.send(record))?;
        }
        Ok(())
    }

    fn send_next(&mut self) -> Result<(), CommandError> {
        self.shop.next().map_or(Ok(()), |record| self.send(&record))
    }

    fn send(&self, record: &ShopRecord) -> Result<(), CommandError> {
        let topic = self.topic_of(record);
        let mut message = BaseRecord::<str, [u8]>::to(&topic).payload(&record.value).timestamp(record.timestamp_ms);
        if let Some(key) = &record.key {
            message = message.key(key);
        }
        self.producer.send(message).map_err(|(error, _)| failed(error))
    }

    /// The configured topic that ends as the shop's own does, else the first.
    fn topic_of(&self, record: &ShopRecord) -> String {
        let suffix = record.topic.as_suffix();
        self.topics.iter().find(|topic| topic.ends_with(suffix)).unwrap_or(&self.topics[0]).clone()
    }
}
