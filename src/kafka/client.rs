//! What librdkafka is told in each role, and why. The one place where its properties are set.
//!
//! Each function gives the configuration of one client: our settings first, then the user's own properties that this kind of client knows
//! (`Settings::problems` has refused those that would break a promise). It creates nothing. Used by the rest of this room.

use std::ffi::CStr;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::member;
use super::settings::Settings;

/// Largest record that may be dead-lettered (16 MiB) with room for its headers.
const RECORD_MAX_BYTES: u32 = 17 << 20;
/// One fetch answer; above `RECORD_MAX_BYTES`, because a broker sends at least one record whatever its size.
const FETCH_MAX_BYTES: u32 = 32 << 20;
/// A partition's share of an answer; one large record may exceed it.
const FETCH_PARTITION_MAX_BYTES: u32 = 1 << 20;
/// Record values a worker prefetches, over all its partitions. Bounds of split queues count per partition, so each gets its part.
/// With `QUEUED_MESSAGES` (304 bytes of bookkeeping each: 36 MiB) and one answer of `FETCH_MAX_BYTES` per broker under way, the
/// consumer's memory stays below about 200 MiB whatever the number of records waiting, up to a thousand partitions of one worker.
const QUEUED_KBYTES: u32 = 64 << 10;
const QUEUED_KBYTES_EACH: std::ops::RangeInclusive<u32> = 64..=16_384;
const QUEUED_MESSAGES: u32 = 120_000;
const QUEUED_MESSAGES_EACH: std::ops::RangeInclusive<u32> = 100..=50_000;
/// A restoring slot prefetches 32 blocks of 512 KiB.
const CHANGELOG_QUEUED_KBYTES: u32 = 16_384;
/// All changelogs that a worker follows; each gets room for at least two blocks.
const FOLLOWED_QUEUED_KBYTES: u32 = 64 << 10;
const FOLLOWED_QUEUED_KBYTES_EACH: std::ops::RangeInclusive<u32> = 1_024..=8_192;
/// A consumer that stops asking for longer is out of the group. Above all our blocking calls together.
const POLL_MAX_INTERVAL_MS: u32 = 120_000;

/// Properties only consumers know; a producer given one prints a warning.
const CONSUMER_ONLY: [&str; 16] = [
    "group.protocol.type",
    "group.remote.assignor",
    "coordinator.query.interval.ms",
    "max.poll.interval.ms",
    "auto.commit.interval.ms",
    "queued.min.messages",
    "queued.max.messages.kbytes",
    "fetch.wait.max.ms",
    "fetch.queue.backoff.ms",
    "fetch.message.max.bytes",
    "max.partition.fetch.bytes",
    "fetch.max.bytes",
    "fetch.min.bytes",
    "fetch.error.backoff.ms",
    "offset.store.method",
    "check.crcs",
];
/// Properties only producers know.
const PRODUCER_ONLY: [&str; 21] = [
    "enable.gapless.guarantee",
    "queue.buffering.max.messages",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.ms",
    "linger.ms",
    "message.send.max.retries",
    "retries",
    "queue.buffering.backpressure.threshold",
    "compression.codec",
    "compression.type",
    "compression.level",
    "batch.num.messages",
    "batch.size",
    "sticky.partitioning.linger.ms",
    "request.required.acks",
    "acks",
    "request.timeout.ms",
    "message.timeout.ms",
    "delivery.timeout.ms",
    "queuing.strategy",
    "produce.offset.report",
];

/// Stable name of a worker's producer: a restarted worker ends what it left open, and others can end it for a dead one.
pub fn transactional_id(settings: &Settings, worker: usize) -> String {
    // a slash stands in neither name, so that no two installations can mean the same one
    format!("{}/{}/{worker}", settings.group_id, settings.instance_id)
}

/// Name of the producer of a command: one for the whole group, so that a second run ends what the first left open.
pub(super) fn feeder_id(settings: &Settings, command: &str) -> String {
    // workers' names have three parts
    format!("{}/{command}", settings.group_id)
}

/// What all clients share.
fn base(settings: &Settings, name: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.bootstrap_servers)
        .set("client.id", format!("lifetide-{}-{name}", settings.instance_id))
        // a broker that comes back is used again within two seconds, not ten
        .set("reconnect.backoff.max.ms", "2000")
        // a misspelt topic must fail, not come into being
        .set("allow.auto.create.topics", "false")
        // librdkafka's own filter: `tracing` has the last word
        .set_log_level(RDKafkaLogLevel::Info);
    config
}

fn with_properties(mut config: ClientConfig, settings: &Settings, unknown: &[&str]) -> ClientConfig {
    for (key, value) in &settings.properties {
        if !unknown.contains(&key.as_str()) {
            config.set(key, value);
        }
    }
    config
}

fn share(budget: u32, each: std::ops::RangeInclusive<u32>, partitions: usize) -> String {
    let partitions = u32::try_from(partitions).unwrap_or(u32::MAX).max(1);
    (budget / partitions).clamp(*each.start(), *each.end()).to_string()
}

/// What everything that fetches shares.
fn fetching(settings: &Settings, name: &str) -> ClientConfig {
    let mut config = base(settings, name);
    config
        .set("group.id", &settings.group_id)
        // offsets are committed by the producer, inside its transaction
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // also makes a look at committed offsets wait for open transactions
        .set("isolation.level", "read_committed")
        // an offset that is gone is an error a person decides about; any jump would lose or repeat
        .set("auto.offset.reset", "error")
        // the only sure sign of having read everything: positions stop short of transaction markers
        .set("enable.partition.eof", "true")
        // the default of one second stalls a reader that is faster than the broker each time its queue was full
        .set("fetch.queue.backoff.ms", "10")
        // a partition that starts, or reaches its end, waits for the answer under way: at most this
        .set("fetch.wait.max.ms", "100")
        .set("fetch.max.bytes", FETCH_MAX_BYTES.to_string())
        .set("receive.message.max.bytes", (2 * FETCH_MAX_BYTES).to_string());
    config
}

/// The group's member. `partitions`: of all inputs together, all of which this member may come to own.
pub(super) fn consumer(settings: &Settings, worker: usize, partitions: usize) -> ClientConfig {
    let mut config = fetching(settings, &member::told(settings, worker));
    config
        // partition i of every topic goes to the same member; cooperative-sticky deals topics apart
        .set("partition.assignment.strategy", "range")
        .set("session.timeout.ms", settings.session_timeout_ms.to_string())
        // members learn of a rebalance with a heartbeat
        .set("heartbeat.interval.ms", settings.heartbeat_interval_ms.to_string())
        .set("max.poll.interval.ms", POLL_MAX_INTERVAL_MS.to_string())
        .set("max.partition.fetch.bytes", FETCH_PARTITION_MAX_BYTES.to_string())
        .set("queued.min.messages", share(QUEUED_MESSAGES, QUEUED_MESSAGES_EACH, partitions))
        .set("queued.max.messages.kbytes", share(QUEUED_KBYTES, QUEUED_KBYTES_EACH, partitions));
    if settings.static_membership {
        config.set("group.instance.id", member::instance_id(settings, worker));
    }
    with_properties(config, settings, &PRODUCER_ONLY)
}

/// Reads changelog partitions by assignment. The group's name is only there because librdkafka assigns nothing without one: it neither
/// joins nor commits.
pub(super) fn changelog_reader(settings: &Settings, worker: usize) -> ClientConfig {
    log_reader(settings, &format!("{worker}-changelog"))
}

/// As `changelog_reader`, at leisure: so many changelogs at most, of which little is fetched ahead.
pub(super) fn changelog_follower(settings: &Settings, worker: usize, slots: usize) -> ClientConfig {
    let mut config = fetching(settings, &format!("{worker}-standby"));
    config
        .set("max.partition.fetch.bytes", FETCH_PARTITION_MAX_BYTES.to_string())
        .set("queued.max.messages.kbytes", share(FOLLOWED_QUEUED_KBYTES, FOLLOWED_QUEUED_KBYTES_EACH, slots));
    with_properties(config, settings, &PRODUCER_ONLY)
}

/// Reads any partitions by assignment, as `changelog_reader`.
pub(super) fn log_reader(settings: &Settings, name: &str) -> ClientConfig {
    let mut config = fetching(settings, name);
    config
        .set("max.partition.fetch.bytes", (4 * FETCH_PARTITION_MAX_BYTES).to_string())
        .set("queued.max.messages.kbytes", CHANGELOG_QUEUED_KBYTES.to_string());
    with_properties(config, settings, &PRODUCER_ONLY)
}

/// Asks for metadata and watermarks. Reads nothing, so "uncommitted" only means that the high watermark includes open transactions.
pub(super) fn observer(settings: &Settings, name: &str) -> ClientConfig {
    let mut config = base(settings, name);
    config.set("isolation.level", "read_uncommitted");
    with_properties(config, settings, &PRODUCER_ONLY)
}

/// A transactional producer of this name.
pub(super) fn producer(settings: &Settings, transactional_id: &str) -> ClientConfig {
    let mut config = base(settings, "producer");
    config
        .set("transactional.id", transactional_id)
        .set("transaction.timeout.ms", settings.transaction_timeout_ms.to_string())
        // every success would be an event nobody needs: a failed record fails the commit
        .set("delivery.report.only.error", "true")
        // AddOffsetsToTxn meets the markers of the transaction before; the default of 100 ms would be the pace of transactions
        .set("retry.backoff.ms", "1")
        .set("retry.backoff.max.ms", "200")
        // batches are compressed and sent while the worker goes on deciding; what is left at the commit goes at once. Waiting for the commit
        // with all of it made batches no better (lz4 sees a partition's share of 10 ms) and a transaction of 100 ms a fifth longer.
        .set("linger.ms", "10")
        .set("batch.size", "1000000")
        .set("batch.num.messages", "100000")
        .set("message.max.bytes", RECORD_MAX_BYTES.to_string())
        // a topic that is missing is named, instead of records timing out with their transaction
        .set("topic.metadata.propagation.max.ms", "2000")
        // one transaction's records at most: `send` waits for room
        .set("queue.buffering.max.messages", "500000")
        .set("queue.buffering.max.kbytes", "262144")
        .set("compression.type", "lz4")
        // as Java's producers, so that a key's records meet
        .set("partitioner", "murmur2_random");
    let mut config = with_properties(config, settings, &CONSUMER_ONLY);
    // librdkafka refuses a transactional producer that waits longer for an answer than its transaction lasts
    config.set("socket.timeout.ms", producer_socket_timeout_ms(settings).to_string());
    config
}

/// How the producer compresses this topic, where not as all others. Rows are fingerprints and ids for the most part: lz4 saves a quarter
/// of them, and took more time than all else in the producer's thread. Who chooses a compression gets it everywhere.
pub(super) fn compression_of(settings: &Settings, topic: &str) -> Option<&'static CStr> {
    let is_chosen = ["compression.type", "compression.codec"].iter().any(|key| settings.properties.contains_key(*key));
    (topic == settings.output.changelog && !is_chosen).then_some(c"none")
}

/// How long the producer waits for an answer: the user's property, at most the transaction.
pub(super) fn producer_socket_timeout_ms(settings: &Settings) -> u32 {
    let wanted = settings.properties.get("socket.timeout.ms").and_then(|value| value.parse().ok());
    wanted.unwrap_or(settings.transaction_timeout_ms).min(settings.transaction_timeout_ms)
}

/// Creates topics and reads their configuration.
pub(super) fn admin(settings: &Settings) -> ClientConfig {
    let unknown = [&CONSUMER_ONLY[..], &PRODUCER_ONLY[..]].concat();
    with_properties(base(settings, "admin"), settings, &unknown)
}

/// An error's text without the values of properties, which may be secret.
pub(super) fn text_of(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, _, key, _) => {
            format!("kafka property `{key}` was not accepted")
        }
        other => other.to_string(),
    }
}

/// Whether only a person can change it: rights that are missing.
pub(super) fn is_unauthorized(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::GroupAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed
            | RDKafkaErrorCode::TransactionalIdAuthorizationFailed
    )
}

/// What a person must grant, when a call about this resource was denied.
pub(super) fn denial(right: &str, resource: &str) -> String {
    format!("kafka denies {right} on {resource}: grant it to this user")
}

/// Hands librdkafka's log to `tracing`.
pub(super) fn log(level: RDKafkaLogLevel, facility: &str, line: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
            tracing::error!(target: "librdkafka", facility, "{line}");
        }
        RDKafkaLogLevel::Warning => tracing::warn!(target: "librdkafka", facility, "{line}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(target: "librdkafka", facility, "{line}")
        }
        RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, "{line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::tests::settings;
    use super::*;

    #[test]
    fn each_client_gets_the_properties_it_knows() {
        let mut settings = settings();
        for (key, value) in [("linger.ms", "7"), ("fetch.min.bytes", "9"), ("sasl.username", "u"), ("socket.timeout.ms", "60000")] {
            settings.properties.insert(key.to_owned(), value.to_owned());
        }
        let cases = [
            (consumer(&settings, 0, 4), [None, Some("9"), Some("u"), Some("60000")]),
            (changelog_reader(&settings, 0), [None, Some("9"), Some("u"), Some("60000")]),
            (producer(&settings, "t"), [Some("7"), None, Some("u"), Some("8000")]),
            (admin(&settings), [None, None, Some("u"), Some("60000")]),
        ];
        for (config, expected) in cases {
            let found = ["linger.ms", "fetch.min.bytes", "sasl.username", "socket.timeout.ms"].map(|key| config.get(key));
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn librdkafka_accepts_every_default() {
        let settings = settings();
        assert!(settings.problems().is_empty());
        for config in [
            consumer(&settings, 0, 12),
            changelog_reader(&settings, 0),
            changelog_follower(&settings, 0, 12),
            observer(&settings, "0"),
            producer(&settings, "t"),
            admin(&settings),
        ] {
            config.create_native_config().unwrap();
        }
    }

    #[test]
    fn only_the_changelog_goes_uncompressed_and_only_by_default() {
        let mut settings = settings();
        assert_eq!(compression_of(&settings, &settings.output.changelog), Some(c"none"));
        assert_eq!(compression_of(&settings, &settings.output.clv), None);
        settings.properties.insert("compression.type".to_owned(), "zstd".to_owned());
        assert_eq!(compression_of(&settings, &settings.output.changelog), None);
    }

    #[test]
    fn prefetch_is_shared_between_the_partitions() {
        let bounds = |partitions| {
            let config = consumer(&settings(), 0, partitions);
            ["queued.min.messages", "queued.max.messages.kbytes"].map(|key| config.get(key).unwrap().to_owned())
        };
        assert_eq!(bounds(1), ["50000", "16384"]);
        assert_eq!(bounds(12), ["10000", "5461"]);
        assert_eq!(bounds(3_000), ["100", "64"]);
    }

    /// A burst of any size waits in Kafka: these are all the queues between there and here.
    #[test]
    fn the_queues_of_a_worker_take_half_a_gigabyte_at_most() {
        const MIB: u64 = 1 << 20;
        let number = |config: &ClientConfig, key: &str| -> u64 { config.get(key).unwrap().parse().unwrap() };
        let settings = settings();
        for partitions in [1, 12, 100, 1_000] {
            let consumer = consumer(&settings, 0, partitions);
            // what librdkafka keeps of each record beside its bytes
            let each = number(&consumer, "queued.max.messages.kbytes") * 1024 + number(&consumer, "queued.min.messages") * 304;
            let fetched = partitions as u64 * each + number(&consumer, "fetch.max.bytes");
            assert!(fetched <= 200 * MIB, "{partitions} partitions: {} MiB", fetched / MIB);
            let producer = producer(&settings, "t");
            let written = number(&producer, "queue.buffering.max.kbytes") * 1024;
            assert!(fetched + written <= 512 * MIB);
        }
        // of all slots that are followed, up to 64 of them
        for slots in [1, 4, 64] {
            let each = number(&changelog_follower(&settings, 0, slots), "queued.max.messages.kbytes") * 1024;
            assert!(slots as u64 * each <= 64 * MIB);
        }
        // of each slot that is being restored, and while it is
        let reader = changelog_reader(&settings, 0);
        assert_eq!(number(&reader, "queued.max.messages.kbytes"), 16 * 1024);
    }

    #[test]
    fn members_are_static_only_when_asked() {
        let mut settings = settings();
        assert_eq!(consumer(&settings, 1, 4).get("group.instance.id"), Some("a-1.rows-2"));
        settings.static_membership = false;
        assert_eq!(consumer(&settings, 1, 4).get("group.instance.id"), None);
        assert_eq!(transactional_id(&settings, 1), "lifetide/a/1");
    }
}
