//! Shifted beta-geometric: contracts that are renewed or not at the end of every period. Each customer has his own, constant chance to cancel,
//! beta-distributed over customers; those who stay are the loyal ones, so that retention rises with tenure. Fader, Hardie, "How to
//! Project Customer Retention", Journal of Interactive Marketing 21(1), 2007; "Customer-Base Valuation in a Contractual Setting",
//! Marketing Science 29(1), 2010.
//!
//! Knows no money: periods times what one brings is the caller's. Parameters must have passed `check`, which the caller asks. Called by fits.

use super::gamma::ln_gamma;
use super::parameters::{ParameterError, check_shape};
use super::periods::{expected_periods, expected_periods_without_end};
use libm::{exp, log};

/// No contract is renewed more often.
const PERIODS_MAX: u32 = 1_000_000;

/// Chance to cancel at the end of a period ~ beta(`alpha`, `beta`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShiftedBetaGeometric {
    pub alpha: f64,
    pub beta: f64,
}

impl ShiftedBetaGeometric {
    /// The first parameter that is out of bounds.
    pub fn check(&self) -> Result<(), ParameterError> {
        self.named_parameters().into_iter().try_for_each(|(name, value)| check_shape(format!("sbg.{name}"), value))
    }

    pub fn named_parameters(&self) -> [(&'static str, f64); 2] {
        [("alpha", self.alpha), ("beta", self.beta)]
    }

    /// r(t) = (β+t−1)/(α+β+t−1): the share of those still there before the end of period t, 1 or more, who stay.
    pub fn retention(&self, period: u32) -> f64 {
        debug_assert!(period >= 1, "periods count from 1");
        let stayed = self.beta + f64::from(period) - 1.0;
        stayed / (self.alpha + stayed)
    }

    /// S(t) = B(α, β+t)/B(α, β): the share of a cohort that has stayed for t periods.
    pub fn survival(&self, periods: u32) -> f64 {
        exp(self.log_survival(periods))
    }

    /// P(t): the share of a cohort that cancels at the end of period t, 1 or more.
    pub fn churn(&self, period: u32) -> f64 {
        exp(self.log_churn(period))
    }

    /// Σ lost_t ln P(t) + kept ln S(n), for a cohort of which `lost[t−1]` cancelled at the end of period t = 1 … n and `kept` are left.
    pub fn log_likelihood(&self, lost: &[u64], kept: u64) -> f64 {
        let cancelled: f64 = (1..).zip(lost).map(|(period, &count)| count as f64 * self.log_churn(period)).sum();
        cancelled + kept as f64 * self.log_survival(lost.len() as u32)
    }

    /// Of the `horizon` periods to come, those for which a customer of `tenure` periods is expected to renew.
    pub fn expected_renewals(&self, tenure: u32, horizon: u32) -> f64 {
        self.expected_discounted(tenure, horizon, 0.0)
    }

    /// The same, the i-th period from now divided by (1+d)^i; d = `discount` per period, 0 or more.
    pub fn expected_discounted(&self, tenure: u32, horizon: u32, discount: f64) -> f64 {
        expected_periods(self.alpha, self.beta + f64::from(tenure), horizon, discount)
    }

    /// The same without an end; infinite for d = 0 unless α > 1. The discounted expected residual lifetime of the paper of 2010, which takes
    /// the renewal to be due now, is (1+d) times this.
    pub fn expected_residual(&self, tenure: u32, discount: f64) -> f64 {
        expected_periods_without_end(self.alpha, self.beta + f64::from(tenure), discount)
    }

    /// Periods from now after which the chance that a customer of `tenure` periods is still there is `threshold` (above 0, below 1) or below.
    /// `None`: more than a million.
    pub fn lapse_periods(&self, tenure: u32, threshold: f64) -> Option<u32> {
        assert!(0.0 < threshold && threshold < 1.0, "threshold {threshold} is no probability");
        let later = ShiftedBetaGeometric { alpha: self.alpha, beta: self.beta + f64::from(tenure) };
        let (mut low, mut high) = (0, PERIODS_MAX);
        if later.survival(high) > threshold {
            return None;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if later.survival(middle) <= threshold {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Some(low)
    }

    /// ln S(t), the Γ(α) in both betas taken out.
    fn log_survival(&self, periods: u32) -> f64 {
        let stayed = self.beta + f64::from(periods);
        let log_now = ln_gamma(stayed) - ln_gamma(self.alpha + stayed);
        log_now - (ln_gamma(self.beta) - ln_gamma(self.alpha + self.beta))
    }

    /// P(t) = S(t−1) α/(α+β+t−1).
    fn log_churn(&self, period: u32) -> f64 {
        debug_assert!(period >= 1, "periods count from 1");
        let before = f64::from(period) - 1.0;
        self.log_survival(period - 1) + log(self.alpha / (self.alpha + self.beta + before))
    }
}
