//! A sketch: how often which durations came, in bins of an eighth of their power of two, from which any quantile can be read off.
//!
//! Bins are as log-linear histograms have them (H. Hartmann and T. Schlossnagle, "Circllhist", 2020, section 2, there by tens; HdrHistogram
//! by powers of two, as here), so sketches add up bin by bin, in any order, and all of it is whole numbers. What is read off is the middle
//! of a bin and differs by at most a sixteenth. It knows no cell. Used by `cell`.

use crate::engine::row::RowError;
use crate::engine::row::bytes::{Reader, put_u64};

/// Bins of a power of two: their number, as a power of two itself.
const SPLIT_BITS: u32 = 3;
const SPLIT: u64 = 1 << SPLIT_BITS;
/// The bin of the longest duration there is (2^63 ms). So many bins a sketch can have at most; durations up to ten years fill 285.
const BIN_MAX: u16 = bin_of(i64::MAX as u64);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sketch {
    /// In order, none of them empty.
    bins: Vec<(u16, u64)>,
}

/// Durations from `from_ms` on and below `below_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SketchBin {
    pub from_ms: u64,
    pub below_ms: u64,
    pub count: u64,
}

impl Sketch {
    /// Counts a duration; what is negative counts as none.
    pub fn add(&mut self, duration_ms: i64) {
        self.put(bin_of(duration_ms.max(0) as u64), 1);
    }

    /// Of durations by where their bin begins, and how many they are.
    pub fn of_bins(bins: impl Iterator<Item = (u64, u64)>) -> Sketch {
        let mut sketch = Sketch::default();
        bins.filter(|(_, count)| *count > 0).for_each(|(from_ms, count)| sketch.put(bin_of(from_ms.min(i64::MAX as u64)), count));
        sketch
    }

    /// Adds another.
    pub fn unite(&mut self, other: &Sketch) {
        for (bin, count) in &other.bins {
            self.put(*bin, *count);
        }
    }

    fn put(&mut self, bin: u16, more: u64) {
        match self.bins.binary_search_by_key(&bin, |(bin, _)| *bin) {
            Ok(place) => self.bins[place].1 = self.bins[place].1.saturating_add(more),
            Err(place) => self.bins.insert(place, (bin, more)),
        }
    }

    /// Durations counted.
    pub fn count(&self) -> u64 {
        self.bins.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// The duration that so many percent do not exceed (nearest rank), as the middle of its bin; `None` of nothing.
    pub fn percentile_ms(&self, percent: u64) -> Option<u64> {
        let rank = (u128::from(self.count()) * u128::from(percent)).div_ceil(100).max(1);
        let mut seen = 0_u128;
        self.bins().find_map(|bin| {
            seen += u128::from(bin.count);
            (seen >= rank).then_some(bin.from_ms + (bin.below_ms - bin.from_ms) / 2)
        })
    }

    pub fn bins(&self) -> impl Iterator<Item = SketchBin> {
        self.bins.iter().map(|(bin, count)| SketchBin { from_ms: from_ms(*bin), below_ms: from_ms(*bin + 1), count: *count })
    }

    /// Bins and counts as pairs of variable-length numbers; a bin as its distance to the one before.
    pub fn write(&self, row: &mut Vec<u8>) {
        let mut last = 0;
        for (bin, count) in &self.bins {
            put_u64(row, u64::from(bin - last));
            put_u64(row, *count);
            last = *bin;
        }
    }

    pub fn read(bytes: &[u8]) -> Result<Sketch, RowError> {
        let (mut reader, mut bins) = (Reader::new(bytes), Vec::<(u16, u64)>::new());
        while !reader.is_empty() {
            let (distance, count) = (reader.u64()?, reader.u64()?);
            let last = bins.last().map(|(bin, _)| u64::from(*bin));
            let bin = last.unwrap_or(0).checked_add(distance).filter(|bin| *bin <= u64::from(BIN_MAX));
            let bin = bin.filter(|bin| count > 0 && last.is_none_or(|last| last < *bin)).ok_or(RowError::Malformed("sketch"))?;
            bins.push((bin as u16, count));
        }
        Ok(Sketch { bins })
    }
}

const fn bin_of(duration_ms: u64) -> u16 {
    if duration_ms < SPLIT {
        return duration_ms as u16;
    }
    let shift = duration_ms.ilog2() - SPLIT_BITS;
    ((shift as u64 + 1) * SPLIT + (duration_ms >> shift) % SPLIT) as u16
}

/// Where a bin begins.
const fn from_ms(bin: u16) -> u64 {
    let (power, part) = (bin as u64 / SPLIT, bin as u64 % SPLIT);
    if power == 0 { part } else { (SPLIT + part) << (power - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sketch(durations: &[i64]) -> Sketch {
        let mut sketch = Sketch::default();
        durations.iter().for_each(|duration| sketch.add(*duration));
        sketch
    }

    proptest! {
        #[test]
        fn a_percentile_is_that_of_the_durations_to_a_sixteenth(mut durations in prop::collection::vec(0..1_i64 << 50, 1..200), percent in 0..=100_u64) {
            let told = sketch(&durations).percentile_ms(percent).unwrap() as i64;
            durations.sort_unstable();
            let rank = (durations.len() * percent as usize).div_ceil(100).max(1);
            let wanted = durations[rank - 1];
            prop_assert!((told - wanted).abs() <= wanted / 16, "{told} for {wanted}");
        }

        #[test]
        fn sketches_add_up_in_any_order_and_survive_being_stored(
            one in prop::collection::vec(any::<i64>(), 0..50), other in prop::collection::vec(0..100_i64, 0..50),
        ) {
            let (mut left, mut right) = (sketch(&one), sketch(&other));
            left.unite(&right);
            right.unite(&sketch(&one));
            prop_assert_eq!(&left, &right);
            prop_assert_eq!(&left, &sketch(&[one, other].concat()));
            let mut row = Vec::new();
            left.write(&mut row);
            prop_assert_eq!(Sketch::read(&row), Ok(left));
        }
    }

    #[test]
    fn bins_are_stored_and_so_never_change() {
        let begins = |bins: std::ops::Range<u16>| bins.map(from_ms).collect::<Vec<_>>();
        assert_eq!(begins(0..18), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18]);
        assert_eq!((bin_of(86_400_000), from_ms(194), from_ms(195)), (194, 83_886_080, 92_274_688));
        let ten_years_ms = 3653 * 86_400_000;
        assert_eq!((bin_of(ten_years_ms), BIN_MAX), (289, 487));
        for bin in 0..=BIN_MAX {
            assert_eq!((bin_of(from_ms(bin)), bin_of(from_ms(bin + 1) - 1)), (bin, bin));
        }
    }

    #[test]
    fn of_nothing_nothing_is_read_off() {
        assert_eq!(Sketch::default().percentile_ms(50), None);
        assert_eq!(sketch(&[-5, 0]).percentile_ms(99), Some(0));
    }

    #[test]
    fn damaged_sketches_are_errors() {
        assert_eq!(Sketch::read(&[]), Ok(Sketch::default()));
        assert_eq!(Sketch::read(&[3]), Err(RowError::Truncated));
        assert_eq!(Sketch::read(&[3, 0]), Err(RowError::Malformed("sketch")));
        assert_eq!(Sketch::read(&[3, 1, 0, 1]), Err(RowError::Malformed("sketch")));
        assert_eq!(Sketch::read(&[0xff, 0x7f, 1]), Err(RowError::Malformed("sketch")));
    }
}
