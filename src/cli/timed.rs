//! A transaction that also says how long its parts take. It passes everything on unchanged; the worker, which knows no clock, does not
//! notice. Called by `run` and `demo`, which wrap the Kafka producer in it.

use crate::clock;
use crate::metrics::Phase;
use crate::worker::source::Claim;
use crate::worker::transaction::{Outgoing, OutputTopic, Position, Transaction, TransactionError};

use super::observer::Phases;

/// Durations kept between two reports; more than a step can make.
const PHASES_MAX: usize = 64;

pub struct Timed<T> {
    inner: T,
    phases: Phases,
}

impl<T: Transaction> Timed<T> {
    pub fn new(inner: T, phases: Phases) -> Timed<T> {
        Timed { inner, phases }
    }

    fn time<R>(&mut self, phase: Phase, call: impl FnOnce(&mut T) -> R) -> R {
        let began_us = clock::monotonic_us();
        let result = call(&mut self.inner);
        let mut phases = self.phases.borrow_mut();
        if phases.len() < PHASES_MAX {
            phases.push((phase, clock::monotonic_us() - began_us));
        }
        result
    }
}

impl<T: Transaction> Transaction for Timed<T> {
    fn writer(&self) -> &str {
        self.inner.writer()
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        self.time(Phase::Begin, T::begin)
    }

    fn send(&mut self, record: &Outgoing<'_>) -> Result<(), TransactionError> {
        self.inner.send(record)
    }

    fn commit(&mut self, positions: &[Position], claim: &Claim) -> Result<(), TransactionError> {
        self.time(Phase::Commit, |inner| inner.commit(positions, claim))
    }

    fn abort(&mut self) -> Result<(), TransactionError> {
        self.time(Phase::Abort, T::abort)
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
