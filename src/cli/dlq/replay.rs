//! `dlq replay`: refused records back to their topics, as they were, each once.
//!
//! In one transaction with every record goes a mark into the dead-letter topic, beside the letter: either both are there or neither. The
//! producer is opened before the marks are read, which ends what an earlier run left open and locks it out, so no letter is sent by two
//! runs, whatever became of the first. A record that would not arrive where it was is refused. Called by `dlq`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Write, stdout};
use std::ops::ControlFlow;

use clap::Args;
use serde_json::json;

use super::letter::{Entry, Letter, REPLAYED};
use super::{Filter, Log, OutputFormat, SettingsArgs, failed, unknown};
use crate::cli::exit::CommandError;
use crate::cli::topics;
use crate::kafka::{FeedRecord, Feeder};
use crate::worker::source::Record as _;
use crate::worker::transaction::TransactionError;

/// Bytes of values in one run, which is one transaction: readers of the input topics wait for it to end.
const BYTES_MAX: usize = 32 * 1024 * 1024;

/// Letters that one run names as refused: they are told one by one, and must not keep the others from being found.
const REFUSED_MAX: usize = 10_000;
/// Names the producer; a change would let two runs of two versions send one letter each.
const PRODUCER: &str = "dlq-replay";

#[derive(Debug, Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// topic/partition/offset of the record, as `list` shows it
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with_all = ["all", "topic", "since_ms", "until_ms", "reason", "limit"])]
    ids: Vec<String>,
    /// Every letter of a reason that was not sent again yet
    #[arg(long, requires = "reason")]
    all: bool,
    #[command(flatten)]
    filter: Filter,
    /// With --all: at most so many in this run
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Only say what would be sent
    #[arg(long)]
    dry_run: bool,
    /// text, or json: a line for each letter
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    output: OutputFormat,
}

/// A letter that was asked for.
enum Fate {
    Chosen(Box<Letter>, Option<Vec<u8>>),
    AlreadySent,
    Refused(String),
}

/// What is to be done with each letter, by id.
struct Plan {
    fates: BTreeMap<String, Fate>,
    /// There are more than one run takes.
    more: bool,
}

pub fn replay(arguments: &ReplayArgs) -> Result<(), CommandError> {
    let log = Log::open(&arguments.settings)?;
    topics::check(&log.settings, &log.facts)?;
    let feeder = if arguments.dry_run { None } else { Some(Feeder::open(&log.settings, PRODUCER).map_err(failed)?) };
    let plan = choose(arguments, &log)?;
    if let Some(feeder) = feeder
        && plan.fates.values().any(|fate| matches!(fate, Fate::Chosen(..)))
    {
        send(feeder, &log.settings.output.dead_letters, &plan).map_err(failed)?;
    }
    tell(arguments, &plan)?;
    let wanted: BTreeSet<String> = arguments.ids.iter().filter(|id| !plan.fates.contains_key(*id)).cloned().collect();
    let refused = plan.fates.values().filter(|fate| matches!(fate, Fate::Refused(_))).count();
    if !wanted.is_empty() {
        return Err(unknown(&wanted, &log.settings));
    }
    match refused {
        0 => Ok(()),
        count => Err(CommandError::Failed(format!("{count} letters cannot be sent again"))),
    }
}

/// Looks at the marks, then at the letters: a letter stands before its mark.
fn choose(arguments: &ReplayArgs, log: &Log) -> Result<Plan, CommandError> {
    let mut sent = BTreeSet::new();
    log.each(|entry, _| {
        if let Entry::Replayed { id, .. } = entry {
            sent.insert(id);
        }
        ControlFlow::Continue(())
    })?;
    let wanted: BTreeSet<&str> = arguments.ids.iter().map(String::as_str).collect();
    let mut ends = BTreeMap::new();
    let mut plan = Plan { fates: BTreeMap::new(), more: false };
    let (mut chosen, mut refused, mut bytes) = (0, 0, 0);
    let mut trouble = None;
    log.each(|entry, message| {
        let Entry::Letter(letter) = entry else {
            return ControlFlow::Continue(());
        };
        let id = letter.id();
        let is_wanted = if arguments.all { arguments.filter.takes(&letter) && !sent.contains(&id) } else { wanted.contains(id.as_str()) };
        if !is_wanted || plan.fates.contains_key(&id) {
            return ControlFlow::Continue(());
        }
        if arguments.all && chosen == arguments.limit || refused == REFUSED_MAX || bytes >= BYTES_MAX {
            plan.more = true;
            return ControlFlow::Break(());
        }
        let fate = if sent.contains(&id) {
            Fate::AlreadySent
        } else {
            match obstacle(&letter, log, &mut ends) {
                Ok(Some(why)) => Fate::Refused(why),
                Ok(None) => Fate::Chosen(letter, message.value().map(<[u8]>::to_vec)),
                Err(error) => {
                    trouble = Some(error);
                    return ControlFlow::Break(());
                }
            }
        };
        match &fate {
            Fate::Chosen(letter, value) => {
                chosen += 1;
                bytes += letter.key.as_ref().map_or(0, Vec::len) + value.as_ref().map_or(0, Vec::len);
            }
            Fate::Refused(_) => refused += 1,
            Fate::AlreadySent => {}
        }
        plan.fates.insert(id, fate);
        ControlFlow::Continue(())
    })?;
    trouble.map_or(Ok(plan), Err)
}

/// Why a letter's record would not be again what and where it was.
fn obstacle(letter: &Letter, log: &Log, ends: &mut BTreeMap<(String, u32), i64>) -> Result<Option<String>, CommandError> {
    let origin = &letter.origin;
    let topic = &origin.topic;
    if let Some(what) = letter.lacks {
        return Ok(Some(format!("the letter lacks {what}")));
    }
    let facts = log.facts.iter().find(|facts| facts.name == *topic && log.settings.input_topics.contains(topic));
    let Some(now) = facts.map(|facts| facts.partitions) else {
        return Ok(Some(format!("{topic} is no input topic")));
    };
    // without the header, at least its own partition must be there
    let then = letter.partitions.unwrap_or(now);
    if then != now || origin.partition >= now {
        let then = letter.partitions.map_or("more".to_owned(), |count| count.to_string());
        return Ok(Some(format!("{topic} has {now} partitions, and had {then} when the record was refused: its customers have moved")));
    }
    let end = match ends.get(&(topic.clone(), origin.partition)) {
        Some(end) => *end,
        None => {
            let end = log.letters.bounds(topic, origin.partition)?.high;
            *ends.entry((topic.clone(), origin.partition)).or_insert(end)
        }
    };
    if origin.offset >= end {
        return Ok(Some(format!("{topic} was made anew since the record was refused: partition {} ends at {end}", origin.partition)));
    }
    Ok(None)
}

/// Records and marks, in one transaction; the letters of a partition in the order of their records.
fn send(feeder: Feeder, dead_letters: &str, plan: &Plan) -> Result<(), TransactionError> {
    let mut chosen: Vec<(&Letter, Option<&[u8]>)> = Vec::new();
    for fate in plan.fates.values() {
        if let Fate::Chosen(letter, value) = fate {
            chosen.push((letter, value.as_deref()));
        }
    }
    chosen.sort_by(|a, b| a.0.origin.cmp(&b.0.origin));
    feeder.begin()?;
    for (letter, value) in chosen {
        let headers: Vec<(&str, &[u8])> = letter.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        feeder.send(&FeedRecord {
            topic: &letter.origin.topic,
            partition: letter.origin.partition,
            key: letter.key.as_deref(),
            value,
            timestamp_ms: letter.record_ms,
            headers: &headers,
        })?;
        let id = letter.id();
        feeder.send(&FeedRecord {
            topic: dead_letters,
            partition: letter.place.0,
            key: letter.key.as_deref(),
            value: None,
            timestamp_ms: None,
            headers: &[(REPLAYED, id.as_bytes())],
        })?;
    }
    feeder.commit()
}

fn tell(arguments: &ReplayArgs, plan: &Plan) -> Result<(), CommandError> {
    let mut out = BufWriter::new(stdout().lock());
    for (id, fate) in &plan.fates {
        let (outcome, why) = match fate {
            Fate::Chosen(..) if arguments.dry_run => ("chosen", None),
            Fate::Chosen(..) => ("sent", None),
            Fate::AlreadySent => ("already_sent", None),
            Fate::Refused(why) => ("refused", Some(why.as_str())),
        };
        match arguments.output {
            OutputFormat::Json => writeln!(out, "{}", json!({ "id": id, "outcome": outcome, "why": why }))?,
            OutputFormat::Text => writeln!(out, "{outcome:<12} {id}{}", why.map_or(String::new(), |why| format!("  {why}")))?,
        }
    }
    out.flush()?;
    if plan.fates.is_empty() {
        eprintln!("there is no such dead letter");
    }
    if plan.more {
        eprintln!("there are more than one run takes: run the command again for the rest");
    }
    Ok(())
}
