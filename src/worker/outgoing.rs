//! What the engine decided, handed to the transaction: records under their topics' names, with their headers.
//!
//! Words to other customers go to the relay, into the partition of their receiver. Where nobody knows how keys are dealt out, the engine says
//! none: in a wrong partition they would begin a second life of somebody. Called by `turn` and `message`.

use crate::engine::{Topic, Trace};

use super::source::Source;
use super::trace::{TRACEPARENT, TRACESTATE};
use super::transaction::{Outgoing, OutputTopic, Transaction};
use super::turn::Turn;
use super::{Failure, partition_of};

impl<S: Source, T: Transaction> Turn<'_, S, T> {
    pub fn send_outputs(&mut self) -> Result<(), Failure> {
        let Some(batch) = self.batch.as_mut() else {
            return Ok(());
        };
        for record in self.outputs.records() {
            let topic = match record.topic {
                Topic::Transitions => OutputTopic::Transitions,
                Topic::Clv => OutputTopic::Clv,
                Topic::Actions => OutputTopic::Actions,
                Topic::Aggregates => OutputTopic::Aggregates,
                Topic::Relay => OutputTopic::Relay,
            };
            let trace = record.trace.or(batch.tally.links.own_trace()).unwrap_or(Trace { parent: "", state: "" });
            let headers: [(&str, &[u8]); 4] = [
                ("content-type", b"application/json"),
                ("lifetide-id", record.id.as_bytes()),
                (TRACEPARENT, trace.parent.as_bytes()),
                (TRACESTATE, trace.state.as_bytes()),
            ];
            let partition = (record.topic == Topic::Relay).then(|| {
                let partitions = self.rules.partitions.expect("invariant: nobody is told anything whose slot is not known");
                partition_of(record.key.as_bytes(), partitions)
            });
            // a tombstone has no content, a word to a customer no id
            let first = if record.topic == Topic::Relay { 2 } else { usize::from(record.value.is_none()) };
            let used = 2 + usize::from(!trace.parent.is_empty()) + usize::from(!trace.state.is_empty());
            let outgoing = Outgoing {
                topic,
                partition,
                key: Some(record.key.as_bytes()),
                value: record.value,
                timestamp_ms: Some(record.timestamp_ms),
                headers: &headers[first..used],
            };
            self.transaction.send(&outgoing).map_err(Failure::Transaction)?;
            batch.tally.produce(topic, 1);
        }
        batch.tells_others |= self.outputs.tells_others();
        batch.bytes += self.outputs.bytes();
        batch.tally.notes.extend_from_slice(self.outputs.notes());
        self.outputs.clear();
        Ok(())
    }
}
