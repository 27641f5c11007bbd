//! One record, taken: its events applied in order, and what is refused of it put aside as dead letters.
//!
//! All of it in the open transaction, since a record has one offset: a record of several events is never cut in two, and none of them is
//! applied twice. Decides neither what is refused nor when deadlines fire. Called by `turn`.

use crate::engine::{Cause, Outcome, Outputs, Slot};
use crate::event::{Event, Part, Told};

use super::Failure;
use super::dead_letter::{self, Refused};
use super::merge::raw;
use super::report::Tally;
use super::source::Record;
use super::trace::TraceHeaders;
use super::transaction::{OutputTopic, Transaction};

pub struct Taking<'a, T: Transaction> {
    pub record: &'a dyn Record,
    pub topic: &'a str,
    pub slot_number: u32,
    /// Of the topic, where known.
    pub partitions: Option<u32>,
    pub transaction: &'a mut T,
    pub tally: &'a mut Tally,
}

impl<T: Transaction> Taking<'_, T> {
    /// `is_blamed`: it could not be written as it is, and less of it is quoted.
    pub fn refuse(&mut self, refused: Refused<'_>, is_blamed: bool) -> Result<(), Failure> {
        let value_bytes_max = if is_blamed { dead_letter::BLAMED_VALUE_BYTES_MAX } else { dead_letter::VALUE_BYTES_MAX };
        let place = (self.topic, self.slot_number);
        dead_letter::write(self.record, place, self.partitions, refused, value_bytes_max, |letter| self.transaction.send(letter))
            .map_err(Failure::Transaction)?;
        *self.tally.rejects.entry((refused.reject.reason, refused.reject.stage)).or_default() += 1;
        self.tally.produce(OutputTopic::DeadLetters, 1);
        Ok(())
    }

    /// Applies what the record says; how many events that was, refused ones among them.
    pub fn apply(&mut self, told: &Told<'_>, slot: &mut Slot, outputs: &mut Outputs) -> Result<usize, Failure> {
        let trace = TraceHeaders::of(self.record);
        let record = raw(self.record);
        let cause =
            Cause { topic: self.topic, offset: self.record.offset(), part: 0, trace: trace.as_ref().map(TraceHeaders::as_trace), record };
        let parts = match told {
            Told::One(event) => {
                self.apply_event(event, &cause, slot, outputs)?;
                return Ok(1);
            }
            Told::Several(parts) => parts,
        };
        let mut is_sent_on = false;
        for (number, part) in (0..).zip(parts) {
            match part {
                // the record goes once to whoever it is about now, who takes all that is left of it
                Part::Event(event) if is_sent_on => self.tally.apply(event.kind.label(), Outcome::Forwarded, event.time_ms),
                Part::Event(event) => {
                    let outcome = self.apply_event(event, &Cause { part: number, ..cause }, slot, outputs)?;
                    is_sent_on = outcome == Outcome::Forwarded;
                }
                Part::Refused { element, reject } => {
                    self.refuse(Refused { reject, element: Some((number, element)) }, false)?;
                }
            }
        }
        Ok(parts.len())
    }

    /// What the engine does not do becomes a dead letter, of the whole record.
    fn apply_event(&mut self, event: &Event<'_>, cause: &Cause<'_>, slot: &mut Slot, outputs: &mut Outputs) -> Result<Outcome, Failure> {
        let outcome = slot.apply(event, cause, outputs);
        self.tally.apply(event.kind.label(), outcome, event.time_ms);
        if let Some(reject) = outputs.take_refusal() {
            self.refuse(Refused { reject: &reject, element: None }, false)?;
        }
        Ok(outcome)
    }
}
