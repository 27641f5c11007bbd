//! One stream out of a slot's inputs: by time where they can be compared, and never past an input whose next record is still unknown.
//!
//! Each input is a queue with a position. Records are ordered by min(event time, record timestamp), made monotone per partition; ties go
//! to the topic named first. While an input lags (it has not given its end since the last start) an empty queue is waited for. Over a
//! fully loaded backlog the order is thus a function of the records alone. This file decodes heads and orders them; it applies nothing
//! and knows no clock. The relay has a queue beside the others: its messages have no place in this order, and nobody waits for them. Called by
//! the worker's loop.

use std::collections::VecDeque;

use self_cell::self_cell;

use crate::event::{self, DecodeRules, Raw, Reject, Told, Wire};

use super::source::{Arrival, Record};
use super::upgrade;

type Decoded<'a> = Result<Told<'a>, Reject>;

self_cell!(
    /// A record and what it says, which borrows from the record's bytes.
    struct Head {
        owner: Box<dyn Record>,

        #[covariant]
        dependent: Decoded,
    }
);

/// One partition's queue.
struct Queue<R: Record> {
    arrivals: VecDeque<Arrival<R>>,
    head: Option<(Head, i64)>,
    /// The last thing it gave was its end.
    at_end: bool,
    /// It has given no end yet since `restart`.
    lagging: bool,
    /// Order times never fall within a partition.
    last_order_ms: i64,
    next_offset: i64,
}

/// What the merge has to offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// The head of this input is next.
    Head(usize),
    /// A lagging input has nothing here yet: nothing may be taken.
    Waiting,
    /// All queues are empty; `at_end`: and every input has said that this was all.
    Empty { at_end: bool },
}

pub struct Merge<R: Record> {
    queues: Vec<Queue<R>>,
    relay: Relay<R>,
}

/// The messages from other customers.
struct Relay<R: Record> {
    arrivals: VecDeque<Arrival<R>>,
    head: Option<R>,
    next_offset: i64,
}

impl<R: Record> Relay<R> {
    fn fill_head(&mut self) {
        while self.head.is_none() {
            match self.arrivals.pop_front() {
                None => return,
                Some(Arrival::End(offset)) => self.next_offset = self.next_offset.max(offset),
                Some(Arrival::Record(record)) if record.offset() < self.next_offset => {}
                Some(Arrival::Record(record)) => self.head = Some(record),
            }
        }
    }
}

impl<R: Record> Merge<R> {
    /// A merge of as many inputs as there are offsets, each starting there; the last one is the relay.
    ///
    /// # Panics
    /// Without any offset.
    pub fn new(offsets: &[i64]) -> Merge<R> {
        let queue = |offset: &i64| Queue {
            arrivals: VecDeque::new(),
            head: None,
            at_end: false,
            lagging: true,
            last_order_ms: i64::MIN,
            next_offset: *offset,
        };
        let (relay, inputs) = offsets.split_last().expect("invariant: every slot reads the relay");
        let relay = Relay { arrivals: VecDeque::new(), head: None, next_offset: *relay };
        Merge { queues: inputs.iter().map(queue).collect(), relay }
    }

    /// The queue of an input, for the source to fill.
    pub fn queue(&mut self, topic: usize) -> &mut VecDeque<Arrival<R>> {
        self.queues.get_mut(topic).map_or(&mut self.relay.arrivals, |queue| &mut queue.arrivals)
    }

    /// Whether the source should be asked for more of this input.
    pub fn wants(&self, topic: usize) -> bool {
        self.queues.get(topic).map_or(&self.relay.arrivals, |queue| &queue.arrivals).is_empty()
    }

    /// Every input's queue is empty, and its last word was its end.
    pub fn is_at_end(&self) -> bool {
        self.queues.iter().all(|queue| queue.at_end && queue.head.is_none() && queue.arrivals.is_empty())
    }

    pub fn is_lagging(&self) -> bool {
        self.queues.iter().any(|queue| queue.lagging)
    }

    /// The next offset of each input.
    pub fn offsets(&self) -> Vec<i64> {
        self.queues.iter().map(|queue| queue.next_offset).chain([self.relay.next_offset]).collect()
    }

    /// The next message of the relay, whatever the inputs have.
    pub fn message(&mut self) -> Option<&R> {
        self.relay.fill_head();
        self.relay.head.as_ref()
    }

    /// Takes the message away, which counts as processed.
    pub fn pop_message(&mut self) {
        let message = self.relay.head.take().expect("invariant: there was a message");
        self.relay.next_offset = message.offset() + 1;
    }

    /// Finds what is next, decoding new heads on the way.
    pub fn ready(&mut self, rules: &DecodeRules, wall_ms: Option<i64>) -> Ready {
        let mut first: Option<(i64, usize)> = None;
        let mut waiting = false;
        for (topic, queue) in self.queues.iter_mut().enumerate() {
            queue.fill_head(rules, topic, wall_ms);
            match &queue.head {
                Some((_, order_ms)) if first.is_none_or(|(least_ms, _)| *order_ms < least_ms) => first = Some((*order_ms, topic)),
                Some(_) => {}
                None => waiting |= queue.lagging,
            }
        }
        match first {
            _ if waiting => Ready::Waiting,
            Some((_, topic)) => Ready::Head(topic),
            None => Ready::Empty { at_end: self.queues.iter().all(|queue| queue.at_end) },
        }
    }

    /// The head of an input that `ready` offered.
    pub fn head(&self, topic: usize) -> (&dyn Record, &Decoded<'_>) {
        let (head, _) = self.queues[topic].head.as_ref().expect("invariant: ready offered this head");
        (head.borrow_owner().as_ref(), head.borrow_dependent())
    }

    /// Takes the head away, which counts as processed, and returns its offset.
    pub fn pop(&mut self, topic: usize) -> i64 {
        let queue = &mut self.queues[topic];
        let (head, order_ms) = queue.head.take().expect("invariant: ready offered this head");
        let offset = head.borrow_owner().offset();
        queue.last_order_ms = order_ms;
        queue.next_offset = offset + 1;
        offset
    }
}

impl<R: Record> Queue<R> {
    fn fill_head(&mut self, rules: &DecodeRules, topic: usize, wall_ms: Option<i64>) {
        while self.head.is_none() {
            match self.arrivals.pop_front() {
                None => return,
                Some(Arrival::End(offset)) => {
                    // transaction markers of the producers stand before the end and are no records: they are passed, too
                    self.next_offset = self.next_offset.max(offset);
                    self.at_end = true;
                    self.lagging = false;
                }
                Some(Arrival::Record(record)) if record.offset() < self.next_offset => {
                    // a source may deliver again what a rewind has passed already; it must never be applied twice
                }
                Some(Arrival::Record(record)) => {
                    self.at_end = false;
                    let head = Head::new(Box::new(record), |record| {
                        let each_header = |visit: &mut dyn FnMut(&str, &[u8])| record.each_header(visit);
                        event::decode(
                            &raw(record.as_ref()),
                            &Wire { format: rules.format(topic), each_header: &each_header },
                            rules,
                            wall_ms,
                        )
                    });
                    let order_ms = order_time(&head).unwrap_or(self.last_order_ms).max(self.last_order_ms);
                    self.head = Some((head, order_ms));
                }
            }
        }
    }
}

pub fn raw(record: &dyn Record) -> Raw<'_> {
    Raw { key: record.key(), value: record.value(), timestamp_ms: record.timestamp_ms() }
}

/// min(event time, record timestamp), of several events the earliest; a record that could not be read, or says nothing, has only the latter. A word to the slot has none: what stands behind it
/// would else wait until the other inputs have been read up to the day on which it was said.
fn order_time(head: &Head) -> Option<i64> {
    let record = head.borrow_owner().as_ref();
    let record_ms = record.timestamp_ms().filter(|_| !upgrade::may_be_word(record));
    match head.borrow_dependent() {
        Ok(told) => match (told.earliest(), record_ms) {
            (Some(event), Some(record_ms)) => Some(event.time_ms.min(record_ms)),
            (event, record_ms) => event.map(|event| event.time_ms).or(record_ms),
        },
        Err(_) => record_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::RULES;
    use crate::worker::memory::MemoryRecord;

    fn record(offset: i64, record_ms: i64, second: u32) -> Arrival<MemoryRecord> {
        let value = format!(r#"{{"type":"identify","userId":"u","timestamp":"2026-01-01T00:00:{second:02}Z"}}"#);
        Arrival::Record(MemoryRecord::new(offset, Some(b"u"), Some(value.as_bytes()), Some(record_ms), Vec::new()))
    }

    const T0: i64 = 1_767_225_600_000;

    fn drain(merge: &mut Merge<MemoryRecord>) -> Vec<(usize, i64)> {
        let mut taken = Vec::new();
        while let Ready::Head(topic) = merge.ready(&RULES, None) {
            taken.push((topic, merge.pop(topic)));
        }
        taken
    }

    #[test]
    fn the_earlier_time_goes_first_and_ties_go_to_the_first_topic() {
        let mut merge = Merge::new(&[0, 0, 0]);
        merge.queue(0).extend([record(0, T0 + 2_000, 2), record(1, T0 + 3_000, 3), Arrival::End(0)]);
        merge.queue(1).extend([record(0, T0 + 1_000, 1), record(1, T0 + 3_000, 3), Arrival::End(0)]);
        assert_eq!(drain(&mut merge), [(1, 0), (0, 0), (0, 1), (1, 1)]);
        assert_eq!(merge.ready(&RULES, None), Ready::Empty { at_end: true });
    }

    #[test]
    fn a_lagging_input_without_records_is_waited_for_until_its_end() {
        let mut merge = Merge::new(&[0, 0, 0]);
        merge.queue(0).push_back(record(0, T0, 0));
        assert_eq!(merge.ready(&RULES, None), Ready::Waiting);
        merge.queue(1).push_back(Arrival::End(0));
        assert_eq!(drain(&mut merge), [(0, 0)]);
        assert_eq!(merge.ready(&RULES, None), Ready::Waiting, "input 0 has not said that this was all");
        merge.queue(0).push_back(Arrival::End(0));
        assert_eq!(merge.ready(&RULES, None), Ready::Empty { at_end: true });
        merge.queue(1).push_back(record(0, T0, 0));
        assert_eq!(drain(&mut merge), [(1, 0)], "once caught up nothing is waited for");
    }

    #[test]
    fn a_late_record_does_not_wait_behind_the_order_time_of_its_partition() {
        let mut merge = Merge::new(&[0, 0, 0]);
        merge.queue(0).extend([record(0, T0 + 9_000, 9), record(1, T0 + 9_000, 1), Arrival::End(0)]);
        merge.queue(1).extend([record(0, T0 + 5_000, 5), Arrival::End(0)]);
        assert_eq!(drain(&mut merge), [(1, 0), (0, 0), (0, 1)]);
    }

    #[test]
    fn what_lies_before_the_start_is_never_delivered() {
        let mut merge = Merge::new(&[5, 0]);
        merge.queue(0).extend([record(4, T0, 0), record(5, T0, 0), Arrival::End(0)]);
        assert_eq!(drain(&mut merge), [(0, 5)]);
        assert_eq!(merge.offsets(), [6, 0]);
    }

    #[test]
    fn messages_of_the_relay_are_there_at_once_and_nobody_waits_for_them() {
        let mut merge = Merge::new(&[0, 2]);
        assert!(merge.message().is_none());
        merge.queue(1).extend([record(1, T0, 0), record(2, T0, 0), Arrival::End(5)]);
        assert_eq!(merge.message().map(Record::offset), Some(2), "before the input has said anything");
        assert_eq!(merge.ready(&RULES, None), Ready::Waiting);
        merge.queue(0).push_back(Arrival::End(7));
        assert_eq!(merge.ready(&RULES, None), Ready::Empty { at_end: true });
        assert!(merge.is_at_end() && !merge.is_lagging());
        merge.pop_message();
        assert_eq!(merge.offsets(), [7, 3]);
        assert!(merge.message().is_none());
        assert_eq!(merge.offsets(), [7, 5], "markers are passed");
    }
}
