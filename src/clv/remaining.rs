//! What is left of a customer who leaves at a purchase, if he is still there: purchases to come discounted without an end, and time.
//!
//! Given his rate of stages λ and his chance p to leave at a purchase, both have closed forms; averages over λ and p are over positive
//! terms. λ ~ gamma(q, R) is taken as λ ~ gamma(q+1, R) with weight q/(Rλ): then nothing lingers near λ = 0. Called by `evidence`.

use super::mixture::{beta_average, rate_nodes};
use super::regular_by_rate::lost_weeks;
use super::stages::Stages;
use libm::{exp, expm1, log1p};

/// A node of λ, with what the chance p is weighed against.
struct Discounted {
    /// The discount until the next purchase, and the node's weight.
    first: f64,
    /// The discount from one purchase to the next, and its complement.
    factor: f64,
    loss: f64,
}

impl Stages {
    /// ∫_0^∞ e^(−δt) dK(t) = E[g^(k−j) / (1 − (1−p) g^k)], g = λ/(λ+δ), j the stages passed since the last purchase. For k = 1 it is
    /// E[λ/(λp + δ)].
    pub fn expected_residual(&self, discount_weekly: f64) -> f64 {
        let alive = &self.alive;
        if discount_weekly == 0.0 {
            // E[1/p]
            return if alive.a > 1.0 { (alive.a + alive.b - 1.0) / (alive.a - 1.0) } else { f64::INFINITY };
        }
        let k = f64::from(self.k);
        let mut nodes = Vec::new();
        for (stage, chance) in self.chances() {
            let shape = alive.shape + stage;
            for node in rate_nodes(shape + 1.0, alive.rate, self.k) {
                let log_step = -log1p(discount_weekly / node.rate);
                let weight = chance * node.weight * shape / alive.rate / node.rate;
                nodes.push(Discounted {
                    first: weight * exp((k - stage) * log_step),
                    factor: exp(k * log_step),
                    loss: -expm1(k * log_step),
                });
            }
        }
        let steepness = (alive.shape + k + 1.0) / alive.rate / discount_weekly;
        let [sum] =
            beta_average(alive.a, alive.b, steepness, |p| [nodes.iter().map(|node| node.first / (p * node.factor + node.loss)).sum()]);
        sum
    }

    /// ∫_0^H of the chance to be still there at time u, for ascending H.
    pub fn expected_lifetimes_weeks<const N: usize>(&self, horizons_weeks: &[f64; N]) -> [f64; N] {
        if self.k == 1 {
            return self.alive.expected_lifetimes_weeks(horizons_weeks);
        }
        horizons_weeks.map(|weeks| self.lifetime_weeks(weeks))
    }

    fn lifetime_weeks(&self, horizon_weeks: f64) -> f64 {
        if horizon_weeks == 0.0 {
            return 0.0;
        }
        self.lifetime_by_sum(horizon_weeks)
            .unwrap_or_else(|| horizon_weeks - self.mean_over_rates(|rate, stage| lost_weeks(self, rate, stage, horizon_weeks)))
    }

    /// The mean of `f` over λ and the stages passed, for an f that vanishes with λ.
    pub fn mean_over_rates(&self, f: impl Fn(f64, u32) -> f64) -> f64 {
        let mut mean = 0.0;
        for (stage, chance) in (0..).zip(self.chances().map(|(_, chance)| chance)) {
            let shape = self.alive.shape + f64::from(stage);
            let sum: f64 =
                rate_nodes(shape + 1.0, self.alive.rate, self.k).iter().map(|node| node.weight * f(node.rate, stage) / node.rate).sum();
            mean += chance * shape / self.alive.rate * sum;
        }
        mean
    }
}
