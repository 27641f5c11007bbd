//! `report`: what each play asked for, was refused, and brought, week by week, from the cells of `aggregates`.
//!
//! It reads the records as `replay` writes them or as any consumer of the topic prints their values, takes the last of each cell, and adds
//! over the slots. It counts nothing itself and reads no topic: the engine did the first, tools of Kafka do the second. Called by `cli::main`.

mod tables;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write, stdin, stdout};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::Value;

use super::exit::CommandError;
use crate::engine::{CellId, PlayWeek};

/// What each play asked for and brought, week by week
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Records of the aggregates topic, one JSON value a line; - for stdin; may be several files
    #[arg(value_name = "FILE", required = true)]
    inputs: Vec<PathBuf>,
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

/// A record of the topic, as far as it is looked at.
#[derive(Debug, Deserialize)]
struct CellLine {
    name: String,
    dims: BTreeMap<String, String>,
    window_start: String,
    slot: u32,
    value: Value,
}

pub fn report(arguments: &ReportArgs) -> Result<(), CommandError> {
    let cells = cells(&arguments.inputs)?;
    let weeks = PlayWeek::of_cells(&cells);
    let shown = match arguments.show {
        ReportFormat::Text => tables::text(&weeks),
        ReportFormat::Csv => tables::csv(&weeks),
        ReportFormat::Html => tables::html(&weeks),
    };
    stdout().write_all(shown.as_bytes())?;
    Ok(())
}

/// The last value of each cell, added over the slots; amounts in minor units.
fn cells(inputs: &[PathBuf]) -> Result<BTreeMap<CellId, i128>, CommandError> {
    let mut latest: BTreeMap<(CellId, u32), i128> = BTreeMap::new();
    for input in inputs {
        let name = input.display().to_string();
        for (number, line) in lines(input)?.enumerate() {
            let line = line.map_err(|error| CommandError::Failed(format!("{name}: {error}")))?;
            if line.trim().is_empty() {
                continue;
            }
            let place = |problem: &str| CommandError::Failed(format!("{name}, line {}: {problem}", number + 1));
            let cell: CellLine = serde_json::from_str(&line).map_err(|_| place("expected a record of the aggregates topic"))?;
            let value = cell.value.as_i64().or_else(|| cell.value.get("minor")?.as_i64()).ok_or_else(|| place("the value is no number"))?;
            latest.insert(((cell.name, cell.dims, cell.window_start), cell.slot), value.into());
        }
    }
    let mut cells = BTreeMap::new();
    for ((id, _), value) in latest {
        *cells.entry(id).or_default() += value;
    }
    Ok(cells)
}

fn lines(input: &Path) -> Result<Box<dyn Iterator<Item = std::io::Result<String>>>, CommandError> {
    if input == Path::new("-") {
        return Ok(Box::new(stdin().lines()));
    }
    let file = File::open(input).map_err(|error| CommandError::Failed(format!("{}: {error}", input.display())))?;
    Ok(Box::new(BufReader::new(file).lines()))
}
