//! What went wrong in a transaction call, and what it means.
//!
//! `Failure` is librdkafka's error object as plain data; `before_commit` and `of_commit` sort it into the kinds of the worker's seam.
//! Pure but for `check`, which takes the C object over. Used by `producer` and `consumer`.

use std::ffi::CStr;

use rdkafka::error::RDKafkaErrorCode;
use rdkafka_sys as sys;

use super::client::is_unauthorized;
use crate::worker::transaction::TransactionError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub code: RDKafkaErrorCode,
    pub text: String,
    pub fatal: bool,
    pub requires_abort: bool,
    pub retriable: bool,
}

/// What to do about a failed call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The same call again: librdkafka goes on where it stopped.
    Again,
    Give(TransactionError),
}

impl Failure {
    /// Takes the result of a transaction call over.
    ///
    /// # Safety
    /// `error` is null or an error object that nobody else destroys.
    pub unsafe fn check(error: *mut sys::rd_kafka_error_t) -> Result<(), Failure> {
        if error.is_null() {
            return Ok(());
        }
        // SAFETY: a live error object, destroyed once, after its text has been copied.
        unsafe {
            let failure = Failure {
                code: RDKafkaErrorCode::from(sys::rd_kafka_error_code(error)),
                text: CStr::from_ptr(sys::rd_kafka_error_string(error)).to_string_lossy().into_owned(),
                fatal: sys::rd_kafka_error_is_fatal(error) != 0,
                requires_abort: sys::rd_kafka_error_txn_requires_abort(error) != 0,
                retriable: sys::rd_kafka_error_is_retriable(error) != 0,
            };
            sys::rd_kafka_error_destroy(error);
            Err(failure)
        }
    }

    /// Of a call before `commit_transaction`: nothing has been committed.
    pub fn before_commit(&self) -> Verdict {
        let text = self.text.clone();
        Verdict::Give(if is_unauthorized(self.code) {
            TransactionError::Refused(text)
        } else if is_fenced(self.code) {
            TransactionError::Fenced(text)
        } else if self.fatal {
            TransactionError::Renew(text)
        } else if self.requires_abort {
            TransactionError::Abort(text)
        } else if self.retriable {
            return Verdict::Again;
        } else {
            TransactionError::Renew(text)
        })
    }

    /// Of `commit_transaction` itself. `undelivered`: a record of this transaction is known to have failed; then librdkafka has not asked
    /// for the commit, because it does so only after all records have arrived.
    pub fn of_commit(&self, undelivered: Option<TransactionError>) -> Verdict {
        match undelivered {
            Some(error) if self.requires_abort && !self.fatal => Verdict::Give(error),
            // the coordinator was never asked for the commit: only partitions and offsets are denied so
            _ if is_unauthorized(self.code) => Verdict::Give(TransactionError::Refused(self.text.clone())),
            _ if self.retriable && !self.fatal && !self.requires_abort => Verdict::Again,
            _ => Verdict::Give(TransactionError::Unknown(self.text.clone())),
        }
    }
}

/// Somebody else has our transactional id or our place in the group.
pub(super) fn is_fenced(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::Fenced
            | RDKafkaErrorCode::ProducerFenced
            | RDKafkaErrorCode::InvalidProducerEpoch
            | RDKafkaErrorCode::IllegalGeneration
            | RDKafkaErrorCode::UnknownMemberId
            | RDKafkaErrorCode::FencedInstanceId
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: RDKafkaErrorCode, flags: &str) -> Failure {
        Failure {
            code,
            text: "t".to_owned(),
            fatal: flags.contains('f'),
            requires_abort: flags.contains('a'),
            retriable: flags.contains('r'),
        }
    }

    #[test]
    fn a_failure_before_the_commit_leaves_nothing_in_doubt() {
        let renew = || Verdict::Give(TransactionError::Renew("t".to_owned()));
        let abort = || Verdict::Give(TransactionError::Abort("t".to_owned()));
        let fenced = || Verdict::Give(TransactionError::Fenced("t".to_owned()));
        let cases = [
            (RDKafkaErrorCode::Fenced, "f", fenced()),
            (RDKafkaErrorCode::ProducerFenced, "fa", fenced()),
            (RDKafkaErrorCode::IllegalGeneration, "a", fenced()),
            (RDKafkaErrorCode::IllegalGeneration, "ar", fenced()),
            (RDKafkaErrorCode::Inconsistent, "f", renew()),
            (RDKafkaErrorCode::Inconsistent, "a", abort()),
            (RDKafkaErrorCode::OperationTimedOut, "r", Verdict::Again),
            (RDKafkaErrorCode::State, "", renew()),
            (RDKafkaErrorCode::GroupAuthorizationFailed, "a", Verdict::Give(TransactionError::Refused("t".to_owned()))),
        ];
        for (code, flags, expected) in cases {
            assert_eq!(failure(code, flags).before_commit(), expected, "{code:?} {flags}");
        }
    }

    #[test]
    fn a_failed_commit_is_in_doubt_unless_a_record_failed() {
        let unknown = || Verdict::Give(TransactionError::Unknown("t".to_owned()));
        let undelivered = || Some(TransactionError::Abort("too large".to_owned()));
        let cases = [
            ("f", None, unknown()),
            ("a", None, unknown()),
            ("", None, unknown()),
            ("r", None, Verdict::Again),
            ("r", undelivered(), Verdict::Again),
            ("a", undelivered(), Verdict::Give(TransactionError::Abort("too large".to_owned()))),
            ("fa", undelivered(), unknown()),
        ];
        for (flags, undelivered, expected) in cases {
            assert_eq!(failure(RDKafkaErrorCode::Inconsistent, flags).of_commit(undelivered), expected, "{flags}");
        }
        let denied = Verdict::Give(TransactionError::Refused("t".to_owned()));
        assert_eq!(failure(RDKafkaErrorCode::TopicAuthorizationFailed, "a").of_commit(None), denied);
    }
}
