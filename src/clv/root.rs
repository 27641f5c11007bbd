//! Where an increasing function crosses zero: the inverse of P(alive) and of waiting times that have no closed inverse.
//!
//! Looks as far as `FAR_WEEKS` and no further. Called by the models' files.

use libm::{exp, log};

/// Twenty thousand years: what has not happened by then never does, for all that matters.
pub(super) const FAR_WEEKS: f64 = 1e6;
/// No checked parameters make waits shorter that matter: a millisecond is 1.7e-9 weeks.
const NEAR_WEEKS: f64 = 1e-20;
/// Half the width of the bracket in ln(weeks) at which the search ends: it is that share of the wait.
const TOLERANCE: f64 = 1e-13;
/// Bisection alone needs 50 halvings from the widest bracket to `TOLERANCE`.
const STEPS_MAX: usize = 200;
/// First step in ln(weeks) from the guess; it doubles.
const STRIDE: f64 = 0.5;

/// The wait, in weeks, at which `f`, which increases with the wait and is below zero at none, reaches zero. `None`: not within `FAR_WEEKS`.
/// `guess`, above zero, is where the search starts; a bad one costs time only.
pub(super) fn wait_until_zero(guess: f64, f: impl Fn(f64) -> f64) -> Option<f64> {
    let g = |log_wait: f64| f(exp(log_wait));
    let (near, far) = (log(NEAR_WEEKS), log(FAR_WEEKS));
    let mut low = log(guess).clamp(near, far);
    let mut f_low = g(low);
    let (mut high, mut f_high) = (low, f_low);
    let mut stride = STRIDE;
    while f_high < 0.0 {
        if high >= far {
            return None;
        }
        (low, f_low) = (high, f_high);
        high = (high + stride).min(far);
        f_high = g(high);
        stride *= 2.0;
    }
    while f_low >= 0.0 {
        if low <= near {
            return Some(0.0);
        }
        (high, f_high) = (low, f_low);
        low = (low - stride).max(near);
        f_low = g(low);
        stride *= 2.0;
    }
    Some(exp(narrow((low, f_low), (high, f_high), g)))
}

/// Chandrupatla's method: inverse quadratic interpolation where three points allow it, bisection where not ("A new hybrid quadratic/bisection
/// algorithm for finding the zero of a nonlinear function", Advances in Engineering Software 28, 1997).
fn narrow(low: (f64, f64), high: (f64, f64), g: impl Fn(f64) -> f64) -> f64 {
    // the newest point, the one across the zero, and the one before
    let (mut newest, mut across) = (high, low);
    let mut share = 0.5;
    for _ in 0..STEPS_MAX {
        let at = newest.0 + share * (across.0 - newest.0);
        let point = (at, g(at));
        let before = if (point.1 < 0.0) == (newest.1 < 0.0) {
            newest
        } else {
            let before = across;
            across = newest;
            before
        };
        newest = point;
        let best = if newest.1.abs() < across.1.abs() { newest } else { across };
        let least = TOLERANCE * (1.0 + best.0.abs()) / (across.0 - newest.0).abs();
        if least > 0.5 || best.1 == 0.0 {
            return best.0;
        }
        let (a, b, c) = (newest.1, across.1, before.1);
        let position = (newest.0 - across.0) / (before.0 - across.0);
        let height = (a - b) / (c - b);
        let straight = height * height < position && (1.0 - height) * (1.0 - height) < 1.0 - position;
        let further = (before.0 - newest.0) / (across.0 - newest.0);
        share = if straight { a / (b - a) * c / (b - c) + further * a / (c - a) * b / (c - b) } else { 0.5 };
        share = share.clamp(least, 1.0 - least);
    }
    newest.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crossing_is_found_from_any_guess() {
        for guess in [1e-15, 1e-3, 1.0, 7.0, 500.0, 1e9] {
            for crossing in [1e-9, 0.02, 7.0, 1234.5, 9e5] {
                let found = wait_until_zero(guess, |wait| wait.powi(3) - crossing * crossing * crossing).expect("invariant: within reach");
                assert!((found / crossing - 1.0).abs() < 1e-11, "{found} for {crossing} from {guess}");
            }
            assert_eq!(wait_until_zero(guess, |wait| wait - 2e6), None);
            assert_eq!(wait_until_zero(guess, |_| 1.0), Some(0.0));
        }
    }

    #[test]
    fn a_cliff_does_not_take_long() {
        let calls = std::cell::Cell::new(0);
        let found = wait_until_zero(1.0, |wait| {
            calls.set(calls.get() + 1);
            if wait < 77.0 { -1e-9 } else { 1e9 }
        });
        assert!((found.expect("invariant: within reach") - 77.0).abs() < 1e-9);
        assert!(calls.get() < 200, "{} calls", calls.get());
    }
}
