//! Likelihood of (M)BG/NBD and (M)BG/CNBD-k over groups of customers: the formula of `evidence`, with what depends on x alone computed
//! once per x, what depends on T once per run of equal T, and the derivatives by little more than divisions.
//!
//!   LL = lnΓ(q)/Γ(r) + ln B(a, s)/B(a, b) + r ln α − q ln(α+T) + ln(S + e^L) + (k−1) Σ ln(times) − x ln (k−1)!,
//!   q = r+kx,  L = ln a/(s−1) + q ln((α+T)/(α+t_x)),  S = Σ_(j<k) (q)_j/j! u^j,  u = (T−t_x)/(α+T),
//! with s = b+x (BG: Fader, Hardie, Lee 2005) or b+x+1 (MBG: Batislam et al. 2007); S = 1 for k = 1, else Reutterer, Platzer, Schröder
//! 2021. Called by `mod`.

use super::super::gamma::ln_gamma;
use super::digamma::digamma;
use super::groups::{Group, Groups};
use super::likelihood::Likelihood;
use libm::{exp, log, log1p};

/// The likelihood of these customers.
pub(super) struct BetaGeometric<'a> {
    pub groups: &'a Groups,
    /// MBG: one toss more.
    pub modified: bool,
    /// Stages of a purchase; 1 for buying at random.
    pub k: u32,
}

/// What all customers with the same x share.
struct Block {
    alpha: f64,
    /// q = r + kx.
    shape: f64,
    /// ln a/(s−1); `None` if no toss is in doubt.
    log_odds: Option<f64>,
    k: u32,
}

/// Sums over a block of what its groups differ in.
#[derive(Default)]
struct Sums {
    weight: f64,
    /// Of ln(α+T).
    log_t: f64,
    /// Of ln(S + e^L).
    doubt: f64,
    /// Of the chance g = e^L/(S + e^L) to have left.
    gone: f64,
    /// Of the derivative of ln(S + e^L) by q.
    by_shape: f64,
    /// Of the derivative of ln(S + e^L) − q ln(α+T) by α.
    by_alpha: f64,
    log_times: f64,
}

/// ln S with its derivatives by q and by u.
struct Unfinished {
    log: f64,
    by_shape: f64,
    by_share: f64,
}

impl Block {
    fn sums(&self, groups: &[Group]) -> Sums {
        let mut sums = Sums::default();
        let (mut t, mut log_t, mut inverse_t) = (f64::NAN, 0.0, 0.0);
        for group in groups {
            let weight = group.weight;
            if group.t != t {
                t = group.t;
                log_t = log(self.alpha + t);
                inverse_t = 1.0 / (self.alpha + t);
            }
            sums.weight += weight;
            sums.log_t += weight * log_t;
            sums.by_alpha -= weight * self.shape * inverse_t;
            sums.log_times += weight * group.log_times;
            let share = (t - group.t_x) * inverse_t;
            let unfinished = if self.k == 1 { Unfinished::NOTHING } else { self.unfinished(share) };
            let mut there = weight;
            if let Some(log_odds) = self.log_odds {
                let silence = log_t - log(self.alpha + group.t_x);
                let l = log_odds + self.shape * silence - unfinished.log;
                let small = exp(-l.abs());
                let gone = weight * if l > 0.0 { 1.0 } else { small } / (1.0 + small);
                there -= gone;
                sums.doubt += weight * (l.max(0.0) + log1p(small));
                sums.gone += gone;
                sums.by_shape += gone * silence;
                sums.by_alpha += gone * self.shape * (inverse_t - 1.0 / (self.alpha + group.t_x));
            }
            if self.k > 1 {
                sums.doubt += weight * unfinished.log;
                sums.by_shape += there * unfinished.by_shape;
                sums.by_alpha -= there * unfinished.by_share * share * inverse_t;
            }
        }
        sums
    }

    fn unfinished(&self, share: f64) -> Unfinished {
        let (mut term, mut term_by_shape) = (1.0, 0.0);
        let (mut sum, mut by_shape, mut by_share) = (1.0, 0.0, 0.0);
        for j in 1..self.k {
            let j = f64::from(j);
            let rising = self.shape + j - 1.0;
            term_by_shape = (term_by_shape * rising + term) * share / j;
            // before the power of u grows: d(u^j)/du = j u^(j−1)
            by_share += term * rising;
            term *= rising * share / j;
            sum += term;
            by_shape += term_by_shape;
        }
        Unfinished { log: log(sum), by_shape: by_shape / sum, by_share: by_share / sum }
    }
}

impl Unfinished {
    const NOTHING: Unfinished = Unfinished { log: 0.0, by_shape: 0.0, by_share: 0.0 };
}

impl Likelihood for BetaGeometric<'_> {
    fn parameters(&self) -> &'static [(&'static str, f64)] {
        &[("r", 0.0), ("alpha", 0.0), ("a", 0.0), ("b", 0.0)]
    }

    fn weight(&self) -> f64 {
        self.groups.weight
    }

    fn log_likelihood(&self, parameters: &[f64]) -> f64 {
        self.with_slope(parameters).0
    }

    fn with_slope(&self, parameters: &[f64]) -> (f64, Vec<f64>) {
        let [r, alpha, a, b]: [f64; 4] = parameters.try_into().expect("invariant: as many as parameters() names");
        let k = f64::from(self.k);
        let log_alpha = log(alpha);
        let (psi_r, psi_b, psi_ab) = (digamma(r), digamma(b), digamma(a + b));
        let of_all = r * log_alpha - ln_gamma(r) + ln_gamma(a + b) - ln_gamma(b);
        let mut total = 0.0;
        let mut slope = vec![0.0; 4];
        for (x, groups) in self.groups.blocks() {
            let x = f64::from(x);
            let survived = b + x + if self.modified { 1.0 } else { 0.0 };
            let in_doubt = self.modified || x > 0.0;
            let log_odds = in_doubt.then(|| log(a / (survived - 1.0)));
            let block = Block { alpha, shape: r + k * x, log_odds, k: self.k };
            let sums = block.sums(groups);
            let of_block = of_all + ln_gamma(block.shape) + ln_gamma(survived) - ln_gamma(a + survived) - x * ln_gamma(k);
            total += sums.weight * of_block - block.shape * sums.log_t + sums.doubt + (k - 1.0) * sums.log_times;
            let psi_tosses = psi_ab - digamma(a + survived);
            slope[0] += sums.weight * (digamma(block.shape) - psi_r + log_alpha) - sums.log_t + sums.by_shape;
            slope[1] += sums.weight * r / alpha + sums.by_alpha;
            slope[2] += sums.weight * psi_tosses + sums.gone / a;
            slope[3] += sums.weight * (psi_tosses + digamma(survived) - psi_b);
            if in_doubt {
                slope[3] -= sums.gone / (survived - 1.0);
            }
        }
        (total, slope)
    }
}
