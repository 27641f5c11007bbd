//! A back-test as one HTML page: verdict, figures of merit, tables and plots, readable in light and dark, on paper and on a telephone.
//!
//! Everything is inside it: no script, no font, nothing fetched. Called by `backtest`.

use super::svg::escape;
use super::words::{Subject, adjusted, correlation, grouped, parameters, percent, signed_percent, weeks};
use super::{figures, tables};
use crate::cli::day;

const STYLE: &str = include_str!("page.css");

pub fn page(subject: &Subject<'_>) -> String {
    let source = escape(&subject.source);
    [
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n".to_owned(),
        format!("<title>Back-test of {source}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n"),
        header(subject),
        verdict(subject),
        merits(subject),
        comparison(subject),
        season(subject),
        plots(subject),
        footer(subject),
        "</main>\n</body>\n</html>\n".to_owned(),
    ]
    .concat()
}

fn header(subject: &Subject<'_>) -> String {
    let report = subject.report;
    format!(
        "<header>\n<p class=\"eyebrow\">lifetide back-test</p>\n<h1>{}</h1>\n<p>{} customers, {} of whom bought again; purchases of {} to {}, merged by {}</p>\n<p>{}</p>\n</header>\n",
        escape(&subject.source),
        grouped(report.customers as f64),
        grouped(report.repeaters as f64),
        day(subject.span_ms.0),
        day(subject.span_ms.1),
        subject.period,
        capital(&subject.split()),
    )
}

fn verdict(subject: &Subject<'_>) -> String {
    let class = if subject.report.verdict.is_baseline_better() { "verdict lost" } else { "verdict" };
    format!(
        "<div class=\"{class}\">\n<strong>{}.</strong>\n<p>{}.</p>\n</div>\n",
        escape(&subject.verdict().replacen("the rule", "The rule", 1)),
        escape(&subject.choice()),
    )
}

/// The chosen model in four numbers.
fn merits(subject: &Subject<'_>) -> String {
    let chosen = subject.chosen();
    let accuracy = match adjusted(chosen) {
        Some(adjusted) if subject.judges_adjusted => adjusted,
        _ => &chosen.accuracy,
    };
    let merit = |number: String, name: String| format!("<li><b>{number}</b><span>{name}</span></li>\n");
    let totals = format!("purchases in total: {} expected, {} made", grouped(accuracy.expected), grouped(accuracy.actual));
    let margin = subject.report.verdict.rmse_against_baseline;
    let side = if margin < 0.0 { "smaller" } else { "larger" };
    [
        "<ul class=\"figures\">\n".to_owned(),
        merit(signed_percent(accuracy.bias()), totals),
        merit(percent(margin.abs()), format!("{side} errors per customer (RMSE) than {}", escape(&subject.best_baseline().name))),
        merit(correlation(accuracy.rank_correlation), "rank correlation of forecast and purchases".to_owned()),
        merit(signed_percent(accuracy.spend_bias()), format!("{} spend in total", escape(&subject.currency))),
        "</ul>\n".to_owned(),
    ]
    .concat()
}

fn comparison(subject: &Subject<'_>) -> String {
    let failures: String = subject
        .report
        .failures
        .iter()
        .map(|(name, why)| format!("<p>{} could not be fitted: {}.</p>\n", escape(name), escape(why)))
        .collect();
    format!(
        "<section>\n<h2>Forecasts of {} compared</h2>\n<p>Errors are over customers, who each bought {:.2} times on average. Green is the best of its column. Spend per purchase by {}.</p>\n{failures}{}</section>\n",
        weeks(subject.report.split.horizon_weeks()),
        subject.report.forecasts[0].accuracy.actual / subject.report.customers as f64,
        subject.spend_source(),
        tables::forecasts(subject),
    )
}

fn plots(subject: &Subject<'_>) -> String {
    let (model, rule) = (escape(&subject.chosen().name), escape(&subject.best_baseline().name));
    let actual = ("actual", "bought");
    let expected = ("model", model.as_str());
    let with_factor = adjusted(subject.chosen()).is_some();
    let lines: Vec<(&str, &str)> =
        [Some(actual), Some(expected), with_factor.then_some(("adjusted", "with seasonal factor"))].into_iter().flatten().collect();
    let pair = |left: String, right: String| format!("<div class=\"pair\">\n{left}{right}</div>\n");
    [
        figure(
            "Purchases by week",
            "Repeat purchases of all customers of the calibration part. Before the split the line is the model's fit, after it its forecast.",
            &lines,
            &figures::weekly(subject),
        ),
        pair(
            figure(
                "Purchases by frequency so far",
                "Mean purchases in the hold-out of customers with equally many repeats before it.",
                &[("block actual", "bought"), expected, ("rule", &rule)],
                &figures::frequency(subject),
            ),
            figure("Purchases added up", "Where the lines part, the forecast begins to be wrong in total.", &lines, &figures::cumulative(subject)),
        ),
        pair(
            figure(
                "Who is still there",
                "Customers by the chance that they have not left, and those who then bought. Being there is not yet buying.",
                &[("block quiet", "all customers"), ("block", "bought in the hold-out")],
                &figures::alive(subject),
            ),
            figure(
                "Customer equity",
                "Share of all value held by the best customers, in the order of the forecast.",
                &[("actual", "spent"), expected, ("chance", "picked at random")],
                &figures::equity(subject),
            ),
        ),
        format!("<section>\n<h2>Means by frequency</h2>\n<p>Mean purchases in the hold-out, by repeats before it.</p>\n{}</section>\n", tables::classes(subject)),
    ]
    .concat()
}

fn figure(title: &str, caption: &str, keys: &[(&str, &str)], drawing: &str) -> String {
    let keys: String = keys.iter().map(|(class, name)| format!("<li class=\"{class}\">{name}</li>")).collect();
    format!("<section>\n<h2>{title}</h2>\n<p>{caption}</p>\n<ul class=\"keys\">{keys}</ul>\n{drawing}</section>\n")
}

fn season(subject: &Subject<'_>) -> String {
    let seasons = subject.seasons();
    if seasons.is_empty() {
        return String::new();
    }
    let lines: String = seasons.iter().map(|season| format!("<p>{}.</p>\n", escape(season))).collect();
    format!(
        "<section>\n<h2>Seasonal factor</h2>\n<p>Actual over expected purchases in earlier closed windows as long as the hold-out, each forecast by a model fitted to what was known then.</p>\n{lines}{}</section>\n",
        tables::season(subject)
    )
}

fn footer(subject: &Subject<'_>) -> String {
    let parameters: Vec<String> = subject
        .report
        .models()
        .map(|(name, model)| {
            let values: Vec<String> = parameters(&model.purchase).iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
            format!("{} ({})", escape(name), values.join(", "))
        })
        .collect();
    format!(
        "<footer>\n<p>Parameters, in weeks: {}.</p>\n<p>rate_x_time: repeats so far by the week, times the weeks held out. last_year: purchases of the last 52 weeks by the week, the same. Neither knows of silence. Customers won after the split are left out.</p>\n<p>MAE and RMSE: mean absolute error and root of the mean squared error of the purchases per customer. Models state means, which RMSE judges; MAE favours forecasts near the median, which is nothing at all for most customers.</p>\n</footer>\n",
        parameters.join("; ")
    )
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
