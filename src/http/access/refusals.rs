//! How often the guard turned somebody away: told now and then, so that guesses are seen and fill no log.
//!
//! The first refusal is told at once; those within a minute of it are told together with the first one after, or when there are too many
//! to wait for one. It keeps a number and a moment (monotonic ms), nothing of any request. Used by `access`.

use std::sync::{Mutex, PoisonError};

/// A guesser tries thousands of times a second; one line a minute is enough to be noticed.
const TELL_EVERY_MS: u64 = 60_000;
/// So many are told of without waiting: a guesser who stops within the minute is seen all the same.
const UNTOLD_MAX: u64 = 1_000;

#[derive(Default)]
pub struct Refusals(Mutex<Untold>);

#[derive(Default)]
struct Untold {
    requests: u64,
    told_ms: Option<u64>,
}

impl Refusals {
    /// One more; how many to tell of, if it is time.
    pub fn count(&self, now_ms: u64) -> Option<u64> {
        // numbers are whole whatever happened to who counted before
        let mut untold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        untold.requests += 1;
        let is_early = untold.told_ms.is_some_and(|told_ms| now_ms.saturating_sub(told_ms) < TELL_EVERY_MS);
        if is_early && untold.requests < UNTOLD_MAX {
            return None;
        }
        untold.told_ms = Some(now_ms);
        Some(std::mem::take(&mut untold.requests))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_refusal_is_told_at_once_and_the_rest_once_a_minute() {
        let refusals = Refusals::default();
        let told = [5, 6, 60_004, 60_005, 60_006, 120_004, 200_000].map(|now_ms| refusals.count(now_ms));
        assert_eq!(told, [Some(1), None, None, Some(3), None, None, Some(3)]);
    }

    #[test]
    fn guesses_in_bulk_are_told_before_their_minute_is_over() {
        let refusals = Refusals::default();
        let told: Vec<u64> = (0..9_999).filter_map(|now_ms| refusals.count(now_ms)).collect();
        assert_eq!(told, [[1].as_slice(), &[UNTOLD_MAX; 9]].concat());
        assert_eq!(refusals.count(8_999 + TELL_EVERY_MS + 1_001), Some(999), "the rest with the next one");
    }
}
