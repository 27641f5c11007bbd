//! A checked configuration, put the way the worker and the Kafka shell want it. It decides nothing and opens nothing.
//! Called by every command that runs a worker or talks to Kafka.

use std::sync::Arc;

use crate::config::{Config, Partitioner, TimeMode};
use crate::engine::RowVersion;
use crate::kafka;
use crate::worker;

/// Members beat twice a second: a joining one waits at most that long for the others (design 6).
const HEARTBEAT_INTERVAL_MS: u32 = 500;
/// A dead member's slots move after this.
const SESSION_TIMEOUT_MS: u32 = 10_000;
/// Below the session's: a dead owner's transaction ends before its slots move.
const TRANSACTION_TIMEOUT_MS: u32 = 8_000;

/// The rules of a worker that is alone and follows nobody; `nonce` is of this process's life.
pub fn worker_rules(config: &Config, partitions: u32, nonce: u64) -> worker::Rules {
    worker::Rules {
        group: config.kafka.group_id.clone(),
        topics: consumed_topics(config),
        partitions: match config.input.partitioner {
            Partitioner::Murmur2 => Some(partitions),
            Partitioner::Trust => None,
        },
        decode: config.input.decode.clone(),
        engine: Arc::new(config.engine.clone()),
        in_force: Arc::default(),
        time: match config.time.mode {
            TimeMode::Event => worker::TimeMode::Event { until_ms: None },
            TimeMode::Wall => worker::TimeMode::Wall { idle_grace_ms: config.time.idle_grace_ms },
        },
        commit_interval_ms: config.commit.interval_ms,
        commit_records_max: config.commit.max_records as u64,
        commit_bytes_max: config.commit.max_bytes,
        base_ratio: config.changelog.base_ratio,
        max_round_ms: config.changelog.max_round_ms,
        relays_at_once: false,
        traces: worker::TraceRules::default(),
        state_bytes_max: config.state_bytes_max,
        follows: Vec::new(),
        shelf: Arc::default(),
        row_version: RowVersion::NEWEST,
        configuration: config.fingerprint(),
        nonce,
    }
}

/// What every slot reads.
pub fn consumed_topics(config: &Config) -> Vec<String> {
    kafka_settings(config).consumed_topics()
}

/// The rules of one of a process's workers: with `standby` it follows its part of the slots, and shares with the others what it holds of them.
pub fn rules_of_worker(config: &Config, slots: u32, worker: usize, nonce: u64, shelf: &Arc<worker::Shelf>) -> worker::Rules {
    let is_its = |slot: &u32| *slot as usize % config.workers == worker;
    worker::Rules {
        follows: (0..slots).filter(|slot| config.standby && is_its(slot)).collect(),
        shelf: shelf.clone(),
        ..worker_rules(config, slots, nonce)
    }
}

/// What the Kafka shell needs to know.
pub fn kafka_settings(config: &Config) -> kafka::Settings {
    let topic = |name: &str| config.output.topic(name);
    kafka::Settings {
        reads_rows: RowVersion::NEWEST.number(),
        bootstrap_servers: config.kafka.bootstrap_servers.clone(),
        group_id: config.kafka.group_id.clone(),
        instance_id: config.instance_id.clone(),
        advertised: config.http.advertised.clone(),
        static_membership: config.kafka.static_membership,
        properties: config.kafka.properties.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        input_topics: config.input.topics.clone(),
        output: kafka::OutputNames {
            transitions: topic("transitions"),
            clv: topic("clv"),
            actions: topic("actions"),
            aggregates: topic("aggregates"),
            dead_letters: topic("dlq"),
            changelog: topic("changelog"),
            relay: topic("relay"),
            models: topic("models"),
        },
        heartbeat_interval_ms: HEARTBEAT_INTERVAL_MS,
        session_timeout_ms: SESSION_TIMEOUT_MS,
        transaction_timeout_ms: TRANSACTION_TIMEOUT_MS,
    }
}
