//! A record of the topic `deliveries`: what has become of an action, under its id. It names no customer and no address.
//!
//! `{"id","state","attempts","by","at","expires_at","play","why"}`; fields are added, never renamed, since other versions read them. Written
//! before and after each attempt, so that nobody sends what somebody else may have sent. Used by `ledger` and `queue`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::schema::{Described, Written};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mark {
    /// Of the action; also the record's key.
    pub id: String,
    pub state: State,
    /// Attempts that were answered.
    #[serde(default)]
    pub attempts: u32,
    /// The life of a process that wrote it.
    #[serde(default)]
    pub by: String,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Of the action; without meaning some days later.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// Of the action.
    #[serde(default)]
    pub play: String,
    /// A code such as `smtp 550`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Written for Mark {
    const ALWAYS: &'static [&'static str] = &["id", "state", "attempts", "by", "at", "expires_at", "play"];
    const RARELY: &'static [&'static str] = &["why"];
}

/// JSON Schema of a record's value.
pub fn schema() -> Value {
    Described::of::<Mark>().written::<Mark>().closed("a record of lifetide.deliveries")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_written_as_it_is_described_and_reads_back() {
        let schema = jsonschema::draft202012::options().should_validate_formats(true).build(&schema()).unwrap();
        let states = [State::Sending, State::Waiting, State::Sent, State::Failed, State::Doubtful, State::Cancelled];
        for (state, why) in states.into_iter().flat_map(|state| [(state, None), (state, Some("smtp 451".to_owned()))]) {
            let (at, expires_at) = (moment(0), moment(i64::MAX));
            let mark = Mark { id: "a".to_owned(), state, attempts: 1, by: "b".to_owned(), at, expires_at, play: "p".to_owned(), why };
            let value: Value = serde_json::from_slice(&mark.to_json()).unwrap();
            schema.validate(&value).unwrap_or_else(|error| panic!("{value}: {error}"));
            assert_eq!(value.as_object().unwrap().len(), Mark::ALWAYS.len() + usize::from(mark.why.is_some()));
            assert_eq!(Mark::read(&mark.to_json()), Some(mark));
        }
    }
}
