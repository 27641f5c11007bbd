//! Purchases to come of a regular customer (`Stages`), exactly: N, the stages to pass in time t, is negative binomial given the j passed
//! before, and the n-th purchase is made if N ≥ nk − j and none of the n − 1 before made him leave:
//!   K = Σ_n P(N + j ≥ nk) · E[(1−p)^(n−1)].
//! Every term is positive. Published is an approximation only, the BG/NBD formula with kα for α (Reutterer, Platzer, Schröder, IJRM 38, 2021).
//!
//! Costs some microseconds while few purchases are to come; where the sum is too long, `regular_by_rate` takes over. Called by `evidence`.

use super::gamma::ln_gamma;
use super::regular_by_rate::purchases;
use super::stages::{REGULARITY_MAX, Stages};
use libm::log1p;

/// Stages counted one by one: twenty thousand take less than the integral does.
const STAGES_MAX: usize = 20_000;
/// What is left of a sum at which it ends, relative to what has been summed.
const NEGLIGIBLE: f64 = 1e-17;

impl Stages {
    /// K for t = 1, 2 … N steps.
    pub fn expected_path<const N: usize>(&self, step_weeks: f64) -> [f64; N] {
        std::array::from_fn(|i| {
            let weeks = (i + 1) as f64 * step_weeks;
            if weeks == 0.0 {
                return 0.0;
            }
            self.by_sum(weeks).unwrap_or_else(|| self.mean_over_rates(|rate, stage| purchases(self, rate * weeks, stage)))
        })
    }

    /// Over m, the stages passed since the last purchase, those before now among them: with w_j of `stages`, their chances are
    ///   P(m) ∝ P(N = m) Σ_(j<k) C(m, j) (silence/t)^j,   N of shape q.
    /// `None` if the sum is too long.
    pub fn by_sum(&self, weeks: f64) -> Option<f64> {
        let k = self.k as usize;
        let unseen = Unseen::new(self.k, self.silence_share * self.alive.rate / weeks);
        let ladder = Ladder::new(self.alive.shape, weeks / self.alive.rate, k, |m| unseen.weight(m as f64))?;
        let mut counts = vec![0.0; (ladder.first + ladder.chances.len()) / k + 1];
        for (m, chance) in (ladder.first..).zip(&ladder.chances) {
            counts[m / k] += chance;
        }
        Some(survived_purchases(&counts, self.alive.a, self.alive.b))
    }

    /// Weeks until he leaves, those beyond the horizon not counted. Exactly m stages are behind him for ∫_0^H P(N(u) = m) du =
    /// Σ_(i≥m) P(N(H) = i) H/(i+1) weeks. `None` if the sum is too long.
    pub fn lifetime_by_sum(&self, horizon_weeks: f64) -> Option<f64> {
        let horizon = horizon_weeks / self.alive.rate;
        let k = self.k as usize;
        let (a, b) = (self.alive.a, self.alive.b);
        let mut weeks = 0.0;
        for (stage, (passed, chance)) in self.chances().enumerate() {
            let mut spent = Ladder::new(self.alive.shape + passed, horizon, k - stage, |_| 1.0)?;
            for (n, step) in (spent.first..).zip(&mut spent.chances) {
                *step *= horizon_weeks / (n + 1) as f64;
            }
            for i in (1..spent.chances.len()).rev() {
                spent.chances[i - 1] += spent.chances[i];
            }
            let at_first = spent.chances[0];
            let all = std::iter::repeat_n(at_first, spent.first).chain(spent.chances);
            let mut stays = 1.0;
            for (n, time) in (stage..).zip(all) {
                if n > stage && n.is_multiple_of(k) {
                    let purchases = (n / k - 1) as f64;
                    stays *= (b + purchases) / (a + b + purchases);
                }
                weeks += chance * stays * time;
            }
        }
        Some(weeks)
    }
}

/// Σ_(j<k) C(m, j) u^j.
struct Unseen {
    k: usize,
    /// u/(j+1).
    factors: [f64; REGULARITY_MAX as usize],
}

impl Unseen {
    fn new(k: u32, u: f64) -> Unseen {
        Unseen { k: k as usize, factors: std::array::from_fn(|j| u / (j + 1) as f64) }
    }

    /// Horner's rule; the factor m − j ends the sum at j = m.
    fn weight(&self, m: f64) -> f64 {
        (0..self.k - 1).rev().fold(1.0, |sum, j| 1.0 + (m - j as f64) * self.factors[j] * sum)
    }
}

/// Chances of a count from `first` on, in proportion to P(N = n) · weight(n), N negative binomial: all that matter.
struct Ladder {
    first: usize,
    chances: Vec<f64>,
}

impl Ladder {
    /// Steps away from the most likely N, and divides by the sum, so that no gamma function is needed. However small the chance to reach
    /// `least` is, it keeps its digits. `weight` must not fall.
    fn new(shape: f64, horizon: f64, least: usize, weight: impl Fn(usize) -> f64) -> Option<Ladder> {
        let mode = ((shape - 1.0) * horizon).max(0.0);
        if mode > STAGES_MAX as f64 {
            return None;
        }
        let mode = mode as usize;
        let ratio = horizon / (1.0 + horizon);
        let at_mode = weight(mode);
        let mut chances = Vec::new();
        let mut chance = 1.0;
        for n in (1..=mode).rev() {
            chance *= n as f64 / (ratio * (shape + (n - 1) as f64));
            chances.push(chance * weight(n - 1));
            if chance * weight(n - 1) <= NEGLIGIBLE / STAGES_MAX as f64 * at_mode {
                break;
            }
        }
        let first = mode - chances.len();
        chances.reverse();
        let mut sum: f64 = chances.iter().sum();
        let (mut reached, mut before, mut chance) = (0.0, f64::INFINITY, 1.0);
        for n in mode..STAGES_MAX {
            let latest = chance * weight(n);
            chances.push(latest);
            sum += latest;
            if n >= least {
                reached += latest;
            }
            // what is left falls at least as fast as a geometric series
            let fall = (latest / before).max(ratio);
            if n > least && fall < 1.0 && latest * fall <= NEGLIGIBLE * (1.0 - fall) * reached {
                for step in &mut chances {
                    *step /= sum;
                }
                return Some(Ladder { first, chances });
            }
            before = latest;
            chance *= ratio * (shape + n as f64) / (n + 1) as f64;
        }
        None
    }
}

/// Σ_n P(at least n) · E[(1−p)^(n−1)] for p ~ beta(a, b), given the chances of 0, 1, 2 … purchases.
pub(super) fn survived_purchases(counts: &[f64], a: f64, b: f64) -> f64 {
    // the expectation's factors grow, so E[Y | n purchases possible] is summed upwards and weighed
    let mut stays = 1.0;
    let mut made = 0.0;
    let mut sum = 0.0;
    for (n, &chance) in counts.iter().enumerate() {
        sum += chance * made;
        made += stays;
        stays *= (b + n as f64) / (a + b + n as f64);
    }
    sum
}

/// ln P(N = n), negative binomial with `shape`, `horizon` the time relative to the rate's rate.
pub(super) fn log_chance(shape: f64, horizon: f64, n: f64) -> f64 {
    let rising = if n == 0.0 { 0.0 } else { n * log1p(1.0 / horizon) };
    ln_gamma(shape + n) - ln_gamma(shape) - ln_gamma(n + 1.0) - shape * log1p(horizon) - rising
}
