//! `report`: what each play asked for, was refused, and brought, week by week, which variants of their mails brought more, or what customers cost and are worth, from the cells of
//! `aggregates`.
//!
//! It reads the records as `replay` writes them or as any consumer of the topic prints their values, takes the last of each cell, and adds
//! over the slots. It counts nothing itself and reads no topic: the engine did the first, tools of Kafka do the second. Called by `cli::main`.

mod economics;
mod plays;
mod tables;
mod variants;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write, stdin, stdout};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::exit::CommandError;
use super::replay::major;
use super::settings::SettingsArgs;
use crate::engine::{self, PlayVariant, PlayWeek, Totals, read_told_cell};
use crate::event::Currency;

/// What each play asked for and brought, week by week; or what customers cost and are worth
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Records of the aggregates topic, one JSON value a line; - for stdin; may be several files
    #[arg(value_name = "FILE", required = true)]
    inputs: Vec<PathBuf>,
    /// plays; variants of their steps side by side; or economics: cost, CLV:CAC, value of a lead, by channel, month and salesperson
    #[arg(long, value_name = "WHAT", default_value = "plays")]
    about: Subject,
    #[command(flatten)]
    settings: SettingsArgs,
    /// text, csv or html
    #[arg(short = 'o', value_name = "FORMAT", default_value = "text")]
    show: ReportFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For people
    Text,
    /// For spreadsheets
    Csv,
    /// One page, nothing fetched
    Html,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// What each play asked for and brought, week by week
    Plays,
    /// Of steps with several templates, which brought more; over all weeks
    Variants,
    /// What customers cost and are worth; by the margin and the stages of the configuration
    Economics,
}

pub fn report(arguments: &ReportArgs) -> Result<(), CommandError> {
    let cells = totals(&arguments.inputs)?.values();
    let table = match arguments.about {
        Subject::Plays => plays::table(&PlayWeek::of_cells(&cells)),
        Subject::Variants => variants::table(&PlayVariant::of_cells(&cells)),
        Subject::Economics => economics::table(&engine::economics(&cells, &arguments.settings.read()?.engine)),
    };
    let shown = match arguments.show {
        ReportFormat::Text => tables::text(&table),
        ReportFormat::Csv => tables::csv(&table),
        ReportFormat::Html => tables::html(&table),
    };
    stdout().write_all(shown.as_bytes())?;
    Ok(())
}

/// The last value of each cell, added over the slots.
fn totals(inputs: &[PathBuf]) -> Result<Totals, CommandError> {
    let mut latest = BTreeMap::new();
    for input in inputs {
        let name = input.display().to_string();
        for (number, line) in lines(input)?.enumerate() {
            let line = line.map_err(|error| CommandError::Failed(format!("{name}: {error}")))?;
            if line.trim().is_empty() {
                continue;
            }
            let no_cell = || CommandError::Failed(format!("{name}, line {}: expected a record of the aggregates topic", number + 1));
            let told = read_told_cell(&line).ok_or_else(no_cell)?;
            latest.insert((told.key, told.slot), told.cell);
        }
    }
    let mut totals = Totals::default();
    latest.into_iter().for_each(|((key, _), cell)| totals.put(&key, cell));
    Ok(totals)
}

/// An amount with its currency's code.
fn money(minor: i128, code: &str) -> String {
    format!("{} {code}", major(minor, Currency::from_code(code).map_or(0, |currency| currency.exponent())))
}

fn lines(input: &Path) -> Result<Box<dyn Iterator<Item = std::io::Result<String>>>, CommandError> {
    if input == Path::new("-") {
        return Ok(Box::new(stdin().lines()));
    }
    let file = File::open(input).map_err(|error| CommandError::Failed(format!("{}: {error}", input.display())))?;
    Ok(Box::new(BufReader::new(file).lines()))
}
