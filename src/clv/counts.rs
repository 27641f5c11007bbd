//! How many purchases, with what chance, and when the next: of a customer who leaves at a purchase (`Stages`) and is still there.
//!
//! He makes n purchases if n are due and he stays after each but perhaps the last, or if more are due and he leaves at the n-th
//! (Fader, Hardie, Lee 2005, equation 8, for k = 1). Negative binomial chances only. Called by `evidence`.

use super::gamma::ln_gamma;
use super::incomplete_beta::chance_to_reach;
use super::regular::log_chance;
use super::root::wait_until_zero;
use super::stages::Stages;
use libm::{exp, expm1};

impl Stages {
    /// The chance of exactly `count` purchases in the `weeks` to come.
    pub fn probability_of(&self, count: u32, weeks: f64) -> f64 {
        if weeks == 0.0 {
            return if count == 0 { 1.0 } else { 0.0 };
        }
        let (a, b, n) = (self.alive.a, self.alive.b, f64::from(count));
        let horizon = weeks / self.alive.rate;
        // E[(1−p)^n], E[p (1−p)^(n−1)]
        let stays = exp(ln_gamma(b + n) - ln_gamma(a + b + n) + ln_gamma(a + b) - ln_gamma(b));
        let leaves = if count == 0 { 0.0 } else { stays * a / (b + n - 1.0) };
        let mut sum = 0.0;
        for (passed, chance) in self.chances() {
            let shape = self.alive.shape + passed;
            let k = f64::from(self.k);
            let first = (n * k - passed).max(0.0);
            let stages = ((n + 1.0) * k - passed - first) as u32;
            let due: f64 = (0..stages).map(|i| exp(log_chance(shape, horizon, first + f64::from(i)))).sum();
            let further = if count == 0 { 0.0 } else { leaves * chance_to_reach(first, shape, horizon) };
            sum += chance * (stays * due + further);
        }
        sum.min(1.0)
    }

    /// Median wait for the next purchase: closed, R (2^(1/q) − 1), for k = 1.
    pub fn next_purchase_weeks(&self) -> Option<f64> {
        let (shape, rate) = (self.alive.shape, self.alive.rate);
        if self.k == 1 {
            let wait = rate * expm1(std::f64::consts::LN_2 / shape);
            return wait.is_finite().then_some(wait);
        }
        wait_until_zero(rate * f64::from(self.k) / shape, |wait| 0.5 - self.probability_of(0, wait))
    }
}
