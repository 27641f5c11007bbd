//! Likelihood of Gamma-Gamma over the mean repeat spends of customers. Colombo, Jiang 1999; Fader, Hardie, note 025:
//!   LL = lnΓ(px+q) − lnΓ(px) − lnΓ(q) + q ln v + (px−1) ln m + px ln x − (px+q) ln(xm+v).
//!
//! Amounts are divided by their mean over all customers, so that v is near 1 in every currency; `mod` multiplies it back. What depends
//! on x alone is computed once per x. Called by `mod`.

use super::super::Sample;
use super::super::gamma::ln_gamma;
use super::digamma::digamma;
use super::likelihood::Likelihood;
use libm::log;

/// The likelihood of these repeat buyers.
pub(super) struct Spend {
    /// Ascending x.
    customers: Vec<Spender>,
    weight: f64,
    /// Mean spend per customer, in the currency's main unit: what amounts are divided by.
    pub scale: f64,
}

struct Spender {
    x: f64,
    /// x m.
    total: f64,
    log_mean: f64,
    weight: f64,
}

impl Spend {
    /// Of those samples that have repeat spend; `None` if none has.
    pub fn new(samples: &[Sample]) -> Option<Spend> {
        let spender = |sample: &Sample| Some((sample.history.x, sample.mean_repeat_spend?, sample.weight));
        let mut spenders: Vec<(u32, f64, f64)> = samples.iter().filter_map(spender).collect();
        // sums of floats depend on their order
        spenders.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2)));
        let weight: f64 = spenders.iter().map(|(_, _, weight)| weight).sum();
        let scale = spenders.iter().map(|(_, mean, weight)| mean * weight).sum::<f64>() / weight;
        let scaled = spenders.iter().map(|&(x, mean, weight)| {
            let (x, mean) = (f64::from(x), mean / scale);
            Spender { x, total: x * mean, log_mean: log(mean), weight }
        });
        (!spenders.is_empty()).then(|| Spend { customers: scaled.collect(), weight, scale })
    }

    /// Of the density of m in the currency's main unit, given that of m/scale.
    pub fn unscaled(&self, log_likelihood: f64) -> f64 {
        log_likelihood - self.weight * log(self.scale)
    }
}

impl Likelihood for Spend {
    fn parameters(&self) -> &'static [(&'static str, f64)] {
        &[("p", 0.0), ("q", 1.0), ("v", 0.0)]
    }

    fn weight(&self) -> f64 {
        self.weight
    }

    fn log_likelihood(&self, parameters: &[f64]) -> f64 {
        self.with_slope(parameters).0
    }

    fn with_slope(&self, parameters: &[f64]) -> (f64, Vec<f64>) {
        let [p, q, v]: [f64; 3] = parameters.try_into().expect("invariant: as many as parameters() names");
        let (log_v, ln_gamma_q, psi_q) = (log(v), ln_gamma(q), digamma(q));
        let mut total = 0.0;
        let mut slope = vec![0.0; 3];
        for alike in self.customers.chunk_by(|one, next| one.x == next.x) {
            let x = alike[0].x;
            let (own, all, log_x) = (p * x, p * x + q, log(x));
            let of_block = ln_gamma(all) - ln_gamma(own) - ln_gamma_q + q * log_v + own * log_x;
            let (psi_all, psi_own) = (digamma(all), digamma(own));
            for customer in alike {
                let weight = customer.weight;
                let log_sum = log(customer.total + v);
                total += weight * (of_block + (own - 1.0) * customer.log_mean - all * log_sum);
                slope[0] += weight * x * (psi_all - psi_own + customer.log_mean + log_x - log_sum);
                slope[1] += weight * (psi_all - psi_q + log_v - log_sum);
                slope[2] += weight * (q / v - all / (customer.total + v));
            }
        }
        (total, slope)
    }
}
