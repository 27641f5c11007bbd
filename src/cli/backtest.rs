//! `backtest`: would the models have been right about these customers, and better than a rule of thumb?
//!
//! Reads purchases as `fit` does, holds out those after a date, fits to the rest and compares. Shows a table or JSON on stdout, and on
//! demand a page with plots. All figuring is in `clv::backtest`; here are arguments, files and words. Called by `cli::main`.

mod figures;
mod json;
mod months;
mod page;
mod svg;
mod table;
mod tables;
mod words;

pub use svg::escape;

use std::io::{Write, stdout};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::exit::CommandError;
use super::fit::{self, Kinds};
use super::purchases::{self, PurchaseArgs, PurchaseInput};
use super::settings::SettingsArgs;
use super::{OutputFormat, day};
use crate::clock;
use crate::clv::backtest::{Backtest, BacktestError, Candidate, Report, Split};
use crate::clv::{DAY_MS, ModelKind, PurchaseModel, Sample, WEEK_MS, fit_purchases, fit_spend};
use words::Subject;

/// Hold out purchases after a date and see how well the value models foretell them
#[derive(Debug, Args)]
pub struct BacktestArgs {
    #[command(flatten)]
    purchases: PurchaseArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Last day the models know of; what follows is held out
    #[arg(long, value_name = "DATE", value_parser = purchases::date)]
    calibration_end: Date,
    /// How long to hold out, such as 39w or 90d (default: to the last purchase)
    #[arg(long = "horizon", value_name = "LENGTH", value_parser = horizon_ms)]
    horizon_ms: Option<i64>,
    /// Purchase models to compare, with commas between: all, or names such as bg_nbd
    #[arg(long = "model", value_name = "NAMES", default_value = "all", value_parser = fit::kinds)]
    kinds: Kinds,
    /// A factor for the season, learned from earlier closed windows: not at all, in the verdict, or only beside it
    #[arg(long, value_name = "WHEN", default_value = "off")]
    seasonal: Seasonal,
    /// Where to write a page with plots
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// text or json
    #[arg(short = 'o', value_name = "FORMAT", default_value = "text")]
    show: OutputFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Seasonal {
    /// No factor
    Off,
    /// The verdict is on the forecasts with the factor
    On,
    /// Both are shown, the verdict is on those without
    Both,
}

pub fn backtest(arguments: &BacktestArgs) -> Result<(), CommandError> {
    let input = purchases::read(&arguments.purchases, &arguments.settings, clock::wall_ms())?;
    for remark in &input.remarks {
        eprintln!("note: {remark}");
    }
    let split = split(arguments, &input)?;
    let report = compare(arguments, &input, &split).map_err(|error| CommandError::Failed(explain(&error)))?;
    let subject = Subject {
        report: &report,
        source: purchases::names(&arguments.purchases.inputs),
        span_ms: input.log.span_ms(),
        currency: input.log.currency().to_owned(),
        period: input.log.period().name(),
        asked_for_season: arguments.seasonal != Seasonal::Off,
        judges_adjusted: arguments.seasonal == Seasonal::On,
    };
    if let Some(path) = &arguments.html {
        let failed = |error: std::io::Error| CommandError::Failed(format!("cannot write {}: {error}", path.display()));
        std::fs::write(path, page::page(&subject)).map_err(failed)?;
    }
    let text = match arguments.show {
        OutputFormat::Text => table::table(&subject),
        OutputFormat::Json => format!("{}\n", json::object(&subject)),
    };
    stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn split(arguments: &BacktestArgs, input: &PurchaseInput) -> Result<Split, CommandError> {
    let calibration_end_ms = input.end_of(arguments.calibration_end)?;
    let hold_out_end_ms = match arguments.horizon_ms {
        Some(horizon_ms) => calibration_end_ms + horizon_ms,
        None => input.log.span_ms().1,
    };
    Ok(Split { calibration_end_ms, hold_out_end_ms })
}

fn compare(arguments: &BacktestArgs, input: &PurchaseInput, split: &Split) -> Result<Report, BacktestError> {
    let names: Vec<String> = arguments.kinds.0.iter().map(ModelKind::to_string).collect();
    let fits: Vec<_> = arguments.kinds.0.iter().map(|&kind| move |samples: &[Sample]| fitted(kind, samples)).collect();
    let candidates: Vec<Candidate<'_>> = names.iter().zip(&fits).map(|(name, fit)| Candidate { name, fit }).collect();
    let spend = |samples: &[Sample]| fit_spend(samples).map(|fitted| fitted.model).map_err(|error| error.to_string());
    let backtest = Backtest {
        candidates: &candidates,
        spend: Some(&spend),
        with_season: arguments.seasonal != Seasonal::Off,
        judges_adjusted: arguments.seasonal == Seasonal::On,
    };
    backtest.run(&input.log, split)
}

/// The parameters alone.
pub fn fitted(kind: ModelKind, samples: &[Sample]) -> Result<PurchaseModel, String> {
    fit_purchases(kind, samples).map(|fitted| fitted.model).map_err(|error| error.to_string())
}

/// The error with the dates it is about.
fn explain(error: &BacktestError) -> String {
    match *error {
        BacktestError::SplitBeforeData { first_ms, .. } => format!("{error}, which is of {}", day(first_ms)),
        BacktestError::SplitAfterData { last_ms, .. } => format!("{error}; the last purchase is of {}", day(last_ms)),
        BacktestError::HorizonAfterData { hold_out_end_ms, last_ms } => {
            format!("{error}; it ends on {}, the last purchase is of {}", day(hold_out_end_ms), day(last_ms))
        }
        _ => error.to_string(),
    }
}

/// `39w` or `273d` in milliseconds.
fn horizon_ms(text: &str) -> Result<i64, String> {
    let expected = || "expected weeks or days such as 39w or 90d".to_string();
    let unit_ms = match text.chars().last() {
        Some('w') => WEEK_MS,
        Some('d') => DAY_MS,
        _ => return Err(expected()),
    };
    let count: u16 = text[..text.len() - 1].parse().map_err(|_| expected())?;
    Ok(i64::from(count) * unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_horizon_is_weeks_or_days() {
        assert_eq!((horizon_ms("39w"), horizon_ms("273d")), (Ok(39 * WEEK_MS), Ok(39 * WEEK_MS)));
        for text in ["", "39", "w", "-3w", "3.5w", "99999w", "3é"] {
            assert_eq!(horizon_ms(text), Err("expected weeks or days such as 39w or 90d".to_owned()), "{text}");
        }
    }
}
