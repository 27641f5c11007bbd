//! Periods still to come of who leaves before each with a chance θ ~ beta(a, b): their expected number, discounted or not.
//!
//! Σ_(i=1)^m ((1−θ)/(1+d))^i has a closed form for each θ, and its mean is over positive terms: nothing cancels at a = 1, where the closed
//! forms of the mean are 0/0, nor for many periods. Called by `bg_bb` and `sbg`.

use super::mixture::beta_average;
use libm::{expm1, log1p};

/// E[(1 − θ) + (1 − θ)² + …], the i-th term divided by (1+d)^i, for `periods` terms; `discount` is d ≥ 0.
pub(super) fn expected_periods(a: f64, b: f64, periods: u32, discount: f64) -> f64 {
    let count = f64::from(periods);
    if periods == 0 {
        return 0.0;
    }
    let [mean] = beta_average(a, b, count, |theta| {
        let log_step = log1p(-theta) - log1p(discount);
        [(1.0 - theta) / (discount + theta) * -expm1(count * log_step)]
    });
    mean
}

/// The same without an end; infinite for d = 0 and a ≤ 1.
pub(super) fn expected_periods_without_end(a: f64, b: f64, discount: f64) -> f64 {
    if discount == 0.0 {
        return if a > 1.0 { b / (a - 1.0) } else { f64::INFINITY };
    }
    let [mean] = beta_average(a, b, 1.0 / discount, |theta| [(1.0 - theta) / (discount + theta)]);
    mean
}
