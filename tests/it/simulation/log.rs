//! One partition as a broker keeps it: records and markers at consecutive offsets, the last stable offset, and a beginning that can be
//! deleted. Records of an open transaction pin the last stable offset; those of an aborted one stay in the log and are shown to nobody
//! who reads committed records. Used by `cluster` for every partition there is.

use std::collections::BTreeMap;

use lifetide::worker::source::Bounds;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open(usize),
    Visible,
    Aborted,
}

/// `value` is `None` for a marker, which takes an offset and is no record.
struct Entry<V> {
    fate: Fate,
    value: Option<V>,
}

pub struct Log<V> {
    entries: Vec<Entry<V>>,
    low: i64,
    /// First offset of each writer's open transaction.
    open: BTreeMap<usize, i64>,
}

impl<V> Default for Log<V> {
    fn default() -> Log<V> {
        Log { entries: Vec::new(), low: 0, open: BTreeMap::new() }
    }
}

impl<V> Log<V> {
    /// Appends a record, of a writer's open transaction or (`None`) of nobody's; `make` is told its offset.
    pub fn append(&mut self, writer: Option<usize>, make: impl FnOnce(i64) -> V) {
        let offset = self.entries.len() as i64;
        let fate = writer.map_or(Fate::Visible, Fate::Open);
        if let Some(writer) = writer {
            self.open.entry(writer).or_insert(offset);
        }
        self.entries.push(Entry { fate, value: Some(make(offset)) });
    }

    /// The marker that ends a writer's transaction here.
    pub fn mark(&mut self, writer: usize, commit: bool) {
        if let Some(first) = self.open.remove(&writer) {
            for entry in self.entries[first as usize..].iter_mut().filter(|entry| entry.fate == Fate::Open(writer)) {
                entry.fate = if commit { Fate::Visible } else { Fate::Aborted };
            }
        }
        self.entries.push(Entry { fate: Fate::Visible, value: None });
    }

    pub fn bounds(&self) -> Bounds {
        Bounds { low: self.low, high: self.entries.len() as i64 }
    }

    /// The last stable offset: where a reader of committed records is at the end.
    pub fn stable_end(&self) -> i64 {
        self.open.values().min().copied().unwrap_or(self.entries.len() as i64)
    }

    pub fn has_open_transactions(&self) -> bool {
        !self.open.is_empty()
    }

    /// DeleteRecords.
    pub fn trim(&mut self, before: i64) {
        self.low = self.low.max(before.min(self.entries.len() as i64));
    }

    /// Committed records from an offset on.
    pub fn committed(&self, from: i64) -> impl Iterator<Item = (i64, &V)> {
        let end = self.stable_end();
        self.all(from).filter(move |(offset, fate, _)| *offset < end && *fate == Fate::Visible).map(|(offset, _, value)| (offset, value))
    }

    /// Every committed record there ever was, the deleted ones, too: for whoever judges.
    pub fn history(&self) -> impl Iterator<Item = &V> {
        self.entries.iter().filter(|entry| entry.fate == Fate::Visible).filter_map(|entry| entry.value.as_ref())
    }

    /// What a reader sees who minds no transactions: for a control.
    pub fn uncommitted(&self, from: i64) -> impl Iterator<Item = (i64, &V)> {
        self.all(from).map(|(offset, _, value)| (offset, value))
    }

    fn all(&self, from: i64) -> impl Iterator<Item = (i64, Fate, &V)> {
        let first = from.max(self.low).max(0) as usize;
        let entries = self.entries.iter().enumerate().skip(first);
        entries.filter_map(|(offset, entry)| Some((offset as i64, entry.fate, entry.value.as_ref()?)))
    }
}

#[test]
fn an_open_transaction_hides_what_follows_and_an_aborted_one_only_itself() {
    let mut log = Log::default();
    let seen = |log: &Log<&'static str>| log.committed(0).map(|(_, value)| *value).collect::<Vec<_>>();
    log.append(None, |_| "a");
    log.append(Some(1), |_| "b");
    log.append(Some(2), |_| "c");
    log.append(None, |_| "d");
    log.mark(2, true);
    assert_eq!((seen(&log), log.stable_end(), log.bounds().high), (vec!["a"], 1, 5));
    log.mark(1, false);
    assert_eq!((seen(&log), log.stable_end()), (vec!["a", "c", "d"], 6));
    log.trim(3);
    assert_eq!((seen(&log), log.bounds().low), (vec!["d"], 3));
    assert_eq!(log.history().copied().collect::<Vec<_>>(), ["a", "c", "d"]);
}
