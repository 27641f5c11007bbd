//! The expectation of `alive` as the integral it comes from, for parameters and horizons its series does not suit:
//!   K = ∫ (1 − (1 + pτ)^(−q)) / p · beta(p; a, b) dp,   τ = t/(α+T),
//! the rate integrated out of (1 − e^(−λpt))/p. Every term is positive, so nothing cancels, whatever the parameters.
//!
//! Trapezoid rule in u = logit p − logit of the mean: the integrand is analytic in a strip around the real line and
//! decays exponentially, so the error falls exponentially with 1/step. Dividing by the sum of the weights makes
//! the beta function unnecessary. Costs tens of microseconds. Called by `alive` only.

use super::alive::Alive;
use libm::{exp, expm1, log1p, sqrt};

/// Widest step: e^(−2π·(π/2)/step), the error for a strip of half-width π/2, is then below 1e-17.
const STEP_MAX: f64 = 0.25;
/// Step relative to the standard deviation of logit p, for narrow distributions.
const STEP_PER_DEVIATION: f64 = 0.5;
/// Weights and variations of the integrand below this do not count.
const NEGLIGIBLE: f64 = 1e-17;
/// Nodes on either side: beyond u = 750, in the widest steps, every weight is 0.
const NODES_MAX: usize = 4000;

/// K at ascending horizons τ.
pub(super) fn expected_purchases<const N: usize>(alive: &Alive, horizons: &[f64; N]) -> [f64; N] {
    let deviation = sqrt(1.0 / alive.a + 1.0 / alive.b);
    let step = STEP_MAX.min(STEP_PER_DEVIATION * deviation);
    let mut average = Average { weights: 0.0, sums: [0.0; N] };
    average.add(1.0, alive, horizons, 0.0);
    average.add_side(alive, horizons, -step);
    average.add_side(alive, horizons, step);
    average.sums.map(|sum| sum / average.weights)
}

struct Average<const N: usize> {
    weights: f64,
    sums: [f64; N],
}

impl<const N: usize> Average<N> {
    /// All nodes on one side of the mean. Ends where weights, which fall from the mean outwards, no longer
    /// count, or so near to p = 0 or 1 that all but the weight is constant and the weight is geometric: the rest
    /// of that series has a closed form. A few hundred nodes at most, for horizons a human lives to see.
    fn add_side(&mut self, alive: &Alive, horizons: &[f64; N], step: f64) {
        let decay = if step < 0.0 { alive.a } else { alive.b };
        let horizon_max = horizons.last().copied().unwrap_or(0.0);
        let steepness = alive.a + alive.b + 2.0 + (alive.shape + 1.0) * horizon_max;
        for node in 1..=NODES_MAX {
            let u = node as f64 * step;
            let weight = weight(alive, u);
            if weight <= NEGLIGIBLE * self.weights {
                return;
            }
            let odds = alive.a / alive.b * exp(u);
            if odds.min(1.0 / odds) * steepness < NEGLIGIBLE {
                let rest = -1.0 / expm1(-decay * step.abs());
                self.add(weight * rest, alive, horizons, u);
                return;
            }
            self.add(weight, alive, horizons, u);
        }
        unreachable!("weights do not fall: parameters were not checked");
    }

    fn add(&mut self, weight: f64, alive: &Alive, horizons: &[f64; N], u: f64) {
        let p = 1.0 / (1.0 + alive.b / alive.a * exp(-u));
        self.weights += weight;
        for (sum, horizon) in self.sums.iter_mut().zip(horizons) {
            *sum += weight * -expm1(-alive.shape * log1p(p * horizon)) / p;
        }
    }
}

/// p^a (1−p)^b at u, relative to its maximum at u = 0.
fn weight(alive: &Alive, u: f64) -> f64 {
    let mean = alive.a / (alive.a + alive.b);
    let rest = alive.b / (alive.a + alive.b);
    exp(-alive.a * log1p(rest * expm1(-u)) - alive.b * log1p(mean * expm1(u)))
}
