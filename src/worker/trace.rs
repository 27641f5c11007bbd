//! The trace context of a record: its headers on the way in, and on the way out again; and those of a transaction's records, for whoever draws traces.
//!
//! It is carried, never made, but where somebody draws traces: there, what follows from no record with a trace context carries that of its
//! transaction's span. What is no trace context by its length is left out, and nothing else is checked. Called by `taking`, `message`,
//! `outgoing`, `turn` and `commit`.

use std::collections::BTreeSet;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::engine::Trace;

use super::source::Record;

pub const TRACEPARENT: &str = "traceparent";
pub const TRACESTATE: &str = "tracestate";

/// A `traceparent` is 55 bytes; anything much longer is none.
const PARENT_BYTES_MAX: usize = 64;
/// So much of a `tracestate` W3C asks everybody to carry; a longer one is left out, since no part of it may be cut.
const STATE_BYTES_MAX: usize = 512;

/// A trace context of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TraceHeaders {
    parent: String,
    state: String,
}

impl TraceHeaders {
    /// `None`: the record has none.
    pub fn of(record: &dyn Record) -> Option<TraceHeaders> {
        let mut found = TraceHeaders { parent: String::new(), state: String::new() };
        record.each_header(&mut |name, value| {
            let (text, bytes_max) = match name {
                TRACEPARENT => (&mut found.parent, PARENT_BYTES_MAX),
                TRACESTATE => (&mut found.state, STATE_BYTES_MAX),
                _ => return,
            };
            if let Some(read) = std::str::from_utf8(value).ok().filter(|read| read.len() <= bytes_max) {
                read.clone_into(text);
            }
        });
        Some(found).filter(|found| !found.parent.is_empty())
    }

    pub fn as_trace(&self) -> Trace<'_> {
        Trace { parent: &self.parent, state: &self.state }
    }
}

/// What a worker is to know of traces; nothing, where nobody draws any.
#[derive(Debug, Clone, Copy, Default)]
pub struct TraceRules {
    /// Trace contexts of its inputs that a transaction's report shall have.
    pub links_max: usize,
    /// Whether every span is drawn, so that what carries its context may say so.
    pub are_all_sampled: bool,
}

/// The span that will be drawn of a transaction if it commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnSpan {
    pub trace_id: u128,
    pub span_id: u64,
}

impl OwnSpan {
    /// Of a worker's life and its transactions in order: no two are the same. W3C allows neither id to be 0.
    fn new(nonce: u64, transaction: u64) -> OwnSpan {
        let name = [nonce.to_le_bytes(), transaction.to_le_bytes()].concat();
        OwnSpan { trace_id: xxh3_128(&name).max(1), span_id: xxh3_64(&name).max(1) }
    }
}

/// The trace contexts of a transaction's inputs, each once, and that of its own span.
#[derive(Debug, Default)]
pub struct TraceLinks {
    own: Option<(OwnSpan, TraceHeaders)>,
    /// So many are kept; 0: nobody wants any.
    max: usize,
    kept: BTreeSet<TraceHeaders>,
    left_out: u64,
}

impl TraceLinks {
    /// Of one transaction of this worker's life.
    pub fn new(rules: TraceRules, nonce: u64, transaction: u64) -> TraceLinks {
        let own = (rules.links_max > 0).then(|| {
            let span = OwnSpan::new(nonce, transaction);
            let parent = format!("00-{:032x}-{:016x}-{:02x}", span.trace_id, span.span_id, u8::from(rules.are_all_sampled));
            (span, TraceHeaders { parent, state: String::new() })
        });
        TraceLinks { own, max: rules.links_max, ..TraceLinks::default() }
    }

    pub fn own_span(&self) -> Option<OwnSpan> {
        self.own.as_ref().map(|(span, _)| *span)
    }

    /// For what has no trace context from its cause.
    pub fn own_trace(&self) -> Option<Trace<'_>> {
        self.own.as_ref().map(|(_, headers)| headers.as_trace())
    }

    pub fn note(&mut self, record: &dyn Record) {
        if self.max == 0 {
            return;
        }
        let Some(found) = TraceHeaders::of(record) else {
            return;
        };
        if self.kept.len() < self.max || self.kept.contains(&found) {
            self.kept.insert(found);
        } else {
            self.left_out += 1;
        }
    }

    pub fn kept(&self) -> impl Iterator<Item = Trace<'_>> {
        self.kept.iter().map(TraceHeaders::as_trace)
    }

    /// Records whose trace contexts found no room.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::memory::MemoryRecord;

    fn read(headers: &[(&str, &[u8])]) -> Option<TraceHeaders> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
        TraceHeaders::of(&MemoryRecord::new(0, None, None, None, headers))
    }

    #[test]
    fn a_state_needs_a_parent_and_what_is_too_long_is_left_out() {
        let (parent, state) = ([b'0'; PARENT_BYTES_MAX], [b'a'; STATE_BYTES_MAX]);
        let carried = |headers: &[(&str, &[u8])]| read(headers).map(|found| (found.parent.len(), found.state.len()));
        assert_eq!(carried(&[(TRACESTATE, &state), (TRACEPARENT, &parent), ("baggage", b"u=1")]), Some((64, 512)));
        assert_eq!(carried(&[(TRACEPARENT, &parent), (TRACESTATE, &[b'a'; STATE_BYTES_MAX + 1])]), Some((64, 0)));
        assert_eq!(carried(&[(TRACEPARENT, &[b'0'; PARENT_BYTES_MAX + 1]), (TRACESTATE, &state)]), None);
        assert_eq!(carried(&[(TRACESTATE, &state)]), None);
        assert_eq!(carried(&[(TRACEPARENT, b"\xff")]), None);
        assert_eq!(carried(&[]), None);
    }

    #[test]
    fn a_transaction_keeps_each_trace_once_and_counts_what_finds_no_room() {
        let note = |links: &mut TraceLinks, parent: &str| {
            let headers = vec![(TRACEPARENT.to_owned(), parent.as_bytes().to_vec())];
            links.note(&MemoryRecord::new(0, None, None, None, headers));
        };
        let mut links = TraceLinks::new(TraceRules { links_max: 2, are_all_sampled: true }, 7, 1);
        ["00-b", "00-a", "00-b", "00-c", "00-a", "00-c"].iter().for_each(|parent| note(&mut links, parent));
        let kept: Vec<&str> = links.kept().map(|trace| trace.parent).collect();
        assert_eq!((kept, links.left_out()), (vec!["00-a", "00-b"], 2));
        let mut unwanted = TraceLinks::default();
        note(&mut unwanted, "00-a");
        assert_eq!((unwanted.kept().count(), unwanted.left_out(), unwanted.own_trace()), (0, 0, None));
    }

    #[test]
    fn each_transaction_has_a_span_of_its_own_whose_context_says_whether_it_is_drawn() {
        let links = |are_all_sampled, nonce, transaction| TraceLinks::new(TraceRules { links_max: 1, are_all_sampled }, nonce, transaction);
        let mut seen = BTreeSet::new();
        for (nonce, transaction) in [(7, 1), (7, 2), (8, 1), (1, 7)] {
            let links = links(true, nonce, transaction);
            let span = links.own_span().unwrap();
            assert!(seen.insert(span.trace_id) && seen.insert(span.span_id.into()), "{nonce} {transaction}");
            let header = links.own_trace().unwrap().parent;
            assert_eq!(header, format!("00-{:032x}-{:016x}-01", span.trace_id, span.span_id));
            assert!(header.len() <= PARENT_BYTES_MAX);
        }
        assert!(links(false, 7, 1).own_trace().unwrap().parent.ends_with("-00"));
    }
}
