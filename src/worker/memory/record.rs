//! A record of the log in memory. Called by `memory` and by tests that make records by hand.
//!
//! Clones share the bytes, so that delivering a record again costs nothing.

use std::rc::Rc;

use crate::worker::source::Record;

/// A record in memory; clones share it.
#[derive(Debug, Clone)]
pub struct MemoryRecord(Rc<Stored>);

#[derive(Debug)]
struct Stored {
    offset: i64,
    key: Option<Box<[u8]>>,
    value: Option<Box<[u8]>>,
    timestamp_ms: Option<i64>,
    headers: Vec<(String, Vec<u8>)>,
}

impl MemoryRecord {
    pub fn new(
        offset: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        timestamp_ms: Option<i64>,
        headers: Vec<(String, Vec<u8>)>,
    ) -> MemoryRecord {
        let (key, value) = (key.map(Box::from), value.map(Box::from));
        MemoryRecord(Rc::new(Stored { offset, key, value, timestamp_ms, headers }))
    }
}

impl Record for MemoryRecord {
    fn key(&self) -> Option<&[u8]> {
        self.0.key.as_deref()
    }

    fn value(&self) -> Option<&[u8]> {
        self.0.value.as_deref()
    }

    fn timestamp_ms(&self) -> Option<i64> {
        self.0.timestamp_ms
    }

    fn offset(&self) -> i64 {
        self.0.offset
    }

    fn each_header(&self, visit: &mut dyn FnMut(&str, &[u8])) {
        self.0.headers.iter().for_each(|(name, value)| visit(name, value));
    }
}
