//! How much of a changelog a restore has read and still has to read, as plain numbers.
//!
//! Offsets are counted, so markers of transactions count as records: an upper bound, exact enough for people who wait. What lies ahead has
//! not been seen, so its bytes are estimated from those read. It reads nothing and decides nothing. Used by `recovery` and `standby`.

use super::source::LogEntry;

#[derive(Debug, Clone)]
pub struct Distance {
    start: i64,
    next: i64,
    /// The log's end as of the beginning; the wanted state lies before it.
    end: i64,
    /// All that is committed has been read: what lies ahead are markers, or a transaction that is open.
    is_at_end: bool,
    pub records: u64,
    pub bytes: u64,
}

impl Distance {
    pub fn new(start: i64, end: i64) -> Distance {
        Distance { start, next: start, end, is_at_end: false, records: 0, bytes: 0 }
    }

    /// Where the next record may be.
    pub fn next(&self) -> i64 {
        self.next
    }

    pub fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// The reader has met the end of what is committed.
    pub fn arrive(&mut self) {
        self.is_at_end = true;
    }

    /// The log's end as of now.
    pub fn extend(&mut self, end: i64) {
        self.end = end;
    }

    /// Takes note of the next records of the log.
    pub fn pass(&mut self, entries: &[LogEntry]) {
        self.is_at_end &= entries.is_empty();
        self.records += entries.len() as u64;
        self.bytes += entries.iter().map(|entry| entry.value.len() as u64).sum::<u64>();
        self.next = entries.last().map_or(self.next, |entry| entry.offset + 1);
    }

    pub fn remaining_records(&self) -> u64 {
        if self.is_at_end { 0 } else { self.end.saturating_sub(self.next).max(0) as u64 }
    }

    /// 0 as long as nothing has been read to estimate from.
    pub fn remaining_bytes(&self) -> u64 {
        let passed = self.next.saturating_sub(self.start).max(1) as u128;
        let estimate = u128::from(self.bytes) * u128::from(self.remaining_records()) / passed;
        u64::try_from(estimate).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(offset: i64, bytes: usize) -> LogEntry {
        LogEntry { offset, value: vec![0; bytes] }
    }

    #[test]
    fn who_has_met_the_end_has_nothing_left_until_more_comes() {
        let mut distance = Distance::new(0, 10);
        distance.pass(&[entry(7, 100)]);
        distance.arrive();
        distance.extend(12);
        assert_eq!((distance.remaining_records(), distance.next()), (0, 8), "what lies ahead are markers");
        distance.pass(&[entry(10, 100)]);
        assert_eq!(distance.remaining_records(), 1);
    }

    #[test]
    fn what_remains_is_counted_in_offsets_and_estimated_in_bytes() {
        let mut distance = Distance::new(100, 120);
        assert_eq!((distance.remaining_records(), distance.remaining_bytes()), (20, 0));
        // every other offset is a marker
        distance.pass(&[entry(100, 600), entry(102, 200), entry(104, 200)]);
        assert_eq!((distance.records, distance.bytes), (3, 1_000));
        assert_eq!((distance.remaining_records(), distance.remaining_bytes()), (15, 3_000));
        distance.pass(&[]);
        assert_eq!(distance.remaining_records(), 15);
        distance.pass(&[entry(121, 9)]);
        assert_eq!((distance.remaining_records(), distance.remaining_bytes()), (0, 0), "the log may have grown meanwhile");
    }
}
