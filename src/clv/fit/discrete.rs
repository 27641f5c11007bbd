//! Likelihoods of the two models whose time comes in steps: BG/BB over donors, the shifted beta-geometric over a cohort of contracts.
//!
//! Both sum what `bg_bb` and `sbg` say of one customer; there are few distinct histories, so the slopes are differences. Called by `mod`.

use super::super::{BgBb, Occasions, ShiftedBetaGeometric};
use super::likelihood::Likelihood;

/// Histories, each with the number of customers who have it.
pub(super) struct Donors<'a>(pub &'a [(Occasions, f64)]);

/// Contracts cancelled at the end of each period, and those left.
pub(super) struct Cohort<'a> {
    pub lost: &'a [u64],
    pub kept: u64,
}

impl Donors<'_> {
    pub fn customers(&self) -> f64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    pub fn repeaters(&self) -> f64 {
        self.0.iter().filter(|(history, _)| history.x > 0).map(|(_, count)| count).sum()
    }
}

impl Cohort<'_> {
    pub fn cancelled(&self) -> u64 {
        self.lost.iter().sum()
    }
}

impl Likelihood for Donors<'_> {
    fn parameters(&self) -> &'static [(&'static str, f64)] {
        &[("alpha", 0.0), ("beta", 0.0), ("gamma", 0.0), ("delta", 0.0)]
    }

    fn weight(&self) -> f64 {
        self.customers()
    }

    fn log_likelihood(&self, parameters: &[f64]) -> f64 {
        let [alpha, beta, gamma, delta]: [f64; 4] = parameters.try_into().expect("invariant: as many as parameters() names");
        let model = BgBb { alpha, beta, gamma, delta };
        self.0.iter().map(|(history, count)| count * model.log_likelihood(history)).sum()
    }
}

impl Likelihood for Cohort<'_> {
    fn parameters(&self) -> &'static [(&'static str, f64)] {
        &[("alpha", 0.0), ("beta", 0.0)]
    }

    fn weight(&self) -> f64 {
        (self.cancelled() + self.kept) as f64
    }

    fn log_likelihood(&self, parameters: &[f64]) -> f64 {
        let [alpha, beta]: [f64; 2] = parameters.try_into().expect("invariant: as many as parameters() names");
        ShiftedBetaGeometric { alpha, beta }.log_likelihood(self.lost, self.kept)
    }
}
