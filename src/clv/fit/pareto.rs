//! Likelihood of Pareto/NBD over groups of customers, from `pareto_nbd`'s odds of having left, each of which is an integral that gives its
//! derivatives along with it:
//!   LL = lnΓ(r+x)/Γ(r) − r ln((α+T)/α) − x ln(α+T) − s ln((β+T)/β) + ln(1 + e^L)    (Fader, Hardie, note 009; Γ's once per x).
//!
//! Called by `mod`.

use super::super::ParetoNbd;
use super::super::gamma::{ln_gamma, log_one_plus};
use super::digamma::digamma;
use super::groups::Groups;
use super::likelihood::Likelihood;
use libm::{exp, log, log1p};

/// The likelihood of these customers.
pub(super) struct Pareto<'a> {
    pub groups: &'a Groups,
}

impl Likelihood for Pareto<'_> {
    fn parameters(&self) -> &'static [(&'static str, f64)] {
        &[("r", 0.0), ("alpha", 0.0), ("s", 0.0), ("beta", 0.0)]
    }

    fn weight(&self) -> f64 {
        self.groups.weight
    }

    fn log_likelihood(&self, parameters: &[f64]) -> f64 {
        self.with_slope(parameters).0
    }

    fn with_slope(&self, parameters: &[f64]) -> (f64, Vec<f64>) {
        let [r, alpha, s, beta]: [f64; 4] = parameters.try_into().expect("invariant: as many as parameters() names");
        let model = ParetoNbd { r, alpha, s, beta };
        let mut total = 0.0;
        let mut slope = vec![0.0; 4];
        for (count, groups) in self.groups.blocks() {
            let x = f64::from(count);
            let gammas = ln_gamma(r + x) - ln_gamma(r);
            let by_r = digamma(r + x) - digamma(r);
            for group in groups {
                let (t, weight) = (group.t, group.weight);
                let (log_odds, odds_slope) = model.log_dropout_odds_with_slope(count, group.t_x, t);
                let (log_alpha, log_beta) = (log1p(t / alpha), log1p(t / beta));
                let gone = 1.0 / (1.0 + exp(-log_odds));
                total += weight * (gammas - r * log_alpha - x * log(alpha + t) - s * log_beta + log_one_plus(log_odds));
                slope[0] += weight * (by_r - log_alpha + gone * odds_slope[0]);
                slope[1] += weight * (r / alpha - (r + x) / (alpha + t) + gone * odds_slope[1]);
                slope[2] += weight * (gone * odds_slope[2] - log_beta);
                slope[3] += weight * (s / beta - s / (beta + t) + gone * odds_slope[3]);
            }
        }
        (total, slope)
    }
}
