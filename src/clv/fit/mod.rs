//! Fits the value models to customers: the parameters under which the histories seen are most likely, with standard errors and doubts.
//!
//! Reading order: `groups` counts customers who look alike once; `beta_geometric`, `pareto`, `discrete` and `spend` are the likelihoods;
//! `climb` finds the summit, `curvature` the standard errors, `warnings` the doubts. Pure and deterministic: the same samples in any order
//! give the same bytes. Reads no files; chooses no model for the user, though likelihoods of purchase models on the same samples compare.
//!
//! Called by the command line (`fit`, `backtest`).

mod beta_geometric;
mod climb;
mod curvature;
mod digamma;
mod discrete;
mod groups;
mod likelihood;
mod pareto;
mod spend;
#[cfg(test)]
mod tests;
mod warnings;

use super::{
    BgBb, BgNbd, Cnbd, GammaGamma, MbgNbd, ModelKind, Occasions, ParetoNbd, PurchaseModel, REGULARITY_MAX, Sample, ShiftedBetaGeometric,
};
use beta_geometric::BetaGeometric;
use climb::{Summit, climb};
use discrete::{Cohort, Donors};
use groups::Groups;
use likelihood::Likelihood;
use pareto::Pareto;
use spend::Spend;

pub use warnings::Warning;

/// Larger sets are searched from all starts in a part of this size first, and as a whole from the best point found there.
const GROUPS_MAX: usize = 500;
/// The same where each group takes an integral.
const GROUPS_OF_INTEGRALS_MAX: usize = 250;

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
    #[error("too few customers, at least two are needed: {0}")]
    TooFewCustomers(usize),
    #[error("no customer bought twice: how often customers return and when they leave cannot be told from single purchases")]
    NoRepeats,
    #[error("no customer has been seen for any time after the first purchase")]
    NoTime,
    #[error("fewer than two customers have repeat purchases that brought money, so nothing can be said about spend")]
    NoSpend,
    #[error("no contract was cancelled, or none was ever at stake: how many stay cannot be told")]
    NoCancellations,
}

/// The purchase model of this kind. For regular buying, k is the one of 1 to `REGULARITY_MAX` with the largest likelihood.
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
    let modified = matches!(kind, ModelKind::MbgNbd | ModelKind::MbgCnbdK);
    let (summit, k) = match kind {
        ModelKind::BgNbd | ModelKind::MbgNbd => (search(&groups, starts(&groups, 1), Family::AtPurchases { modified, k: 1 }), 1),
        ModelKind::ParetoNbd => (search(&groups, starts(&groups, 1), Family::AnyTime), 1),
        ModelKind::BgCnbdK | ModelKind::MbgCnbdK => most_regular(&groups, modified),
    };
    let family = if kind == ModelKind::ParetoNbd { Family::AnyTime } else { Family::AtPurchases { modified, k } };
    let fitted = judged(&*family.likelihood(&groups), summit);
    let [r, alpha, third, fourth] = fitted.model[..] else { unreachable!("invariant: purchase models have four continuous parameters") };
    let (a, b) = (third, fourth);
    let model = match kind {
        ModelKind::BgNbd => PurchaseModel::BgNbd(BgNbd { r, alpha, a, b }),
        ModelKind::MbgNbd => PurchaseModel::MbgNbd(MbgNbd { r, alpha, a, b }),
        ModelKind::ParetoNbd => PurchaseModel::ParetoNbd(ParetoNbd { r, alpha, s: third, beta: fourth }),
        ModelKind::BgCnbdK => PurchaseModel::BgCnbdK(Cnbd { r, alpha, a, b, k }),
        ModelKind::MbgCnbdK => PurchaseModel::MbgCnbdK(Cnbd { r, alpha, a, b, k }),
    };
    let mut warnings = warnings::of_counts(groups.weight, groups.repeaters());
    warnings.extend((kind.is_regular() && k == REGULARITY_MAX).then_some(Warning::RunsAway { parameter: "k", value: f64::from(k) }));
    warnings.extend(fitted.warnings);
    // k was chosen too
    let parameters = if kind.is_regular() { 5 } else { 4 };
    let Fitted { log_likelihood, standard_errors, customers, .. } = fitted;
    Ok(Fitted { model, log_likelihood, aic: aic(parameters, log_likelihood), standard_errors, warnings, customers })
}

/// What the likelihoods of purchases differ in.
#[derive(Clone, Copy)]
enum Family {
    AtPurchases { modified: bool, k: u32 },
    AnyTime,
}

impl Family {
    fn likelihood<'a>(&self, groups: &'a Groups) -> Box<dyn Likelihood + 'a> {
        match *self {
            Family::AtPurchases { modified, k } => Box::new(BetaGeometric { groups, modified, k }),
            Family::AnyTime => Box::new(Pareto { groups }),
        }
    }

    /// See `GROUPS_MAX`.
    fn groups_max(&self) -> usize {
        match self {
            Family::AtPurchases { .. } => GROUPS_MAX,
            Family::AnyTime => GROUPS_OF_INTEGRALS_MAX,
        }
    }
}

/// The summit over all starts.
fn search(groups: &Groups, starts: Vec<Vec<f64>>, family: Family) -> Summit {
    let nearer = groups.thinned(family.groups_max()).map(|thin| vec![climb(&*family.likelihood(&thin), &starts).parameters]);
    climb(&*family.likelihood(groups), &nearer.unwrap_or(starts))
}

/// The summit over all k, and its k. Each search begins at the summit before too: a purchase of one stage more takes as long if stages
/// pass faster.
fn most_regular(groups: &Groups, modified: bool) -> (Summit, u32) {
    let mut best: Option<(Summit, u32)> = None;
    let mut starts_of_k = starts(groups, 1);
    for k in 1..=REGULARITY_MAX {
        let summit = search(groups, starts_of_k, Family::AtPurchases { modified, k });
        let mut following = summit.parameters.clone();
        following[1] *= f64::from(k) / f64::from(k + 1);
        starts_of_k = [vec![following], starts(groups, k + 1).into_iter().take(1).collect()].concat();
        if best.as_ref().is_none_or(|(best, _)| summit.log_likelihood > best.log_likelihood) {
            best = Some((summit, k));
        }
    }
    best.expect("invariant: there is a k")
}

/// Gamma-Gamma over those samples that have repeat spend, in the main unit of their currency.
pub fn fit_spend(samples: &[Sample]) -> Result<Fitted<GammaGamma>, FitError> {
    let spend = Spend::new(samples).filter(|spend| spend.weight() > 1.0).ok_or(FitError::NoSpend)?;
    let starts = [vec![1.0, 2.0, 1.0], vec![6.0, 4.0, 0.5], vec![2.0, 10.0, 5.0]];
    let found = judged(&spend, climb(&spend, &starts));
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

/// BG/BB over histories of discrete occasions, each with the number of customers who have it.
pub fn fit_occasions(customers: &[(Occasions, f64)]) -> Result<Fitted<BgBb>, FitError> {
    let donors = Donors::new(customers);
    if donors.customers() < 2.0 {
        return Err(FitError::TooFewCustomers(donors.customers() as usize));
    }
    if donors.repeaters() == 0.0 {
        return Err(FitError::NoRepeats);
    }
    let starts = [vec![1.0, 1.0, 1.0, 3.0], vec![0.5, 2.0, 0.5, 1.0], vec![3.0, 3.0, 1.0, 10.0]];
    let found = judged(&donors, climb(&donors, &starts));
    let [alpha, beta, gamma, delta] = found.model[..] else { unreachable!("invariant: BG/BB has four parameters") };
    let warnings = [warnings::of_counts(donors.customers(), donors.repeaters()), found.warnings].concat();
    let Fitted { log_likelihood, aic, standard_errors, customers, .. } = found;
    Ok(Fitted { model: BgBb { alpha, beta, gamma, delta }, log_likelihood, aic, standard_errors, warnings, customers })
}

/// The shifted beta-geometric over one cohort of contracts: those cancelled at the end of periods 1, 2 …, and those left after the last.
pub fn fit_contracts(lost: &[u64], kept: u64) -> Result<Fitted<ShiftedBetaGeometric>, FitError> {
    let cohort = Cohort { lost, kept };
    if cohort.cancelled() == 0 {
        return Err(FitError::NoCancellations);
    }
    let starts = [vec![1.0, 1.0], vec![0.5, 4.0], vec![3.0, 10.0]];
    let found = judged(&cohort, climb(&cohort, &starts));
    let [alpha, beta] = found.model[..] else { unreachable!("invariant: the shifted beta-geometric has two parameters") };
    let warnings = [warnings::of_counts(cohort.weight(), f64::INFINITY), found.warnings].concat();
    let Fitted { log_likelihood, aic, standard_errors, customers, .. } = found;
    Ok(Fitted { model: ShiftedBetaGeometric { alpha, beta }, log_likelihood, aic, standard_errors, warnings, customers })
}

/// Parameters with their errors and doubts.
fn judged(likelihood: &dyn Likelihood, summit: Summit) -> Fitted<Vec<f64>> {
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

/// r, α, and a, b or s, β, from customers much alike to customers unlike each other, with α such that they buy as often as they did.
fn starts(groups: &Groups, k: u32) -> Vec<Vec<f64>> {
    let weeks_between = groups.weeks() / groups.repeats() / f64::from(k);
    [[0.5, 0.8, 2.5], [2.0, 0.5, 6.0], [0.1, 1.5, 1.0]].map(|[r, a, b]| vec![r, r * weeks_between, a, b]).to_vec()
}
