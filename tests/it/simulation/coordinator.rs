//! The transaction coordinator: who may write under a transactional id, which partitions a transaction has touched, and its end.
//!
//! `init` ends what the id left open and raises the epoch: whoever still holds an older one is fenced. The end is decided here at once; its
//! markers reach the partitions one by one, later. A transaction that lasts too long is aborted and its writer fenced. An EndTxn may be on
//! its way while its sender has given up waiting (`late`). Called by `cluster`.

use std::collections::BTreeSet;

use lifetide::worker::transaction::OutputTopic;

/// As lifetide sets it: below the session's, so that a dead owner's transaction ends before its slots move.
const TRANSACTION_TIMEOUT_MS: u64 = 8_000;
/// Brokers look for transactions that last too long this often.
const SCAN_MS: u64 = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Output(OutputTopic, u32),
    /// The group's offsets: one partition of a topic of the broker's own.
    Offsets,
}

/// The end of a transaction on its way to one partition.
#[derive(Debug, Clone, Copy)]
pub struct Marker {
    pub due_ms: u64,
    pub writer: usize,
    pub place: Place,
    pub commit: bool,
}

/// A commit on its way whose sender waits no more.
#[derive(Debug, Clone, Copy)]
struct LateEnd {
    due_ms: u64,
    pass: Pass,
}

/// What a producer shows with each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    pub writer: usize,
    pub epoch: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fenced;

struct Writer {
    name: String,
    epoch: u64,
    since_ms: u64,
    places: BTreeSet<Place>,
}

impl Writer {
    /// When the open transaction is found to have lasted too long.
    fn timed_out_ms(&self) -> Option<u64> {
        let late_ms = self.since_ms + TRANSACTION_TIMEOUT_MS;
        (!self.places.is_empty()).then(|| late_ms.next_multiple_of(SCAN_MS))
    }
}

#[derive(Default)]
pub struct Coordinator {
    writers: Vec<Writer>,
    markers: Vec<Marker>,
    late: Vec<LateEnd>,
    /// For a control: epochs are not looked at.
    pub ignores_epochs: bool,
}

impl Coordinator {
    /// InitProducerId: on return the id's former transaction has been decided; its markers are due now.
    pub fn init(&mut self, name: &str, now_ms: u64) -> Pass {
        let writer = self.writers.iter().position(|known| known.name == name).unwrap_or_else(|| {
            self.writers.push(Writer { name: name.to_owned(), epoch: 0, since_ms: 0, places: BTreeSet::new() });
            self.writers.len() - 1
        });
        self.decide(writer, false, |_| now_ms);
        self.hurry(writer, now_ms);
        self.writers[writer].epoch += 1;
        Pass { writer, epoch: self.writers[writer].epoch }
    }

    /// AddPartitionsToTxn, AddOffsetsToTxn: begins the transaction if none is open.
    pub fn add(&mut self, pass: Pass, place: Place, now_ms: u64) -> Result<(), Fenced> {
        self.check(pass)?;
        let writer = &mut self.writers[pass.writer];
        if writer.places.is_empty() {
            writer.since_ms = now_ms;
        }
        writer.places.insert(place);
        Ok(())
    }

    /// EndTxn; `due_ms` says when a place gets its marker.
    pub fn end(&mut self, pass: Pass, commit: bool, due_ms: impl FnMut(Place) -> u64) -> Result<(), Fenced> {
        self.check(pass)?;
        self.decide(pass.writer, commit, due_ms);
        Ok(())
    }

    /// A commit that will arrive when nobody waits for it any more.
    pub fn end_later(&mut self, pass: Pass, due_ms: u64) {
        self.late.push(LateEnd { due_ms, pass });
    }

    /// The last transaction's markers need no more waiting: its writer asks for the next one.
    pub fn hurry(&mut self, writer: usize, now_ms: u64) {
        self.markers.iter_mut().filter(|marker| marker.writer == writer).for_each(|marker| marker.due_ms = marker.due_ms.min(now_ms));
    }

    /// What has come due by now, in order of the moment.
    pub fn due(&mut self, now_ms: u64) -> Vec<Marker> {
        for writer in 0..self.writers.len() {
            let open = &self.writers[writer];
            if open.timed_out_ms().is_some_and(|at_ms| now_ms >= at_ms) {
                self.decide(writer, false, |_| now_ms);
                self.writers[writer].epoch += 1;
            }
        }
        for late in self.late.extract_if(.., |late| late.due_ms <= now_ms).collect::<Vec<_>>() {
            // a fenced one is refused, and nobody reads the refusal
            let _ = self.end(late.pass, true, |_| now_ms);
        }
        let mut due: Vec<Marker> = self.markers.extract_if(.., |marker| marker.due_ms <= now_ms).collect();
        due.sort_by_key(|marker| marker.due_ms);
        due
    }

    /// When something happens here by itself.
    pub fn next_ms(&self) -> Option<u64> {
        let open = self.writers.iter().filter_map(Writer::timed_out_ms);
        let markers = self.markers.iter().map(|marker| marker.due_ms);
        open.chain(markers).chain(self.late.iter().map(|late| late.due_ms)).min()
    }

    /// No transaction is open or on its way to its end.
    pub fn is_idle(&self) -> bool {
        self.markers.is_empty() && self.writers.iter().all(|writer| writer.places.is_empty())
    }

    fn check(&self, pass: Pass) -> Result<(), Fenced> {
        if pass.epoch == self.writers[pass.writer].epoch || self.ignores_epochs { Ok(()) } else { Err(Fenced) }
    }

    fn decide(&mut self, writer: usize, commit: bool, mut due_ms: impl FnMut(Place) -> u64) {
        for place in std::mem::take(&mut self.writers[writer].places) {
            self.markers.push(Marker { due_ms: due_ms(place), writer, place, commit });
        }
    }
}
