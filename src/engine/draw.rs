//! Draws that look random and are the same for ever: which arm a customer is in, which of some templates they get.
//!
//! A hash of the words the draw is about; the order of the words never changes, or customers would change sides in the middle of a test.
//! Called by `gates` and `plays`.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Any number, as likely as any other.
pub fn draw(words: &[&str]) -> u64 {
    words.iter().fold(0, |seed, word| xxh3_64_with_seed(word.as_bytes(), seed))
}

/// A place in [0, 1).
pub fn share(words: &[&str]) -> f64 {
    // the upper 53 bits: what a double holds exactly
    (draw(words) >> 11) as f64 / (1u64 << 53) as f64
}

/// One of `count` places, each as likely as the others.
pub fn place(words: &[&str], count: usize) -> usize {
    ((u128::from(draw(words)) * count as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_fixed_for_ever_and_spread_evenly() {
        assert_eq!(draw(&["salt", "cart_recovery", "u-1"]), 17_905_478_003_940_180_434);
        let mut counts = [0; 3];
        (0..3000).for_each(|n| counts[place(&["salt", &n.to_string()], 3)] += 1);
        assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?}");
    }
}
