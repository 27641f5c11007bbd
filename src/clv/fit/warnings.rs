//! What a user should know before he trusts a fit. Doubts are data: a fit with warnings is a fit.
//!
//! Judges counts, the parameters found and the one assumption that the data can refute, that spend does not depend on frequency.
//! How well a model forecasts is for a back-test to say. Called by `mod`; printed by the command line.

use super::super::Sample;
use libm::sqrt;
use std::fmt;

/// As `reliability`: fewer buyers leave the parameters all but undetermined.
const BUYERS_MIN: f64 = 500.0;
/// Fewer repeat buyers say next to nothing about who leaves.
const REPEATERS_MIN: f64 = 100.0;
/// Pearson's coefficient from which spend and frequency belong together; the CDNOW sample has 0.11.
const CORRELATION_MAX: f64 = 0.3;
/// A shape beyond these is on its way along a ridge: customers all alike, or nothing alike.
const SHAPE_MIN: f64 = 1e-3;
const SHAPE_MAX: f64 = 1e3;
/// `alpha`, `beta` and `v` have units: weeks, amounts.
const SCALE_MAX: f64 = 1e4;

/// A reason for doubt.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    TooFewBuyers { buyers: u64 },
    TooFewRepeaters { repeaters: u64 },
    RunsAway { parameter: &'static str, value: f64 },
    SpendFollowsFrequency { correlation: f64 },
    SummitNotReached,
    NoStandardErrors,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::TooFewBuyers { buyers } => write!(f, "only {buyers} buyers, {BUYERS_MIN} are the least to rely on"),
            Warning::TooFewRepeaters { repeaters } => write!(f, "only {repeaters} repeat buyers, {REPEATERS_MIN} are the least to rely on"),
            Warning::RunsAway { parameter, value } => {
                write!(f, "{parameter} = {value:.4e} runs away: the data do not determine it, customers are too much alike or too few")
            }
            Warning::SpendFollowsFrequency { correlation } => {
                write!(f, "spend and frequency are correlated ({correlation:.2}); the spend model assumes that they are not")
            }
            Warning::SummitNotReached => f.write_str("the search ended before the likelihood was flat"),
            Warning::NoStandardErrors => f.write_str("no standard errors: the likelihood is flat in some direction"),
        }
    }
}

/// About the customers.
pub(super) fn of_counts(buyers: f64, repeaters: f64) -> Vec<Warning> {
    let few_buyers = (buyers < BUYERS_MIN).then_some(Warning::TooFewBuyers { buyers: buyers as u64 });
    let few_repeaters = (repeaters < REPEATERS_MIN).then_some(Warning::TooFewRepeaters { repeaters: repeaters as u64 });
    few_buyers.into_iter().chain(few_repeaters).collect()
}

/// About the parameters. `v` is given relative to the mean spend.
pub(super) fn of_parameters(named: &[(&'static str, f64)]) -> Vec<Warning> {
    let runs_away = |&(name, value): &(&'static str, f64)| {
        let bounds = if ["alpha", "beta", "v"].contains(&name) { SHAPE_MIN..=SCALE_MAX } else { SHAPE_MIN..=SHAPE_MAX };
        !bounds.contains(&value)
    };
    named.iter().copied().filter(runs_away).map(|(parameter, value)| Warning::RunsAway { parameter, value }).collect()
}

/// About spend and frequency of those who have repeat spend.
pub(super) fn of_correlation(samples: &[Sample]) -> Option<Warning> {
    let pairs: Vec<(f64, f64, f64)> =
        samples.iter().filter_map(|sample| Some((f64::from(sample.history.x), sample.mean_repeat_spend?, sample.weight))).collect();
    let mean = |of: &dyn Fn(&(f64, f64, f64)) -> f64| {
        pairs.iter().map(|pair| pair.2 * of(pair)).sum::<f64>() / pairs.iter().map(|pair| pair.2).sum::<f64>()
    };
    let (mean_x, mean_m) = (mean(&|pair| pair.0), mean(&|pair| pair.1));
    let covariance = mean(&|pair| (pair.0 - mean_x) * (pair.1 - mean_m));
    let variance_x = mean(&|pair| (pair.0 - mean_x) * (pair.0 - mean_x));
    let variance_m = mean(&|pair| (pair.1 - mean_m) * (pair.1 - mean_m));
    let correlation = covariance / sqrt(variance_x * variance_m);
    // no number where nothing varies
    (correlation.abs() > CORRELATION_MAX).then_some(Warning::SpendFollowsFrequency { correlation })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::History;

    #[test]
    fn counts_and_parameters_are_judged() {
        let warnings = of_counts(499.0, 99.0);
        assert_eq!(warnings, [Warning::TooFewBuyers { buyers: 499 }, Warning::TooFewRepeaters { repeaters: 99 }]);
        assert_eq!(of_counts(500.0, 100.0), []);
        let named = [("r", 0.5), ("alpha", 2e3), ("a", 2e3), ("b", 1e-4)];
        let expected = [Warning::RunsAway { parameter: "a", value: 2e3 }, Warning::RunsAway { parameter: "b", value: 1e-4 }];
        assert_eq!(of_parameters(&named), expected);
        assert_eq!(warnings[0].to_string(), "only 499 buyers, 500 are the least to rely on");
    }

    #[test]
    fn spend_that_grows_with_frequency_is_noticed() {
        let sample = |x: u32, mean: Option<f64>| {
            let history = History { x, t_x: f64::from(x), t: 52.0 };
            Sample { history, log_times: 0.0, mean_repeat_spend: mean, weight: 1.0 }
        };
        let grows: Vec<_> = (0..50).map(|x| sample(x, Some(10.0 + f64::from(x)))).collect();
        let Some(Warning::SpendFollowsFrequency { correlation }) = of_correlation(&grows) else { panic!("no warning") };
        assert!((correlation - 1.0).abs() < 1e-12);
        let unrelated: Vec<_> = (0..50).map(|x| sample(x, Some(10.0 + f64::from(x * 7 % 13)))).collect();
        assert_eq!(of_correlation(&unrelated), None);
        assert_eq!(of_correlation(&[sample(3, Some(1.0)), sample(3, None), sample(3, Some(1.0))]), None);
    }
}
