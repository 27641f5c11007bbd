//! A sum whose parts fade: each weight halves with every half-life since its moment.
//!
//! Kept as the binary logarithm of the sum as of the epoch, `log2 Σ w·2^(t/h)`: so two of them compare without a present moment, and
//! adding needs none either (forward decay: Cormode, Shkapenyuk, Srivastava, Xu 2009, *Forward Decay: A Practical Time Decay Model for
//! Streaming Systems*, ICDE, section 3). It knows no customers. Called by `engine` (`affinity`).

use libm::{exp2, log2};

/// Single precision: of a sum some hundred half-lives from the epoch it is known to about 0.002 %.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct DecayedSum(f32);

impl DecayedSum {
    /// A weight above 0 at a moment; half-life in the same milliseconds, above 0.
    pub fn of(weight: f64, at_ms: i64, half_life_ms: i64) -> DecayedSum {
        DecayedSum((log2(weight) + at_ms as f64 / half_life_ms as f64) as f32)
    }

    /// The sum of both.
    pub fn plus(self, other: DecayedSum) -> DecayedSum {
        let (higher, lower) = (f64::from(self.0.max(other.0)), f64::from(self.0.min(other.0)));
        DecayedSum((higher + log2(1.0 + exp2(lower - higher))) as f32)
    }

    /// What is left of it at a moment.
    pub fn strength(self, at_ms: i64, half_life_ms: i64) -> f64 {
        exp2(f64::from(self.0) - at_ms as f64 / half_life_ms as f64)
    }

    pub fn to_le_bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }

    /// `None`: no number.
    pub fn from_le_bytes(bytes: [u8; 4]) -> Option<DecayedSum> {
        Some(f32::from_le_bytes(bytes)).filter(|log| log.is_finite()).map(DecayedSum)
    }

    /// From the strongest on; sums are numbers, so there always is an order.
    pub fn by_strength(self, other: DecayedSum) -> std::cmp::Ordering {
        other.0.total_cmp(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 86_400_000;
    const HALF_LIFE_MS: i64 = 30 * DAY_MS;
    const NOW_MS: i64 = 20_454 * DAY_MS;

    #[test]
    fn a_weight_halves_with_each_half_life_and_parts_add_up() {
        let sum = DecayedSum::of(4.0, NOW_MS, HALF_LIFE_MS);
        for (days, expected) in [(0, 4.0), (30, 2.0), (60, 1.0), (15, 4.0 / std::f64::consts::SQRT_2)] {
            let left = sum.strength(NOW_MS + days * DAY_MS, HALF_LIFE_MS);
            assert!((left / expected - 1.0).abs() < 1e-4, "{days} days: {left}");
        }
        let sum = sum.plus(DecayedSum::of(1.0, NOW_MS + 30 * DAY_MS, HALF_LIFE_MS));
        let left = sum.strength(NOW_MS + 30 * DAY_MS, HALF_LIFE_MS);
        assert!((left / 3.0 - 1.0).abs() < 1e-4, "{left}");
    }

    #[test]
    fn it_is_the_same_in_whichever_order_it_was_heard_of() {
        let [a, b] = [DecayedSum::of(4.0, NOW_MS, HALF_LIFE_MS), DecayedSum::of(1.0, NOW_MS - 90 * DAY_MS, HALF_LIFE_MS)];
        assert_eq!(a.plus(b), b.plus(a));
        assert_eq!(DecayedSum::from_le_bytes(a.to_le_bytes()), Some(a));
        assert_eq!(DecayedSum::from_le_bytes(f32::NAN.to_le_bytes()), None);
    }
}
