//! A small generator of random numbers (splitmix64: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
//!
//! Written here because the traffic of a seed must stay the same for ever, whatever a library changes: test failures are reported by seed.
//! Not for secrets. Used by the other files of `shop` alone.

/// State of one stream of numbers.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// A stream of its own for member `index` of a family, the same however much of other streams was used.
    pub(super) fn of_member(seed: u64, index: u64) -> Random {
        Random(Random(seed ^ index.wrapping_mul(0xD6E8_FEB8_6659_FD93)).next())
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Even over 0..bound; the bias of the multiplication is below bound / 2^64.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        high_half(self.next(), bound)
    }

    /// Even over first..=last.
    pub(super) fn within(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// Over 0..bound with a mild preference for small numbers: the square of an even fraction.
    pub(super) fn skewed_below(&mut self, bound: u32) -> u32 {
        let fraction = self.next() >> 32;
        let index = high_half(fraction * fraction, u64::from(bound));
        u32::try_from(index).expect("invariant: below a u32")
    }

    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(super) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    /// True with a probability of 0.0 (never) to 1.0 (always).
    pub(super) fn chance(&mut self, fraction: f64) -> bool {
        const STEPS: f64 = (1_u64 << 53) as f64;
        ((self.next() >> 11) as f64) < fraction * STEPS
    }

    /// One of a list that is not empty.
    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.index_of(choices)]
    }

    /// Position in a list that is not empty.
    pub(super) fn index_of<T>(&mut self, choices: &[T]) -> usize {
        assert!(!choices.is_empty(), "nothing to choose from");
        usize::try_from(self.below(choices.len() as u64)).expect("invariant: below a usize")
    }
}

fn high_half(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    u64::try_from(product >> 64).expect("invariant: 64 of 128 bits")
}
