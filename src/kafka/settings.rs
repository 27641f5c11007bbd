//! What the configuration says about Kafka, and what is wrong with it.
//!
//! Plain data. `problems` names every setting that cannot work, so that a person corrects all of them at once; values of secret
//! properties appear neither there nor in `Debug`. It opens no connection. Filled in by `config`, read by the rest of this room.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rdkafka::ClientConfig;

use crate::worker::transaction::OutputTopic;

/// Kafka's own limit of a topic's name.
const TOPIC_NAME_MAX_BYTES: usize = 249;
/// Kafka's clients advise at most a third: two heartbeats may be lost.
const HEARTBEATS_PER_SESSION: u32 = 3;

#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// The newest version of rows this process reads: members say so in their names.
    pub reads_rows: u8,
    /// `host:port`, comma separated.
    pub bootstrap_servers: String,
    pub group_id: String,
    /// Unique among the processes of the group, the same after a restart.
    pub instance_id: String,
    /// Where this process answers HTTP, as it tells the group; `http://host:port`.
    pub advertised: Option<String>,
    /// A restarted member finds its slots again; false for groups that are scaled up and down.
    pub static_membership: bool,
    /// Any librdkafka property, passed last to each client that knows it.
    pub properties: BTreeMap<String, String>,
    /// `Input::topic` counts in this order.
    pub input_topics: Vec<String>,
    pub output: OutputNames,
    pub heartbeat_interval_ms: u32,
    pub session_timeout_ms: u32,
    /// Below the session's: a dead owner's transaction ends before its slots move.
    pub transaction_timeout_ms: u32,
}

/// Full names of the topics lifetide writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputNames {
    pub transitions: String,
    pub clv: String,
    pub actions: String,
    pub aggregates: String,
    pub dead_letters: String,
    pub changelog: String,
    /// Words from customer to customer: every slot reads its partition, too.
    pub relay: String,
    /// Value models that every instance follows: written by commands, read by `run`.
    pub models: String,
}

impl OutputNames {
    pub fn of(&self, topic: OutputTopic) -> &str {
        match topic {
            OutputTopic::Transitions => &self.transitions,
            OutputTopic::Clv => &self.clv,
            OutputTopic::Actions => &self.actions,
            OutputTopic::Aggregates => &self.aggregates,
            OutputTopic::DeadLetters => &self.dead_letters,
            OutputTopic::Changelog => &self.changelog,
            OutputTopic::Relay => &self.relay,
        }
    }

    /// All of them, in a fixed order.
    pub fn all(&self) -> [&str; 8] {
        [&self.transitions, &self.clv, &self.actions, &self.aggregates, &self.dead_letters, &self.changelog, &self.relay, &self.models]
    }
}

/// Properties that other code relies on, with what to do instead.
const RESERVED: [(&str, &str); 22] = [
    ("bootstrap.servers", "set kafka.bootstrap_servers"),
    ("metadata.broker.list", "set kafka.bootstrap_servers"),
    ("group.id", "set kafka.group_id"),
    ("group.instance.id", "set instance.id"),
    ("session.timeout.ms", "heartbeats, session and transaction time-outs depend on each other and are fixed"),
    ("heartbeat.interval.ms", "heartbeats, session and transaction time-outs depend on each other and are fixed"),
    ("transaction.timeout.ms", "heartbeats, session and transaction time-outs depend on each other and are fixed"),
    ("transactional.id", "it is made of group, instance and worker so that a restart ends what was left open"),
    ("enable.idempotence", "transactions need it"),
    ("delivery.report.only.error", "the commit reports deliveries"),
    ("enable.auto.commit", "offsets are committed in transactions only"),
    ("auto.commit.enable", "offsets are committed in transactions only"),
    ("enable.auto.offset.store", "offsets are committed in transactions only"),
    ("auto.offset.reset", "jumping to another offset would lose or repeat events"),
    ("isolation.level", "uncommitted events must not be read"),
    ("enable.partition.eof", "the end of a partition tells when a slot has caught up"),
    ("partition.assignment.strategy", "only range keeps the partitions of a slot together"),
    ("group.protocol", "only the classic protocol keeps the partitions of a slot together"),
    ("log.connection.close", "a commit whose connection closed is in doubt, and only librdkafka's log tells"),
    ("log_level", "a commit whose connection closed is in doubt, and only librdkafka's log tells"),
    ("client.rack", "assignment by rack would part the partitions of a slot"),
    ("partitioner", "a customer's records must go where the other producers' go"),
];

impl Settings {
    /// What every slot reads, as `Input::topic` counts: the input topics, and the relay behind them.
    pub fn consumed_topics(&self) -> Vec<String> {
        self.input_topics.iter().chain([&self.output.relay]).cloned().collect()
    }

    /// One of them.
    pub fn consumed(&self, topic: usize) -> &str {
        self.input_topics.get(topic).unwrap_or(&self.output.relay)
    }

    /// Those of the group that delivers: it reads `actions`, and beside it `deliveries` in the place of the relay, and writes to that alone. What
    /// stands for `actions` among its outputs it never touches.
    pub fn of_delivery(&self, deliveries: &str) -> Settings {
        let output = &self.output;
        Settings {
            group_id: format!("{}.deliver", self.group_id),
            advertised: None,
            input_topics: vec![output.actions.clone()],
            output: OutputNames { actions: output.relay.clone(), relay: deliveries.to_owned(), ..output.clone() },
            ..self.clone()
        }
    }

    /// Everything that cannot work, in words; empty when all is well.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, value) in
            [("bootstrap_servers", &self.bootstrap_servers), ("group_id", &self.group_id), ("instance id", &self.instance_id)]
        {
            if value.trim().is_empty() {
                problems.push(format!("kafka {name} is empty"));
            }
        }
        if self.heartbeat_interval_ms == 0 || self.heartbeat_interval_ms > self.session_timeout_ms / HEARTBEATS_PER_SESSION {
            problems.push(format!(
                "heartbeat interval of {} ms is not between 1 ms and a third of the session timeout of {} ms",
                self.heartbeat_interval_ms, self.session_timeout_ms
            ));
        }
        if self.transaction_timeout_ms < 1_000 || self.transaction_timeout_ms >= self.session_timeout_ms {
            problems.push(format!(
                "transaction timeout of {} ms is not between 1000 ms and the session timeout of {} ms",
                self.transaction_timeout_ms, self.session_timeout_ms
            ));
        }
        self.topic_problems(&mut problems);
        self.property_problems(&mut problems);
        problems
    }

    fn topic_problems(&self, problems: &mut Vec<String>) {
        if self.input_topics.is_empty() {
            problems.push("no input topics".to_owned());
        }
        let mut seen = BTreeSet::new();
        for name in self.input_topics.iter().map(String::as_str).chain(self.output.all()) {
            let legal = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            if name.is_empty() || !legal || name.len() > TOPIC_NAME_MAX_BYTES || name == "." || name == ".." {
                problems.push(format!("`{name}` is not a topic name (letters, digits, dot, underscore, hyphen; at most 249)"));
            }
            if !seen.insert(name) {
                problems.push(format!("topic `{name}` is named twice"));
            }
        }
    }

    fn property_problems(&self, problems: &mut Vec<String>) {
        for (key, value) in &self.properties {
            if let Some((_, instead)) = RESERVED.iter().find(|(reserved, _)| reserved == key) {
                problems.push(format!("kafka property `{key}` cannot be set: {instead}"));
                continue;
            }
            if ClientConfig::new().set(key, value).create_native_config().is_err() {
                let shown = if is_secret(key) { "its value".to_owned() } else { format!("`{value}`") };
                problems.push(format!("kafka property `{key}` is unknown to librdkafka or does not accept {shown}"));
            }
        }
    }
}

/// Whether a property's value must never be shown: rather too many than one too few.
fn is_secret(key: &str) -> bool {
    let harmless = ["sasl.mechanism", "sasl.mechanisms", "sasl.username", "sasl.kerberos.service.name"];
    let telling = ["password", "secret", "pem", "ssl.key", "token", "assertion"];
    !harmless.contains(&key) && (key.starts_with("sasl.") || telling.iter().any(|part| key.contains(part)))
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let properties: BTreeMap<&str, &str> =
            self.properties.iter().map(|(key, value)| (key.as_str(), if is_secret(key) { "(hidden)" } else { value })).collect();
        f.debug_struct("Settings")
            .field("reads_rows", &self.reads_rows)
            .field("bootstrap_servers", &self.bootstrap_servers)
            .field("group_id", &self.group_id)
            .field("instance_id", &self.instance_id)
            .field("static_membership", &self.static_membership)
            .field("properties", &properties)
            .field("input_topics", &self.input_topics)
            .field("output", &self.output)
            .field("heartbeat_interval_ms", &self.heartbeat_interval_ms)
            .field("session_timeout_ms", &self.session_timeout_ms)
            .field("transaction_timeout_ms", &self.transaction_timeout_ms)
            .finish()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn settings() -> Settings {
        let name = |tail: &str| format!("lifetide.{tail}");
        Settings {
            reads_rows: 2,
            bootstrap_servers: "127.0.0.1:9092".to_owned(),
            group_id: "lifetide".to_owned(),
            instance_id: "a".to_owned(),
            advertised: None,
            static_membership: true,
            properties: BTreeMap::new(),
            input_topics: vec!["shop.purchases".to_owned(), "shop.carts".to_owned()],
            output: OutputNames {
                transitions: name("transitions"),
                clv: name("clv"),
                actions: name("actions"),
                aggregates: name("aggregates"),
                dead_letters: name("dlq"),
                changelog: name("changelog"),
                relay: name("relay"),
                models: name("models"),
            },
            heartbeat_interval_ms: 500,
            session_timeout_ms: 10_000,
            transaction_timeout_ms: 8_000,
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let mut settings = settings();
        for key in ["sasl.password", "ssl.key.password", "ssl.key.pem", "sasl.oauthbearer.config", "ssl.keystore.password"] {
            settings.properties.insert(key.to_owned(), "hunter2".to_owned());
        }
        settings.properties.insert("sasl.mechanism".to_owned(), "PLAIN".to_owned());
        let shown = format!("{settings:?}{:?}", settings.problems());
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("PLAIN"));
    }

    #[test]
    fn what_cannot_work_is_named() {
        assert_eq!(settings().problems(), Vec::<String>::new());
        type Change = fn(&mut Settings);
        let cases: [(Change, &str); 8] = [
            (|s| s.properties.extend([("isolation.level".into(), "read_uncommitted".into())]), "uncommitted"),
            (|s| s.properties.extend([("linger.millis".into(), "1".into())]), "linger.millis"),
            (|s| s.properties.extend([("compression.type".into(), "zip".into())]), "`zip`"),
            (|s| s.transaction_timeout_ms = 10_000, "transaction timeout"),
            (|s| s.heartbeat_interval_ms = 9_000, "heartbeat"),
            (|s| s.input_topics = vec![], "no input topics"),
            (|s| s.input_topics = vec!["^shop.*".into()], "^shop"),
            (|s| s.output.clv = "shop.carts".into(), "twice"),
        ];
        for (change, part) in cases {
            let mut settings = settings();
            change(&mut settings);
            let problems = settings.problems();
            assert!(problems.len() == 1 && problems[0].contains(part), "{part}: {problems:?}");
        }
    }
}
