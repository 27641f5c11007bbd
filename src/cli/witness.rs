//! A transaction that also remembers what was decided in it, and says so once it is committed. It passes everything on unchanged; the worker
//! does not notice. What a commit of unknown outcome held is not told. Called by `run` and `demo`, which wrap the Kafka producer in it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::http::{Decision, Decisions};
use crate::worker::source::Claim;
use crate::worker::transaction::{Outgoing, OutputTopic, Position, Transaction, TransactionError};

pub struct Witness<T> {
    inner: T,
    decisions: Arc<Decisions>,
    /// Of the open transaction: the latest, at most as many as are kept.
    seen: VecDeque<Decision>,
    /// Customers whose value is a tombstone: they are erased, or have become somebody else.
    gone: BTreeSet<String>,
}

impl<T: Transaction> Witness<T> {
    pub fn new(inner: T, decisions: Arc<Decisions>) -> Witness<T> {
        Witness { inner, decisions, seen: VecDeque::new(), gone: BTreeSet::new() }
    }

    fn see(&mut self, record: &Outgoing<'_>) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (topic, key) = match (record.topic, record.key) {
            (OutputTopic::Transitions, Some(key)) => ("transitions", key),
            (OutputTopic::Actions, Some(key)) => ("actions", key),
            (OutputTopic::Clv, Some(key)) if record.value.is_none() => {
                self.gone.insert(text(key));
                return;
            }
            _ => return,
        };
        let Some(value) = record.value else { return };
        if self.seen.len() >= self.decisions.most() {
            self.seen.pop_front();
        }
        self.seen.push_back(Decision { customer_id: text(key), topic, value: text(value) });
    }

    fn forget(&mut self) {
        self.seen.clear();
        self.gone.clear();
    }
}

impl<T: Transaction> Transaction for Witness<T> {
    fn writer(&self) -> &str {
        self.inner.writer()
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        self.forget();
        self.inner.begin()
    }

    fn send(&mut self, record: &Outgoing<'_>) -> Result<(), TransactionError> {
        if self.decisions.most() > 0 {
            self.see(record);
        }
        self.inner.send(record)
    }

    fn commit(&mut self, positions: &[Position], claim: &Claim) -> Result<(), TransactionError> {
        let outcome = self.inner.commit(positions, claim);
        if outcome.is_err() {
            self.seen.clear();
        }
        if !self.seen.is_empty() || !self.gone.is_empty() {
            // who may have gone is forgotten whatever became of the commit
            self.decisions.publish(self.seen.drain(..), &self.gone);
            self.gone.clear();
        }
        outcome
    }

    fn abort(&mut self) -> Result<(), TransactionError> {
        self.forget();
        self.inner.abort()
    }

    fn renew(&mut self) -> Result<(), TransactionError> {
        self.inner.renew()
    }

    fn fence(&mut self, writer: &str) -> Result<(), TransactionError> {
        self.inner.fence(writer)
    }

    fn trim(&mut self, topic: OutputTopic, slot: u32, before: i64) -> Result<(), TransactionError> {
        self.inner.trim(topic, slot, before)
    }
}
