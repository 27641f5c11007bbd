//! Likelihood of BG/NBD and MBG/NBD over groups of customers: the formula of `evidence`, with what depends on x alone computed once per x,
//! what depends on T once per run of equal T, and the derivatives by little more than divisions.
//!
//!   LL = lnΓ(r+x)/Γ(r) + ln B(a, s)/B(a, b) + r ln α − (r+x) ln(α+T) + ln(1 + e^L),  L = ln a/c + (r+x) ln((α+T)/(α+t_x)),
//! with s = b+x, c = s−1 (BG/NBD: Fader, Hardie, Lee 2005) or s = b+x+1, c = s−1 (MBG/NBD: Batislam et al. 2007). Called by `mod`.

use super::digamma::digamma;
use super::groups::{Group, Groups};
use super::likelihood::Likelihood;
use libm::{exp, lgamma_r, log, log1p};

/// The likelihood of these customers.
pub(super) struct BetaGeometric<'a> {
    pub groups: &'a Groups,
    /// MBG/NBD: one toss more.
    pub modified: bool,
}

/// What all customers with the same x share.
struct Block {
    alpha: f64,
    /// r + x.
    shape: f64,
    /// ln a/c; `None` if no toss is in doubt.
    log_odds: Option<f64>,
}

/// Sums over a block of what its groups differ in.
#[derive(Default)]
struct Sums {
    weight: f64,
    /// Of ln(α+T).
    log_t: f64,
    /// Of 1/(α+T).
    inverse_t: f64,
    /// Of ln(1+e^L).
    doubt: f64,
    /// Of the chance g = 1/(1+e^−L) to have left.
    gone: f64,
    /// Of g ln((α+T)/(α+t_x)).
    gone_silence: f64,
    /// Of g (1/(α+T) − 1/(α+t_x)).
    gone_inverse: f64,
}

impl Block {
    fn sums(&self, groups: &[Group]) -> Sums {
        let mut sums = Sums::default();
        let (mut t, mut log_t, mut inverse_t) = (f64::NAN, 0.0, 0.0);
        for group in groups {
            if group.t != t {
                t = group.t;
                log_t = log(self.alpha + t);
                inverse_t = 1.0 / (self.alpha + t);
            }
            sums.weight += group.weight;
            sums.log_t += group.weight * log_t;
            sums.inverse_t += group.weight * inverse_t;
            let Some(log_odds) = self.log_odds else { continue };
            let silence = log_t - log(self.alpha + group.t_x);
            let l = log_odds + self.shape * silence;
            let small = exp(-l.abs());
            let gone = if l > 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) };
            sums.doubt += group.weight * (l.max(0.0) + log1p(small));
            sums.gone += group.weight * gone;
            sums.gone_silence += group.weight * gone * silence;
            sums.gone_inverse += group.weight * gone * (inverse_t - 1.0 / (self.alpha + group.t_x));
        }
        sums
    }
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
        let log_alpha = log(alpha);
        let (psi_r, psi_b, psi_ab) = (digamma(r), digamma(b), digamma(a + b));
        let of_all = r * log_alpha - ln_gamma(r) + ln_gamma(a + b) - ln_gamma(b);
        let mut total = 0.0;
        let mut slope = vec![0.0; 4];
        for (x, groups) in self.groups.blocks() {
            let survived = b + f64::from(x) + if self.modified { 1.0 } else { 0.0 };
            let in_doubt = self.modified || x > 0;
            let log_odds = in_doubt.then(|| log(a / (survived - 1.0)));
            let block = Block { alpha, shape: r + f64::from(x), log_odds };
            let sums = block.sums(groups);
            let of_block = of_all + ln_gamma(block.shape) + ln_gamma(survived) - ln_gamma(a + survived);
            total += sums.weight * of_block - block.shape * sums.log_t + sums.doubt;
            let psi_tosses = psi_ab - digamma(a + survived);
            slope[0] += sums.weight * (digamma(block.shape) - psi_r + log_alpha) - sums.log_t + sums.gone_silence;
            slope[1] += sums.weight * r / alpha + block.shape * (sums.gone_inverse - sums.inverse_t);
            slope[2] += sums.weight * psi_tosses + sums.gone / a;
            slope[3] += sums.weight * (psi_tosses + digamma(survived) - psi_b);
            if in_doubt {
                slope[3] -= sums.gone / (survived - 1.0);
            }
        }
        (total, slope)
    }
}

fn ln_gamma(z: f64) -> f64 {
    lgamma_r(z).0
}
