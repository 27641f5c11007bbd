//! The fits as a table for people or as JSON, on stdout; doubts on stderr.
//!
//! Decides nothing. Called by `fit`.

use std::io::{Write, stdout};

use serde_json::{Map, Value, json};

use super::Fit;
use super::seasonal::Seasonal;
use crate::cli::exit::CommandError;
use crate::cli::{OutputFormat, day};
use crate::clv::{Fitted, Period, Warning};

/// One model with everything that is shown of it.
struct Row<'a> {
    name: &'static str,
    /// Name, value, standard error.
    parameters: Vec<(&'static str, f64, Option<f64>)>,
    log_likelihood: f64,
    aic: f64,
    customers: u64,
    warnings: &'a [Warning],
}

/// Doubts that are worth reading before the numbers.
pub fn warn(fit: &Fit) {
    for row in rows(fit) {
        for warning in row.warnings {
            eprintln!("warning: {}: {warning}", row.name);
        }
    }
    if let Err(error) = &fit.spend {
        eprintln!("warning: no model of spend: {error}");
    }
    if fit.data.period != Period::Day {
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
    fn row<'a, M>(name: &'static str, parameters: &[(&'static str, f64)], fitted: &'a Fitted<M>) -> Row<'a> {
        let known = |(&(name, value), error): (&(&'static str, f64), &Option<f64>)| (name, value, *error);
        Row {
            name,
            parameters: parameters.iter().zip(&fitted.standard_errors).map(known).collect(),
            log_likelihood: fitted.log_likelihood,
            aic: fitted.aic,
            customers: fitted.customers,
            warnings: &fitted.warnings,
        }
    }
    let mut rows = Vec::new();
    for (kind, fitted) in &fit.purchases {
        let mut row = row(kind.name(), &fitted.model.named_parameters(), fitted);
        // chosen among whole numbers: no slope, no standard error
        row.parameters.extend(fitted.model.named_stages().map(|(name, k)| (name, f64::from(k), None)));
        rows.push(row);
    }
    if let Ok(fitted) = &fit.spend {
        let model = fitted.model;
        rows.push(row("gamma_gamma", &[("p", model.p), ("q", model.q), ("v", model.v)], fitted));
    }
    rows
}

fn table(fit: &Fit, version: &str) -> String {
    let data = &fit.data;
    let currency = data.currency.as_deref().unwrap_or("no currency");
    let mut text = format!(
        "{}: {} customers, {} of them repeat buyers; {} to {}, purchases merged by {}\ntime in weeks, spend in {currency}; version {version}\n\n",
        data.source,
        data.customers(),
        data.repeaters(),
        day(data.first_ms),
        day(data.end_ms),
        data.period,
    );
    text += &format!("{:<12} {:>9} {:>16} {:>14}  parameters (standard errors)\n", "model", "customers", "log-likelihood", "AIC");
    for row in rows(fit) {
        let error = |error: &Option<f64>| error.map_or_else(|| "?".to_owned(), number);
        let parameter = |(name, value, known): &(&str, f64, Option<f64>)| match *name {
            "k" => format!("k {value}"),
            name => format!("{name} {} ({})", number(*value), error(known)),
        };
        let parameters: Vec<String> = row.parameters.iter().map(parameter).collect();
        let Row { name, customers, log_likelihood, aic, .. } = row;
        text += &format!("{name:<12} {customers:>9} {log_likelihood:>16.3} {aic:>14.3}  {}\n", parameters.join("  "));
    }
    if let Some(best) = fit.best() {
        text += &format!("\nof the purchase models {best} makes these histories most likely\n");
    }
    text += &fit.seasonal.as_ref().map_or(String::new(), Seasonal::lines);
    text
}

/// Seven significant digits are more than any fit determines.
fn number(value: f64) -> String {
    if !(1e-4..1e7).contains(&value.abs()) {
        return format!("{value:.4e}");
    }
    let digits_before = value.abs().log10().floor().max(0.0) as usize;
    format!("{value:.*}", 6 - digits_before.min(6))
}

fn value(fit: &Fit, version: &str) -> Value {
    let data = &fit.data;
    let model = |row: &Row<'_>| {
        let parameter =
            |(name, value, error): &(&str, f64, Option<f64>)| ((*name).to_owned(), json!({ "value": value, "standard_error": error }));
        let parameters: Map<String, Value> = row.parameters.iter().map(parameter).collect();
        let warnings: Vec<String> = row.warnings.iter().map(Warning::to_string).collect();
        json!({
            "model": row.name,
            "parameters": parameters,
            "log_likelihood": row.log_likelihood,
            "aic": row.aic,
            "customers": row.customers,
            "warnings": warnings,
        })
    };
    let mut shown = json!({
        "data": data.source,
        "customers": data.customers(),
        "repeat_buyers": data.repeaters(),
        "first_purchase": day(data.first_ms),
        "end": day(data.end_ms),
        "purchases_merged_by": data.period.name(),
        "currency": data.currency,
        "version": version,
        "models": rows(fit).iter().map(model).collect::<Vec<_>>(),
        "best": fit.best().map(|kind| kind.name()),
        "spend_error": fit.spend.as_ref().err().map(ToString::to_string),
    });
    if let Some(learned) = &fit.seasonal {
        shown["seasonal"] = learned.value();
    }
    shown
}
