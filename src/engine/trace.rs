//! The W3C trace context of an event, which the records that follow from it carry on as it came.
//!
//! Nothing here makes it, reads it or checks it: what it says is between whoever wrote it and whoever reads it next. Made by `worker` from a record's
//! headers; carried by `scene`, `relay` and `outputs`.

/// What a record's headers `traceparent` and `tracestate` say. The second says nothing without the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace<'a> {
    /// Never empty.
    pub parent: &'a str,
    /// Empty: there is none.
    pub state: &'a str,
}
