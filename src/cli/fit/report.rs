//! The fits as a table for people or as JSON, on stdout; doubts on stderr.
//!
//! Decides nothing. Called by `fit`.

use std::io::{Write, stdout};

use serde_json::{Value, json};

use super::Fit;
use super::row::Row;
use super::seasonal::Seasonal;
use crate::cli::exit::CommandError;
use crate::cli::{OutputFormat, day};
use crate::clv::Period;

/// Doubts that are worth reading before the numbers.
pub fn warn(fit: &Fit) {
    for row in rows(fit) {
        row.warn();
    }
    if let Err(error) = &fit.spend {
        eprintln!("warning: no model of spend: {error}");
    }
    if fit.data.period != Period::Day && !fit.purchases.is_empty() {
        eprintln!("warning: purchases were merged by {}, but run merges them by day: it should not use these parameters", fit.data.period);
    }
}

pub fn show(fit: &Fit, version: &str, format: OutputFormat) -> Result<(), CommandError> {
    let text = match format {
        OutputFormat::Text => table(fit, version),
        OutputFormat::Json => format!("{}\n", value(fit, version)),
    };
    stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn rows(fit: &Fit) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for (kind, fitted) in &fit.purchases {
        let mut row = Row::new(kind.name(), &fitted.model.named_parameters(), fitted);
        // chosen among whole numbers: no slope, no standard error
        row.parameters.extend(fitted.model.named_stages().map(|(name, k)| (name, f64::from(k), None)));
        rows.push(row);
    }
    if let Some(fitted) = &fit.occasions {
        rows.push(Row::new("bg_bb", &fitted.model.named_parameters(), fitted));
    }
    if let Ok(fitted) = &fit.spend {
        let model = fitted.model;
        rows.push(Row::new("gamma_gamma", &[("p", model.p), ("q", model.q), ("v", model.v)], fitted));
    }
    rows
}

fn table(fit: &Fit, version: &str) -> String {
    let data = &fit.data;
    let mut text = format!(
        "{}: {} customers, {} of them repeat buyers; {} to {}, purchases merged by {}\ntime in weeks, spend in {}; version {version}\n\n",
        data.source,
        data.customers(),
        data.repeaters(),
        day(data.first_ms),
        day(data.end_ms),
        data.period,
        data.currency,
    );
    text += &Row::heading();
    for row in rows(fit) {
        text += &row.line();
    }
    if let Some(best) = fit.best() {
        text += &format!("\nof the purchase models {best} makes these histories most likely\n");
    }
    if fit.occasions.is_some() {
        let period = fit.data.period;
        text += &format!(
            "\nbg_bb: an occasion is a {period} after that of the first purchase; its likelihood does not compare with the others\n"
        );
    }
    text += &fit.seasonal.as_ref().map_or(String::new(), Seasonal::lines);
    text
}

fn value(fit: &Fit, version: &str) -> Value {
    let data = &fit.data;
    let mut shown = json!({
        "data": data.source,
        "customers": data.customers(),
        "repeat_buyers": data.repeaters(),
        "first_purchase": day(data.first_ms),
        "end": day(data.end_ms),
        "purchases_merged_by": data.period.name(),
        "currency": data.currency,
        "version": version,
        "models": rows(fit).iter().map(Row::value).collect::<Vec<_>>(),
        "best": fit.best().map(|kind| kind.name()),
        "spend_error": fit.spend.as_ref().err().map(ToString::to_string),
    });
    if let Some(learned) = &fit.seasonal {
        shown["seasonal"] = learned.value();
    }
    shown
}
