//! `erase`: asks for a customer to be forgotten.
//!
//! It puts one `Customer Erased` event into an input topic and does nothing else: the slot that owns the customer deletes the state, calls
//! off mails on their way, and leaves the mark by which late events are known. So it works while `run` works, and is as durable as any
//! event. Asking twice does no harm. Called by `cli::main`.

use std::io::{Write, stdout};

use clap::Args;
use serde_json::json;

use super::dlq::failed;
use super::exit::CommandError;
use super::rules;
use super::settings::SettingsArgs;
use super::topics;
use super::{OutputFormat, instant};
use crate::clock;
use crate::config::Partitioner;
use crate::engine::ErasureKey;
use crate::event::MAX_CUSTOMER_ID_BYTES;
use crate::kafka::{FeedRecord, Feeder, admin};
use crate::worker::partition_of;

/// Names the producer.
const PRODUCER: &str = "erase";

/// Forget a customer: state, pending and sent mails, value; events up to now stay without effect
#[derive(Debug, Args)]
pub struct EraseArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// The customer's id, as in the keys of the input topics
    #[arg(value_name = "CUSTOMER", value_parser = customer)]
    customer: String,
    /// Input topic that takes the event (the first of input.topics)
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// Where the customer's records are, if input.partitioner = "trust"
    #[arg(long, value_name = "N")]
    partition: Option<u32>,
    /// text or json
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    output: OutputFormat,
}

fn customer(text: &str) -> Result<String, String> {
    match text.len() {
        1..=MAX_CUSTOMER_ID_BYTES => Ok(text.to_owned()),
        _ => Err(format!("expected 1 to {MAX_CUSTOMER_ID_BYTES} bytes")),
    }
}

pub fn erase(arguments: &EraseArgs) -> Result<(), CommandError> {
    let config = arguments.settings.read()?;
    let settings = rules::kafka_settings(&config);
    let facts = admin::look(&settings)?;
    topics::check(&settings, &facts)?;
    let topic = arguments.topic.as_ref().unwrap_or(&settings.input_topics[0]);
    let known = facts.iter().find(|facts| facts.name == *topic && settings.input_topics.contains(topic));
    let Some(partitions) = known.map(|facts| facts.partitions) else {
        return Err(CommandError::Failed(format!("{topic} is not one of input.topics")));
    };
    let partition = match (config.input.partitioner, arguments.partition) {
        (Partitioner::Murmur2, None) => partition_of(arguments.customer.as_bytes(), partitions),
        (Partitioner::Trust, Some(partition)) if partition < partitions => partition,
        (Partitioner::Trust, _) => {
            let why =
                format!("input.partitioner = \"trust\": --partition must say which of the {partitions} partitions the customer is in");
            return Err(CommandError::Failed(why));
        }
        (Partitioner::Murmur2, Some(_)) => {
            return Err(CommandError::Failed("--partition is for input.partitioner = \"trust\": here the id decides".to_owned()));
        }
    };
    if config.engine.erasure_key == ErasureKey::default() {
        eprintln!(
            "mind: customers.erasure_key is not set; who reads the changelog can guess ids, and a key set later forgets this erasure's mark"
        );
    }
    let now_ms = clock::wall_ms();
    let event = event(&arguments.customer, now_ms);
    let feeder = Feeder::open(&settings, PRODUCER).map_err(failed)?;
    let record = FeedRecord {
        topic,
        partition,
        key: Some(arguments.customer.as_bytes()),
        value: Some(event.as_bytes()),
        timestamp_ms: Some(now_ms),
        headers: &[],
    };
    feeder.begin().and_then(|()| feeder.send(&record)).map_err(failed)?;
    feeder.commit().map_err(failed)?;
    let at = instant(now_ms);
    let text = match arguments.output {
        OutputFormat::Json => json!({ "topic": topic, "partition": partition, "erased_at": at }).to_string(),
        OutputFormat::Text => format!("asked for in {topic} partition {partition}: nothing up to {at} will be known of the customer"),
    };
    Ok(writeln!(stdout(), "{text}")?)
}

fn event(customer: &str, now_ms: i64) -> String {
    let message_id = format!("erase-{now_ms}");
    json!({ "type": "track", "event": "Customer Erased", "messageId": message_id, "userId": customer, "timestamp": instant(now_ms) })
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::RULES;
    use crate::event::{Format, Kind, Raw, Told, Wire, decode};

    #[test]
    fn the_decoder_reads_what_the_command_writes() {
        // whatever the format of the topic it comes to
        for (customer, (_, format)) in
            ["u-1", "\"\\\u{7}ü"].into_iter().flat_map(|customer| Format::WORDS.iter().map(move |word| (customer, word)))
        {
            let value = event(customer, 1_767_225_600_123);
            let raw = Raw { key: Some(customer.as_bytes()), value: Some(value.as_bytes()), timestamp_ms: Some(1_767_225_600_123) };
            let Ok(Told::One(event)) = decode(&raw, &Wire::bare(*format), &RULES, None) else { panic!("{format:?}") };
            assert_eq!((event.kind, event.time_ms, event.customer.as_ref()), (Kind::Erased, 1_767_225_600_123, customer));
        }
    }
}
