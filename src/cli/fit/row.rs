//! One fitted model as it is shown: a line of a table, or an object.
//!
//! Called by `report` and `contracts`.

use serde_json::{Map, Value, json};

use crate::clv::{Fitted, Warning};

/// One model with everything that is shown of it.
pub struct Row<'a> {
    pub name: &'static str,
    /// Name, value, standard error.
    pub parameters: Vec<(&'static str, f64, Option<f64>)>,
    log_likelihood: f64,
    aic: f64,
    customers: u64,
    pub warnings: &'a [Warning],
}

impl<'a> Row<'a> {
    pub fn new<M>(name: &'static str, parameters: &[(&'static str, f64)], fitted: &'a Fitted<M>) -> Row<'a> {
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

    /// Doubts, for stderr.
    pub fn warn(&self) {
        for warning in self.warnings {
            eprintln!("warning: {}: {warning}", self.name);
        }
    }

    /// Above the lines.
    pub fn heading() -> String {
        format!("{:<12} {:>9} {:>16} {:>14}  parameters (standard errors)\n", "model", "customers", "log-likelihood", "AIC")
    }

    pub fn line(&self) -> String {
        let error = |error: &Option<f64>| error.map_or_else(|| "?".to_owned(), number);
        let parameter = |(name, value, known): &(&str, f64, Option<f64>)| match *name {
            "k" => format!("k {value}"),
            name => format!("{name} {} ({})", number(*value), error(known)),
        };
        let parameters: Vec<String> = self.parameters.iter().map(parameter).collect();
        let Row { name, customers, log_likelihood, aic, .. } = self;
        format!("{name:<12} {customers:>9} {log_likelihood:>16.3} {aic:>14.3}  {}\n", parameters.join("  "))
    }

    pub fn value(&self) -> Value {
        let parameter =
            |(name, value, error): &(&str, f64, Option<f64>)| ((*name).to_owned(), json!({ "value": value, "standard_error": error }));
        let parameters: Map<String, Value> = self.parameters.iter().map(parameter).collect();
        let warnings: Vec<String> = self.warnings.iter().map(Warning::to_string).collect();
        json!({
            "model": self.name,
            "parameters": parameters,
            "log_likelihood": self.log_likelihood,
            "aic": self.aic,
            "customers": self.customers,
            "warnings": warnings,
        })
    }
}

/// Seven significant digits are more than any fit determines.
fn number(value: f64) -> String {
    if !(1e-4..1e7).contains(&value.abs()) {
        return format!("{value:.4e}");
    }
    let digits_before = value.abs().log10().floor().max(0.0) as usize;
    format!("{value:.*}", 6 - digits_before.min(6))
}
