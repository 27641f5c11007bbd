//! Purchases from files into a log: the input of `fit` and `backtest`.
//!
//! Reads the formats of `replay` in one pass, whatever the order of the rows, and chooses the currency of the spend. Amounts are exact: text to minor units. A row
//! that cannot be read ends the command with its number, for a fit on half of a file is worse than none. Called by `fit` and `backtest`.

mod currencies;
mod events;
mod lists;

use std::io::BufRead;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::exit::CommandError;
use super::replay;
use super::settings::SettingsArgs;
use crate::clv::{DAY_MS, Period, PurchaseLog};
use crate::event::Currency;
use currencies::Currencies;

pub use lists::delimiter;

/// Which purchases.
#[derive(Debug, Args)]
pub struct PurchaseArgs {
    /// Purchases, - for stdin; may be several files
    #[arg(value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// What the input is
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub format: PurchaseFormat,
    /// Purchases of a customer within one of these count as one: day, week, month
    #[arg(long = "unit", value_name = "UNIT", default_value = "day")]
    pub period: Period,
    /// Currency of a list that names none (default: money.default_currency), or whose spend to take of several (default: the one of most rows)
    #[arg(long, value_name = "CODE", value_parser = currency)]
    pub currency: Option<Currency>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PurchaseFormat {
    /// By the look of the first line
    Auto,
    /// The CDNOW list: customer, date, number of discs, amount
    Cdnow,
    /// Comma-separated, usually with a heading: customer, date, amount, and perhaps currency
    Csv,
    /// JSON lines as for replay: orders, refunds and cancellations count
    Events,
}

/// A log, and what was noticed on the way.
#[derive(Debug)]
pub struct PurchaseInput {
    pub log: PurchaseLog,
    /// Of lists: a purchase has a day and no time, so the last moment of a period is the beginning of its last day.
    pub whole_days: bool,
    /// For stderr.
    pub remarks: Vec<String>,
}

impl PurchaseInput {
    /// The moment to which `date` belongs as the last day.
    pub fn end_of(&self, date: Date) -> Result<i64, CommandError> {
        let begin = begin_ms(date).ok_or_else(|| CommandError::Failed(format!("{date} is out of range")))?;
        Ok(if self.whole_days { begin } else { begin + DAY_MS - 1 })
    }
}

/// Reads all inputs. `now_ms` is the clock: nobody has bought later than tomorrow.
pub fn read(arguments: &PurchaseArgs, settings: &SettingsArgs, now_ms: i64) -> Result<PurchaseInput, CommandError> {
    if arguments.inputs.is_empty() {
        return Err(CommandError::Failed("no input: name a file with purchases, or - for stdin".to_owned()));
    }
    let mut currencies = Currencies::new(arguments.period, arguments.currency, now_ms + DAY_MS);
    let config = settings.read()?;
    let mut events = None;
    let mut lists = false;
    let mut remarks = Vec::new();
    for path in &arguments.inputs {
        let failed = |error: String| CommandError::Failed(format!("{}: {error}", path.display()));
        let mut reader = replay::reader(path).map_err(failed)?;
        let format = format_of(&mut reader, arguments.format).map_err(failed)?;
        if format == PurchaseFormat::Events {
            let events = match &mut events {
                Some(events) => events,
                none => none.insert(events::Orders::new(&config)),
            };
            events.read(&mut reader, &mut currencies).map_err(failed)?;
        } else {
            lists = true;
            let default = config.input.decode.default_currency;
            if lists::read(format, &mut reader, default, &mut currencies).map_err(failed)? {
                let name = names(std::slice::from_ref(path));
                remarks.push(format!(
                    "{name} names no currency and was taken for {}; --currency or money.default_currency tell",
                    replay::LIST_CURRENCY
                ));
            }
        }
    }
    let whole_days = events.is_none();
    if !whole_days && lists {
        return Err(CommandError::Failed("lists of days and event files with times cannot be mixed".to_owned()));
    }
    if let Some(events) = events {
        remarks.extend(events.finish(&mut currencies).map_err(CommandError::Failed)?);
    }
    let log = currencies.finish(&mut remarks).map_err(CommandError::Failed)?;
    Ok(PurchaseInput { log, whole_days, remarks })
}

/// What the first line that is not blank looks like, if nobody has said what it is.
fn format_of(reader: &mut dyn BufRead, stated: PurchaseFormat) -> Result<PurchaseFormat, String> {
    if stated != PurchaseFormat::Auto {
        return Ok(stated);
    }
    let ahead = String::from_utf8_lossy(reader.fill_buf().map_err(|error| error.to_string())?).into_owned();
    let line = ahead.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').lines().next().unwrap_or_default();
    let fields = line.split_whitespace().count();
    Ok(match line {
        line if line.starts_with('{') => PurchaseFormat::Events,
        line if !line.contains([',', ';', '\t']) && (4..=5).contains(&fields) => PurchaseFormat::Cdnow,
        _ => PurchaseFormat::Csv,
    })
}

/// Midnight UTC.
fn begin_ms(date: Date) -> Option<i64> {
    date.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp().as_millisecond())
}

fn currency(text: &str) -> Result<Currency, String> {
    Currency::from_code(text).ok_or_else(|| format!("\"{text}\" is not an ISO 4217 currency such as USD"))
}

/// An argument that is a day.
pub fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "expected a day such as 2026-01-31".to_string())
}

/// For messages: which input was meant.
pub fn names(inputs: &[PathBuf]) -> String {
    let name = |path: &PathBuf| path.file_name().unwrap_or(Path::new("-").as_os_str()).to_string_lossy().into_owned();
    inputs.iter().map(name).collect::<Vec<_>>().join(", ")
}
