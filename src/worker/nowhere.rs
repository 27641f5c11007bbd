//! A transaction that goes nowhere: every record is shown to who made it and forgotten, every commit holds.
//!
//! For work whose records were said before, or that is only to be timed. Called by `offline` (`state rebuild`) and the benchmarks.

use super::source::Claim;
use super::transaction::{Outgoing, OutputTopic, Position, Transaction, TransactionError};

/// The name it writes under, and who sees the records.
pub struct Nowhere<F>(pub &'static str, pub F);

impl<F: FnMut(&Outgoing<'_>)> Transaction for Nowhere<F> {
    fn writer(&self) -> &str {
        self.0
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        Ok(())
    }

    fn send(&mut self, record: &Outgoing<'_>) -> Result<(), TransactionError> {
        (self.1)(record);
        Ok(())
    }

    fn commit(&mut self, _positions: &[Position], _claim: &Claim) -> Result<(), TransactionError> {
        Ok(())
    }

    fn abort(&mut self) -> Result<(), TransactionError> {
        Ok(())
    }

    fn renew(&mut self) -> Result<(), TransactionError> {
        Ok(())
    }

    fn fence(&mut self, _writer: &str) -> Result<(), TransactionError> {
        Ok(())
    }

    fn trim(&mut self, _topic: OutputTopic, _slot: u32, _before: i64) -> Result<(), TransactionError> {
        Ok(())
    }
}
