//! A back-test for programs: one object with everything the page shows.
//!
//! Amounts are in main units of the currency, dates are UTC. It rounds nothing. Called by `backtest`.

use serde_json::{Value, json};

use super::words::{Subject, parameters};
use crate::cli::day;
use crate::clv::backtest::{Accuracy, ForecastReport, ModelReport, SeasonReport};

pub fn object(subject: &Subject<'_>) -> Value {
    let report = subject.report;
    let verdict = &report.verdict;
    let name = |place: usize| report.forecasts[place].name.as_str();
    let best: serde_json::Map<String, Value> =
        verdict.best.iter().map(|(measure, place)| (measure.as_str().to_owned(), name(*place).into())).collect();
    let models: Vec<&str> = report.models().map(|(name, _)| name).collect();
    let by_name = |names: &[&str], values: &[f64]| -> serde_json::Map<String, Value> {
        names.iter().zip(values).map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
    };
    let names: Vec<&str> = report.forecasts.iter().map(|forecast| forecast.name.as_str()).collect();
    json!({
        "source": subject.source,
        "span": [day(subject.span_ms.0), day(subject.span_ms.1)],
        "period": subject.period,
        "currency": (!subject.currency.is_empty()).then_some(&subject.currency),
        "calibration_end": day(report.split.calibration_end_ms),
        "hold_out_end": day(report.split.hold_out_end_ms),
        "horizon_weeks": report.split.horizon_weeks(),
        "customers": report.customers,
        "repeaters": report.repeaters,
        "hold_out_purchases": report.hold_out_purchases,
        "spend_model": subject.spend_source(),
        "spend_parameters": report.spend.map(|spend| json!({ "p": spend.p, "q": spend.q, "v": spend.v })),
        "forecasts": report.forecasts.iter().map(forecast).collect::<Vec<_>>(),
        "by_frequency": report.classes.iter().map(|class| json!({
            "repeats": class.repeats,
            "customers": class.customers,
            "actual": class.actual,
            "expected": by_name(&names, &class.expected),
        })).collect::<Vec<_>>(),
        "weeks": report.weeks.iter().map(|week| json!({
            "to": day(week.to_ms),
            "held_out": week.is_held_out,
            "actual": week.actual,
            "expected": by_name(&models, &week.expected),
        })).collect::<Vec<_>>(),
        "failures": report.failures.iter().map(|(name, why)| json!({ "name": name, "why": why })).collect::<Vec<_>>(),
        "verdict": {
            "chosen_by": "calibration_likelihood",
            "chosen": name(verdict.chosen),
            "best_baseline": name(verdict.best_baseline),
            "winner": name(verdict.winner),
            "baseline_wins": verdict.is_baseline_better(),
            "rmse_against_baseline": verdict.rmse_against_baseline,
            "judges_seasonal": subject.judges_adjusted,
            "best": best,
            "says": subject.verdict(),
        },
    })
}

fn forecast(forecast: &ForecastReport) -> Value {
    json!({
        "name": forecast.name,
        "kind": if forecast.model.is_some() { "model" } else { "baseline" },
        "accuracy": accuracy(&forecast.accuracy),
        "equity": forecast.equity.iter().map(|point| json!({
            "customers": point.customers, "expected": point.expected, "actual": point.actual,
        })).collect::<Vec<_>>(),
        "model": forecast.model.as_ref().map(model),
    })
}

fn accuracy(accuracy: &Accuracy) -> Value {
    json!({
        "expected": accuracy.expected,
        "actual": accuracy.actual,
        "bias": accuracy.bias(),
        "mae": accuracy.mae,
        "rmse": accuracy.rmse,
        "rank_correlation": accuracy.rank_correlation,
        "expected_spend": accuracy.expected_spend,
        "actual_spend": accuracy.actual_spend,
        "spend_bias": accuracy.spend_bias(),
    })
}

fn model(model: &ModelReport) -> Value {
    let parameters: serde_json::Map<String, Value> =
        parameters(&model.purchase).into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    json!({
        "log_likelihood": model.log_likelihood,
        "parameters": parameters,
        "p_alive": model.alive.iter().map(|bin| json!({
            "from": bin.from, "customers": bin.customers, "bought": bin.bought,
        })).collect::<Vec<_>>(),
        "season": model.season.as_ref().map(season),
    })
}

fn season(season: &SeasonReport) -> Value {
    json!({
        "factor": season.factor,
        "windows_are": season.kind.as_str(),
        "windows": season.windows.iter().map(|window| json!({
            "from": day(window.from_ms), "to": day(window.to_ms), "expected": window.expected, "actual": window.actual,
        })).collect::<Vec<_>>(),
        "trials": season.trials.iter().map(|trial| json!({
            "from": day(trial.from_ms), "to": day(trial.to_ms), "factor": trial.factor,
            "bias": trial.bias, "adjusted_bias": trial.adjusted_bias, "helped": trial.has_helped(),
        })).collect::<Vec<_>>(),
        "adjusted": accuracy(&season.adjusted),
    })
}
