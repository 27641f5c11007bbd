//! `replay`: files in, files out, no Kafka, in event time; the same input gives the same bytes.
//!
//! It behaves as `run` does over a backlog loaded before its start. It reads lines, runs them through `history`, and writes a file for
//! each output topic; transaction lists end in a table of what the customers are worth, and changed plays in one of what they would have
//! asked for. Called by `cli::main`.

mod comparison;
pub mod history;
pub mod lines;
mod table;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write, stdin};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::exit::CommandError;
use super::rules;
use super::settings::SettingsArgs;
use crate::config::Config;
use crate::kafka::OutputNames;
use crate::worker::memory::Produced;
use crate::worker::transaction::OutputTopic;
use history::History;
use lines::{Columns, Purchase};

pub use table::major;

/// A line longer than this is no record that a broker would take.
const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Of lists that name no currency.
pub const LIST_CURRENCY: &str = "USD";

/// Run events from files through the same engine, without Kafka and without a clock
#[derive(Debug, Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Input file, - for stdin; may be given more than once
    #[arg(long = "input", value_name = "FILE", required = true)]
    pub inputs: Vec<PathBuf>,
    /// Directory that receives one file for each output topic; a list may go without
    #[arg(long, value_name = "DIR", required_unless_present_any = ["plays", "format"], required_if_eq("format", "events"), conflicts_with = "plays")]
    pub output: Option<PathBuf>,
    /// Partitions of the imagined topics
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub slots: u32,
    /// Let time run on to this moment after the last event, so that deadlines fire
    #[arg(long = "until", value_name = "RFC3339", value_parser = super::instant_ms)]
    pub until_ms: Option<i64>,
    /// What the input is
    #[arg(long, value_name = "FORMAT", default_value = "events", conflicts_with = "plays")]
    pub format: InputFormat,
    /// Parameters of the value models, as clv.models
    #[arg(long, value_name = "FILE")]
    pub models: Option<PathBuf>,
    /// Changed plays: a configuration file above all others. Shows what they would have asked for, beside what the present ones do
    #[arg(long, value_name = "FILE")]
    pub plays: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InputFormat {
    /// JSON lines: events, or records with topic, key, timestamp_ms and value
    Events,
    /// The CDNOW list: customer, date, number of discs, amount
    Cdnow,
    /// Comma-separated, usually with a heading: customer, date, amount
    Csv,
}

pub fn replay(arguments: &ReplayArgs) -> Result<(), CommandError> {
    let implied: Vec<String> =
        arguments.models.iter().map(|path| format!("clv.models={}", toml::Value::String(path.display().to_string()))).collect();
    let config = arguments.settings.read_with(&implied)?;
    if let Some(plays) = &arguments.plays {
        return compare(arguments, plays, &config, &implied);
    }
    let mut history = History::new(&config, arguments.slots, arguments.until_ms);
    let purchases = read(arguments, &mut history)?;
    let mut files = arguments.output.as_deref().map(|folder| Files::create(folder, rules::kafka_settings(&config).output)).transpose()?;
    let mut failure = None;
    let run = history.run(|record| {
        if let Some(files) = &mut files {
            failure = failure.take().or(files.write(&record).err());
        }
    });
    run.map_err(|error| CommandError::Failed(error.to_string()))?;
    let written = match failure {
        Some(error) => Err(error),
        None => files.map_or(Ok(()), Files::finish),
    };
    written.map_err(|error| CommandError::Failed(format!("cannot write the output: {error}")))?;
    if arguments.format != InputFormat::Events {
        table::show(&config, &history, arguments.slots, arguments.until_ms, &purchases)?;
    }
    Ok(())
}

/// Runs the history with the present plays and with the changed ones.
fn compare(arguments: &ReplayArgs, plays: &Path, present: &Config, implied: &[String]) -> Result<(), CommandError> {
    let mut settings = arguments.settings.clone();
    settings.files.push(plays.to_path_buf());
    let changed = settings.read_with(implied)?;
    let asked = |config: &Config| {
        let mut history = History::new(config, arguments.slots, arguments.until_ms);
        read(arguments, &mut history)?;
        comparison::asked(history)
    };
    comparison::show(&asked(present)?, &asked(&changed)?)
}

/// Adds all inputs to a history; the purchases of lists are handed back, by day.
fn read(arguments: &ReplayArgs, history: &mut History) -> Result<Vec<Purchase>, CommandError> {
    let mut purchases = Vec::new();
    for path in &arguments.inputs {
        let failed = |error: String| CommandError::Failed(format!("{}: {error}", path.display()));
        match arguments.format {
            InputFormat::Events => read_events(path, history).map_err(failed)?,
            InputFormat::Cdnow => read_cdnow(path, &mut purchases).map_err(failed)?,
            InputFormat::Csv => read_csv(path, &mut purchases).map_err(failed)?,
        }
    }
    // lists are often sorted by customer; a history happens by day
    purchases.sort_by_key(|purchase: &Purchase| purchase.date);
    for (number, purchase) in purchases.iter().enumerate() {
        let line = purchase.to_line(number + 1, LIST_CURRENCY).map_err(|error| CommandError::Failed(error.to_string()))?;
        history.add(line).map_err(|error| CommandError::Failed(error.to_string()))?;
    }
    Ok(purchases)
}

/// The file or stdin, with a progress bar where stderr is a terminal.
pub fn reader(path: &Path) -> Result<Box<dyn BufRead>, String> {
    if path == Path::new("-") {
        return Ok(Box::new(stdin().lock()));
    }
    let file = File::open(path).map_err(|error| error.to_string())?;
    let bar = ProgressBar::new(file.metadata().map_or(0, |metadata| metadata.len()));
    bar.set_style(ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta}").unwrap_or_else(|_| ProgressStyle::default_bar()));
    Ok(Box::new(BufReader::new(bar.wrap_read(file))))
}

/// Calls `take` with each line that is not blank, as text; bytes that are no UTF-8 are replaced, and refused by whoever reads them.
pub fn each_line(reader: &mut dyn BufRead, mut take: impl FnMut(&str) -> Result<(), String>) -> Result<(), String> {
    let mut bytes = Vec::new();
    let mut number = 0;
    loop {
        bytes.clear();
        let read = io::Read::take(&mut *reader, LINE_BYTES_MAX as u64).read_until(b'\n', &mut bytes).map_err(|error| error.to_string())?;
        if read == 0 {
            return Ok(());
        }
        number += 1;
        if read == LINE_BYTES_MAX {
            return Err(format!("line {number} is longer than {LINE_BYTES_MAX} bytes"));
        }
        let text = String::from_utf8_lossy(&bytes);
        let line = text.trim_end_matches(['\n', '\r']);
        if !line.trim().is_empty() {
            take(line).map_err(|error| format!("line {number}: {error}"))?;
        }
    }
}

/// Adds the events of a file to a history.
pub fn read_events(path: &Path, history: &mut History) -> Result<(), String> {
    each_line(&mut reader(path)?, |text| {
        let line = lines::event_line(text).map_err(|error| error.to_string())?;
        history.add(line).map_err(|error| error.to_string())
    })
}

fn read_cdnow(path: &Path, purchases: &mut Vec<Purchase>) -> Result<(), String> {
    each_line(&mut reader(path)?, |text| {
        purchases.push(lines::cdnow_line(text).map_err(|error| error.to_string())?);
        Ok(())
    })
}

fn read_csv(path: &Path, purchases: &mut Vec<Purchase>) -> Result<(), String> {
    each_row(&mut reader(path)?, b',', |purchase| {
        purchases.push(purchase);
        Ok(())
    })
}

/// Calls `take` with the purchase of each row of separated values; without known names in the first row, its columns are the first three.
pub fn each_row(reader: &mut dyn BufRead, delimiter: u8, mut take: impl FnMut(Purchase) -> Result<(), String>) -> Result<(), String> {
    let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(reader);
    let mut row = csv::StringRecord::new();
    let mut columns: Option<Columns> = None;
    while rows.read_record(&mut row).map_err(|error| error.to_string())? {
        let known = match &columns {
            Some(known) => known,
            None => match Columns::of(&row) {
                Some(named) => {
                    columns = Some(named);
                    continue;
                }
                None => columns.insert(Columns::first_three()),
            },
        };
        let line = row.position().map_or(0, csv::Position::line);
        let purchase = known.purchase(&row).map_err(|error| error.to_string());
        purchase.and_then(&mut take).map_err(|error| format!("line {line}: {error}"))?;
    }
    Ok(())
}

/// One file for each output topic, in a folder.
struct Files {
    names: OutputNames,
    writers: BTreeMap<OutputTopic, BufWriter<File>>,
}

impl Files {
    fn create(folder: &Path, names: OutputNames) -> Result<Files, CommandError> {
        let failed = |error: io::Error| CommandError::Failed(format!("cannot write to {}: {error}", folder.display()));
        fs::create_dir_all(folder).map_err(failed)?;
        let mut writers = BTreeMap::new();
        for topic in [OutputTopic::Transitions, OutputTopic::Clv, OutputTopic::Actions, OutputTopic::Aggregates, OutputTopic::DeadLetters] {
            let file = File::create(folder.join(format!("{}.jsonl", names.of(topic)))).map_err(failed)?;
            writers.insert(topic, BufWriter::new(file));
        }
        Ok(Files { names, writers })
    }

    fn write(&mut self, record: &Produced) -> io::Result<()> {
        let line = if record.topic == OutputTopic::DeadLetters { dead_letter(record) } else { decision(record)? };
        let Some(writer) = self.writers.get_mut(&record.topic) else {
            return Err(io::Error::other(format!("no file for {}", self.names.of(record.topic))));
        };
        serde_json::to_writer(&mut *writer, &line)?;
        writer.write_all(b"\n")
    }

    fn finish(mut self) -> io::Result<()> {
        self.writers.values_mut().try_for_each(Write::flush)
    }
}

fn text(bytes: &[u8]) -> Value {
    String::from_utf8_lossy(bytes).into()
}

/// The value with its key and timestamp beside it; a tombstone is `"value": null`.
fn decision(record: &Produced) -> io::Result<Value> {
    let mut value: serde_json::Map<String, Value> = match record.value.as_deref() {
        Some(bytes) => serde_json::from_slice(bytes)?,
        None => serde_json::Map::from_iter([("value".to_owned(), Value::Null)]),
    };
    value.insert("key".into(), record.key.as_deref().map_or(Value::Null, text));
    value.insert("timestamp_ms".into(), json!(record.timestamp_ms));
    Ok(value.into())
}

/// The refused record as it came, with its own time, and the headers that say why.
fn dead_letter(record: &Produced) -> Value {
    let own_time = record.headers.iter().find(|(name, _)| name == "lifetide.record.timestamp_ms");
    let timestamp_ms = own_time.and_then(|(_, value)| std::str::from_utf8(value).ok()?.parse::<i64>().ok());
    let headers: serde_json::Map<String, Value> = record.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    json!({
        "key": record.key.as_deref().map(text),
        "timestamp_ms": timestamp_ms,
        "headers": headers,
        "value": record.value.as_deref().map(text),
    })
}
