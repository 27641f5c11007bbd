//! A record of the topic `deliveries`: what has become of an action, under its id. It names no customer and no address.
//!
//! `{"id","state","attempts","by","at","expires_at","play","why"}`; fields are added, never renamed, since other versions read them. Written
//! before and after each attempt, so that nobody sends what somebody else may have sent. Used by `ledger` and `queue`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// An attempt is about to be made; if nothing follows, nobody knows how it ended.
    Sending,
    /// Refused for now, and known not to have been taken.
    Waiting,
    Sent,
    /// Refused for good, or too often.
    Failed,
    /// It may have been sent or not: never sent again.
    Doubtful,
    /// Taken back before it was sent.
    Cancelled,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub id: String,
    pub state: State,
    /// Attempts that were answered.
    #[serde(default)]
    pub attempts: u32,
    /// The life of a process that wrote it.
    #[serde(default)]
    pub by: String,
    pub at: Timestamp,
    /// Of the action; without meaning some days later.
    pub expires_at: Timestamp,
    #[serde(default)]
    pub play: String,
    /// A code such as `smtp 550`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Mark {
    pub fn read(value: &[u8]) -> Option<Mark> {
        serde_json::from_slice(value).ok()
    }

    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("invariant: a mark has text keys only")
    }
}

/// A time of the clock; what lies beyond jiff's years is its last moment.
pub fn moment(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::MAX)
}
