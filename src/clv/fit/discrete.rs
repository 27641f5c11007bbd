//! Likelihoods of the two models whose time comes in steps: BG/BB over donors, the shifted beta-geometric over a cohort of contracts.
//!
//! Both sum what `bg_bb` and `sbg` say of one customer; there are few distinct histories, so the slopes are differences. Called by `mod`.

use super::super::{BgBb, Occasions, ShiftedBetaGeometric};
use super::likelihood::Likelihood;

/// Histories, each with the number of customers who have it; those of equal x and n stand together, t_x falling.
pub(super) struct Donors(Vec<(Occasions, f64)>);

/// Contracts cancelled at the end of each period, and those left.
pub(super) struct Cohort<'a> {
    pub lost: &'a [u64],
    pub kept: u64,
}

impl Donors {
    pub fn new(customers: &[(Occasions, f64)]) -> Donors {
        let mut donors = customers.to_vec();
        donors.sort_unstable_by(|(one, count), (next, next_count)| {
            let histories = (one.x, one.n, next.t_x).cmp(&(next.x, next.n, one.t_x));
            // sums of floats depend on their order
            histories.then(count.total_cmp(next_count))
        });
        Donors(donors)
    }

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

impl Likelihood for Donors {
    fn parameters(&self) -> &'static [(&'static str, f64)] {
        &[("alpha", 0.0), ("beta", 0.0), ("gamma", 0.0), ("delta", 0.0)]
    }

    fn weight(&self) -> f64 {
        self.customers()
    }

    fn log_likelihood(&self, parameters: &[f64]) -> f64 {
        let [alpha, beta, gamma, delta]: [f64; 4] = parameters.try_into().expect("invariant: as many as parameters() names");
        let model = BgBb { alpha, beta, gamma, delta };
        let alike = self.0.chunk_by(|(one, _), (next, _)| (one.x, one.n) == (next.x, next.n));
        alike
            .map(|alike| {
                let Occasions { x, n, .. } = alike[0].0;
                model.log_likelihood_of_alike(x, n, alike.iter().map(|(history, count)| (history.t_x, *count)))
            })
            .sum()
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
