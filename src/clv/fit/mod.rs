//! Fits the value models to customers: the parameters under which the histories seen are most likely, with standard errors and doubts.
//!
//! Reading order: `groups` counts customers who look alike once; `beta_geometric`, `spend` and `per_customer` are the likelihoods;
//! `climb` finds the summit, `curvature` the standard errors, `warnings` the doubts. Pure and deterministic: the same samples in any order
//! give the same bytes. Reads no files; chooses no model for the user, though likelihoods of purchase models on the same samples compare.
//!
//! Called by the command line (`fit`, `backtest`).

mod beta_geometric;
mod climb;
mod curvature;
mod digamma;
mod groups;
mod kind;
mod likelihood;
mod spend;
#[cfg(test)]
mod tests;
mod warnings;

use super::{BgNbd, GammaGamma, MbgNbd, PurchaseModel, Sample};
use beta_geometric::BetaGeometric;
use climb::climb;
use groups::Groups;
use likelihood::Likelihood;
use spend::Spend;

pub use kind::ModelKind;
pub use warnings::Warning;

/// Larger sets are searched from all starts in a part of this size first, and as a whole from the best point found there.
const GROUPS_MAX: usize = 20_000;

/// A model fitted to customers.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted<M> {
    pub model: M,
    pub log_likelihood: f64,
    /// 2 × number of parameters − 2 × log-likelihood, Akaike 1974.
    pub aic: f64,
    /// In the order of the parameters; `None` where the likelihood does not give them.
    pub standard_errors: Vec<Option<f64>>,
    pub warnings: Vec<Warning>,
    /// Whom the likelihood counts.
    pub customers: u64,
}

/// Why nothing can be fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    #[error("{0} customers are too few, at least two are needed")]
    TooFewCustomers(usize),
    #[error("no customer bought twice: how often customers return and when they leave cannot be told from single purchases")]
    NoRepeats,
    #[error("no customer has been seen for any time after the first purchase")]
    NoTime,
    #[error("fewer than two customers have repeat purchases that brought money, so nothing can be said about spend")]
    NoSpend,
}

/// The purchase model of this kind.
pub fn fit_purchases(kind: ModelKind, samples: &[Sample]) -> Result<Fitted<PurchaseModel>, FitError> {
    if samples.len() < 2 {
        return Err(FitError::TooFewCustomers(samples.len()));
    }
    let groups = Groups::new(samples);
    if groups.repeats() == 0.0 {
        return Err(FitError::NoRepeats);
    }
    if groups.weeks() == 0.0 {
        return Err(FitError::NoTime);
    }
    let modified = kind == ModelKind::MbgNbd;
    let mut starts = starts(&groups);
    if let Some(thin) = groups.thinned(GROUPS_MAX) {
        starts = vec![climb(&BetaGeometric { groups: &thin, modified }, &starts).parameters];
    }
    let found = fitted(&BetaGeometric { groups: &groups, modified }, &starts);
    let [r, alpha, a, b] = found.model[..] else { unreachable!("invariant: beta-geometric models have four parameters") };
    let model = match modified {
        false => PurchaseModel::BgNbd(BgNbd { r, alpha, a, b }),
        true => PurchaseModel::MbgNbd(MbgNbd { r, alpha, a, b }),
    };
    let mut warnings = warnings::of_counts(groups.weight, groups.repeaters());
    warnings.extend(found.warnings);
    Ok(Fitted {
        model,
        log_likelihood: found.log_likelihood,
        aic: found.aic,
        standard_errors: found.standard_errors,
        warnings,
        customers: found.customers,
    })
}

/// Gamma-Gamma over those samples that have repeat spend, in the main unit of their currency.
pub fn fit_spend(samples: &[Sample]) -> Result<Fitted<GammaGamma>, FitError> {
    let spend = Spend::new(samples).filter(|spend| spend.weight() > 1.0).ok_or(FitError::NoSpend)?;
    let starts = [vec![1.0, 2.0, 1.0], vec![6.0, 4.0, 0.5], vec![2.0, 10.0, 5.0]];
    let found = fitted(&spend, &starts);
    let [p, q, v] = found.model[..] else { unreachable!("invariant: Gamma-Gamma has three parameters") };
    let mut standard_errors = found.standard_errors;
    standard_errors[2] = standard_errors[2].map(|error| error * spend.scale);
    let mut warnings = warnings::of_counts(f64::INFINITY, spend.weight());
    warnings.extend(warnings::of_correlation(samples));
    warnings.extend(found.warnings);
    let log_likelihood = spend.unscaled(found.log_likelihood);
    Ok(Fitted {
        model: GammaGamma { p, q, v: v * spend.scale },
        log_likelihood,
        aic: aic(3, log_likelihood),
        standard_errors,
        warnings,
        customers: found.customers,
    })
}

/// Parameters, errors and doubts of any likelihood.
fn fitted(likelihood: &dyn Likelihood, starts: &[Vec<f64>]) -> Fitted<Vec<f64>> {
    let summit = climb(likelihood, starts);
    let named: Vec<_> = likelihood.parameters().iter().zip(&summit.parameters).map(|((name, _), value)| (*name, *value)).collect();
    let mut warnings = warnings::of_parameters(&named);
    let errors = curvature::standard_errors(likelihood, &summit.parameters);
    if !summit.reached {
        warnings.push(Warning::SummitNotReached);
    }
    if errors.is_none() {
        warnings.push(Warning::NoStandardErrors);
    }
    let unknown = vec![None; summit.parameters.len()];
    Fitted {
        log_likelihood: summit.log_likelihood,
        aic: aic(summit.parameters.len(), summit.log_likelihood),
        standard_errors: errors.map_or(unknown, |errors| errors.into_iter().map(Some).collect()),
        warnings,
        customers: likelihood.weight().round() as u64,
        model: summit.parameters,
    }
}

fn aic(parameters: usize, log_likelihood: f64) -> f64 {
    2.0 * parameters as f64 - 2.0 * log_likelihood
}

/// r, α, a, b from customers much alike to customers unlike each other, with α such that they buy as often as they did.
fn starts(groups: &Groups) -> Vec<Vec<f64>> {
    let rate = groups.repeats() / groups.weeks();
    [[0.5, 0.8, 2.5], [2.0, 0.5, 6.0], [0.1, 1.5, 1.0]].map(|[r, a, b]| vec![r, r / rate, a, b]).to_vec()
}
