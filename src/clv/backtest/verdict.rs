//! Who wins, and by how much.
//!
//! Among the models, the one with the largest likelihood on the calibration part is chosen; the hold-out has no say in
//! it. It then has to beat the best rule of thumb in RMSE over customers: equal is not enough, for the rule is simpler.
//! Called by `run`.

use super::accuracy::Accuracy;

/// What forecasts are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The total, whichever way it is off.
    Bias,
    Mae,
    Rmse,
    RankCorrelation,
    SpendBias,
}

impl Measure {
    pub const ALL: [Measure; 5] = [Measure::Bias, Measure::Mae, Measure::Rmse, Measure::RankCorrelation, Measure::SpendBias];

    /// As records spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Measure::Bias => "bias",
            Measure::Mae => "mae",
            Measure::Rmse => "rmse",
            Measure::RankCorrelation => "rank_correlation",
            Measure::SpendBias => "spend_bias",
        }
    }

    /// Small is good; `None` if it cannot be said.
    fn badness(self, accuracy: &Accuracy) -> Option<f64> {
        match self {
            Measure::Bias => accuracy.bias().map(f64::abs),
            Measure::Mae => Some(accuracy.mae),
            Measure::Rmse => Some(accuracy.rmse),
            Measure::RankCorrelation => accuracy.rank_correlation.map(|rho| -rho),
            Measure::SpendBias => accuracy.spend_bias().map(f64::abs),
        }
    }
}

/// Forecasts are named by their place in the report.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The model with the largest calibration likelihood.
    pub chosen: usize,
    /// The baseline with the smallest RMSE.
    pub best_baseline: usize,
    /// One of the two.
    pub winner: usize,
    /// RMSE of the chosen model over that of the best baseline, less one: −0.1 is a tenth better.
    pub rmse_against_baseline: f64,
    /// The best of all forecasts by each measure that can be said.
    pub best: Vec<(Measure, usize)>,
}

impl Verdict {
    pub fn is_baseline_better(&self) -> bool {
        self.winner == self.best_baseline
    }

    /// `models` come first in `accuracies`; `likelihoods` are theirs. There is a model and a baseline at least.
    pub(super) fn of(accuracies: &[Accuracy], likelihoods: &[f64]) -> Verdict {
        let models = likelihoods.len();
        let chosen = best_of(0..models, |place| Some(-likelihoods[place])).expect("invariant: there is a model");
        let rmse = |place: usize| accuracies[place].rmse;
        let best_baseline = best_of(models..accuracies.len(), |place| Some(rmse(place))).expect("invariant: there is a baseline");
        let is_model_better = rmse(chosen) < rmse(best_baseline);
        Verdict {
            chosen,
            best_baseline,
            winner: if is_model_better { chosen } else { best_baseline },
            rmse_against_baseline: rmse(chosen) / rmse(best_baseline) - 1.0,
            best: Measure::ALL
                .into_iter()
                .filter_map(|measure| {
                    let best = best_of(0..accuracies.len(), |place| measure.badness(&accuracies[place]))?;
                    Some((measure, best))
                })
                .collect(),
        }
    }
}

/// The first place with the least badness.
fn best_of(places: std::ops::Range<usize>, badness: impl Fn(usize) -> Option<f64>) -> Option<usize> {
    let known = places.filter_map(|place| Some((badness(place)?, place)));
    known.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, place)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accuracy(expected: f64, mae: f64, rmse: f64, rank_correlation: Option<f64>) -> Accuracy {
        Accuracy { expected, actual: 100.0, mae, rmse, rank_correlation, expected_spend: 0.0, actual_spend: 0.0 }
    }

    #[test]
    fn likelihood_chooses_the_model_and_rmse_the_winner() {
        let accuracies = [
            accuracy(90.0, 1.0, 2.0, Some(0.5)),
            accuracy(99.0, 0.9, 1.8, Some(0.6)),
            accuracy(101.0, 0.8, 1.9, None),
            accuracy(150.0, 3.0, 3.0, Some(0.4)),
        ];
        let verdict = Verdict::of(&accuracies, &[-10.0, -11.0]);
        assert_eq!((verdict.chosen, verdict.best_baseline, verdict.winner), (0, 2, 2));
        assert!(verdict.is_baseline_better());
        assert!((verdict.rmse_against_baseline - (2.0 / 1.9 - 1.0)).abs() < 1e-12);
        let best = [(Measure::Bias, 1), (Measure::Mae, 2), (Measure::Rmse, 1), (Measure::RankCorrelation, 1)];
        assert_eq!(verdict.best, best, "without spend nobody is best at it");
        let verdict = Verdict::of(&accuracies, &[-11.0, -10.0]);
        assert_eq!((verdict.chosen, verdict.winner), (1, 1));
    }

    #[test]
    fn a_model_that_is_only_as_good_has_not_won() {
        let verdict = Verdict::of(&[accuracy(1.0, 1.0, 1.0, None), accuracy(1.0, 1.0, 1.0, None)], &[-1.0]);
        assert!(verdict.is_baseline_better());
    }
}
