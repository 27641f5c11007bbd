//! P(alive) at the split: how many customers a model thinks are how likely to be there, and how many of them came.
//!
//! Whoever is alive need not buy within the hold-out, so the share who bought stays below P; it should rise with it.
//! Called by `run`.

/// Bins of a tenth.
pub const ALIVE_BINS: usize = 10;

/// Customers whose P(alive) is in one tenth; the last includes 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AliveBin {
    pub from: f64,
    pub customers: usize,
    /// Of them, who bought in the hold-out.
    pub bought: usize,
}

/// Of `(p_alive, bought in the hold-out)`.
pub(super) fn alive_bins(customers: impl Iterator<Item = (f64, bool)>) -> [AliveBin; ALIVE_BINS] {
    let mut bins: [AliveBin; ALIVE_BINS] =
        std::array::from_fn(|place| AliveBin { from: place as f64 / ALIVE_BINS as f64, ..AliveBin::default() });
    for (p_alive, bought) in customers {
        let place = ((p_alive * ALIVE_BINS as f64) as usize).min(ALIVE_BINS - 1);
        bins[place].customers += 1;
        bins[place].bought += usize::from(bought);
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_in_a_bin() {
        let bins = alive_bins([(0.0, false), (0.05, true), (0.1, false), (0.999, true), (1.0, true)].into_iter());
        let counts = bins.map(|bin| (bin.customers, bin.bought));
        let mut expected = [(0, 0); ALIVE_BINS];
        (expected[0], expected[1], expected[9]) = ((2, 1), (1, 0), (2, 2));
        assert_eq!(counts, expected);
        assert_eq!(bins[3].from, 0.3);
    }
}
