//! The trace context of a record: its headers on the way in, and on the way out again.
//!
//! It is carried, never made: a record without one leads to records without one. What is no trace context by its length is left out, and
//! nothing else is checked. Called by `taking`, `message` and `outgoing`.

use crate::engine::Trace;

use super::source::Record;

pub const TRACEPARENT: &str = "traceparent";
pub const TRACESTATE: &str = "tracestate";

/// A `traceparent` is 55 bytes; anything much longer is none.
const PARENT_BYTES_MAX: usize = 64;
/// So much of a `tracestate` W3C asks everybody to carry; a longer one is left out, since no part of it may be cut.
const STATE_BYTES_MAX: usize = 512;

/// A trace context of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}
