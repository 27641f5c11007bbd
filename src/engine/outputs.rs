//! What the engine wants written: records already in their JSON form, in one buffer, in the order they were decided.
//!
//! It holds bytes, and notes for metrics: where they go, and whether they ever do, is the worker's affair. Filled by `Slot`, read and
//! cleared by `worker` at each transaction.

use std::ops::Range;

use super::note::Note;
use super::trace::Trace;
use crate::event::Reject;

/// The topics the engine writes; their names are the configuration's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    Transitions,
    Clv,
    Actions,
    Aggregates,
    /// Words to other customers; not JSON.
    Relay,
}

/// One record to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    pub topic: Topic,
    /// The customer; of an aggregate, the cell and the slot.
    pub key: &'a str,
    /// Event time of the cause, or the deadline.
    pub timestamp_ms: i64,
    /// The `id` of the value: the `lifetide-id` header.
    pub id: &'a str,
    /// Of the causing event.
    pub trace: Option<Trace<'a>>,
    /// The value, JSON but for the relay's; `None`: a tombstone, so that a compacted topic forgets the key.
    pub value: Option<&'a [u8]>,
}

/// Where a record's parts are: its value among the values, the rest among the texts.
struct Placed {
    topic: Topic,
    timestamp_ms: i64,
    key: Range<usize>,
    id: Range<usize>,
    trace_parent: Range<usize>,
    trace_state: Range<usize>,
    value: Option<Range<usize>>,
}

/// A buffer of records.
#[derive(Default)]
pub struct Outputs {
    placed: Vec<Placed>,
    values: Vec<u8>,
    texts: String,
    notes: Vec<Note>,
    refusal: Option<Reject>,
    tells_others: bool,
}

impl Outputs {
    /// Something is said to other customers.
    pub fn tells_others(&self) -> bool {
        self.tells_others
    }

    /// What the record at hand asks for is not done: it becomes a dead letter.
    pub fn refuse(&mut self, reject: Reject) {
        self.refusal = Some(reject);
    }

    /// Why the record just taken was refused, if it was.
    pub fn take_refusal(&mut self) -> Option<Reject> {
        self.refusal.take()
    }

    /// Tells the metrics what happened.
    pub fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// In order; a handful per event at most.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Appends a record; `write` appends its value to the buffer it is given.
    pub fn push(
        &mut self,
        topic: Topic,
        key: &str,
        timestamp_ms: i64,
        id: &str,
        trace: Option<Trace<'_>>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        self.tells_others |= topic == Topic::Relay;
        let start = self.values.len();
        write(&mut self.values);
        let value = Some(start..self.values.len());
        self.place(topic, key, timestamp_ms, id, trace, value);
    }

    /// Appends a record without a value.
    pub fn push_tombstone(&mut self, topic: Topic, key: &str, timestamp_ms: i64, id: &str, trace: Option<Trace<'_>>) {
        self.place(topic, key, timestamp_ms, id, trace, None);
    }

    fn place(&mut self, topic: Topic, key: &str, timestamp_ms: i64, id: &str, trace: Option<Trace<'_>>, value: Option<Range<usize>>) {
        let key = self.append(key);
        let id = self.append(id);
        let (parent, state) = trace.map_or(("", ""), |trace| (trace.parent, trace.state));
        let (trace_parent, trace_state) = (self.append(parent), self.append(state));
        self.placed.push(Placed { topic, timestamp_ms, key, id, trace_parent, trace_state, value });
    }

    fn append(&mut self, text: &str) -> Range<usize> {
        let start = self.texts.len();
        self.texts.push_str(text);
        start..self.texts.len()
    }

    pub fn len(&self) -> usize {
        self.placed.len()
    }

    pub fn is_empty(&self) -> bool {
        self.placed.is_empty()
    }

    /// Bytes held: one of the worker's bounds of a transaction.
    pub fn bytes(&self) -> usize {
        self.values.len() + self.texts.len()
    }

    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.placed.iter().map(|p| Record {
            topic: p.topic,
            key: &self.texts[p.key.clone()],
            timestamp_ms: p.timestamp_ms,
            id: &self.texts[p.id.clone()],
            trace: Some(Trace { parent: &self.texts[p.trace_parent.clone()], state: &self.texts[p.trace_state.clone()] })
                .filter(|trace| !trace.parent.is_empty()),
            value: p.value.clone().map(|value| &self.values[value]),
        })
    }

    pub fn clear(&mut self) {
        self.placed.clear();
        self.values.clear();
        self.texts.clear();
        self.notes.clear();
        self.refusal = None;
        self.tells_others = false;
    }
}
