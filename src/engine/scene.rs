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
use super::relay::{Content, Message, Origin, RelayFate};
use super::rules::Rules;
use super::trace::Trace;
use crate::event::{Raw, Reason, Reject};

/// Where the event being applied came from; its partition is the slot's number.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'a> {
    pub topic: &'a str,
    pub offset: i64,
    /// Which of the record's events it is.
    pub part: u16,
    pub trace: Option<Trace<'a>>,
    /// The record itself, in case it is another customer's.
    pub record: Raw<'a>,
}

/// An event writes fewer records than this many bits count: each play one or two, each track one.
const PART_BITS: u32 = 16;

#[derive(Debug, Clone, Copy)]
pub enum Occasion<'a> {
    Event {
        cause: Cause<'a>,
        name: &'a str,
    },
    /// What another customer's event means for this one.
    Relay(Origin<'a>),
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
        (customer_id, time_ms): (&'a str, i64),
        occasion: Occasion<'a>,
        cells: &'a mut Cells,
        out: &'a mut Outputs,
    ) -> Scene<'a> {
        let part = match occasion {
            Occasion::Event { cause, .. } => cause.part,
            Occasion::Relay(origin) => origin.part,
            Occasion::Deadline { .. } | Occasion::Model { .. } => 0,
        };
        Scene { rules, slot, customer_id, occasion, time_ms, wall_ms: None, out, cells, written: u32::from(part) << PART_BITS }
    }

    /// Of a message for a customer.
    pub fn of_message(
        rules: &'a Rules,
        slot: u32,
        receiver: &'a str,
        message: &Message<'a>,
        cells: &'a mut Cells,
        out: &'a mut Outputs,
    ) -> Scene<'a> {
        Scene::of_event(rules, slot, (receiver, message.time_ms), Occasion::Relay(message.origin), cells, out)
    }

    /// The id of the next record of this occasion: of an event by its number, else by what it is about (`subject`, such as a track).
    pub fn next_id(&mut self, subject: &str) -> OutputId {
        match self.occasion {
            Occasion::Event { cause, .. } => {
                let id = OutputId::of_event(self.slot, cause.topic, cause.offset, self.written);
                self.written += 1;
                id
            }
            Occasion::Relay(origin) => {
                let id = OutputId::of_relay(origin.slot, origin.topic, origin.offset, origin.hops, self.customer_id, self.written);
                self.written += 1;
                id
            }
            Occasion::Deadline { name, due_ms } => OutputId::of_deadline(self.customer_id, subject, name, 0, due_ms),
            Occasion::Model { version, .. } => OutputId::of_model(self.customer_id, subject, version, self.time_ms),
        }
    }

    fn trace(&self) -> Option<Trace<'a>> {
        match self.occasion {
            Occasion::Event { cause, .. } => cause.trace,
            Occasion::Relay(origin) => origin.trace,
            Occasion::Deadline { .. } | Occasion::Model { .. } => None,
        }
    }

    /// Whether anybody can be told anything: rows of old versions have no place for it, and somebody must know where it goes.
    pub fn can_tell(&self) -> bool {
        self.cells.are_kept() && self.rules.settings.relays
    }

    /// What the scene comes from; the scene is that of an event or a message.
    pub fn origin(&self) -> Origin<'a> {
        match self.occasion {
            Occasion::Event { cause, name } => {
                Origin { slot: self.slot, topic: cause.topic, offset: cause.offset, part: cause.part, name, hops: 0, trace: cause.trace }
            }
            Occasion::Relay(origin) => origin,
            Occasion::Deadline { .. } | Occasion::Model { .. } => unreachable!("invariant: the scene is that of an event"),
        }
    }

    /// Tells another customer something, because of the event at hand.
    pub fn send(&mut self, receiver: &str, content: &Content<'_>) {
        self.send_as(self.customer_id, receiver, content);
    }

    /// The same, in the name of somebody else.
    pub fn send_as(&mut self, from: &str, receiver: &str, content: &Content<'_>) {
        if !self.can_tell() {
            return;
        }
        let origin = self.origin();
        let origin = Origin { hops: origin.hops.saturating_add(1), ..origin };
        let message = Message { from, time_ms: self.time_ms, origin, content: *content };
        self.out.push(Topic::Relay, receiver, self.time_ms, "", origin.trace, |bytes| message.encode(bytes));
        self.note(Note::Relay { kind: content.label(), fate: RelayFate::Sent });
    }

    /// What the record at hand asks for is not done.
    pub fn refuse(&mut self, reason: Reason, why: &str) {
        self.out.refuse(Reject::by_engine(reason, why));
    }

    pub fn push<R: Json>(&mut self, topic: Topic, id: &OutputId, record: &R) {
        let trace = self.trace();
        self.out.push(topic, self.customer_id, self.time_ms, id.as_str(), trace, |bytes| {
            record.write(bytes);
        });
    }

    /// A record without a value, caused by an event.
    pub fn push_tombstone(&mut self, topic: Topic) {
        let id = self.next_id("");
        self.out.push_tombstone(topic, self.customer_id, self.time_ms, id.as_str(), self.trace());
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
            Occasion::Relay(Origin { slot, topic, offset, name, .. }) => CauseRecord::Event { event: name, topic, partition: slot, offset },
            Occasion::Deadline { name, due_ms } => CauseRecord::Deadline { deadline: name, due_at: Time(due_ms) },
            Occasion::Model { name, version } => CauseRecord::Model { name, version },
        }
    }
}
