//! `dlq list|show|replay`: what was refused, why, and back to where it came from once it can be read.
//!
//! A dead letter is named by the place its record had: `topic/partition/offset`. A record is refused at its place once, and no topic name
//! holds a slash. This file finds letters and shows them; sending them again is `replay`'s. Called by `cli::main`.

mod letter;
mod replay;
mod show;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Write, stdout};
use std::ops::ControlFlow;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use super::OutputFormat;
use super::exit::CommandError;
use super::rules;
use super::settings::SettingsArgs;
use crate::event::Reason;
use crate::kafka::admin;
use crate::kafka::topics::TopicFacts;
use crate::kafka::{Message, Settings, TopicScan};
use crate::worker::WorkerError;
use crate::worker::source::{Record as _, SourceError};
use crate::worker::transaction::TransactionError;
use letter::{Entry, Letter};

/// Refused records: list, show, send again
#[derive(Debug, Args)]
pub struct DlqCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The latest dead letters, oldest first
    List(ListArgs),
    /// One dead letter: its headers and the record's value
    Show(ShowArgs),
    /// Send records to their topics again, each once, however often this is run
    Replay(replay::ReplayArgs),
}

/// Which dead letters.
#[derive(Debug, Clone, Default, Args)]
struct Filter {
    /// Only those refused for this reason, such as unknown_currency
    #[arg(long, value_name = "REASON", value_parser = reason)]
    reason: Option<String>,
    /// Only those of this input topic
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// Only those refused at this time or later
    #[arg(long = "since", value_name = "RFC3339", value_parser = super::instant_ms)]
    since_ms: Option<i64>,
    /// Only those refused before this time
    #[arg(long = "until", value_name = "RFC3339", value_parser = super::instant_ms)]
    until_ms: Option<i64>,
}

impl Filter {
    fn takes(&self, letter: &Letter) -> bool {
        self.reason.as_ref().is_none_or(|reason| *reason == letter.reason)
            && self.topic.as_ref().is_none_or(|topic| *topic == letter.origin.topic)
            && self.since_ms.is_none_or(|since_ms| letter.refused_ms >= since_ms)
            && self.until_ms.is_none_or(|until_ms| letter.refused_ms < until_ms)
    }
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    filter: Filter,
    /// At most so many, the latest
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// text, or json: a line for each
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    output: OutputFormat,
}

#[derive(Debug, Args)]
struct ShowArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// topic/partition/offset of the record, as `list` shows it
    #[arg(value_name = "ID")]
    id: String,
    /// Nothing but the bytes of the record's value
    #[arg(long)]
    raw: bool,
    /// text or json
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    output: OutputFormat,
}

fn reason(text: &str) -> Result<String, String> {
    let known = Reason::ALL.map(Reason::as_str);
    let list = || format!("expected one of {}", known.join(", "));
    known.contains(&text).then(|| text.to_owned()).ok_or_else(list)
}

impl From<SourceError> for CommandError {
    fn from(error: SourceError) -> CommandError {
        WorkerError::from(error).into()
    }
}

/// What a feeder's failure means to whoever gave the command.
pub fn failed(error: TransactionError) -> CommandError {
    CommandError::Failed(match error {
        TransactionError::Unknown(why) => {
            format!("it is not known whether the records were sent ({why}): run the command again, which does no harm if they were")
        }
        TransactionError::Abort(why)
        | TransactionError::Unwritable(why)
        | TransactionError::UnwritableChangelog(why)
        | TransactionError::Fenced(why)
        | TransactionError::Renew(why) => format!("nothing was sent: {why}"),
        TransactionError::Refused(why) => why,
    })
}

pub fn dlq(command: &DlqCommand) -> Result<(), CommandError> {
    match &command.action {
        Action::List(arguments) => list(arguments),
        Action::Show(arguments) => show(arguments),
        Action::Replay(arguments) => replay::replay(arguments),
    }
}

/// The cluster as the commands need it.
struct Log {
    settings: Settings,
    facts: Vec<TopicFacts>,
    letters: TopicScan,
}

impl Log {
    fn open(settings: &SettingsArgs) -> Result<Log, CommandError> {
        let settings = rules::kafka_settings(&settings.read()?);
        let facts = admin::look(&settings)?;
        let topic = &settings.output.dead_letters;
        let Some(partitions) = facts.iter().find(|facts| facts.name == *topic).map(|facts| facts.partitions) else {
            return Err(CommandError::Failed(format!("topic {topic} does not exist")));
        };
        let letters = TopicScan::open(&settings, &settings.output.dead_letters, partitions)?;
        Ok(Log { settings, facts, letters })
    }

    fn each(&self, mut visit: impl FnMut(Entry, &Message) -> ControlFlow<()>) -> Result<(), CommandError> {
        let style = ProgressStyle::with_template("{spinner} {human_pos} records of {msg}");
        let bar = ProgressBar::new_spinner().with_message(self.settings.output.dead_letters.clone());
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        let read = self.letters.read(&mut |partition, message| {
            bar.inc(1);
            letter::read(partition, message).map_or(ControlFlow::Continue(()), |entry| visit(entry, message))
        });
        bar.finish_and_clear();
        Ok(read?)
    }
}

fn list(arguments: &ListArgs) -> Result<(), CommandError> {
    let log = Log::open(&arguments.settings)?;
    let mut latest = BTreeMap::new();
    let mut replayed = BTreeMap::new();
    log.each(|entry, _| {
        match entry {
            Entry::Replayed { id, at_ms } => drop(replayed.insert(id, at_ms)),
            Entry::Letter(letter) if arguments.filter.takes(&letter) => {
                latest.insert((letter.refused_ms, letter.place), letter);
                if latest.len() > arguments.limit as usize {
                    latest.pop_first();
                }
            }
            Entry::Letter(_) => {}
        }
        ControlFlow::Continue(())
    })?;
    let mut out = std::io::BufWriter::new(stdout().lock());
    if arguments.output == OutputFormat::Text {
        writeln!(out, "{}", show::HEADING)?;
    }
    for letter in latest.values() {
        let replayed_ms = replayed.get(&letter.id()).copied();
        let line = match arguments.output {
            OutputFormat::Text => show::line(letter, replayed_ms),
            OutputFormat::Json => show::summary(letter, replayed_ms).to_string(),
        };
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}

fn show(arguments: &ShowArgs) -> Result<(), CommandError> {
    let log = Log::open(&arguments.settings)?;
    let mut found: Option<(Box<Letter>, Option<Vec<u8>>)> = None;
    let mut replayed_ms = None;
    log.each(|entry, message| {
        match entry {
            Entry::Replayed { id, at_ms } if id == arguments.id => replayed_ms = Some(at_ms),
            Entry::Letter(letter) if letter.id() == arguments.id => found = Some((letter, message.value().map(<[u8]>::to_vec))),
            Entry::Replayed { .. } | Entry::Letter(_) => {}
        }
        ControlFlow::Continue(())
    })?;
    let Some((letter, value)) = found else {
        return Err(unknown(&BTreeSet::from([arguments.id.clone()]), &log.settings));
    };
    let mut out = stdout().lock();
    if arguments.raw {
        return Ok(out.write_all(&value.unwrap_or_default())?);
    }
    let text = match arguments.output {
        OutputFormat::Text => show::whole_text(&letter, value.as_deref(), replayed_ms),
        OutputFormat::Json => format!("{}\n", show::whole_json(&letter, value.as_deref(), replayed_ms)),
    };
    Ok(out.write_all(text.as_bytes())?)
}

fn unknown(ids: &BTreeSet<String>, settings: &Settings) -> CommandError {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    CommandError::Failed(format!("no dead letter {} in {} (ids are topic/partition/offset)", ids.join(", "), settings.output.dead_letters))
}
