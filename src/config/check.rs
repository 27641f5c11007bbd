//! Section by section from keys to checked values: the one place that says which keys there are.
//!
//! Each key is read in one line, with its bounds; rules that tie keys together come last, and only when all keys are good, so that no
//! message speaks of a value nobody wrote. Called by `Config::read`.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::channels;
use super::keys::Keys;
use super::layers::{Entries, Entry, FORMATS};
use super::levels;
use super::models;
use super::properties::Properties;
use super::values::{self, DAY_MS, DURATION_MS_MAX, MINUTE_MS, SECOND_MS};
use super::{
    BearerToken, Changelog, Commit, Http, Input, Kafka, Log, LogFormat, LogLevel, OUTPUT_TOPICS, Output, OutputFormat, Partitioner,
    SchemaRegistry, Time, TimeMode, plays, stages,
};
use crate::clv::{Horizon, ModelKind, Parameters};
use crate::engine::{ConsentRule, DECISIONS_MAX, ErasureKey, Settings, Value};
use crate::event::{DecodeRules, Format, OrderValue};

/// Threads of one process; more are more processes.
const WORKERS_MAX: i64 = 256;
/// Inputs of a slot, each with its queue.
const TOPICS_MAX: usize = 64;
/// Kafka's bound of a topic's name.
const TOPIC_BYTES_MAX: usize = 249;
/// Leaves room for the longest output's name.
const PREFIX_BYTES_MAX: usize = 200;
/// A transaction must end well within the group's session time-out of 10 s.
const INTERVAL_MS_MAX: i64 = 5_000;
/// What the dead-letter topic takes.
const RECORD_BYTES_MAX: i64 = 16 * 1024 * 1024;
const COMMIT_BYTES_MAX: i64 = 1024 * 1024 * 1024;
/// A petabyte: no machine has more.
const STATE_BYTES_MAX: i64 = 1 << 50;
/// Both become part of the `transactional.id`, which every offset's metadata repeats.
const NAME_BYTES_MAX: usize = 100;

const CONSENT: &[(&str, ConsentRule)] = &[
    ("double_opt_in", ConsentRule::DoubleOptIn),
    ("opt_in", ConsentRule::OptIn),
    ("soft_opt_in", ConsentRule::SoftOptIn),
    ("none", ConsentRule::None),
];
const ORDER_VALUE: &[(&str, OrderValue)] =
    &[("total", OrderValue::Total), ("revenue", OrderValue::Revenue), ("subtotal", OrderValue::Subtotal)];
const MODELS: &[(&str, ModelKind)] = &[
    named(ModelKind::MbgNbd),
    named(ModelKind::BgNbd),
    named(ModelKind::ParetoNbd),
    named(ModelKind::BgCnbdK),
    named(ModelKind::MbgCnbdK),
];
const PARTITIONERS: &[(&str, Partitioner)] = &[("murmur2", Partitioner::Murmur2), ("trust", Partitioner::Trust)];
const TIME_MODES: &[(&str, TimeMode)] = &[("wall", TimeMode::Wall), ("event", TimeMode::Event)];
const OUTPUT_FORMATS: &[(&str, OutputFormat)] = &[("json", OutputFormat::Json), ("avro", OutputFormat::Avro)];
const LOG_FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];

pub fn kafka(keys: &mut Keys<'_>) -> Kafka {
    Kafka {
        bootstrap_servers: keys.required("kafka.bootstrap_servers", values::some_text),
        group_id: keys.required("kafka.group_id", name),
        static_membership: keys.required("kafka.static_membership", values::flag),
        properties: Properties::read(keys),
    }
}

pub fn instance_id(keys: &mut Keys<'_>) -> String {
    if !keys.has("instance.id") {
        keys.refuse("instance.id", "is not set, and this host has no name to take instead".to_string());
    }
    keys.optional("instance.id", name).unwrap_or_default()
}

pub fn workers(keys: &mut Keys<'_>) -> usize {
    let workers = keys.required("workers", values::whole(1..=WORKERS_MAX));
    usize::try_from(workers).unwrap_or(1)
}

pub fn standby(keys: &mut Keys<'_>) -> bool {
    keys.required("standby", values::flag)
}

pub fn input(keys: &mut Keys<'_>, output: &Output) -> Input {
    let topics = keys.required("input.topics", topics);
    let ours: BTreeSet<String> = OUTPUT_TOPICS.iter().map(|name| output.topic(name)).collect();
    if let Some(topic) = topics.iter().find(|topic| ours.contains(*topic)) {
        keys.refuse("input.topics", format!("{topic} is an output of lifetide itself (output.prefix)"));
    }
    let formats = formats(keys, &topics);
    let max_record_bytes = keys.required("input.max_record_bytes", values::whole(1024..=RECORD_BYTES_MAX));
    Input {
        topics,
        partitioner: keys.required("input.partitioner", values::choice(PARTITIONERS)),
        decode: DecodeRules {
            order_value: keys.required("money.order_value", values::choice(ORDER_VALUE)),
            default_currency: keys.optional("money.default_currency", values::currency),
            max_skew_ms: keys.required("time.max_skew", values::duration(0..=DAY_MS)),
            max_record_bytes: usize::try_from(max_record_bytes).unwrap_or(usize::MAX),
            formats,
        },
    }
}

/// Of each topic in their order.
fn formats(keys: &mut Keys<'_>, topics: &[String]) -> Vec<Format> {
    let mut formats = vec![Format::Auto; topics.len()];
    for (topic, _) in keys.open(FORMATS) {
        let key = format!("{FORMATS}.{topic}");
        let format = keys.optional(&key, values::choice(Format::WORDS));
        match topics.iter().position(|known| known == topic) {
            Some(place) => formats[place] = format.unwrap_or_default(),
            None => keys.refuse(&key, format!("{topic} is none of input.topics")),
        }
    }
    formats
}

pub fn output(keys: &mut Keys<'_>) -> Output {
    let prefix = keys.required("output.prefix", prefix);
    let format = keys.required("output.format", values::choice(OUTPUT_FORMATS));
    let address = keys.optional("output.schema_registry", values::base_address);
    let login = keys.optional("output.schema_registry_login", login).map(BearerToken);
    if format == OutputFormat::Avro && address.is_none() {
        keys.refuse("output.format", "\"avro\" needs output.schema_registry".to_owned());
    }
    let registry = address.map(|address| SchemaRegistry { address, login });
    Output { prefix, registry: registry.filter(|_| format == OutputFormat::Avro) }
}

pub fn commit(keys: &mut Keys<'_>) -> Commit {
    let number = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    Commit {
        interval_ms: keys.required("commit.interval_ms", values::whole(1..=INTERVAL_MS_MAX)).unsigned_abs(),
        max_records: number(keys.required("commit.max_records", values::whole(1..=10_000_000))),
        max_bytes: number(keys.required("commit.max_bytes", values::whole(64 * 1024..=COMMIT_BYTES_MAX))),
    }
}

/// `None`: no bound.
pub fn state_bytes_max(keys: &mut Keys<'_>) -> Option<usize> {
    let bytes = keys.required("state.max_bytes", values::whole(0..=STATE_BYTES_MAX));
    usize::try_from(bytes).ok().filter(|bytes| *bytes > 0)
}

pub fn changelog(keys: &mut Keys<'_>) -> Changelog {
    Changelog {
        base_ratio: keys.required("changelog.base_ratio", values::number(0.01..=100.0)),
        max_round_ms: keys.required("changelog.max_round", values::duration(MINUTE_MS..=365 * DAY_MS)).unsigned_abs(),
    }
}

pub fn time(keys: &mut Keys<'_>) -> Time {
    Time {
        mode: keys.required("time.mode", values::choice(TIME_MODES)),
        idle_grace_ms: keys.required("time.idle_grace", values::duration(0..=DAY_MS)),
    }
}

pub fn http(keys: &mut Keys<'_>) -> Http {
    let listen = keys.required("http.listen", |entry: &Entry| {
        let address: Option<SocketAddr> = entry.value.as_str().and_then(|text| text.parse().ok());
        address.ok_or_else(|| values::expected("an address and port such as \"127.0.0.1:9464\"", &entry.value))
    });
    Http {
        listen,
        admin_token: keys.optional("http.admin_token", values::token).map(BearerToken),
        api_token: keys.optional("http.api_token", values::token).map(BearerToken),
        advertised: keys.optional("http.advertised", values::address),
    }
}

pub fn log(keys: &mut Keys<'_>) -> Log {
    Log {
        format: keys.required("log.format", values::choice(LOG_FORMATS)),
        level: keys.required("log.level", values::choice(LogLevel::WORDS)),
    }
}

/// `parameters` is `None` where they could not be read: the problem is noted already, and no settings are needed.
pub fn engine(keys: &mut Keys<'_>, entries: &Entries, parameters: Option<Parameters>) -> Option<Settings> {
    let discount_monthly = keys.required("clv.discount_monthly", values::number(0.0..=1.0));
    let with_unending = keys.required("clv.unending_value", values::flag);
    let monthly_retention = keys.optional("clv.monthly_retention", values::number(0.0..=1.0));
    let margin = keys.optional("clv.margin", values::number(0.0..=1.0));
    let plays_not_before_ms = keys.optional("plays.not_before", values::Instant);
    let global_holdout = keys.required("plays.global_holdout", values::number(0.0..=1.0));
    let priority_window_ms = keys.required("plays.priority_window", values::duration(0..=DURATION_MS_MAX));
    let salt = keys.required("plays.salt", values::text);
    let consent = keys.required("consent.require", values::choice(CONSENT));
    let customer_zone = keys.required("time.customer_zone", values::zone);
    let anonymous_ttl_ms = keys.required("customers.anonymous_ttl", values::duration(DAY_MS..=DURATION_MS_MAX));
    let erasure_key = keys.optional("customers.erasure_key", values::key).map_or_else(ErasureKey::default, ErasureKey);
    let merges_known = keys.required("identity.merge_known", values::flag);
    let channels = keys.required("channels.rules", channels::rules);
    let source_questions = keys.required("channels.source_questions", channels::questions);
    let report_zone = keys.required("time.report_zone", values::zone);
    let decisions_kept = keys.required("state.decisions_kept", values::whole(0..=DECISIONS_MAX as i64));
    let aggregates_interval_ms = keys.required("aggregates.interval", values::duration(SECOND_MS..=DAY_MS));
    let value_bands = levels::value_bands(keys);
    let loyalty = levels::loyalty(keys);
    let mut known = plays::Names { channels: &channels, value_bands: &value_bands, tiers: &loyalty.tiers, stages: &[] };
    let lifecycle = stages::lifecycle(keys, &known);
    known.stages = &lifecycle.graph.entries;
    let plays = plays::read(keys, entries, &known);
    Some(Settings {
        lifecycle,
        value: Value { parameters: parameters?, horizon: Horizon { discount_monthly, with_unending }, monthly_retention, margin },
        value_bands,
        loyalty,
        consent,
        plays,
        plays_not_before_ms,
        global_holdout,
        priority_window_ms,
        salt,
        customer_zone,
        anonymous_ttl_ms,
        erasure_key,
        relays: true,
        merges_known,
        channels,
        source_questions,
        report_zone,
        decisions_kept: usize::try_from(decisions_kept).unwrap_or_default(),
        aggregates_interval_ms,
    })
}

const fn named(kind: ModelKind) -> (&'static str, ModelKind) {
    (kind.name(), kind)
}

pub fn model(keys: &mut Keys<'_>) -> ModelKind {
    keys.required("clv.model", values::choice(MODELS))
}

/// The parameters in force, and their file in one notation: it belongs to the fingerprint.
pub fn parameters(keys: &mut Keys<'_>, model: ModelKind, read: &dyn Fn(&str) -> std::io::Result<String>) -> Option<(Parameters, String)> {
    let path = keys.optional("clv.models", values::some_text);
    let text = match path.as_deref().map(read) {
        None if keys.has("clv.models") => return None,
        None => models::SHIPPED_TOML.to_string(),
        Some(Ok(text)) => text,
        Some(Err(error)) => {
            keys.refuse("clv.models", format!("cannot read {}: {error}", path.unwrap_or_default()));
            return None;
        }
    };
    match models::parse(&text, model) {
        Ok(parameters) => Some((parameters, models::canonical(&text))),
        Err(message) => {
            keys.refuse("clv.models", format!("{}: {message}", path.as_deref().unwrap_or(models::SHIPPED_NAME)));
            None
        }
    }
}

fn is_legal(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

fn name(entry: &Entry) -> Result<String, String> {
    let name = values::some_text(entry)?;
    if name.len() > NAME_BYTES_MAX || !is_legal(&name) {
        return Err(format!("expected at most {NAME_BYTES_MAX} of the characters a-z, A-Z, 0-9, ., _ and -, got \"{name}\""));
    }
    Ok(name)
}

fn prefix(entry: &Entry) -> Result<String, String> {
    let prefix = values::text(entry)?;
    if prefix.len() > PREFIX_BYTES_MAX || !is_legal(&prefix) {
        return Err(format!("expected at most {PREFIX_BYTES_MAX} of the characters a-z, A-Z, 0-9, ., _ and -, got \"{prefix}\""));
    }
    Ok(prefix)
}

/// A user and a password; it is never quoted.
fn login(entry: &Entry) -> Result<String, String> {
    let login = values::text(entry).ok().filter(|text| text.split_once(':').is_some_and(|(user, _)| !user.is_empty()));
    login.filter(|text| text.chars().all(|letter| !letter.is_control())).ok_or_else(|| "expected \"user:password\"".to_owned())
}

fn topics(entry: &Entry) -> Result<Vec<String>, String> {
    let topics = values::texts(entry)?;
    if topics.is_empty() || topics.len() > TOPICS_MAX {
        return Err(format!("expected 1 to {TOPICS_MAX} topics, got {}", topics.len()));
    }
    let is_topic = |topic: &str| !topic.is_empty() && topic.len() <= TOPIC_BYTES_MAX && is_legal(topic) && topic != "." && topic != "..";
    if let Some(topic) = topics.iter().find(|topic| !is_topic(topic)) {
        return Err(format!("\"{topic}\" is no name of a Kafka topic"));
    }
    let distinct: BTreeSet<&String> = topics.iter().collect();
    if distinct.len() < topics.len() {
        return Err("names a topic twice".to_string());
    }
    Ok(topics)
}
