//! `explain`: what each play has in mind for a customer, when, and what stands in the way.
//!
//! The customer is read from the group's state in Kafka, or brought about from files as `replay` does; then what was decided so far is told,
//! too. Which gates fail is the engine's to say. It joins nothing and writes nothing. Called by `cli::main`.

use crate::engine::Stage;
use std::io::{Write, stdout};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::exit::CommandError;
use super::replay::{history::History, read_events};
use super::settings::SettingsArgs;
use super::{OutputFormat, instant, state};
use crate::clock;
use crate::config::Config;
use crate::engine::{self, Customer, Explained, Waiting};
use crate::worker::transaction::OutputTopic;

/// Decisions told of one customer: the latest.
const DECISIONS_MAX: usize = 50;

/// What each play has in mind for a customer, when, and what stands in the way
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The customer's id, the key of their events
    customer: String,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Events to bring the customer about from, instead of the state in Kafka; - for stdin; may be given more than once
    #[arg(long = "input", value_name = "FILE")]
    inputs: Vec<PathBuf>,
    /// The moment that is asked about (default: now; with --input that of the last event)
    #[arg(long = "until", value_name = "RFC3339", value_parser = super::instant_ms)]
    until_ms: Option<i64>,
    /// The slot, where producers partition by other rules than murmur2 (`input.partitioner = "trust"`)
    #[arg(long, value_name = "N", conflicts_with = "inputs")]
    slot: Option<u32>,
    /// text or json
    #[arg(short = 'o', value_name = "FORMAT", default_value = "text")]
    show: OutputFormat,
}

/// A customer as they were found.
struct Found {
    customer: Customer,
    deadline_ms: Option<i64>,
    /// Of plays so far; empty where only the state is known.
    decisions: Vec<Value>,
}

#[derive(Serialize)]
struct Told<'a> {
    customer_id: &'a str,
    as_of: String,
    stage: Option<&'a str>,
    next_deadline_at: Option<String>,
    /// What will come if nothing happens before.
    ahead: Vec<Moment>,
    plays: Vec<Box<RawValue>>,
    decisions: &'a [Value],
}

#[derive(Serialize)]
struct Moment {
    what: String,
    at: String,
}

pub fn explain(arguments: &ExplainArgs) -> Result<(), CommandError> {
    let config = arguments.settings.read()?;
    let (found, at_ms) = if arguments.inputs.is_empty() {
        (from_kafka(arguments, &config)?, arguments.until_ms.unwrap_or_else(clock::wall_ms))
    } else {
        (from_files(arguments, &config)?, arguments.until_ms.unwrap_or(i64::MIN))
    };
    let Some(mut found) = found else {
        return Err(CommandError::Failed(format!("nothing is held about {}", arguments.customer)));
    };
    let settings = Arc::new(config.engine);
    let plays = engine::explain(&arguments.customer, &mut found.customer, &settings, at_ms);
    let ahead: Vec<Moment> =
        engine::ahead(&found.customer, &settings).into_iter().map(|(what, at_ms)| Moment { what, at: instant(at_ms) }).collect();
    match arguments.show {
        OutputFormat::Text => show(&arguments.customer, &found, &ahead, &plays, &settings)?,
        OutputFormat::Json => {
            let record = |play| RawValue::from_string(engine::explained(play, &settings));
            let plays: Result<Vec<Box<RawValue>>, _> = plays.iter().map(record).collect();
            let plays = plays.map_err(|error| CommandError::Failed(error.to_string()))?;
            let told = Told {
                customer_id: &arguments.customer,
                as_of: instant(found.customer.now_ms),
                stage: stage(&found.customer),
                next_deadline_at: found.deadline_ms.map(instant),
                ahead,
                plays,
                decisions: &found.decisions,
            };
            let text = serde_json::to_string(&told).map_err(|error| CommandError::Failed(error.to_string()))?;
            writeln!(stdout(), "{text}")?;
        }
    }
    Ok(())
}

fn from_kafka(arguments: &ExplainArgs, config: &Config) -> Result<Option<Found>, CommandError> {
    let inspection = state::inspect_slot_of(&arguments.customer, arguments.slot, config)?;
    inspection.row(&arguments.customer).map(|row| read(row, Vec::new())).transpose()
}

fn from_files(arguments: &ExplainArgs, config: &Config) -> Result<Option<Found>, CommandError> {
    let mut history = History::new(config, 1, arguments.until_ms);
    for path in &arguments.inputs {
        read_events(path, &mut history).map_err(|error| CommandError::Failed(format!("{}: {error}", path.display())))?;
    }
    let mut decisions = Vec::new();
    let run = history.run(|record| {
        let is_own = record.topic == OutputTopic::Actions && record.key.as_deref() == Some(arguments.customer.as_bytes());
        decisions.extend(record.value.filter(|_| is_own).and_then(|value| serde_json::from_slice(&value).ok()));
    });
    run.map_err(|error| CommandError::Failed(error.to_string()))?;
    decisions.drain(..decisions.len().saturating_sub(DECISIONS_MAX));
    let id = arguments.customer.as_str();
    let found = history.committed().with_row(0, engine::hash_of(id), id, |row| read(row, decisions));
    found.transpose()
}

fn read(row: &[u8], decisions: Vec<Value>) -> Result<Found, CommandError> {
    let customer = engine::read_row(row).map_err(|error| CommandError::Failed(format!("the row cannot be read: {error}")))?;
    Ok(Found { customer, deadline_ms: engine::row_deadline_ms(row), decisions })
}

fn stage(customer: &Customer) -> Option<&str> {
    customer.stage.as_ref().map(Stage::as_str)
}

fn show(id: &str, found: &Found, ahead: &[Moment], plays: &[Explained], settings: &engine::Settings) -> Result<(), CommandError> {
    let mut to = stdout().lock();
    let deadline = found.deadline_ms.map_or_else(|| "none".to_owned(), instant);
    writeln!(
        to,
        "{id}: stage {}, as of {}, next deadline {deadline}\n",
        stage(&found.customer).unwrap_or("none"),
        instant(found.customer.now_ms)
    )?;
    for decision in &found.decisions {
        let word = |name: &str| decision[name].as_str().unwrap_or_default();
        writeln!(to, "{}  {} step {}: {} ({})", word("event_time"), word("play"), decision["step"], word("kind"), word("reason"))?;
    }
    if !found.decisions.is_empty() {
        writeln!(to)?;
    }
    for Moment { what, at } in ahead {
        writeln!(to, "{at}  {what}, if nothing happens before")?;
    }
    if !ahead.is_empty() {
        writeln!(to)?;
    }
    let width = plays.iter().map(|play| settings.plays[play.place].name.len()).max().unwrap_or_default();
    for play in plays {
        writeln!(to, "{:width$}  {}", settings.plays[play.place].name, sentence(play))?;
    }
    Ok(())
}

/// `waits with step 2 for 2026-…: would be refused: no_consent, cap`
fn sentence(play: &Explained) -> String {
    let begun = match &play.state {
        Waiting::Off => return "is off".to_owned(),
        Waiting::Nothing => "waits for nothing; if it were due now it".to_owned(),
        Waiting::Step { step, due_ms, instance } => format!("waits with step {step} of {instance} until {}; then it", instant(*due_ms)),
    };
    let refusals: Vec<&str> = play.refusals.iter().map(|reason| reason.as_str()).collect();
    match (refusals.is_empty(), play.held_until_ms, play.arm) {
        (false, ..) => format!("{begun} would be refused: {}", refusals.join(", ")),
        (true, Some(until_ms), _) => format!("{begun} would be held by quiet hours until {}", instant(until_ms)),
        (true, None, engine::Arm::Control) => format!("{begun} would be refused: control"),
        (true, None, engine::Arm::Treatment) => format!("{begun} would be sent"),
    }
}
