//! Text as written -> checked `Config`: parsed once, every bad key named, secrets unprintable.
//!
//! Reading order: `layers` (texts to one value per key), `keys` (asking for keys by name), `values` (kinds of values), `form` (what they look like), `check` (which
//! keys there are, and their bounds), `plays`, `stages`, `channels`, `levels`, `deliver`, `models`, `properties`, `schema`, `show`, `reload`. Nothing here opens a file, reads the environment or the
//! clock: all of it comes in as `Sources`. Called by `cli`; the result goes to every other room.

mod channels;
mod check;
mod deliver;
mod form;
mod keys;
mod layers;
mod levels;
mod models;
mod plays;
mod problem;
mod properties;
mod reload;
mod schema;
mod show;
mod stages;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;
use std::net::SocketAddr;

use xxhash_rust::xxh3::xxh3_64;

use crate::clv::ModelKind;
use crate::engine;
use crate::event;
use keys::Keys;
use layers::{Entries, Entry};

pub use deliver::{Deliver, Smtp, SmtpTls, Webhook};
pub use layers::{DEFAULT_TOML, ENVIRONMENT_PREFIX, Text};
pub use models::schema_of_models;
pub use plays::condition;
pub use problem::{ConfigError, Origin, Problem};
use properties::HIDDEN;
pub use properties::Properties;
use reload::Laid;
pub use schema::schema;
use show::SECRETS;
pub use show::Setting;

/// Last parts of the names of the topics lifetide writes.
pub const OUTPUT_TOPICS: [&str; 8] = ["transitions", "clv", "actions", "aggregates", "dlq", "changelog", "relay", "models"];

/// What can change a decision: these keys, and the parameter file. Where and how fast it runs cannot.
const DECIDING: [&str; 15] = [
    "channels.",
    "clv.",
    "consent.",
    "customers.",
    "identity.",
    "input.formats.",
    "input.max_record_bytes",
    "input.partitioner",
    "input.topics",
    "loyalty.",
    "money.",
    "plays.",
    "stages.",
    "time.",
    "value_bands.",
];

/// Everything a configuration is made of.
pub struct Sources<'a> {
    /// `--config`, in order.
    pub files: &'a [Text],
    pub environment: &'a [(String, String)],
    /// `--set key=value`, in order.
    pub sets: &'a [String],
    /// For `instance.id` where it is not set.
    pub host_name: Option<&'a str>,
    /// Reads the parameter file that `clv.models` names.
    pub read_file: &'a dyn Fn(&str) -> std::io::Result<String>,
}

/// A configuration that can be run.
#[derive(Debug, Clone)]
pub struct Config {
    pub kafka: Kafka,
    /// Name of this process in the group, stable over restarts.
    pub instance_id: String,
    pub input: Input,
    pub output: Output,
    /// Worker threads, at least 1.
    pub workers: usize,
    /// Follow the changelogs of slots that other processes own.
    pub standby: bool,
    pub commit: Commit,
    /// Memory of committed state beyond which no further slot is taken up, if any.
    pub state_bytes_max: Option<usize>,
    pub changelog: Changelog,
    pub time: Time,
    pub engine: engine::Settings,
    pub http: Http,
    pub log: Log,
    pub deliver: Deliver,
    /// Which of a parameter file's models is asked.
    model: ModelKind,
    settings: Vec<Setting>,
    fingerprint: u64,
    laid: Laid,
}

#[derive(Debug, Clone)]
pub struct Kafka {
    pub bootstrap_servers: String,
    pub group_id: String,
    pub static_membership: bool,
    pub properties: Properties,
}

#[derive(Debug, Clone)]
pub struct Input {
    /// In the order that breaks ties of time.
    pub topics: Vec<String>,
    pub partitioner: Partitioner,
    pub decode: event::DecodeRules,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partitioner {
    /// Check each record's partition against murmur2 of its key.
    Murmur2,
    Trust,
}

#[derive(Debug, Clone)]
pub struct Output {
    pub prefix: String,
    /// Transitions, clv, actions and aggregates are Avro, their schemas registered here; else they are JSON.
    pub registry: Option<SchemaRegistry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    Json,
    Avro,
}

#[derive(Debug, Clone)]
pub struct SchemaRegistry {
    /// `http://host:port`, perhaps with a path; no slash at its end.
    pub address: String,
    /// `user:password`.
    pub login: Option<BearerToken>,
}

impl Output {
    /// The topic of this last part: `clv` -> `lifetide.clv`.
    pub fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// Bounds of a transaction.
#[derive(Debug, Clone, Copy)]
pub struct Commit {
    pub interval_ms: u64,
    pub max_records: usize,
    pub max_bytes: usize,
}

#[derive(Debug, Clone, Copy)]
pub struct Changelog {
    pub base_ratio: f64,
    pub max_round_ms: u64,
}

#[derive(Debug, Clone, Copy)]
pub struct Time {
    pub mode: TimeMode,
    pub idle_grace_ms: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeMode {
    Wall,
    Event,
}

#[derive(Debug, Clone)]
pub struct Http {
    pub listen: SocketAddr,
    /// Without one, admin actions are off.
    pub admin_token: Option<BearerToken>,
    /// Without one, questions about customers and figures are refused.
    pub api_token: Option<BearerToken>,
    /// `http://host:port` under which others reach this server, if they do; no slash at its end.
    pub advertised: Option<String>,
}

/// A secret text: a token of `http` (who brings it may ask), a password.
#[derive(Clone)]
pub struct BearerToken(pub String);

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Log {
    pub format: LogFormat,
    pub level: LogLevel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    /// The words of `log.level`, from the fewest lines to the most.
    pub const WORDS: &[(&str, LogLevel)] = &[
        LogLevel::Error.with_word(),
        LogLevel::Warn.with_word(),
        LogLevel::Info.with_word(),
        LogLevel::Debug.with_word(),
        LogLevel::Trace.with_word(),
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }

    const fn with_word(self) -> (&'static str, LogLevel) {
        (self.as_str(), self)
    }
}

impl Config {
    /// Layers, then checks. The error holds every problem found.
    pub fn read(sources: &Sources<'_>) -> Result<Config, ConfigError> {
        let defaults = layers::defaults();
        let mut problems = Vec::new();
        let mut entries = gather(sources, &defaults, &mut problems);
        plays::fill_in(&mut entries, &defaults);
        let mut keys = Keys::new(&entries, &defaults, problems);
        let config = Config::from_keys(&mut keys, &entries, sources);
        match (config, keys.finish()) {
            (Some(config), problems) if problems.is_empty() => Ok(config),
            (_, problems) => Err(ConfigError(problems)),
        }
    }

    fn from_keys(keys: &mut Keys<'_>, entries: &Entries, sources: &Sources<'_>) -> Option<Config> {
        let output = check::output(keys);
        let model = check::model(keys);
        let parameters = check::parameters(keys, model, sources.read_file);
        let model_text = parameters.as_ref().map(|(_, text)| text.clone()).unwrap_or_default();
        let engine = check::engine(keys, entries, parameters.map(|(parameters, _)| parameters));
        let (kafka, instance_id, input) = (check::kafka(keys), check::instance_id(keys), check::input(keys, &output));
        let relays = input.partitioner == Partitioner::Murmur2;
        let config = Config {
            kafka,
            instance_id,
            input,
            output,
            workers: check::workers(keys),
            standby: check::standby(keys),
            commit: check::commit(keys),
            state_bytes_max: check::state_bytes_max(keys),
            changelog: check::changelog(keys),
            time: check::time(keys),
            http: check::http(keys),
            log: check::log(keys),
            deliver: deliver::deliver(keys),
            settings: show::settings(entries),
            fingerprint: fingerprint(entries, &model_text),
            laid: Laid::new(entries, &model_text),
            model,
            engine: engine::Settings { relays, ..engine? },
        };
        Some(config)
    }

    /// The engine's settings with another parameter file in place of the configuration's; the message says what is wrong with the file.
    pub fn engine_with_models(&self, text: &str) -> Result<engine::Settings, String> {
        let parameters = models::parse(text, self.model)?;
        let value = engine::Value { parameters, ..self.engine.value.clone() };
        Ok(engine::Settings { value, ..self.engine.clone() })
    }

    /// Equal for equal values of the deciding keys, wherever they were written; it goes into the headers of changelog blocks.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Every key in force, its value (secrets hidden) and its origin, in order of the keys.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }
}

fn gather(sources: &Sources<'_>, defaults: &Entries, problems: &mut Vec<Problem>) -> Entries {
    let mut entries = defaults.clone();
    if let Some(host_name) = sources.host_name {
        let value = toml::Value::String(host_name.to_string());
        entries.insert("instance.id".to_string(), Entry { value, raw: None, origin: Origin::Host });
    }
    for file in sources.files {
        layers::lay_file(&file.name, &file.text, &mut entries, problems);
    }
    layers::lay_environment(sources.environment.iter().cloned(), &mut entries, problems);
    layers::lay_sets(sources.sets, &mut entries, problems);
    entries
}

/// Keys are in order and values in TOML's own notation, so the text is the same for the same rules.
fn fingerprint(entries: &Entries, model_text: &str) -> u64 {
    let deciding = |key: &str| key != "clv.models" && !SECRETS.contains(&key) && DECIDING.iter().any(|begin| key.starts_with(begin));
    let rules = entries.iter().filter(|(key, _)| deciding(key));
    let mut text: String = rules.map(|(key, entry)| format!("{key} = {}\n", entry.value)).collect();
    text.push_str(model_text);
    xxh3_64(text.as_bytes())
}
