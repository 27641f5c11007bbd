//! Refused input on its way to the dead-letter topic: the record untouched, and why it was refused in its headers.
//!
//! Header names are those of KIP-1034, so that tools for Kafka Streams read them, plus `lifetide.error.stage`. A record that no broker
//! would take back is cut, and says so. Nothing here counts or sends. Called by `step`.

use crate::event::Reject;

use super::source::Record;
use super::transaction::{Outgoing, OutputTopic};

/// Created with 16 MiB (`contracts.md` 7); the rest is room for headers and the batch around it.
const VALUE_BYTES_MAX: usize = 16 * 1024 * 1024 - 64 * 1024;
/// A record's own headers are copied up to this many; more is abuse, not context.
const HEADERS_MAX: usize = 64;
/// And a header's value up to this many bytes.
const HEADER_BYTES_MAX: usize = 1024;

/// Gives `send` the dead letter of a refused record.
pub fn write<T>(record: &dyn Record, topic: &str, partition: u32, reject: &Reject, send: impl FnOnce(&Outgoing<'_>) -> T) -> T {
    let mut own: Vec<(String, Vec<u8>)> = Vec::new();
    record.each_header(&mut |name, value| {
        if own.len() < HEADERS_MAX {
            own.push((name.to_owned(), value[..value.len().min(HEADER_BYTES_MAX)].to_vec()));
        }
    });
    let partition = partition.to_string();
    let offset = record.offset().to_string();
    let mut headers: Vec<(&str, &[u8])> = own.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    headers.extend([
        ("__streams.errors.exception", reject.reason.as_str().as_bytes()),
        ("__streams.errors.message", reject.detail.as_bytes()),
        ("__streams.errors.topic", topic.as_bytes()),
        ("__streams.errors.partition", partition.as_bytes()),
        ("__streams.errors.offset", offset.as_bytes()),
        ("lifetide.error.stage", reject.stage.as_str().as_bytes()),
    ]);
    // the topic has times of its own, by which it forgets; whoever sends the record again needs the first one
    let timestamp_ms = record.timestamp_ms().map(|ms| ms.to_string());
    if let Some(text) = &timestamp_ms {
        headers.push(("lifetide.record.timestamp_ms", text.as_bytes()));
    }
    let value = record.value();
    let whole_bytes = value.map_or(0, <[u8]>::len);
    let truncated = whole_bytes.to_string();
    if whole_bytes > VALUE_BYTES_MAX {
        headers.push(("lifetide.truncated_bytes", truncated.as_bytes()));
    }
    send(&Outgoing {
        topic: OutputTopic::DeadLetters,
        partition: None,
        key: record.key(),
        value: value.map(|bytes| &bytes[..bytes.len().min(VALUE_BYTES_MAX)]),
        timestamp_ms: None,
        headers: &headers,
    })
}
