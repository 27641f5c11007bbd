//! A regular customer (`Stages`) whose rate of stages is known: purchases to come, and time until he leaves, the chance to leave averaged.
//!
//! While few stages are to pass, their number is Poisson and all cases are summed. When many are, counting by whole purchases is worth
//! a constant and nothing else: with w = (1−p)^(1/k), μ stages expected and j passed, the chance to be still there is
//!   A = w^(j+1−k) e^(−μ(1−w)) p/(k(1−w))
//! (the pole of the generating function at w; the other k−1 have died away). Called by `regular` and `remaining`.

use super::mixture::beta_average;
use super::regular::survived_purchases;
use super::stages::Stages;
use libm::{exp, expm1, log, log1p};

/// Stages from which on the other poles, e^(−μ(1−cos(2π/k))) at most, are below 1e-18 for k up to 12.
const MANY: f64 = 320.0;
/// −ln w below which three terms of a series are exact.
const SMALL: f64 = 1e-3;
/// Deviations beyond the mean, and stages beyond those, at which a Poisson count ends.
const DEVIATIONS: f64 = 10.0;
const FURTHER: f64 = 40.0;

/// Purchases in the time in which μ `stages` are expected to pass, `passed` being behind him.
pub(super) fn purchases(customer: &Stages, stages: f64, passed: u32) -> f64 {
    let (a, b) = (customer.alive.a, customer.alive.b);
    if stages > MANY {
        let [mean] = beta_average(a, b, stages + 1.0, |p| {
            let decay = Decay::new(p, customer.k);
            [-expm1(decay.log_chance(stages, passed)) / p]
        });
        return mean;
    }
    let mut counts = vec![0.0; (last_stage(stages) + passed) as usize / customer.k as usize + 1];
    for_each_chance(stages, |n, chance| counts[((n + passed) / customer.k) as usize] += chance);
    survived_purchases(&counts, a, b)
}

/// Weeks of the horizon for which he is expected to be gone.
pub(super) fn lost_weeks(customer: &Stages, rate: f64, passed: u32, horizon_weeks: f64) -> f64 {
    let (a, b, k) = (customer.alive.a, customer.alive.b, customer.k);
    let stages = rate * horizon_weeks;
    if stages > MANY {
        let [mean] = beta_average(a, b, stages + 1.0, |p| {
            let decay = Decay::new(p, k);
            let log_rest = decay.log_chance(stages, passed) + decay.log_purchase_rate;
            [f64::from(k) * -expm1(log_rest) / p]
        });
        return horizon_weeks - (mean - f64::from(passed)) / rate;
    }
    // a stage lasts 1/λ, and the n-th is passed within the horizon with the chance that n or more are
    let mut reached = Vec::new();
    for_each_chance(stages, |_, chance| reached.push(chance));
    for n in (1..reached.len()).rev() {
        reached[n - 1] += reached[n];
    }
    let (mut stays, mut gone, mut sum) = (1.0, 0.0, 0.0);
    for (n, chance) in (1..).zip(&reached[1..]) {
        sum += gone * chance;
        if (n + passed).is_multiple_of(k) {
            let purchases = f64::from((n + passed) / k - 1);
            gone += stays * a / (a + b + purchases);
            stays *= (b + purchases) / (a + b + purchases);
        }
    }
    sum / rate
}

/// The pole at w for one chance to leave.
struct Decay {
    log_w: f64,
    /// 1 − w.
    loss: f64,
    /// ln of p/(k(1−w)): of the share of stages that are purchases, relative to 1/k.
    log_purchase_rate: f64,
    k: f64,
}

impl Decay {
    fn new(p: f64, k: u32) -> Decay {
        let k = f64::from(k);
        let log_w = log1p(-p) / k;
        let loss = -expm1(log_w);
        let y = -log_w;
        let log_purchase_rate = if y < SMALL {
            // of (1 − e^(−ky))/(k(1 − e^(−y))): what is subtracted from 1 is to be divided by p
            let (square, k_square) = (y * y, k * k);
            -0.5 * (k - 1.0) * y + (k_square - 1.0) / 24.0 * square - (k_square * k_square - 1.0) / 2880.0 * square * square
        } else {
            log(p / (k * loss))
        };
        Decay { log_w, loss, log_purchase_rate, k }
    }

    /// ln A.
    fn log_chance(&self, stages: f64, passed: u32) -> f64 {
        if self.loss > 0.5 {
            // he goes at one of the first purchases, which many stages have brought; the formula holds no longer, and A is below e^(−150)
            return f64::NEG_INFINITY;
        }
        self.log_w * (f64::from(passed) + 1.0 - self.k) - stages * self.loss + self.log_purchase_rate
    }
}

fn last_stage(stages: f64) -> u32 {
    (stages + DEVIATIONS * libm::sqrt(stages) + FURTHER) as u32
}

/// P(N = n), n = 0, 1 …, of a Poisson count. `stages` is at most `MANY`, so that e^(−stages) is a normal number.
fn for_each_chance(stages: f64, mut f: impl FnMut(u32, f64)) {
    let mut chance = exp(-stages);
    for n in 0..=last_stage(stages) {
        f(n, chance);
        chance *= stages / f64::from(n + 1);
    }
}
