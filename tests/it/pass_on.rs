//! The calls of the worker's two seams that a wrapper leaves as they are: it names them and writes only those it changes.
//!
//! It passes on to a field `inner` and does nothing else. Used by the tests that put a worker's `Source` or `Transaction` in the way of harm.

/// In an `impl Transaction` or `impl Source`: the calls named go to `self.inner`.
macro_rules! pass_on {
    ($($call:ident),+ $(,)?) => { $( $crate::pass_on::pass_on!(@ $call); )+ };

    (@ writer) => { fn writer(&self) -> &str { self.inner.writer() } };
    (@ begin) => { $crate::pass_on::pass_on!(= begin() lifetide::worker::transaction::TransactionError); };
    (@ abort) => { $crate::pass_on::pass_on!(= abort() lifetide::worker::transaction::TransactionError); };
    (@ renew) => { $crate::pass_on::pass_on!(= renew() lifetide::worker::transaction::TransactionError); };
    (@ fence) => { $crate::pass_on::pass_on!(= fence(writer: &str) lifetide::worker::transaction::TransactionError); };
    (@ trim) => { $crate::pass_on::pass_on!(= trim(topic: lifetide::worker::transaction::OutputTopic, slot: u32, before: i64) lifetide::worker::transaction::TransactionError); };
    (@ send) => {
        $crate::pass_on::pass_on!(= send(record: &lifetide::worker::transaction::Outgoing<'_>) lifetide::worker::transaction::TransactionError);
    };

    (@ membership) => {
        fn membership(&mut self) -> Result<Vec<lifetide::worker::source::Membership>, lifetide::worker::source::SourceError> {
            self.inner.membership()
        }
    };
    (@ wait) => { fn wait(&mut self, longest: std::time::Duration) { self.inner.wait(longest); } };
    (@ take) => {
        fn take(
            &mut self,
            input: lifetide::worker::source::Input,
            most: usize,
            into: &mut std::collections::VecDeque<lifetide::worker::source::Arrival<Self::Record>>,
        ) -> Result<(), lifetide::worker::source::SourceError> {
            self.inner.take(input, most, into)
        }
    };
    (@ start) => { $crate::pass_on::pass_on!(= start(slot: u32, offsets: &[i64]) lifetide::worker::source::SourceError); };
    (@ claim) => {
        fn claim(&mut self) -> Result<lifetide::worker::source::Claim, lifetide::worker::source::SourceError> { self.inner.claim() }
    };
    (@ committed) => {
        fn committed(
            &mut self,
            slot: u32,
        ) -> Result<lifetide::worker::source::CommittedOffsets, lifetide::worker::source::SourceError> {
            self.inner.committed(slot)
        }
    };
    (@ bounds) => {
        fn input_bounds(
            &mut self,
            input: lifetide::worker::source::Input,
        ) -> Result<lifetide::worker::source::Bounds, lifetide::worker::source::SourceError> {
            self.inner.input_bounds(input)
        }

        fn changelog_bounds(
            &mut self,
            slot: u32,
        ) -> Result<lifetide::worker::source::Bounds, lifetide::worker::source::SourceError> {
            self.inner.changelog_bounds(slot)
        }
    };
    (@ changelog) => {
        $crate::pass_on::pass_on!(= open_changelog(slot: u32, from: i64) lifetide::worker::source::SourceError);

        fn read_changelog(
            &mut self,
            slot: u32,
            most_bytes: usize,
            into: &mut Vec<lifetide::worker::source::LogEntry>,
        ) -> Result<lifetide::worker::source::LogRead, lifetide::worker::source::SourceError> {
            self.inner.read_changelog(slot, most_bytes, into)
        }

        fn close_changelog(&mut self, slot: u32) {
            self.inner.close_changelog(slot);
        }
    };

    (= $call:ident($($name:ident: $kind:ty),*) $error:ty) => {
        fn $call(&mut self $(, $name: $kind)*) -> Result<(), $error> { self.inner.$call($($name),*) }
    };
}
pub(crate) use pass_on;
