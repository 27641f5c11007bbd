//! Reads what lifetide writes, as any subscriber would: a line for each interesting thing, counts of everything, and a recount.
//!
//! It sees committed records only and knows nothing of the worker beside it. Called by `demo`.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use serde_json::Value;

use crate::cli::exit::CommandError;
use crate::kafka::Settings;

const POLL_WAIT: Duration = Duration::from_millis(20);
/// Nothing new for this long at the end: the topics have been read.
const QUIET: Duration = Duration::from_millis(1_500);
const METADATA_WAIT: Duration = Duration::from_secs(10);

/// Records by topic and what they say: (topic, what) -> count.
type Counts = BTreeMap<(String, String), u64>;

pub struct Watch {
    consumer: BaseConsumer,
    counts: Counts,
    /// Only what happens from here on is shown line by line.
    live_from_ms: i64,
}

fn failed(error: impl std::fmt::Display) -> CommandError {
    CommandError::Failed(format!("cannot read the output topics: {error}"))
}

/// A reader of all output topics from their beginning.
fn reader(settings: &Settings) -> Result<BaseConsumer, CommandError> {
    let mut client = ClientConfig::new();
    client
        .set("bootstrap.servers", &settings.bootstrap_servers)
        .set("group.id", "demo-watch")
        .set("enable.auto.commit", "false");
    client
        .set("isolation.level", "read_committed")
        .set("fetch.wait.max.ms", "10")
        .set("auto.offset.reset", "earliest");
    let consumer: BaseConsumer = client.create().map_err(failed)?;
    let output = &settings.output;
    let mut partitions = TopicPartitionList::new();
    for topic in [
        &output.transitions,
        &output.clv,
        &output.actions,
        &output.dead_letters,
    ] {
        let metadata = consumer
            .fetch_metadata(Some(topic), METADATA_WAIT)
            .map_err(failed)?;
        for partition in metadata
            .topics()
            .iter()
            .flat_map(|topic| topic.partitions())
        {
            partitions
                .add_partition_offset(topic, partition.id(), Offset::Beginning)
                .map_err(failed)?;
        }
    }
    consumer.assign(&partitions).map_err(failed)?;
    Ok(consumer)
}

impl Watch {
    pub fn new(settings: &Settings, live_from_ms: i64) -> Result<Watch, CommandError> {
        Ok(Watch {
            consumer: reader(settings)?,
            counts: Counts::new(),
            live_from_ms,
        })
    }

    /// Shows what has come since the last call, waiting a moment for it.
    pub fn show_new(&mut self, to: &mut impl Write) -> Result<(), CommandError> {
        let mut wait = POLL_WAIT;
        while let Some(message) = self.consumer.poll(wait) {
            wait = Duration::ZERO;
            let message = message.map_err(failed)?;
            let value = count(&mut self.counts, &message);
            if message
                .timestamp()
                .to_millis()
                .is_some_and(|ms| ms >= self.live_from_ms)
                && let Some(line) = line(message.topic(), &value)
            {
                writeln!(to, "{line}")?;
            }
        }
        Ok(())
    }

    /// Reads the rest, shows the summary, and counts everything again from the topics.
    pub fn finish(mut self, settings: &Settings, to: &mut impl Write) -> Result<(), CommandError> {
        read_rest(&self.consumer, &mut self.counts)?;
        let mut recount = Counts::new();
        let again = reader(settings)?;
        read_rest(&again, &mut recount)?;
        writeln!(to, "\nsummary of this run, read from the topics:")?;
        for ((topic, what), records) in &self.counts {
            writeln!(to, "{records:>8}  {topic:<24} {what}")?;
        }
        if recount != self.counts {
            return Err(CommandError::Failed(format!(
                "a recount of the topics differs: {recount:?}"
            )));
        }
        writeln!(
            to,
            "{:>8}  records in all; a recount of the topics gives the same",
            self.counts.values().sum::<u64>()
        )?;
        Ok(())
    }
}

fn read_rest(consumer: &BaseConsumer, counts: &mut Counts) -> Result<(), CommandError> {
    while let Some(message) = consumer.poll(QUIET) {
        match message {
            Ok(message) => drop(count(counts, &message)),
            Err(KafkaError::PartitionEOF(_)) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}

fn count(counts: &mut Counts, message: &impl Message) -> Value {
    let value: Value = message
        .payload()
        .and_then(|bytes| serde_json::from_slice(bytes).ok())
        .unwrap_or_default();
    let text = |field: &str| value[field].as_str().unwrap_or("?").to_owned();
    let what = if value["track"].is_string() {
        format!("to {}", text("to"))
    } else if value["play"].is_string() {
        let reason = value["reason"]
            .as_str()
            .map(|reason| format!(": {reason}"))
            .unwrap_or_default();
        format!("{} {}{reason}", text("play"), text("kind"))
    } else if value["historic"].is_array() {
        "updates".to_owned()
    } else {
        "dead letters".to_owned()
    };
    *counts
        .entry((message.topic().to_owned(), what))
        .or_default() += 1;
    value
}

/// What a person wants to see of a record.
fn line(topic: &str, value: &Value) -> Option<String> {
    let text = |path: &str| {
        value
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or("-")
            .to_owned()
    };
    let time = text("/event_time")
        .get(11..19)
        .unwrap_or("        ")
        .to_owned();
    let customer = text("/customer_id");
    let name = topic.rsplit('.').next().unwrap_or(topic);
    let what = match name {
        "transitions" => format!("{} -> {} ({})", text("/from"), text("/to"), text("/reason")),
        "clv" => {
            let alive = value["p_alive"].as_f64().unwrap_or_default();
            let orders = value
                .pointer("/future/expected_orders")
                .and_then(Value::as_f64)
                .unwrap_or_default();
            let money = |path: &str| {
                format!(
                    "{} {}",
                    text(&format!("{path}/amount")),
                    text(&format!("{path}/currency"))
                )
            };
            format!(
                "total {} (next year {}, {orders:.1} orders, P(alive) {alive:.2})",
                money("/total"),
                money("/future/expected_value")
            )
        }
        "actions" => {
            let reason = value["reason"]
                .as_str()
                .map(|reason| format!(" ({reason})"))
                .unwrap_or_default();
            format!(
                "{} {}{reason}, cart of {} {}",
                text("/play"),
                text("/kind"),
                text("/cart/value/amount"),
                text("/cart/value/currency")
            )
        }
        _ => return None,
    };
    Some(format!("{time}  {name:<12} {customer:<14} {what}"))
}
