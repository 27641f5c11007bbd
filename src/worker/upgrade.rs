//! The word to a slot that it may write rows of a newer version from here on: a record among its events, without key and value.
//!
//! It is of the inputs so that it holds for whoever owns the slot, from one place in the slot's history on, and is done exactly once; an
//! event it is not, and versions that do not know it put it aside as a broken one. Who may say it, and when, is decided in `cli` (`state
//! upgrade`), which sends it; `turn` obeys.

use crate::engine::RowVersion;

use super::source::Record;

/// The header that makes the record; its value is the version in digits.
pub const VERSION: &str = "lifetide-row-version";
/// The header with the consumer group that is meant: others may read the same inputs.
pub const GROUP: &str = "lifetide-group";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Rows of this version may be written.
    Raise(RowVersion),
    ToOthers,
}

/// Whether a record can be a word at all. It has no time of its own.
pub fn may_be_word(record: &dyn Record) -> bool {
    record.key().is_none() && record.value().is_none()
}

/// What a record says to the slots of a group; `None`: it is no word, or of a version that is not known here.
pub fn word(record: &dyn Record, group: &str) -> Option<Word> {
    if !may_be_word(record) {
        return None;
    }
    let (mut version, mut is_ours) = (None, None);
    record.each_header(&mut |name, value| match name {
        VERSION => version = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok()),
        GROUP => is_ours = Some(value == group.as_bytes()),
        _ => {}
    });
    match (version?, is_ours?) {
        (_, false) => Some(Word::ToOthers),
        (version, true) => RowVersion::from_number(version).map(Word::Raise),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::memory::MemoryRecord;

    #[test]
    fn only_a_record_without_key_and_value_speaks_of_a_version_that_is_known_to_the_group_it_names() {
        let record = |key: Option<&[u8]>, value: Option<&[u8]>, headers: &[(&str, &str)]| {
            let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
            MemoryRecord::new(0, key, value, Some(0), headers.collect())
        };
        let newest = RowVersion::NEWEST;
        let (digits, newer) = (newest.to_string(), (newest.number() + 1).to_string());
        let ours = (GROUP, "shop");
        let said = |headers: &[(&str, &str)]| word(&record(None, None, headers), "shop");
        assert_eq!(said(&[(VERSION, &digits), ours]), Some(Word::Raise(newest)));
        assert_eq!(said(&[(GROUP, "trial"), (VERSION, &newer)]), Some(Word::ToOthers));
        for other in
            [&[(VERSION, digits.as_str())][..], &[ours], &[(VERSION, "0"), ours], &[(VERSION, &newer), ours], &[(VERSION, "two"), ours]]
        {
            assert_eq!(said(other), None, "{other:?}");
        }
        let whole = [(VERSION, digits.as_str()), ours];
        assert_eq!(word(&record(Some(b"u"), None, &whole), "shop"), None);
        assert_eq!(word(&record(None, Some(b""), &whole), "shop"), None);
    }
}
