//! What the shop hands out: a record ready for Kafka, and the same record as a line for `replay`.
//!
//! Refuses nothing and judges nothing: spoiled records pass like any other. Called by `cli` (generate, demo) and the tests.

use serde::de::IgnoredAny;

/// One of the three default input topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShopTopic {
    Purchases,
    Emails,
    Carts,
}

impl ShopTopic {
    /// The topic's name without the prefix (`shop.` by default).
    pub fn as_suffix(self) -> &'static str {
        match self {
            ShopTopic::Purchases => "purchases",
            ShopTopic::Emails => "emails",
            ShopTopic::Carts => "carts",
        }
    }
}

/// A record as a shop's own producer would send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopRecord {
    pub topic: ShopTopic,
    /// Customer id; `None` only in spoiled records.
    pub key: Option<String>,
    /// Kafka timestamp: when the record is sent, never going back. The event may say an earlier or a later time.
    pub timestamp_ms: i64,
    /// Segment-style JSON in UTF-8, without line breaks; cut off in spoiled records.
    pub value: Vec<u8>,
}

/// The record as `replay` reads it, without the line break. `prefix` precedes the topic's suffix.
pub fn to_line(record: &ShopRecord, prefix: &str) -> String {
    let text = String::from_utf8_lossy(&record.value);
    let is_object = text.starts_with('{') && serde_json::from_str::<IgnoredAny>(&text).is_ok();
    let key = record.key.as_deref().map_or("null".to_owned(), quoted);
    let value = if is_object { text.into_owned() } else { quoted(&text) };
    format!(
        r#"{{"topic":{},"key":{key},"timestamp_ms":{},"value":{value}}}"#,
        quoted(&format!("{prefix}{}", record.topic.as_suffix())),
        record.timestamp_ms
    )
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("invariant: any text is a JSON string")
}
