//! The word to a slot that it may write rows of a newer version from here on: a record among its events, without key and value.
//!
//! It is of the inputs so that it holds for whoever owns the slot, from one place in the slot's history on, and is done exactly once; an
//! event it is not, and versions that do not know it put it aside as a broken one. Who may say it, and when, is decided in `cli` (`state
//! upgrade`), which sends it; `turn` obeys.

use crate::engine::RowVersion;

use super::source::Record;

/// The header that makes the record; its value is the version in digits.
pub const HEADER: &str = "lifetide-row-version";

/// What a record allows; `None`: it is no such word, or of a version that is not known here.
pub fn allowed(record: &dyn Record) -> Option<RowVersion> {
    if record.key().is_some() || record.value().is_some() {
        return None;
    }
    let mut version = None;
    record.each_header(&mut |name, value| {
        if name == HEADER {
            version = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok()).and_then(RowVersion::from_number);
        }
    });
    version
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::memory::MemoryRecord;

    #[test]
    fn only_a_record_without_key_and_value_speaks_of_a_version_that_is_known() {
        let record = |key: Option<&[u8]>, value: Option<&[u8]>, name: &str, version: &str| {
            MemoryRecord::new(0, key, value, Some(0), vec![(name.to_owned(), version.as_bytes().to_vec())])
        };
        let newest = RowVersion::NEWEST;
        let digits = newest.to_string();
        assert_eq!(allowed(&record(None, None, HEADER, &digits)), Some(newest));
        for other in [
            record(Some(b"u"), None, HEADER, &digits),
            record(None, Some(b""), HEADER, &digits),
            record(None, None, "traceparent", &digits),
            record(None, None, HEADER, "0"),
            record(None, None, HEADER, &(newest.number() + 1).to_string()),
            record(None, None, HEADER, "two"),
            record(None, None, HEADER, ""),
        ] {
            assert_eq!(allowed(&other), None, "{other:?}");
        }
    }
}
