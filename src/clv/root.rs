//! Where an increasing function crosses zero: the inverse of P(alive) and of waiting times that have no closed inverse.
//!
//! Looks as far as `FAR_WEEKS` and no further. Called by the models' files.

use libm::{exp, log};

/// Twenty thousand years: what has not happened by then never does, for all that matters.
pub(super) const FAR_WEEKS: f64 = 1e6;
/// No wait is told apart from no wait at all below this: a millisecond is 1.7e-9 weeks.
const NEAR_WEEKS: f64 = 1e-12;
/// Width of the bracket in ln(weeks) at which the search ends: 1e-13 of the wait.
const TOLERANCE: f64 = 1e-13;
/// Bisection alone needs 50 halvings from the widest bracket to `TOLERANCE`; each third step is one at worst.
const STEPS_MAX: usize = 200;

/// The wait, in weeks, at which `f`, which increases with the wait and is below zero at none, reaches zero. `None`: not within `FAR_WEEKS`.
/// `guess`, above zero, is where the search starts; a bad one costs time only.
pub(super) fn wait_until_zero(guess: f64, f: impl Fn(f64) -> f64) -> Option<f64> {
    let g = |log_wait: f64| f(exp(log_wait));
    let (near, far) = (log(NEAR_WEEKS), log(FAR_WEEKS));
    let mut low = log(guess).clamp(near, far);
    let mut f_low = g(low);
    let (mut high, mut f_high) = (low, f_low);
    let mut stride = 1.0;
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

/// Illinois' variant of false position, with a bisection where the bracket has not halved in two steps.
fn narrow((mut low, mut f_low): (f64, f64), (mut high, mut f_high): (f64, f64), g: impl Fn(f64) -> f64) -> f64 {
    let mut width_before = high - low;
    for step in 0..STEPS_MAX {
        if high - low <= TOLERANCE * (1.0 + high.abs()) {
            break;
        }
        let bisect = step % 3 == 2 && high - low > 0.5 * width_before;
        if step % 3 == 2 {
            width_before = high - low;
        }
        let secant = low + (high - low) * (-f_low / (f_high - f_low));
        let middle = if bisect || !(secant > low && secant < high) { 0.5 * (low + high) } else { secant };
        let f_middle = g(middle);
        if f_middle == 0.0 {
            return middle;
        }
        if f_middle < 0.0 {
            (low, f_low) = (middle, f_middle);
            f_high *= 0.5;
        } else {
            (high, f_high) = (middle, f_middle);
            f_low *= 0.5;
        }
    }
    0.5 * (low + high)
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
