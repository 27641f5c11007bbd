//! What librdkafka reports about a producer between calls: records that could not be delivered, and trouble on the way to the brokers.
//!
//! `Reports` is the producer's context; its callbacks run on the producer's own thread, the questions come from the worker's. It judges no
//! transaction. Used by `producer`.

use std::sync::{Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::ProducerContext;

use super::client;
use crate::worker::transaction::TransactionError;

/// librdkafka's name in its log for taking a partition into a transaction, and what it says where that is not allowed.
const ADD_PARTITIONS: &str = "ADDPARTS";
const DENIED: &str = "Topic authorization failed";
/// librdkafka's name in its log for a connection that is gone. One that was closed in order is told there alone, even with a request under
/// way, which is then repeated: `error` hears from LOG_ERR on, and that is LOG_INFO or LOG_WARNING.
const CONNECTION_GONE: &str = "FAIL";

#[derive(Default)]
pub(super) struct Reports {
    trouble: Mutex<Option<String>>,
    undelivered: Mutex<Option<TransactionError>>,
    /// Its name.
    changelog: String,
}

impl Reports {
    pub fn new(changelog: &str) -> Reports {
        Reports { changelog: changelog.to_owned(), ..Reports::default() }
    }

    /// The first transport or time-out error since `forget`: an answer may be lost, a request may arrive late.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the first failed record of this transaction means.
    pub fn undelivered(&self) -> Option<TransactionError> {
        self.undelivered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// librdkafka names a topic that may not be written in its log alone, and connections that were closed. It logs these before it
    /// repeats what was under way.
    fn note_log(&self, facility: &str, line: &str) {
        if facility == CONNECTION_GONE {
            self.note_trouble(line);
        }
        if facility == ADD_PARTITIONS
            && line.contains(DENIED)
            && let Some(topic) = line.split('"').nth(1)
        {
            self.note_undelivered(topic, 0, RDKafkaErrorCode::TopicAuthorizationFailed);
        }
    }

    /// At the beginning of a transaction.
    pub fn forget_undelivered(&self) {
        *self.undelivered.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Once a new producer is ready: what happened on the way there concerns no transaction of its own.
    pub fn forget(&self) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.forget_undelivered();
    }

    /// Why a record of this size was not taken by this topic, sorted.
    pub fn undeliverable(&self, topic: &str, bytes: usize, code: RDKafkaErrorCode) -> TransactionError {
        match undeliverable(topic, bytes, code) {
            TransactionError::Unwritable(why) if topic == self.changelog => TransactionError::UnwritableChangelog(why),
            error => error,
        }
    }

    fn note_trouble(&self, reason: &str) {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| reason.to_owned());
    }

    fn note_undelivered(&self, topic: &str, bytes: usize, code: RDKafkaErrorCode) {
        // what an abort throws away has not failed
        if !matches!(code, RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight) {
            let mut undelivered = self.undelivered.lock().unwrap_or_else(PoisonError::into_inner);
            undelivered.get_or_insert_with(|| self.undeliverable(topic, bytes, code));
        }
    }
}

fn undeliverable(topic: &str, bytes: usize, code: RDKafkaErrorCode) -> TransactionError {
    match code {
        RDKafkaErrorCode::MessageSizeTooLarge => {
            TransactionError::Unwritable(format!("a record of {bytes} bytes is too large for topic {topic} (see its max.message.bytes)"))
        }
        RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownPartition => {
            TransactionError::Refused(format!("topic {topic} or its partition does not exist"))
        }
        code if client::is_unauthorized(code) => TransactionError::Refused(client::denial("Write", &format!("topic {topic}"))),
        RDKafkaErrorCode::InvalidTimestamp | RDKafkaErrorCode::InvalidRecord => {
            TransactionError::Unwritable(format!("a record of {bytes} bytes is refused by topic {topic}: {code}"))
        }
        code => TransactionError::Abort(format!("a record of {bytes} bytes for topic {topic} was not delivered: {code}")),
    }
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.note_log(facility, line);
        client::log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(target: "librdkafka", "{error}: {reason}");
        let doubtful = matches!(
            error.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::BrokerTransportFailure
                    | RDKafkaErrorCode::AllBrokersDown
                    | RDKafkaErrorCode::OperationTimedOut
                    | RDKafkaErrorCode::MessageTimedOut
                    | RDKafkaErrorCode::RequestTimedOut
                    | RDKafkaErrorCode::TimedOutQueue
                    | RDKafkaErrorCode::Resolve
                    | RDKafkaErrorCode::SSL
                    | RDKafkaErrorCode::Authentication
                    | RDKafkaErrorCode::NetworkException
            )
        );
        if doubtful {
            self.note_trouble(reason);
        }
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, _: ()) {
        if let Err((error, message)) = result {
            let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
            self.note_undelivered(message.topic(), message.payload_len() + message.key_len(), code);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_closed_in_order_leaves_a_commit_in_doubt() {
        let reports = Reports::default();
        reports.log(RDKafkaLogLevel::Info, "CONNECT", "connected");
        assert_eq!(reports.trouble(), None);
        reports.log(RDKafkaLogLevel::Info, "FAIL", "TxnCoordinator/1: Disconnected (after 100ms in state UP)");
        assert!(reports.trouble().unwrap().contains("Disconnected"));
        reports.forget();
        assert_eq!(reports.trouble(), None);
    }

    #[test]
    fn the_first_failed_record_is_remembered_and_purged_ones_are_not() {
        let reports = Reports::default();
        reports.note_undelivered("t", 1, RDKafkaErrorCode::PurgeQueue);
        assert_eq!(reports.undelivered(), None);
        reports.note_undelivered("t", 2_000_000, RDKafkaErrorCode::MessageSizeTooLarge);
        reports.note_undelivered("u", 3, RDKafkaErrorCode::TopicAuthorizationFailed);
        let text = reports.undelivered().unwrap().to_string();
        assert!(text.contains("2000000 bytes is too large for topic t"), "{text}");
        reports.forget_undelivered();
        assert_eq!(reports.undelivered(), None);
    }

    #[test]
    fn a_block_too_large_for_the_changelog_is_told_apart() {
        let reports = Reports::new("log");
        let large = |topic| reports.undeliverable(topic, 7, RDKafkaErrorCode::MessageSizeTooLarge);
        assert!(matches!(large("log"), TransactionError::UnwritableChangelog(_)), "{}", large("log"));
        assert!(matches!(large("clv"), TransactionError::Unwritable(_)), "{}", large("clv"));
    }

    #[test]
    fn a_topic_that_may_not_be_written_is_found_in_the_log() {
        let reports = Reports::default();
        let line =
            |topic, why| format!("[thrd:main]: TxnCoordinator/1: Failed to add partition \"{topic}\" [3] to transaction: Broker: {why}");
        reports.note_log("ADDPARTS", &line("first", "Operation not attempted"));
        reports.note_log("FAIL", &line("second", DENIED));
        assert_eq!(reports.undelivered(), None);
        reports.note_log("ADDPARTS", &line("third", DENIED));
        reports.note_log("ADDPARTS", &line("fourth", DENIED));
        assert_eq!(reports.undelivered(), Some(TransactionError::Refused(client::denial("Write", "topic third"))));
    }

    #[test]
    fn only_what_may_have_delayed_an_answer_is_trouble() {
        let reports = Reports::default();
        reports.error(KafkaError::Global(RDKafkaErrorCode::InvalidTimestamp), "x");
        assert_eq!(reports.trouble(), None);
        reports.error(KafkaError::Global(RDKafkaErrorCode::BrokerTransportFailure), "gone");
        assert_eq!(reports.trouble().as_deref(), Some("gone"));
        reports.forget();
        assert_eq!(reports.trouble(), None);
    }
}
