//! The tables of the page.
//!
//! Text from files is escaped here; numbers are written by `words`. Called by `page`.

use super::svg::escape;
use super::words::{Subject, adjusted, class_names, grouped, measures, signed_percent};
use crate::cli::day;
use crate::clv::backtest::{Accuracy, ForecastReport, Measure};

/// A table that scrolls on its own where the screen is narrow.
fn table(head: &[String], rows: &str) -> String {
    let head: String = head.iter().map(|cell| format!("<th scope=\"col\">{cell}</th>")).collect();
    format!("<div class=\"scroll\">\n<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n")
}

fn row(class: &str, cells: &[String]) -> String {
    let cells: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
    format!("<tr class=\"{class}\">{cells}</tr>\n")
}

/// All forecasts by all measures.
pub fn forecasts(subject: &Subject<'_>) -> String {
    let spend = if subject.currency.is_empty() { "spend".to_owned() } else { format!("spend, {}", escape(&subject.currency)) };
    let head: Vec<String> = ["", "log-likelihood", "purchases", "bias", "MAE", "RMSE", "rank", &spend, "bias"].map(str::to_owned).to_vec();
    let mut rows = String::new();
    for (place, forecast) in subject.report.forecasts.iter().enumerate() {
        let is_first_rule = forecast.model.is_none() && place > 0 && subject.report.forecasts[place - 1].model.is_some();
        if is_first_rule {
            rows += &format!("<tr class=\"kind\"><td colspan=\"{}\">Rules of thumb</td></tr>\n", head.len());
        }
        rows += &forecast_row(subject, place, forecast);
        if let Some(accuracy) = adjusted(forecast) {
            rows += &row("adjusted", &cells("with seasonal factor".to_owned(), String::new(), accuracy));
        }
    }
    let actual = &subject.report.forecasts[0].accuracy;
    let mut cells = vec![String::new(); head.len()];
    (cells[0], cells[2], cells[7]) = ("Actual".to_owned(), grouped(actual.actual), grouped(actual.actual_spend));
    rows += &row("chosen", &cells);
    table(&head, &rows)
}

fn forecast_row(subject: &Subject<'_>, place: usize, forecast: &ForecastReport) -> String {
    let is_chosen = place == subject.report.verdict.chosen;
    let tag = if is_chosen { "<span class=\"tag\">chosen</span>" } else { "" };
    let likelihood = forecast.model.as_ref().map_or_else(String::new, |model| format!("{:.3}", model.log_likelihood).replace('-', "−"));
    let cells = cells(format!("{}{tag}", escape(&forecast.name)), likelihood, &forecast.accuracy);
    let is_best = |measure| subject.report.verdict.best.contains(&(measure, place));
    let columns = [(3, Measure::Bias), (4, Measure::Mae), (5, Measure::Rmse), (6, Measure::RankCorrelation), (8, Measure::SpendBias)];
    let cells: String = cells
        .iter()
        .enumerate()
        .map(|(column, cell)| {
            let best = columns.iter().any(|&(at, measure)| at == column && is_best(measure));
            format!("<td{}>{cell}</td>", if best { " class=\"best\"" } else { "" })
        })
        .collect();
    format!("<tr class=\"{}\">{cells}</tr>\n", if is_chosen { "chosen" } else { "" })
}

fn cells(name: String, likelihood: String, accuracy: &Accuracy) -> Vec<String> {
    [name, likelihood].into_iter().chain(measures(accuracy)).collect()
}

/// Means of the frequency classes by all forecasts.
pub fn classes(subject: &Subject<'_>) -> String {
    let report = subject.report;
    let head: Vec<String> = std::iter::once("Repeats so far".to_owned()).chain(class_names(report)).collect();
    let line = |class: &str, name: &str, cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> = std::iter::once(name.to_owned()).chain(cells).collect();
        row(class, &cells)
    };
    let mut rows = line("adjusted", "customers", &mut report.classes.iter().map(|class| grouped(class.customers as f64)));
    rows += &line("chosen", "bought", &mut report.classes.iter().map(|class| format!("{:.3}", class.actual)));
    for (place, forecast) in report.forecasts.iter().enumerate() {
        let means = report.classes.iter().map(|class| format!("{:.3}", class.expected[place]));
        rows += &line("", &escape(&forecast.name), &mut means.into_iter());
    }
    table(&head, &rows)
}

/// The chosen model's windows, and where its factor has been tried.
pub fn season(subject: &Subject<'_>) -> String {
    let Some(season) = subject.chosen().model.as_ref().and_then(|model| model.season.as_ref()) else {
        return String::new();
    };
    let head = ["Window", "expected", "bought", "factor of older windows", "bias without", "bias with"].map(str::to_owned);
    let hold_out = (season.trials.first()).filter(|trial| trial.from_ms == subject.report.split.calibration_end_ms);
    let mut rows = String::new();
    if let Some(trial) = hold_out {
        let accuracy = &subject.chosen().accuracy;
        let name = format!("{} to {} (hold-out)", day(trial.from_ms), day(trial.to_ms));
        let numbers = [grouped(accuracy.expected), grouped(accuracy.actual), format!("{:.3}", trial.factor)];
        rows += &row(
            "chosen",
            &[&[name][..], &numbers, &[signed_percent(Some(trial.bias)), signed_percent(Some(trial.adjusted_bias))]].concat(),
        );
    }
    for window in &season.windows {
        let tried = season.trials.iter().find(|trial| trial.from_ms == window.from_ms);
        let cells = [
            format!("{} to {}", day(window.from_ms), day(window.to_ms)),
            grouped(window.expected),
            grouped(window.actual),
            tried.map_or_else(|| "–".to_owned(), |trial| format!("{:.3}", trial.factor)),
            signed_percent(Some(window.actual).filter(|actual| *actual > 0.0).map(|actual| window.expected / actual - 1.0)),
            signed_percent(tried.map(|trial| trial.adjusted_bias)),
        ];
        rows += &row("", &cells);
    }
    table(&head, &rows)
}
