//! A fit of contracts as tables for people or as JSON, on stdout; doubts on stderr.
//!
//! Decides nothing. Called by `contracts`.

use std::io::{Write, stdout};

use serde_json::{Value, json};

use super::{ContractFit, ContractValue};
use crate::cli::OutputFormat;
use crate::cli::exit::CommandError;
use crate::cli::fit::row::Row;
use crate::clv::formula::{CONTRACTUAL_MONTHLY, CONTRACTUAL_MONTHLY_BY_SURVIVAL};

pub fn show(fit: &ContractFit, format: OutputFormat) -> Result<(), CommandError> {
    let row = Row::new("sbg", &fit.fitted.model.named_parameters(), &fit.fitted);
    row.warn();
    let text = match format {
        OutputFormat::Text => table(fit, &row),
        OutputFormat::Json => format!("{}\n", value(fit, &row)),
    };
    stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// Period, customers left after it, the share of those before who stayed, and that share by the model.
fn retention(fit: &ContractFit) -> impl Iterator<Item = (u32, u64, Option<f64>, f64)> {
    let observed = |pair: &[u64]| (pair[0] > 0).then(|| pair[1] as f64 / pair[0] as f64);
    (1..).zip(fit.active.windows(2)).map(move |(period, pair)| (period, pair[1], observed(pair), fit.fitted.model.retention(period)))
}

fn table(fit: &ContractFit, row: &Row<'_>) -> String {
    let mut text = format!(
        "{}: {} contracts, {} of them left after {} periods\n\n",
        fit.source,
        fit.active[0],
        fit.active[fit.active.len() - 1],
        fit.active.len() - 1
    );
    text += &Row::heading();
    text += &row.line();
    text += &format!("\n{:>6} {:>12} {:>10} {:>10}\n", "period", "left", "retention", "by sbg");
    for (period, left, observed, by_model) in retention(fit) {
        let observed = observed.map_or_else(|| "-".to_owned(), |share| format!("{share:.4}"));
        text += &format!("{period:>6} {left:>12} {observed:>10} {by_model:>10.4}\n");
    }
    if let Some(value) = &fit.value {
        text += &value_table(value);
    }
    text
}

fn value_table(value: &ContractValue) -> String {
    let contract = value.contract;
    let mut text = format!(
        "\nvalue of a new contract of {:.2} a month, the first at once; periods are months, discount {:.6} a month\n",
        contract.payment, contract.discount_monthly
    );
    text += &format!(
        "{CONTRACTUAL_MONTHLY}: retention {:.4} in every month; {CONTRACTUAL_MONTHLY_BY_SURVIVAL}: retention by sbg\n\n",
        contract.retention_monthly
    );
    text += &format!("{:>9} {CONTRACTUAL_MONTHLY:>20} {CONTRACTUAL_MONTHLY_BY_SURVIVAL:>32}\n", "horizon");
    let amount = |amount: Option<f64>| amount.map_or_else(|| "infinite".to_owned(), |amount| format!("{amount:.2}"));
    for (months, found) in &value.horizons {
        let horizon = months.map_or_else(|| "no end".to_owned(), |months| format!("{months} months"));
        text += &format!("{horizon:>9} {:>20} {:>32}\n", amount(found.by_retention), amount(found.by_survival));
    }
    text
}

fn value(fit: &ContractFit, row: &Row<'_>) -> Value {
    let period = |(period, left, observed, by_model): (u32, u64, Option<f64>, f64)| json!({ "period": period, "left": left, "retention": observed, "retention_by_sbg": by_model });
    let horizons = |value: &ContractValue| {
        let horizon = |(months, found): &(Option<u32>, _)| {
            let found: &crate::clv::formula::CohortValue = found;
            json!({ "months": months, CONTRACTUAL_MONTHLY: found.by_retention, CONTRACTUAL_MONTHLY_BY_SURVIVAL: found.by_survival })
        };
        value.horizons.iter().map(horizon).collect::<Vec<_>>()
    };
    let of_contract = |value: &ContractValue| {
        json!({
            "monthly_margin": value.contract.payment,
            "discount_monthly": value.contract.discount_monthly,
            "mean_retention": value.contract.retention_monthly,
            "horizons": horizons(value),
        })
    };
    json!({
        "data": fit.source,
        "customers": fit.active[0],
        "models": [row.value()],
        "periods": retention(fit).map(period).collect::<Vec<_>>(),
        "contract_value": fit.value.as_ref().map(of_contract),
    })
}
