//! A message of the relay on its way to the engine: read, checked, and where it carries an event, decoded as any other.
//!
//! It takes its turn before the slot's own records, moves no clock, and becomes a dead letter where it cannot be read or is refused.
//! Called by `turn`.

use crate::engine::{Content, HOPS_MAX, Message, Origin, Outcome, Outputs, Slot};
use crate::event::{self, Format, Reason, Reject, Wire};

use super::dead_letter::Refused;
use super::owned::Running;
use super::source::{Input, Record, Source};
use super::taking::Taking;
use super::trace::TraceHeaders;
use super::transaction::Transaction;
use super::turn::{Turn, check_partition};
use super::{Failure, Rules};

impl<S: Source, T: Transaction> Turn<'_, S, T> {
    /// Takes the next message; the transaction is open.
    pub fn take_message(&mut self, running: &mut Running<S::Record>) -> Result<(), Failure> {
        let batch = self.batch.as_mut().expect("invariant: a message is taken within a transaction");
        let record = running.merge.message().expect("invariant: there is a message");
        let input = Input { topic: self.rules.relay(), slot: running.slot.number() };
        let place = (input, record.offset());
        check_partition(self.rules, &self.rules.topics[input.topic], input.slot, record)?;
        let bytes = record.key().map_or(0, <[u8]>::len) + record.value().map_or(0, <[u8]>::len);
        let blamed = self.blamed.iter().find(|blamed| blamed.place == place);
        batch.last = Some(place);
        batch.tally.links.note(record);
        let refusal = match blamed {
            Some(blamed) => Some(Reject::unwritable(&blamed.why)),
            None => {
                let taken = take(&mut running.slot, record, self.rules, self.outputs);
                taken.err().or_else(|| self.outputs.take_refusal())
            }
        };
        if let Some(reject) = refusal {
            let mut taking = Taking {
                record,
                topic: &self.rules.topics[input.topic],
                slot_number: input.slot,
                partitions: self.rules.partitions,
                transaction: &mut *self.transaction,
                tally: &mut batch.tally,
            };
            taking.refuse(Refused { reject: &reject, element: None }, blamed.is_some())?;
            batch.put_aside.extend(blamed.map(|blamed| blamed.place));
        }
        running.merge.pop_message();
        batch.tally.consume(input.topic, bytes);
        batch.records += 1;
        batch.bytes += bytes;
        Ok(())
    }
}

/// Gives a message to the engine; an error says what is wrong with its bytes.
fn take(slot: &mut Slot, record: &dyn Record, rules: &Rules, outputs: &mut Outputs) -> Result<Outcome, Reject> {
    let unreadable = |why: &str| Reject::by_engine(Reason::UnreadableRelay, why);
    let receiver = record.key().and_then(|key| std::str::from_utf8(key).ok()).ok_or_else(|| unreadable("no receiver"))?;
    let trace = TraceHeaders::of(record);
    let message = Message::decode(record.value().unwrap_or_default(), trace.as_ref().map(TraceHeaders::as_trace));
    let message = message.map_err(|error| unreadable(&error.to_string()))?;
    let Content::Forward(raw) = message.content else {
        return Ok(slot.receive(receiver, &message, outputs));
    };
    if message.origin.hops > HOPS_MAX {
        return Err(Reject::by_engine(Reason::RelayHops, "an event was sent on too often"));
    }
    // its time was bounded where it first came
    let topic = rules.topics.iter().position(|topic| *topic == message.origin.topic);
    let wire = Wire::bare(topic.map_or_else(Format::default, |topic| rules.decode.format(topic)));
    let told = event::decode(&raw, &wire, &rules.decode, None)?;
    let mut outcome = Err(unreadable("no such event in the record"));
    for (part, mut event) in told.into_events_from(message.origin.part) {
        let origin = Origin { part, ..message.origin };
        event.customer = receiver.into();
        if event.message_id.is_none() {
            // told twice, it is known by where it first came
            event.message_id = Some(origin.place().into());
        }
        let applied = slot.apply_forwarded(&event, &Message { origin, ..message }, &raw, outputs);
        outcome = Ok(applied);
        if applied == Outcome::Forwarded {
            break;
        }
    }
    outcome
}
