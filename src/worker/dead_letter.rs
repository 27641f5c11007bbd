//! Refused input on its way to the dead-letter topic: the record untouched, and why it was refused in its headers.
//!
//! Header names are those of KIP-1034, so that tools for Kafka Streams read them, plus some of our own. They stand behind the record's own
//! headers, `EXCEPTION` first: so whoever sends the record again knows which were its own. A record that no broker would take back is cut,
//! and says so. Nothing here counts or sends. Called by `turn`; the names are read by `cli::dlq`.

use serde_json::{Map, Value, json};

use crate::event::Reject;
use crate::schema::DRAFT;

use super::source::Record;
use super::transaction::{Outgoing, OutputTopic};

/// Created with 16 MiB (`contracts.md` 7); the rest is room for headers and the batch around it.
pub const VALUE_BYTES_MAX: usize = 16 * 1024 * 1024 - 64 * 1024;
/// Of a record from which followed what could not be written: half of what a broker takes unless it is told otherwise.
pub const BLAMED_VALUE_BYTES_MAX: usize = 512 * 1024;
/// A record's own headers are copied up to this many; more is abuse, not context.
const HEADERS_MAX: usize = 64;
/// And a header's value up to this many bytes.
const HEADER_BYTES_MAX: usize = 1024;

/// The reason; the first of the headers that are ours.
pub const EXCEPTION: &str = "__streams.errors.exception";
pub const MESSAGE: &str = "__streams.errors.message";
/// Where the record stood. A record is refused there once, or each of its elements is, so the three together with `ELEMENT` name it.
pub const TOPIC: &str = "__streams.errors.topic";
pub const PARTITION: &str = "__streams.errors.partition";
pub const OFFSET: &str = "__streams.errors.offset";
/// Which of the record's elements the letter is about, and holds as its value; without it, it is the whole record.
pub const ELEMENT: &str = "lifetide.record.element";
pub const STAGE: &str = "lifetide.error.stage";
/// The record's own time.
pub const RECORD_TIMESTAMP: &str = "lifetide.record.timestamp_ms";
/// How many partitions its topic had, where lifetide was told (not with `input.partitioner = "trust"`).
pub const RECORD_PARTITIONS: &str = "lifetide.record.partitions";
/// Bytes of the whole value of a record that was cut.
pub const TRUNCATED_BYTES: &str = "lifetide.truncated_bytes";
/// How many of the record's headers are missing or cut.
pub const TRUNCATED_HEADERS: &str = "lifetide.truncated_headers";

/// What each header says; whether it is always there.
const HEADERS: [(&str, &str, bool); 11] = [
    (EXCEPTION, "the reason, one word", true),
    (MESSAGE, "the reason for people: the field, and what stood there", true),
    (TOPIC, "where the record stood", true),
    (PARTITION, "where the record stood", true),
    (OFFSET, "where the record stood", true),
    (STAGE, "where it was refused: `decode`, `validate` or `write`", true),
    (ELEMENT, "which of the record's elements it is, from 0 on: the value is this element alone", false),
    (RECORD_TIMESTAMP, "the record's own time, in ms since 1970", false),
    (RECORD_PARTITIONS, "how many partitions its topic had", false),
    (TRUNCATED_BYTES, "of a value that was cut: how many bytes it had", false),
    (TRUNCATED_HEADERS, "how many of the record's own headers are missing or cut", false),
];

/// JSON Schema of a dead letter's headers, as an object of texts; the record's own headers stand before them.
pub fn schema() -> Value {
    let is_number =
        |name: &str| [PARTITION, OFFSET, ELEMENT, RECORD_TIMESTAMP, RECORD_PARTITIONS, TRUNCATED_BYTES, TRUNCATED_HEADERS].contains(&name);
    let form = |name: &str, what: &str| match is_number(name) {
        true => json!({ "type": "string", "description": what, "pattern": "^-?[0-9]+$" }),
        false => json!({ "type": "string", "description": what }),
    };
    let properties: Map<String, Value> = HEADERS.iter().map(|(name, what, _)| ((*name).to_owned(), form(name, what))).collect();
    let required: Vec<&str> = HEADERS.iter().filter(|(.., is_always)| *is_always).map(|(name, ..)| *name).collect();
    json!({
        "$schema": DRAFT, "title": "the headers of a record of lifetide.dlq", "type": "object",
        "properties": properties, "required": required, "additionalProperties": { "type": "string" },
    })
}

/// What is refused of a record, and why.
#[derive(Clone, Copy)]
pub struct Refused<'a> {
    pub reject: &'a Reject,
    /// Number and text of an element; `None`: the whole record.
    pub element: Option<(u16, &'a str)>,
}

/// Gives `send` the dead letter of a refused record. `partitions`: of its topic, where known. A value longer than `value_bytes_max` is cut.
pub fn write<T>(
    record: &dyn Record,
    (topic, partition): (&str, u32),
    partitions: Option<u32>,
    Refused { reject, element }: Refused<'_>,
    value_bytes_max: usize,
    send: impl FnOnce(&Outgoing<'_>) -> T,
) -> T {
    let mut own: Vec<(String, Vec<u8>)> = Vec::new();
    let mut spoilt = 0;
    record.each_header(&mut |name, value| {
        if own.len() == HEADERS_MAX || value.len() > HEADER_BYTES_MAX {
            spoilt += 1;
        }
        if own.len() < HEADERS_MAX {
            own.push((name.to_owned(), value[..value.len().min(HEADER_BYTES_MAX)].to_vec()));
        }
    });
    let partition = partition.to_string();
    let number = element.map(|(number, _)| number.to_string());
    let partitions = partitions.map(|count| count.to_string());
    let spoilt_count = spoilt.to_string();
    let offset = record.offset().to_string();
    let mut headers: Vec<(&str, &[u8])> = own.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    headers.extend([
        (EXCEPTION, reject.reason.as_str().as_bytes()),
        (MESSAGE, reject.detail.as_bytes()),
        (TOPIC, topic.as_bytes()),
        (PARTITION, partition.as_bytes()),
        (OFFSET, offset.as_bytes()),
        (STAGE, reject.stage.as_str().as_bytes()),
    ]);
    if let Some(text) = &number {
        headers.push((ELEMENT, text.as_bytes()));
    }
    // the topic has times of its own, by which it forgets; whoever sends the record again needs the first one
    let timestamp_ms = record.timestamp_ms().map(|ms| ms.to_string());
    if let Some(text) = &timestamp_ms {
        headers.push((RECORD_TIMESTAMP, text.as_bytes()));
    }
    if let Some(count) = &partitions {
        headers.push((RECORD_PARTITIONS, count.as_bytes()));
    }
    if spoilt > 0 {
        headers.push((TRUNCATED_HEADERS, spoilt_count.as_bytes()));
    }
    let value = element.map(|(_, text)| text.as_bytes()).or(record.value());
    let whole_bytes = value.map_or(0, <[u8]>::len);
    let truncated = whole_bytes.to_string();
    if whole_bytes > value_bytes_max {
        headers.push((TRUNCATED_BYTES, truncated.as_bytes()));
    }
    send(&Outgoing {
        topic: OutputTopic::DeadLetters,
        partition: None,
        key: record.key(),
        value: value.map(|bytes| &bytes[..bytes.len().min(value_bytes_max)]),
        timestamp_ms: None,
        headers: &headers,
    })
}
