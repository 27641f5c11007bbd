//! A back-test as a table for the terminal.
//!
//! The columns are those of the page, the plots are not there. Called by `backtest`.

use super::words::{Subject, adjusted, class_names, grouped, measures};
use crate::cli::day;
use crate::clv::backtest::{Accuracy, ForecastReport};

pub fn table(subject: &Subject<'_>) -> String {
    let report = subject.report;
    let mut lines = vec![
        format!(
            "{}: {} customers ({} bought again), purchases of {} to {}, merged by {}",
            subject.source,
            grouped(report.customers as f64),
            grouped(report.repeaters as f64),
            day(subject.span_ms.0),
            day(subject.span_ms.1),
            subject.period
        ),
        subject.split(),
        String::new(),
    ];
    lines.push(head(subject));
    for (place, forecast) in report.forecasts.iter().enumerate() {
        let mark = if place == report.verdict.chosen { "*" } else { "" };
        lines.push(row(&forecast.name, mark, likelihood(forecast), &forecast.accuracy));
        if let Some(accuracy) = adjusted(forecast) {
            lines.push(row("  with seasonal factor", "", String::new(), accuracy));
        }
    }
    let actual = &report.forecasts[0].accuracy;
    lines.push(format!("{:<24} {:>12} {:>10} {:>48}", "actual", "", grouped(actual.actual), grouped(actual.actual_spend)));
    lines.push(String::new());
    lines.extend(classes(subject));
    lines.push(String::new());
    lines.push(format!("* {}", subject.choice()));
    lines.push(format!("spend per purchase by {}", subject.spend_source()));
    lines.extend(report.failures.iter().map(|(name, why)| format!("{name} could not be fitted: {why}")));
    lines.extend(subject.seasons().into_iter().map(|season| format!("season: {season}")));
    lines.push(format!("result: {}", subject.verdict()));
    lines.join("\n") + "\n"
}

fn head(subject: &Subject<'_>) -> String {
    let spend = if subject.currency.is_empty() { "spend".to_owned() } else { format!("spend {}", subject.currency) };
    format!(
        "{:<24} {:>12} {:>10} {:>9} {:>7} {:>7} {:>7} {:>14} {:>9}",
        "forecast", "LL", "purchases", "bias", "MAE", "RMSE", "rank", spend, "bias"
    )
}

fn row(name: &str, mark: &str, likelihood: String, accuracy: &Accuracy) -> String {
    let [purchases, bias, mae, rmse, rank, spend, spend_bias] = measures(accuracy);
    let name = format!("{name}{mark}");
    format!("{name:<24} {likelihood:>12} {purchases:>10} {bias:>9} {mae:>7} {rmse:>7} {rank:>7} {spend:>14} {spend_bias:>9}")
}

/// Rules of thumb have no likelihood.
fn likelihood(forecast: &ForecastReport) -> String {
    forecast.model.as_ref().map_or_else(String::new, |model| format!("{:.3}", model.log_likelihood))
}

/// Mean purchases in the hold-out, by repeats before it.
fn classes(subject: &Subject<'_>) -> Vec<String> {
    let report = subject.report;
    let head = |name: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!(" {cell:>8}")).collect();
        format!("{name:<24}{cells}")
    };
    let mut lines = vec![
        head("repeats so far", class_names(report).collect()),
        head("customers", report.classes.iter().map(|class| grouped(class.customers as f64)).collect()),
        head("actual mean", report.classes.iter().map(|class| format!("{:.3}", class.actual)).collect()),
    ];
    for (place, forecast) in report.forecasts.iter().enumerate() {
        let means = report.classes.iter().map(|class| format!("{:.3}", class.expected[place]));
        lines.push(head(&forecast.name, means.collect()));
    }
    lines
}
