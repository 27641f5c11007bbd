//! Likelihood of Pareto/NBD over groups of customers: the sum of `pareto_nbd`'s, each of which is an integral.
//!
//! The derivatives are differences, so a slope costs nine likelihoods. Called by `mod`.

use super::super::{History, ParetoNbd, PurchaseModel};
use super::groups::Groups;
use super::likelihood::Likelihood;

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
        let [r, alpha, s, beta]: [f64; 4] = parameters.try_into().expect("invariant: as many as parameters() names");
        let model = PurchaseModel::ParetoNbd(ParetoNbd { r, alpha, s, beta });
        let of_block = |(x, groups): (u32, &[super::groups::Group])| {
            let of_group = |group: &super::groups::Group| {
                group.weight * model.log_likelihood(&History { x, t_x: group.t_x, t: group.t }, group.log_times)
            };
            groups.iter().map(of_group).sum::<f64>()
        };
        self.groups.blocks().map(of_block).sum()
    }
}
