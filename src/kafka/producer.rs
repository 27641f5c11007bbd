//! The worker's transaction over librdkafka: one transactional producer at a time, renewed under the same name.
//!
//! Calls go to the C functions: the crate's own commit flushes in steps of 100 ms first. The crate's `ThreadedProducer` stays for its
//! thread, which serves events while calls block. It says which kind a failure is (`failure`), and whether anything on the way
//! to the brokers leaves a commit in doubt even though it was reported done: librdkafka repeats EndTxn by itself, and a late one could end
//! the next transaction. It never decides what becomes of the slots. Called from the worker's thread.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{Producer as _, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka_sys as sys;

use super::client;
use super::deadline::{Deadline, timed};
use super::delivery::Reports;
use super::failure::{Failure, Verdict, is_fenced};
use super::produce::{Item, TopicHandle};
use super::retire::retire;
use super::settings::Settings;
use super::trim;
use crate::avro::Encoder;
use crate::worker::source::Claim;
use crate::worker::transaction::{Outgoing, OutputTopic, Position, Transaction, TransactionError};

/// Before a call is repeated, which happens only within the time of a transaction.
const REPEAT_PAUSE: Duration = Duration::from_millis(5);
/// Between two tries while the producer's queue is full.
const FULL_PAUSE: Duration = Duration::from_micros(500);
/// For a former producer to go: it fences nobody and is fenced, so nothing waits for it but memory.
const RETIRE_WAIT: Duration = Duration::from_secs(2);

const TOPICS: [OutputTopic; 7] = [
    OutputTopic::Transitions,
    OutputTopic::Clv,
    OutputTopic::Actions,
    OutputTopic::Aggregates,
    OutputTopic::DeadLetters,
    OutputTopic::Changelog,
    OutputTopic::Relay,
];

/// A producer that has initialised its transactions. `feed` has one, too.
pub(super) struct Link {
    /// Before the producer, as they must go first.
    topics: Vec<(String, TopicHandle)>,
    producer: ThreadedProducer<Reports>,
    transaction_timeout: Duration,
    /// What a call may be denied on.
    transactional_id: String,
    group_id: String,
}

/// Of topics whose values are not written as they come.
pub type Encoders = Arc<[(OutputTopic, Encoder)]>;

pub struct Producer {
    settings: Settings,
    encoders: Encoders,
    writer: String,
    /// Wall clock, Unix milliseconds.
    now_ms: fn() -> i64,
    /// What it last said: a record from before that is not ahead of it, and needs no other look.
    looked_ms: i64,
    /// A transaction call that takes longer may have been repeated inside librdkafka.
    slow: Duration,
    /// None while a renewal has failed.
    link: Option<Link>,
}

impl Producer {
    /// The worker's producer, ready to begin: whatever its former self left open has ended.
    pub fn open(settings: &Settings, worker: usize, now_ms: fn() -> i64) -> Result<Producer, TransactionError> {
        let problems = settings.problems();
        if !problems.is_empty() {
            return Err(TransactionError::Refused(problems.join("; ")));
        }
        let writer = client::transactional_id(settings, worker);
        let slow = Duration::from_millis(u64::from(client::producer_socket_timeout_ms(settings) / 4));
        let link = Some(Link::open(settings, &writer, &output_names(settings))?);
        Ok(Producer { settings: settings.clone(), encoders: Arc::default(), writer, now_ms, slow, link, looked_ms: i64::MIN })
    }

    /// The same, with values of some topics in another format.
    pub fn encoding(mut self, encoders: Encoders) -> Producer {
        self.encoders = encoders;
        self
    }

    /// The time, or now where that is earlier.
    fn not_ahead(&mut self, time_ms: i64) -> i64 {
        if time_ms > self.looked_ms {
            self.looked_ms = (self.now_ms)();
        }
        time_ms.min(self.looked_ms)
    }

    fn link(&self) -> Result<&Link, TransactionError> {
        self.link.as_ref().ok_or_else(|| TransactionError::Renew("the producer could not be renewed".to_owned()))
    }

    fn send_offsets(&self, link: &Link, positions: &[Position], claim: &Claim) -> Result<(), TransactionError> {
        let mut list = TopicPartitionList::with_capacity(positions.len());
        for position in positions {
            let mut element = list.add_partition(self.settings.consumed(position.input.topic), position.input.slot as i32);
            element.set_offset(Offset::Offset(position.offset)).expect("invariant: positions are absolute");
            element.set_metadata(&position.metadata);
        }
        let group = GroupMetadata::read(claim)?;
        // SAFETY: list and group live through the call, which copies them.
        link.repeat(|raw, left_ms| unsafe { sys::rd_kafka_send_offsets_to_transaction(raw, list.ptr(), group.0, left_ms) })
    }
}

/// In the order of `TOPICS`.
fn output_names(settings: &Settings) -> [&str; TOPICS.len()] {
    TOPICS.map(|topic| settings.output.of(topic))
}

impl Link {
    /// `topics` are those it can send to, by place.
    pub fn open(settings: &Settings, transactional_id: &str, topics: &[&str]) -> Result<Link, TransactionError> {
        let producer: ThreadedProducer<Reports> = client::producer(settings, transactional_id)
            .create_with_context(Reports::new(&settings.output.changelog))
            .map_err(|error| TransactionError::Refused(client::text_of(&error)))?;
        let raw = producer.client().native_ptr();
        // SAFETY: the producer lives in the same struct and goes after them.
        let handle = |name: &str| unsafe { TopicHandle::new(raw, name, client::compression_of(settings, name)) };
        let topics = topics.iter().map(|name| ((*name).to_owned(), handle(name))).collect();
        let transaction_timeout = Duration::from_millis(u64::from(settings.transaction_timeout_ms));
        let (transactional_id, group_id) = (transactional_id.to_owned(), settings.group_id.clone());
        let link = Link { topics, producer, transaction_timeout, transactional_id, group_id };
        // SAFETY: a live transactional producer.
        let ready = link.repeat(|raw, left_ms| unsafe { sys::rd_kafka_init_transactions(raw, left_ms) });
        match ready {
            Ok(()) => {
                link.reports().forget();
                Ok(link)
            }
            Err(error) => {
                retire(link, RETIRE_WAIT);
                // no transaction of ours is open yet, so there is nothing to abort
                Err(match error {
                    TransactionError::Abort(text) => TransactionError::Renew(text),
                    other => other,
                })
            }
        }
    }

    fn raw(&self) -> *mut sys::rd_kafka_t {
        self.producer.client().native_ptr()
    }

    fn reports(&self) -> &Reports {
        self.producer.client().context()
    }

    pub fn begin(&self) -> Result<(), TransactionError> {
        // a request of the last transaction that is still on its way must not meet this one
        if let Some(trouble) = self.reports().trouble() {
            return Err(TransactionError::Renew(trouble));
        }
        self.reports().forget_undelivered();
        // SAFETY: a live transactional producer.
        self.repeat(|raw, _| unsafe { sys::rd_kafka_begin_transaction(raw) })
    }

    /// Queues a record for the topic at this place, waiting for room.
    pub fn send(&self, topic: usize, record: &Item<'_>) -> Result<(), TransactionError> {
        let (name, handle) = &self.topics[topic];
        let mut deadline = None;
        loop {
            let Err(code) = handle.produce(record) else {
                return Ok(());
            };
            if code != RDKafkaErrorCode::QueueFull {
                let bytes = record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
                return Err(self.refused(name, bytes, code));
            }
            if deadline.get_or_insert_with(|| Deadline::after(self.transaction_timeout)).is_over() {
                return Err(TransactionError::Abort("the producer's queue stayed full as long as a transaction may last".to_owned()));
            }
            std::thread::sleep(FULL_PAUSE);
        }
    }

    /// A call before the commit, repeated while librdkafka asks for it. It is told how many milliseconds it may take: without a bound it can
    /// wait for ever, as librdkafka loses its question for the coordinator when the broker it asked is given up just then.
    fn repeat(&self, call: impl Fn(*mut sys::rd_kafka_t, i32) -> *mut sys::rd_kafka_error_t) -> Result<(), TransactionError> {
        let deadline = Deadline::after(self.transaction_timeout);
        loop {
            // SAFETY: a live producer's call; the error object is ours.
            let Err(failure) = (unsafe { Failure::check(call(self.raw(), deadline.left_ms())) }) else {
                return Ok(());
            };
            match failure.before_commit() {
                // the record that failed says more than that one failed
                Verdict::Give(TransactionError::Abort(text)) => {
                    return Err(self.reports().undelivered().unwrap_or(TransactionError::Abort(text)));
                }
                Verdict::Give(TransactionError::Refused(_)) => return Err(self.denied(failure)),
                Verdict::Give(error) => return Err(error),
                Verdict::Again if deadline.is_over() => {
                    return Err(TransactionError::Renew(failure.text));
                }
                Verdict::Again => std::thread::sleep(REPEAT_PAUSE),
            }
        }
    }

    pub fn commit(&self) -> Result<(), TransactionError> {
        let deadline = Deadline::after(self.transaction_timeout);
        loop {
            // SAFETY: a live transactional producer whose thread serves deliveries; the error object is ours.
            let result = unsafe { Failure::check(sys::rd_kafka_commit_transaction(self.raw(), deadline.left_ms())) };
            let Err(failure) = result else { return Ok(()) };
            match failure.of_commit(self.reports().undelivered()) {
                Verdict::Give(TransactionError::Refused(_)) => return Err(self.denied(failure)),
                Verdict::Give(error) => return Err(error),
                Verdict::Again if deadline.is_over() => {
                    return Err(TransactionError::Unknown(failure.text));
                }
                Verdict::Again => std::thread::sleep(REPEAT_PAUSE),
            }
        }
    }

    /// Names the right that is missing, and on what.
    fn denied(&self, failure: Failure) -> TransactionError {
        let resource = match failure.code {
            RDKafkaErrorCode::TransactionalIdAuthorizationFailed => Some(("Write", format!("transactional id {}", self.transactional_id))),
            RDKafkaErrorCode::GroupAuthorizationFailed => Some(("Read", format!("group {}", self.group_id))),
            _ => None,
        };
        match resource {
            Some((right, resource)) => TransactionError::Refused(client::denial(right, &resource)),
            // the topic that failed says more than that one failed
            None => self.reports().undelivered().unwrap_or(TransactionError::Refused(failure.text)),
        }
    }

    /// What librdkafka's refusal to take a record means.
    fn refused(&self, topic: &str, bytes: usize, code: RDKafkaErrorCode) -> TransactionError {
        if let Some((code, text)) = self.producer.client().fatal_error() {
            return if is_fenced(code) { TransactionError::Fenced(text) } else { TransactionError::Renew(text) };
        }
        match code {
            // the transaction has failed already, mostly because of an earlier record
            RDKafkaErrorCode::State => self
                .reports()
                .undelivered()
                .unwrap_or_else(|| TransactionError::Abort("the transaction has failed before this record".to_owned())),
            code => self.reports().undeliverable(topic, bytes, code),
        }
    }
}

impl Transaction for Producer {
    fn writer(&self) -> &str {
        &self.writer
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        // the clock may have been set back since
        self.looked_ms = i64::MIN;
        self.link()?.begin()
    }

    fn send(&mut self, record: &Outgoing<'_>) -> Result<(), TransactionError> {
        let topic = TOPICS.iter().position(|known| *known == record.topic).expect("invariant: TOPICS holds every output topic");
        let Outgoing { partition, key, value, headers, .. } = *record;
        // 0 would mean now, and brokers refuse times before 1970
        let timestamp_ms = record.timestamp_ms.map_or(0, |time_ms| self.not_ahead(time_ms).max(1));
        let encoder = self.encoders.iter().find(|(topic, _)| *topic == record.topic).map(|(_, encoder)| encoder);
        let encoded = value.zip(encoder).map(|(value, encoder)| encoder.encode(value)).transpose();
        let encoded = encoded.map_err(|error| TransactionError::Unwritable(error.to_string()))?;
        let value = encoded.as_deref().or(value);
        self.link()?.send(topic, &Item { partition, key, value, timestamp_ms, headers })
    }

    fn commit(&mut self, positions: &[Position], claim: &Claim) -> Result<(), TransactionError> {
        let link = self.link()?;
        let (sent, sending) = timed(|| self.send_offsets(link, positions, claim));
        sent?;
        let (committed, committing) = timed(|| link.commit());
        committed?;
        if let Some(trouble) = link.reports().trouble() {
            return Err(TransactionError::Unknown(trouble));
        }
        let longest = sending.max(committing);
        if longest > self.slow {
            return Err(TransactionError::Unknown(format!("the commit took {} ms", longest.as_millis())));
        }
        Ok(())
    }

    fn abort(&mut self) -> Result<(), TransactionError> {
        let link = self.link()?;
        // SAFETY: a live transactional producer whose thread serves the purged records.
        let (aborted, aborting) = timed(|| link.repeat(|raw, left_ms| unsafe { sys::rd_kafka_abort_transaction(raw, left_ms) }));
        aborted.map_err(|error| match error {
            // an abort that must be aborted: the producer is of no more use
            TransactionError::Abort(text) => TransactionError::Renew(text),
            other => other,
        })?;
        // it ends a transaction as a commit does: repeated inside librdkafka, a late one could end the next
        if aborting > self.slow {
            return Err(TransactionError::Renew(format!("the abort took {} ms", aborting.as_millis())));
        }
        Ok(())
    }

    fn renew(&mut self) -> Result<(), TransactionError> {
        if let Some(former) = self.link.take()
            && !retire(former, RETIRE_WAIT)
        {
            tracing::warn!("the former producer takes long to go");
        }
        self.link = Some(Link::open(&self.settings, &self.writer, &output_names(&self.settings))?);
        Ok(())
    }

    fn fence(&mut self, writer: &str) -> Result<(), TransactionError> {
        // our own former self was fenced when this producer began; fencing again would hit ourselves
        if writer != self.writer {
            retire(Link::open(&self.settings, writer, &[])?, Duration::ZERO);
        }
        Ok(())
    }

    fn trim(&mut self, topic: OutputTopic, slot: u32, before: i64) -> Result<(), TransactionError> {
        let link = self.link()?;
        trim::delete_before(&link.producer, self.settings.output.of(topic), slot, before)
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        retire(self.link.take(), RETIRE_WAIT);
    }
}

/// A claim as librdkafka's object.
struct GroupMetadata(*mut sys::rd_kafka_consumer_group_metadata_t);

impl GroupMetadata {
    fn read(claim: &Claim) -> Result<GroupMetadata, TransactionError> {
        let mut metadata = std::ptr::null_mut();
        // SAFETY: the claim's bytes are read during the call; on success `metadata` is ours.
        let result =
            unsafe { Failure::check(sys::rd_kafka_consumer_group_metadata_read(&mut metadata, claim.0.as_ptr().cast(), claim.0.len())) };
        result.map_err(|failure| TransactionError::Abort(format!("the claim cannot be read: {}", failure.text)))?;
        Ok(GroupMetadata(metadata))
    }
}

impl Drop for GroupMetadata {
    fn drop(&mut self) {
        // SAFETY: ours, destroyed once.
        unsafe { sys::rd_kafka_consumer_group_metadata_destroy(self.0) }
    }
}
