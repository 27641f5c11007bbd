//! How much of a changelog a restore has read and still has to read, as plain numbers.
//!
//! Offsets are counted, so markers of transactions count as records: an upper bound, exact enough for people who wait. What lies ahead has
//! not been seen, so its bytes are estimated from those read. It reads nothing and decides nothing. Used by `recovery`.

use super::source::LogEntry;

#[derive(Debug, Clone)]
pub struct Distance {
    start: i64,
    next: i64,
    /// The log's end as of the beginning; the wanted state lies before it.
    end: i64,
    pub records: u64,
    pub bytes: u64,
}

impl Distance {
    pub fn new(start: i64, end: i64) -> Distance {
        Distance { start, next: start, end, records: 0, bytes: 0 }
    }

    /// Takes note of the next records of the log.
    pub fn pass(&mut self, entries: &[LogEntry]) {
        self.records += entries.len() as u64;
        self.bytes += entries.iter().map(|entry| entry.value.len() as u64).sum::<u64>();
        self.next = entries.last().map_or(self.next, |entry| entry.offset + 1);
    }

    pub fn remaining_records(&self) -> u64 {
        self.end.saturating_sub(self.next).max(0) as u64
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
