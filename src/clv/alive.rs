//! Purchases to come of a customer who is known to be there.
//!
//! Buying at rate λ and leaving after each purchase with chance p, he makes (1 − e^(−λpt))/p purchases on
//! average; the expectation over λ ~ gamma(q, α+T) and p ~ beta(a, b) is
//!   K = q · I(q+1; τ),   I(A; τ) = ∫_0^τ 2F1(A, a; a+b; −s) ds,   τ = t/(α+T),
//! the integral over t of the purchase rate of Fader, Hardie, Lee 2005. Where that series loses digits, Euler's transformation gives
//!   K = C·L·φ(−(a−1)L) − (1−z)^(a−1) · (C−q) · −I(C+1−q; −z),   C = a+b−1,  z = τ/(1+τ),  L = −ln(1−z),
//! with φ(y) = (e^y − 1)/y: E[Y(t)] of the paper with a−1 and C cancelled on paper, so that a = 1 and C = 0 are nothing special.
//! `disk` sums I. Where both are slow or lose digits, `mixture` integrates instead. Called by `purchase_model` through `evidence`.

use super::{disk, mixture};
use libm::{exp, expm1, log1p};

/// Longest horizon for the series, in units of α+T: it takes some 500 terms then.
const HORIZON_MAX: f64 = 500.0;
/// Largest a for the series: (1−z)^(a−1) and I stay within a double's range up to the longest horizon.
const A_MAX: f64 = 50.0;
/// Largest (a+b)/q for the series: it obtains K as a difference of terms up to this much larger.
const CANCELLATION_MAX: f64 = 1000.0;
/// Largest sum of magnitudes, relative to the sum, for which the first formula is taken.
const CALM: f64 = 2.0;

/// Posterior of a customer who has not left: purchase rate ~ gamma(`shape`, `rate` weeks), chance to leave after
/// each further purchase ~ beta(`a`, `b`).
pub(super) struct Alive {
    pub shape: f64,
    pub rate: f64,
    pub a: f64,
    pub b: f64,
}

impl Alive {
    /// K for t = 1, 2 … N steps.
    pub fn expected_path<const N: usize>(&self, step_weeks: f64) -> [f64; N] {
        debug_assert!(step_weeks >= 0.0, "step of {step_weeks} weeks");
        let step = step_weeks / self.rate;
        let horizons = std::array::from_fn(|i| (i + 1) as f64 * step);
        if self.suits_series(N as f64 * step) {
            return self.by_series(&horizons);
        }
        mixture::expected_purchases(self, &horizons)
    }

    /// q within a+b keeps C+1−q from being negative, so that coefficients of changing sign cannot grow; the last bound keeps the
    /// cancellation small.
    fn suits_series(&self, horizon: f64) -> bool {
        let tosses = self.a + self.b;
        horizon <= HORIZON_MAX && self.a <= A_MAX && self.shape <= tosses && tosses <= CANCELLATION_MAX * self.shape
    }

    /// K at ascending horizons t/(α+T).
    pub(super) fn by_series<const N: usize>(&self, horizons: &[f64; N]) -> [f64; N] {
        // beyond b = q the terms of the first formula change signs and grow
        if self.shape <= self.b {
            let upward = disk::integrals(self.shape + 1.0, self.a, self.a + self.b, horizons, 1.0);
            if upward.cancellation <= CALM {
                return upward.sums.map(|sum| self.shape * sum);
            }
        }
        self.by_difference(horizons)
    }

    /// Weeks until he leaves, those beyond each of the ascending horizons not counted: ∫_0^H E[(1 + pu/R)^(−q)] du = R · I(q; H/R).
    pub fn expected_lifetimes_weeks<const N: usize>(&self, horizons_weeks: &[f64; N]) -> [f64; N] {
        let horizons = horizons_weeks.map(|weeks| weeks / self.rate);
        let longest = horizons.last().copied().unwrap_or(0.0);
        if self.suits_series(longest) && self.shape <= self.b {
            let series = disk::integrals(self.shape, self.a, self.a + self.b, &horizons, 1.0);
            if series.cancellation <= CALM {
                return series.sums.map(|sum| self.rate * sum);
            }
        }
        horizons.map(|horizon| self.rate * mixture::expected_lifetime(self, horizon))
    }

    fn by_difference<const N: usize>(&self, horizons: &[f64; N]) -> [f64; N] {
        let tosses = self.a + self.b;
        let c = tosses - 1.0;
        let back = disk::integrals(tosses - self.shape, self.a, tosses, horizons, -1.0);
        std::array::from_fn(|i| {
            let log_growth = log1p(horizons[i]);
            let exponent = (1.0 - self.a) * log_growth;
            let phi = if exponent == 0.0 { 1.0 } else { expm1(exponent) / exponent };
            c * log_growth * phi + exp(exponent) * (c - self.shape) * back.sums[i]
        })
    }
}
