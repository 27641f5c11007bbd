//! `fit`: purchases in, parameters of the value models out, with how well they are known and what speaks against them.
//!
//! It reads the purchases (`purchases`, or `live` from a running group), asks `clv` for the fits, prints them and writes the parameter file
//! that `clv.models` names and `models publish` puts into force. Chooses nothing: which model `run` uses is `clv.model`. A list of contracts is
//! another matter, which `contracts` sees to. Called by `cli::main`.

mod chosen;
mod contracts;
mod data;
mod live;
mod parameter_file;
mod report;
mod row;
mod seasonal;

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use super::OutputFormat;
use super::exit::CommandError;
use super::purchases::{self, PurchaseArgs};
use super::settings::SettingsArgs;
use crate::clock;
use crate::clv::{BgBb, FitError, Fitted, GammaGamma, ModelKind, PurchaseModel, fit_occasions, fit_purchases, fit_spend};
use chosen::{Chosen, chosen};
use contracts::ContractArgs;
use data::Data;
use seasonal::{HORIZON_DAYS_MAX, HORIZON_DAYS_MIN, Seasonal};

pub use chosen::{Kinds, kinds};

/// Log-likelihoods this near to each other are the same, found on different ways.
const EQUAL: f64 = 1e-6;

/// Fit the value models to a shop's own purchases
#[derive(Debug, Args)]
pub struct FitArgs {
    #[command(flatten)]
    purchases: PurchaseArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Fit the customers of the running group that the configuration names, instead of files
    #[arg(long, conflicts_with_all = ["inputs", "calibration_end", "format", "period"])]
    live: bool,
    /// Last day to count (default: that of the last purchase)
    #[arg(long, value_name = "DATE", value_parser = purchases::date)]
    calibration_end: Option<Date>,
    /// Models to fit, with commas between: all, or names such as bg_nbd. Not among all: bg_bb, discrete occasions of one --unit each, whose
    /// likelihood does not compare; sbg, contracts, whose input is a list of period and customers left
    #[arg(long = "model", value_name = "NAMES", default_value = "all", value_parser = chosen)]
    chosen: Chosen,
    #[command(flatten)]
    contracts: ContractArgs,
    /// Learn a factor for the season, too, from closed windows of so many days (without a number 365, the horizon of clv records)
    #[arg(long, value_name = "DAYS", num_args = 0..=1, require_equals = true, default_missing_value = "365", conflicts_with = "live",
        value_parser = clap::value_parser!(u32).range(HORIZON_DAYS_MIN..=HORIZON_DAYS_MAX))]
    seasonal: Option<u32>,
    /// Where to write the parameters, for clv.models or models publish
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Name of the parameters in that file and in every clv record
    #[arg(long, value_name = "NAME", default_value = "fitted")]
    name: String,
    /// Say on stderr how long reading and each fit took
    #[arg(long)]
    timings: bool,
    /// text or json
    #[arg(short = 'o', value_name = "FORMAT", default_value = "text")]
    show: OutputFormat,
}

/// What was found.
pub struct Fit {
    pub data: Data,
    pub purchases: Vec<(ModelKind, Fitted<PurchaseModel>)>,
    /// BG/BB, if asked for.
    pub occasions: Option<Fitted<BgBb>>,
    /// Models of spend need repeat purchases with spend.
    pub spend: Result<Fitted<GammaGamma>, FitError>,
    /// `None`: not asked for.
    pub seasonal: Option<Seasonal>,
}

pub fn fit(arguments: &FitArgs) -> Result<(), CommandError> {
    let (kinds, bg_bb) = match &arguments.chosen {
        Chosen::Contracts => return contracts::fit(arguments),
        Chosen::Purchases { kinds, bg_bb } => (kinds, *bg_bb),
    };
    refuse_together(arguments, bg_bb)?;
    let mut stopwatch = Stopwatch::start(arguments.timings);
    let now_ms = clock::wall_ms();
    let mut log = None;
    let data = if arguments.live {
        live::read(&arguments.settings, arguments.purchases.currency)?
    } else {
        let input = purchases::read(&arguments.purchases, &arguments.settings, now_ms)?;
        for remark in &input.remarks {
            eprintln!("note: {remark}");
        }
        let names = purchases::names(&arguments.purchases.inputs);
        let data = Data::of_input(&input, arguments.calibration_end, names, bg_bb, now_ms)?;
        log = Some(input.log);
        data
    };
    stopwatch.lap("reading");
    let mut fit = fit_all(data, kinds, &mut stopwatch)?;
    if let (Some(horizon_days), Some(log)) = (arguments.seasonal, &log) {
        fit.seasonal = Some(Seasonal::learn(log, &fit, horizon_days));
        stopwatch.lap("seasonal factors");
    }
    report::warn(&fit);
    let file = parameter_file::written(&fit, &arguments.name, now_ms);
    if let Some(path) = &arguments.output {
        let failed = |error: std::io::Error| CommandError::Failed(format!("cannot write {}: {error}", path.display()));
        std::fs::write(path, &file.text).map_err(failed)?;
    }
    report::show(&fit, &file.version, arguments.show)
}

/// What has no meaning together: only models that `run` knows can be written to its parameter file.
fn refuse_together(arguments: &FitArgs, bg_bb: bool) -> Result<(), CommandError> {
    let why = if bg_bb && arguments.output.is_some() {
        "bg_bb cannot be written to a parameter file: run knows models of continuous time only; leave out --output, or bg_bb"
    } else if bg_bb && arguments.live {
        "bg_bb needs every purchase by its period, and the state of a group keeps sums of older ones: fit it to files"
    } else if arguments.contracts.monthly_margin.is_some() {
        "--monthly-margin is of contracts: it goes with --model sbg"
    } else {
        return Ok(());
    };
    Err(CommandError::Failed(why.to_owned()))
}

/// Tells of the time since it was started or asked last, if anybody wants to know.
struct Stopwatch {
    wanted: bool,
    last_us: u64,
}

impl Stopwatch {
    fn start(wanted: bool) -> Stopwatch {
        Stopwatch { wanted, last_us: clock::monotonic_us() }
    }

    fn lap(&mut self, what: &str) {
        let now_us = clock::monotonic_us();
        if self.wanted {
            eprintln!("time: {what} {:.3} ms", (now_us - self.last_us) as f64 / 1000.0);
        }
        self.last_us = now_us;
    }
}

fn fit_all(data: Data, kinds: &Kinds, stopwatch: &mut Stopwatch) -> Result<Fit, CommandError> {
    let mut purchases = Vec::with_capacity(kinds.0.len());
    // one that fails leaves the others as good as they are
    let mut failures: Vec<(&'static str, FitError)> = Vec::new();
    for &kind in &kinds.0 {
        match fit_purchases(kind, &data.samples) {
            Ok(fitted) => purchases.push((kind, fitted)),
            Err(error) => failures.push((kind.name(), error)),
        }
        stopwatch.lap(kind.name());
    }
    let occasions = data.occasions.as_deref().map(fit_occasions).transpose().unwrap_or_else(|error| {
        failures.push(("bg_bb", error));
        None
    });
    if data.occasions.is_some() {
        stopwatch.lap("bg_bb");
    }
    if purchases.is_empty() && occasions.is_none() {
        return Err(CommandError::Failed(by_reason(&failures).join("; ")));
    }
    for failure in by_reason(&failures) {
        eprintln!("note: {failure}");
    }
    let spend = fit_spend(&data.samples);
    stopwatch.lap("gamma_gamma");
    Ok(Fit { data, purchases, occasions, spend, seasonal: None })
}

/// What is wrong with the data is wrong for every model, and said once.
fn by_reason(failures: &[(&'static str, FitError)]) -> Vec<String> {
    let alike = failures.chunk_by(|one, next| one.1 == next.1);
    alike
        .map(|alike| format!("cannot fit {}: {}", alike.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "), alike[0].1))
        .collect()
}

impl Fit {
    /// The purchase model under which the histories are most likely; the likelihoods are of the same histories and compare. Regular buying
    /// with k = 1 is buying at random: of equals the first, which is the simpler one.
    pub fn best(&self) -> Option<ModelKind> {
        let mut best: Option<&(ModelKind, Fitted<PurchaseModel>)> = None;
        for fit in &self.purchases {
            if best.is_none_or(|best| fit.1.log_likelihood > best.1.log_likelihood + EQUAL) {
                best = Some(fit);
            }
        }
        best.filter(|_| self.purchases.len() > 1).map(|(kind, _)| *kind)
    }
}
