//! One occasion to write records: the customer, the cause, the moment, and where the records go.
//!
//! An event is one scene, each deadline that fires another. Numbers the records of an event, since their ids derive from that number.
//! Made by `slot` and `deadline`; used by everything that writes a record.

use super::cells::Cells;
use super::note::Note;
use super::outputs::{Outputs, Topic};
use super::record::cause::CauseRecord;
use super::record::id::OutputId;
use super::record::json::Json;
use super::record::time::Time;
use super::rules::Rules;
use crate::event::Event;

/// Where the event being applied came from; its partition is the slot's number.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'a> {
    pub topic: &'a str,
    pub offset: i64,
    /// Which of the record's events it is.
    pub part: u16,
    /// W3C trace context of the record, copied through.
    pub traceparent: Option<&'a str>,
}

/// An event writes fewer records than this many bits count: each play one or two, each track one.
const PART_BITS: u32 = 16;

#[derive(Debug, Clone, Copy)]
pub enum Occasion<'a> {
    Event {
        cause: Cause<'a>,
        name: &'a str,
    },
    /// `name`: the play, or the stage silence leads to.
    Deadline {
        name: &'a str,
        due_ms: i64,
    },
    /// Another value model is in force.
    Model {
        name: &'a str,
        version: &'a str,
    },
}

pub struct Scene<'a> {
    pub rules: &'a Rules,
    pub slot: u32,
    pub customer_id: &'a str,
    pub occasion: Occasion<'a>,
    /// `event_time` of its records.
    pub time_ms: i64,
    /// In wall mode, for what is too late to send.
    pub wall_ms: Option<i64>,
    pub out: &'a mut Outputs,
    /// Figures over all customers.
    pub cells: &'a mut Cells,
    /// The number of the event's next record: behind those of the parts before it.
    pub written: u32,
}

impl<'a> Scene<'a> {
    /// Of an event, which has written nothing yet.
    pub fn of_event(
        rules: &'a Rules,
        slot: u32,
        event: &'a Event<'_>,
        cause: &Cause<'a>,
        cells: &'a mut Cells,
        out: &'a mut Outputs,
    ) -> Scene<'a> {
        Scene {
            rules,
            slot,
            customer_id: &event.customer,
            occasion: Occasion::Event { cause: *cause, name: &event.name },
            time_ms: event.time_ms,
            wall_ms: None,
            out,
            cells,
            written: u32::from(cause.part) << PART_BITS,
        }
    }

    /// The id of the next record of this occasion: of an event by its number, else by what it is about (`subject`, such as a track).
    pub fn next_id(&mut self, subject: &str) -> OutputId {
        match self.occasion {
            Occasion::Event { cause, .. } => self.next_event_id(&cause),
            Occasion::Deadline { name, due_ms } => OutputId::of_deadline(self.customer_id, subject, name, 0, due_ms),
            Occasion::Model { version, .. } => OutputId::of_model(self.customer_id, subject, version, self.time_ms),
        }
    }

    /// The id of the next record this event causes; deadlines have ids of their own.
    pub fn next_event_id(&mut self, cause: &Cause<'_>) -> OutputId {
        let id = OutputId::of_event(self.slot, cause.topic, cause.offset, self.written);
        self.written += 1;
        id
    }

    pub fn push<R: Json>(&mut self, topic: Topic, id: &OutputId, record: &R) {
        let traceparent = match &self.occasion {
            Occasion::Event { cause, .. } => cause.traceparent,
            Occasion::Deadline { .. } | Occasion::Model { .. } => None,
        };
        self.out.push(topic, self.customer_id, self.time_ms, id.as_str(), traceparent, |bytes| {
            record.write(bytes);
        });
    }

    /// A record without a value, caused by an event.
    pub fn push_tombstone(&mut self, topic: Topic, cause: &Cause<'_>) {
        let id = self.next_event_id(cause);
        self.out.push_tombstone(topic, self.customer_id, self.time_ms, id.as_str(), cause.traceparent);
    }

    pub fn note(&mut self, note: Note) {
        self.out.note(note);
    }
}

impl<'a> Occasion<'a> {
    pub fn record(&self, slot: u32) -> CauseRecord<'a> {
        match *self {
            Occasion::Event { cause, name } => {
                CauseRecord::Event { event: name, topic: cause.topic, partition: slot, offset: cause.offset }
            }
            Occasion::Deadline { name, due_ms } => CauseRecord::Deadline { deadline: name, due_at: Time(due_ms) },
            Occasion::Model { name, version } => CauseRecord::Model { name, version },
        }
    }
}
