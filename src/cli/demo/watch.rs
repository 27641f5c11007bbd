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

use super::mailbox::Mail;
use crate::cli::exit::CommandError;
use crate::clock;
use crate::kafka::Settings;

const POLL_WAIT: Duration = Duration::from_millis(20);
/// Nothing new for this long at the end: the topics have been read.
const QUIET: Duration = Duration::from_millis(1_500);
/// Records of one event arrive within this of each other, and nobody reads faster.
const GATHER_MS: u64 = 150;
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
    client.set("bootstrap.servers", &settings.bootstrap_servers).set("group.id", "demo-watch").set("enable.auto.commit", "false");
    client.set("isolation.level", "read_committed").set("fetch.wait.max.ms", "10").set("auto.offset.reset", "earliest");
    let consumer: BaseConsumer = client.create().map_err(failed)?;
    let output = &settings.output;
    let mut partitions = TopicPartitionList::new();
    for topic in [&output.transitions, &output.clv, &output.actions, &output.dead_letters] {
        let metadata = consumer.fetch_metadata(Some(topic), METADATA_WAIT).map_err(failed)?;
        for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
            partitions.add_partition_offset(topic, partition.id(), Offset::Beginning).map_err(failed)?;
        }
    }
    consumer.assign(&partitions).map_err(failed)?;
    Ok(consumer)
}

impl Watch {
    pub fn new(settings: &Settings, live_from_ms: i64) -> Result<Watch, CommandError> {
        Ok(Watch { consumer: reader(settings)?, counts: Counts::new(), live_from_ms })
    }

    /// Shows what has come since the last call in the order in which it happened, and returns the mails that were asked for; takes a moment.
    pub fn show_new(&mut self, to: &mut impl Write) -> Result<Vec<Mail>, CommandError> {
        let until_ms = clock::monotonic_ms() + GATHER_MS;
        // partitions are delivered one after the other, which is nobody's order
        let (mut lines, mut mails) = (BTreeMap::new(), Vec::new());
        while clock::monotonic_ms() < until_ms {
            let Some(message) = self.consumer.poll(POLL_WAIT) else {
                continue;
            };
            let message = message.map_err(failed)?;
            let value = count(&mut self.counts, &message);
            let happened_ms = message.timestamp().to_millis().unwrap_or_default();
            if happened_ms >= self.live_from_ms
                && let Some((customer, line)) = line(message.topic(), &value)
            {
                let nth = lines.len();
                lines.insert((happened_ms, customer, nth), line);
                mails.extend(Mail::of_action(&value));
            }
        }
        for line in lines.into_values() {
            writeln!(to, "{line}")?;
        }
        Ok(mails)
    }

    /// Reads the rest, shows the summary, and counts everything again from the topics.
    pub fn finish(mut self, settings: &Settings, to: &mut impl Write) -> Result<(), CommandError> {
        read_rest(&self.consumer, &mut self.counts)?;
        let mut recount = Counts::new();
        let again = reader(settings)?;
        read_rest(&again, &mut recount)?;
        writeln!(to, "\nsummary: what the output topics hold, the past year included")?;
        let mut last_topic = "";
        for ((topic, what), records) in &self.counts {
            if topic != last_topic {
                writeln!(to, "{topic}")?;
                last_topic = topic;
            }
            writeln!(to, "{records:>8}  {what}")?;
        }
        if recount != self.counts {
            return Err(CommandError::Failed(format!("a recount of the topics differs: {recount:?}")));
        }
        writeln!(to, "{:>8}  records in all; a recount of the topics gives the same", self.counts.values().sum::<u64>())?;
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
    let value: Value = message.payload().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
    let text = |field: &str| value[field].as_str().unwrap_or("?").to_owned();
    let what = if value["track"].is_string() {
        format!("to {}", text("to"))
    } else if value["play"].is_string() {
        let reason = match value["reason"].as_str() {
            Some("stale") => ": stale (due before this start, too late to be sent)".to_owned(),
            Some(reason) => format!(": {reason}"),
            None => String::new(),
        };
        format!("{} {}{reason}", text("play"), text("kind"))
    } else if value["historic"].is_array() {
        "updates of a customer's value".to_owned()
    } else {
        "events refused, each with its reason".to_owned()
    };
    *counts.entry((message.topic().to_owned(), what)).or_default() += 1;
    value
}

/// What a person wants to see of a record, and whose it is.
fn line(topic: &str, value: &Value) -> Option<(String, String)> {
    let text = |path: &str| {
        let found = value.pointer(path).and_then(Value::as_str);
        found.unwrap_or("-").to_owned()
    };
    let money = |path: &str| format!("{} {}", text(&format!("{path}/amount")), text(&format!("{path}/currency")));
    let time = text("/event_time").get(11..19).unwrap_or("        ").to_owned();
    let customer = text("/customer_id");
    let name = topic.rsplit('.').next().unwrap_or(topic);
    let what = match name {
        "transitions" if value["from"].is_null() => {
            format!("new customer: {} ({})", text("/to"), text("/reason"))
        }
        "transitions" => format!("{} -> {} ({})", text("/from"), text("/to"), text("/reason")),
        "clv" => {
            let alive = value["p_alive"].as_f64().unwrap_or_default();
            let orders = value.pointer("/future/expected_orders").and_then(Value::as_f64).unwrap_or_default();
            format!(
                "worth {}, of that {} in the next year ({orders:.1} orders, P(alive) {alive:.2})",
                money("/total"),
                money("/future/expected_value")
            )
        }
        "actions" => format!("{} {}, cart of {} ({})", text("/play"), text("/kind"), money("/cart/value"), text("/reason")),
        _ => return None,
    };
    let line = format!("{time}  {name:<12} {customer:<12} {what}");
    Some((customer, line))
}
