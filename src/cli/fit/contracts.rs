//! `fit --model sbg`: a cohort of contracts and how many of them are left after each period; out come the shifted beta-geometric, retention by
//! period and, if a monthly margin is stated, what a new contract is worth.
//!
//! Refuses everything that is about purchases, for it would have no effect. Writes no parameter file: `run` knows no contracts. Called by
//! `fit`; the list is read by `cohort_list`.

mod cohort_list;
mod report;

use clap::Args;

use super::FitArgs;
use crate::cli::exit::CommandError;
use crate::cli::purchases::{self, PurchaseFormat};
use crate::clv::formula::{CohortValue, Contract, cohort_value, mean_retention, monthly_discount};
use crate::clv::{Fitted, Period, ShiftedBetaGeometric, fit_contracts};

/// Horizons of the value, besides that of no end.
const HORIZONS_MONTHS: [u32; 2] = [12, 36];

/// What is said of contracts.
#[derive(Debug, Args)]
pub struct ContractArgs {
    /// With --model sbg: the margin of a contract each month. Shows what one is worth; the list's periods are months then
    #[arg(long, value_name = "AMOUNT", value_parser = margin)]
    pub monthly_margin: Option<f64>,
    /// Discount of that value by the month, such as 0.01 (default: clv.discount_monthly)
    #[arg(long, value_name = "SHARE", value_parser = discount, requires = "monthly_margin")]
    pub monthly_discount: Option<f64>,
    /// The same by the year, such as 0.1
    #[arg(long, value_name = "SHARE", value_parser = discount, requires = "monthly_margin", conflicts_with = "monthly_discount")]
    pub yearly_discount: Option<f64>,
}

/// What was found.
struct ContractFit {
    source: String,
    /// Contracts there at the beginning and after each period.
    active: Vec<u64>,
    fitted: Fitted<ShiftedBetaGeometric>,
    value: Option<ContractValue>,
}

/// What a new contract is worth, the first payment at once.
struct ContractValue {
    /// The payment is the monthly margin, the retention that of the whole list.
    contract: Contract,
    /// By months; `None`: without an end.
    horizons: Vec<(Option<u32>, CohortValue)>,
}

pub fn fit(arguments: &FitArgs) -> Result<(), CommandError> {
    refuse_what_is_about_purchases(arguments)?;
    let [path] = &arguments.purchases.inputs[..] else {
        return Err(CommandError::Failed(
            "sbg is fitted to one cohort: name one file with its periods and customers left, or -".to_owned(),
        ));
    };
    let failed = |error: String| CommandError::Failed(format!("{}: {error}", path.display()));
    let active = cohort_list::read(path).map_err(failed)?;
    let lost: Vec<u64> = active.windows(2).map(|pair| pair[0] - pair[1]).collect();
    let kept = active.last().copied().unwrap_or_default();
    let fitted = fit_contracts(&lost, kept).map_err(|error| failed(format!("cannot fit sbg: {error}")))?;
    let value = match (arguments.contracts.monthly_margin, mean_retention(&active)) {
        (Some(payment), Some(retention_monthly)) => {
            let contract = Contract { payment, retention_monthly, discount_monthly: discount_monthly(arguments)? };
            let horizons = HORIZONS_MONTHS.map(Some).into_iter().chain([None]);
            let horizons = horizons.map(|months| (months, cohort_value(&fitted.model, &contract, months))).collect();
            Some(ContractValue { contract, horizons })
        }
        _ => None,
    };
    let source = purchases::names(&arguments.purchases.inputs);
    report::show(&ContractFit { source, active, fitted, value }, arguments.show)
}

fn refuse_what_is_about_purchases(arguments: &FitArgs) -> Result<(), CommandError> {
    let purchases = &arguments.purchases;
    let given = [
        ("--live", arguments.live),
        ("--calibration-end", arguments.calibration_end.is_some()),
        ("--format", purchases.format != PurchaseFormat::Auto),
        ("--unit", purchases.period != Period::default()),
        ("--currency", purchases.currency.is_some()),
    ];
    if let Some((option, _)) = given.iter().find(|(_, given)| *given) {
        return Err(CommandError::Failed(format!("{option} is about purchases, and sbg is fitted to contracts: period, customers left")));
    }
    if arguments.output.is_some() {
        return Err(CommandError::Failed(
            "sbg cannot be written to a parameter file: run knows no contracts; leave out --output".to_owned(),
        ));
    }
    Ok(())
}

fn discount_monthly(arguments: &FitArgs) -> Result<f64, CommandError> {
    let ContractArgs { monthly_discount: by_month, yearly_discount: by_year, .. } = arguments.contracts;
    if let Some(stated) = by_month.or(by_year.map(monthly_discount)) {
        return Ok(stated);
    }
    Ok(arguments.settings.read()?.engine.value.horizon.discount_monthly)
}

fn margin(text: &str) -> Result<f64, String> {
    let amount = text.parse().ok().filter(|amount: &f64| amount.is_finite() && *amount > 0.0);
    amount.ok_or_else(|| "expected an amount above 0 such as 29.90".to_owned())
}

/// Of the bounds of `clv.discount_monthly`.
fn discount(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "expected a share from 0 to 1 such as 0.1".to_owned())
}
