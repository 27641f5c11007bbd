//! The regularised incomplete beta function I_x(a, b), by its continued fraction: the chance that a negative binomial count reaches a number.
//!
//! Press, Teukolsky, Vetterling, Flannery, "Numerical Recipes", 6.4, for the fraction and where it converges. Called by `counts`.

use super::gamma::ln_gamma;
use libm::{exp, log1p};

/// It takes about the root of the larger argument; no checked arguments need as many.
const TERMS_MAX: u32 = 200_000;
const TOLERANCE: f64 = 4e-16;
/// In place of a denominator of zero, as Lentz' method wants it.
const TINY: f64 = 1e-300;

/// P(N ≥ `count`) of the number of purchases in time τ at a rate ~ gamma(`shape`, 1): I_(τ/(1+τ))(count, shape).
pub(super) fn chance_to_reach(count: f64, shape: f64, horizon: f64) -> f64 {
    if count <= 0.0 {
        return 1.0;
    }
    if horizon == 0.0 {
        return 0.0;
    }
    let (x, rest) = (horizon / (1.0 + horizon), 1.0 / (1.0 + horizon));
    let log_power = -count * log1p(1.0 / horizon) - shape * log1p(horizon) + ln_gamma(count + shape) - ln_gamma(count) - ln_gamma(shape);
    if x < (count + 1.0) / (count + shape + 2.0) {
        return exp(log_power) * fraction(count, shape, x) / count;
    }
    1.0 - exp(log_power) * fraction(shape, count, rest) / shape
}

/// Lentz' method, two levels a turn.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let guard = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for term in 1..TERMS_MAX {
        let m = f64::from(term);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        let factor = d * c;
        value *= factor;
        if (factor - 1.0).abs() <= TOLERANCE {
            break;
        }
    }
    value
}
