//! Purchases to come of a customer who is known to be there.
//!
//! Buying at rate λ and leaving after each purchase with chance p, he makes (1 − e^(−λpt))/p purchases on
//! average; the expectation over λ ~ gamma(q, α+T) and p ~ beta(a, b) is
//!   K = C/(a−1) · [1 − (1−z)^(a−1) · 2F1(C−q, a−1; C; z)],   C = a+b−1,  z = t/(α+T+t),
//! E[Y(t)] of Fader, Hardie, Lee 2005 after Euler's transformation, which cannot overflow. Both brackets vanish
//! at a = 1 and C may be 0; taking the first term out of 2F1 cancels a−1 and C on paper:
//!   K = C·L·φ(−(a−1)L) − (1−z)^(a−1) · S(z),   L = −ln(1−z),  φ(y) = (e^y − 1)/y,
//!   S(z) = Σ_(n≥1) (C−q)_n (a)_(n−1) / ((a+b)_(n−1) n!) · z^n.
//! The coefficients do not depend on t, so the sums for all points of a path run side by side.
//! Where the series is slow or loses digits, `mixture` integrates instead. Called by `dropout` through `evidence`.

use super::mixture;
use libm::{exp, expm1, log1p};

/// Longest horizon for the series, in units of α+T: it takes about 30 terms per unit, and at some 15 000 terms
/// the integral is as fast.
const HORIZON_MAX: f64 = 500.0;
/// Largest a for the series: (1−z)^(a−1) and S stay within a double's range up to the longest horizon.
const A_MAX: f64 = 50.0;
/// Largest (a+b)/q for the series: it obtains K as a difference of terms up to this much larger.
const CANCELLATION_MAX: f64 = 1000.0;
/// Terms between two looks at the remainder.
const TERMS_PER_CHECK: usize = 8;
/// No checked parameters need as many terms: about (30 + a) per unit of the horizon.
const TERMS_MAX: f64 = 100_000.0;
/// Remainder of the series at which it ends, relative to what has been summed.
const REMAINDER: f64 = 1e-15;

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

    /// The bounds on q keep |C−q+1| within a+b, so that coefficients of changing sign cannot grow, and the
    /// cancellation bounded.
    fn suits_series(&self, horizon: f64) -> bool {
        let tosses = self.a + self.b;
        horizon <= HORIZON_MAX && self.a <= A_MAX && self.shape <= 2.0 * tosses && tosses <= CANCELLATION_MAX * self.shape
    }

    /// K at ascending horizons t/(α+T).
    pub(super) fn by_series<const N: usize>(&self, horizons: &[f64; N]) -> [f64; N] {
        let c = self.a + self.b - 1.0;
        let sums = self.sum_series(&horizons.map(|horizon| horizon / (1.0 + horizon)));
        std::array::from_fn(|i| {
            let log_growth = log1p(horizons[i]);
            let exponent = (1.0 - self.a) * log_growth;
            let phi = if exponent == 0.0 { 1.0 } else { expm1(exponent) / exponent };
            c * log_growth * phi - exp(exponent) * sums[i]
        })
    }

    /// S at ascending z. Not inlined: inside a larger function the compiler gives up on vectors, at twice the time.
    #[inline(never)]
    fn sum_series<const N: usize>(&self, z: &[f64; N]) -> [f64; N] {
        let mut sums = [0.0; N];
        let Some(&z_max) = z.last() else {
            return sums;
        };
        let tosses = self.a + self.b;
        let first = tosses - 1.0 - self.shape;
        let mut powers = *z;
        let mut coefficient = first;
        let mut n = 1.0;
        loop {
            for _ in 0..TERMS_PER_CHECK {
                for i in 0..N {
                    sums[i] += coefficient * powers[i];
                    powers[i] *= z[i];
                }
                coefficient *= (first + n) * (self.a + n - 1.0) / ((tosses + n - 1.0) * (n + 1.0));
                n += 1.0;
            }
            // from here on each term is at most `ratio` times the one before
            let ratio = z_max * ((self.a + n - 1.0) / (n + 1.0)).max(1.0);
            let next = (coefficient * powers[N - 1]).abs();
            let scale = sums[N - 1].abs().max((first * z_max).abs());
            if ratio < 1.0 && next <= REMAINDER * (1.0 - ratio) * scale {
                return sums;
            }
            assert!(n < TERMS_MAX, "no end of the series: parameters were not checked");
        }
    }
}
