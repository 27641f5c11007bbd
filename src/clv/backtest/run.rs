//! The whole back-test: split, fit, ask, compare.
//!
//! Fitting is the caller's, by closures, so that the same back-test runs with fitted parameters, with those of a file,
//! and in tests. A model that cannot be fitted is left out with its reason; without any there is no report. Called by
//! the command line.

use super::accuracy::{Accuracy, Pair};
use super::alive::{ALIVE_BINS, AliveBin, alive_bins};
use super::baseline::Baseline;
use super::equity::{EquityPoint, equity_curve};
use super::frequency::{FrequencyClass, frequency_classes};
use super::season::{SeasonReport, season};
use super::split::{BacktestError, Case, Split, cases, check_cases};
use super::verdict::Verdict;
use super::weekly::{Week, weekly};
use crate::clv::{GammaGamma, PurchaseLog, PurchaseModel, Sample, weeks};

/// A purchase model by name, and how it is fitted to the customers seen at some date.
pub struct Candidate<'a> {
    pub name: &'a str,
    pub fit: &'a dyn Fn(&[Sample]) -> Result<PurchaseModel, String>,
}

/// How the spend model is fitted.
pub type SpendFit<'a> = dyn Fn(&[Sample]) -> Result<GammaGamma, String> + 'a;

/// What to compare.
pub struct Backtest<'a> {
    pub candidates: &'a [Candidate<'a>],
    /// Without one, each customer is expected to spend his own mean.
    pub spend: Option<&'a SpendFit<'a>>,
    /// Whether seasonal factors are learned and tried.
    pub with_season: bool,
    /// Whether the verdict is on the forecasts with the factor.
    pub judges_adjusted: bool,
}

/// What came of it. Models come before baselines, both in the order given.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub split: Split,
    pub customers: usize,
    /// Who bought again before the split.
    pub repeaters: usize,
    pub hold_out_purchases: u64,
    pub forecasts: Vec<ForecastReport>,
    pub classes: Vec<FrequencyClass>,
    pub weeks: Vec<Week>,
    pub verdict: Verdict,
    /// `None`: own means are used, for the reason in `failures` if a model was asked for.
    pub spend: Option<GammaGamma>,
    /// What could not be fitted, with the reason.
    pub failures: Vec<(String, String)>,
}

/// One model or baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct ForecastReport {
    pub name: String,
    pub accuracy: Accuracy,
    pub equity: Vec<EquityPoint>,
    /// `None` for a baseline.
    pub model: Option<ModelReport>,
}

/// What only a model has.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelReport {
    pub purchase: PurchaseModel,
    /// On the calibration part.
    pub log_likelihood: f64,
    pub alive: [AliveBin; ALIVE_BINS],
    /// `None` if it was not asked for, or there is no closed window to learn from.
    pub season: Option<SeasonReport>,
}

impl Report {
    /// The models' reports, with their names.
    pub fn models(&self) -> impl Iterator<Item = (&str, &ModelReport)> {
        self.forecasts.iter().filter_map(|forecast| Some((forecast.name.as_str(), forecast.model.as_ref()?)))
    }
}

/// Expected purchases and amounts, customer by customer.
struct Forecast {
    name: String,
    purchases: Vec<f64>,
    spend: Vec<f64>,
}

impl Backtest<'_> {
    pub fn run(&self, log: &PurchaseLog, split: &Split) -> Result<Report, BacktestError> {
        split.check(log)?;
        let cases = cases(log, split);
        check_cases(&cases)?;
        let samples: Vec<Sample> = cases.iter().map(|case| case.sample).collect();
        let mut failures = Vec::new();
        let fitted = self.fit(&samples, &mut failures)?;
        let spend = self.spend.and_then(|fit| fit(&samples).map_err(|why| failures.push(("gamma_gamma".to_owned(), why))).ok());
        let per_purchase: Vec<f64> = cases.iter().map(|case| expected_spend(spend.as_ref(), case)).collect();
        let forecasts = forecasts(&fitted, &cases, &per_purchase, split, log);
        let purchases: Vec<Vec<f64>> = forecasts.iter().map(|forecast| forecast.purchases.clone()).collect();
        let models: Vec<PurchaseModel> = fitted.iter().map(|(_, model)| *model).collect();
        let mut reports: Vec<ForecastReport> = forecasts.iter().map(|forecast| forecast_report(forecast, &cases)).collect();
        for ((report, forecast), (candidate, model)) in reports.iter_mut().zip(&forecasts).zip(&fitted) {
            report.model = Some(self.model_report(log, split, candidate, model, &cases, forecast));
        }
        Ok(Report {
            split: *split,
            customers: cases.len(),
            repeaters: cases.iter().filter(|case| case.sample.history.x > 0).count(),
            hold_out_purchases: cases.iter().map(|case| u64::from(case.hold_out)).sum(),
            classes: frequency_classes(&cases, &purchases),
            weeks: weekly(log, split, &cases, &models),
            verdict: self.verdict(&reports),
            forecasts: reports,
            spend,
            failures,
        })
    }

    fn fit(&self, samples: &[Sample], failures: &mut Vec<(String, String)>) -> Result<Vec<(&Candidate<'_>, PurchaseModel)>, BacktestError> {
        let mut fitted = Vec::new();
        for candidate in self.candidates {
            match (candidate.fit)(samples) {
                Ok(model) => fitted.push((candidate, model)),
                Err(why) => failures.push((candidate.name.to_owned(), why)),
            }
        }
        if fitted.is_empty() {
            let reasons = failures.iter().map(|(name, why)| format!("{name}: {why}")).collect();
            return Err(BacktestError::NoModel { reasons });
        }
        Ok(fitted)
    }

    fn model_report(
        &self,
        log: &PurchaseLog,
        split: &Split,
        candidate: &Candidate<'_>,
        model: &PurchaseModel,
        cases: &[Case],
        forecast: &Forecast,
    ) -> ModelReport {
        let log_likelihood = cases.iter().map(|case| model.log_likelihood(&case.sample.history, case.sample.log_times)).sum();
        let alive = alive_bins(cases.iter().map(|case| (model.p_alive(&case.sample.history), case.hold_out > 0)));
        let (purchases, spend) = pairs(forecast, cases);
        let season = self.with_season.then(|| season(log, split, candidate, &purchases, &spend)).flatten();
        ModelReport { purchase: *model, log_likelihood, alive, season }
    }

    fn verdict(&self, reports: &[ForecastReport]) -> Verdict {
        let judged = |report: &ForecastReport| match report.model.as_ref().and_then(|model| model.season.as_ref()) {
            Some(season) if self.judges_adjusted => season.adjusted,
            _ => report.accuracy,
        };
        let accuracies: Vec<Accuracy> = reports.iter().map(judged).collect();
        let likelihoods: Vec<f64> = reports.iter().filter_map(|report| Some(report.model.as_ref()?.log_likelihood)).collect();
        Verdict::of(&accuracies, &likelihoods)
    }
}

/// Per purchase, in main units: of the spend model, else the customer's own mean.
fn expected_spend(spend: Option<&GammaGamma>, case: &Case) -> f64 {
    if !case.is_priced {
        return 0.0;
    }
    match (spend, case.sample.mean_repeat_spend) {
        (Some(model), Some(mean)) => model.mean_spend(case.sample.history.x, mean),
        (Some(model), None) => model.mean_spend(0, 0.0),
        (None, _) => case.own_mean_spend,
    }
}

fn forecasts(
    fitted: &[(&Candidate<'_>, PurchaseModel)],
    cases: &[Case],
    per_purchase: &[f64],
    split: &Split,
    log: &PurchaseLog,
) -> Vec<Forecast> {
    let horizon = split.horizon_weeks();
    let data_weeks = weeks(split.calibration_end_ms - log.span_ms().0);
    let by_models = fitted.iter().map(|(candidate, model)| {
        let purchases: Vec<f64> = cases.iter().map(|case| model.expected_purchases(&case.sample.history, horizon)).collect();
        let spend = purchases.iter().zip(per_purchase).map(|(count, each)| count * each).collect();
        Forecast { name: candidate.name.to_owned(), purchases, spend }
    });
    let by_baselines = Baseline::ALL.into_iter().map(|baseline| {
        let purchases: Vec<f64> = cases.iter().map(|case| baseline.expected(case, horizon, data_weeks)).collect();
        let spend = purchases.iter().zip(cases).map(|(count, case)| count * case.own_mean_spend).collect();
        Forecast { name: baseline.name().to_owned(), purchases, spend }
    });
    by_models.chain(by_baselines).collect()
}

fn forecast_report(forecast: &Forecast, cases: &[Case]) -> ForecastReport {
    let (purchases, spend) = pairs(forecast, cases);
    ForecastReport { name: forecast.name.clone(), accuracy: Accuracy::of(&purchases, &spend), equity: equity_curve(&spend), model: None }
}

/// `(expected, actual)` purchases and amounts.
fn pairs(forecast: &Forecast, cases: &[Case]) -> (Vec<Pair>, Vec<Pair>) {
    let purchases = forecast.purchases.iter().zip(cases).map(|(expected, case)| (*expected, f64::from(case.hold_out))).collect();
    let spend = forecast.spend.iter().zip(cases).map(|(expected, case)| (*expected, case.hold_out_spend)).collect();
    (purchases, spend)
}
