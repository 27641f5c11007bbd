//! `deliver`: sends what the plays ask for, by SMTP or as signed HTTP requests, each action once at most.
//!
//! It is a group of its own beside `run`: it reads `actions` and writes down in `deliveries` what it is about to do and how that ended. What
//! becomes of an action is decided in `deliver`; here are the connections. Called by `cli::main`.

mod carrier;
mod desk;
mod office;
mod preview;
mod smtp;
mod teller;
mod webhook;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::exit::CommandError;
use super::settings::SettingsArgs;
use super::{OutputFormat, logs, process, rules, run};
use crate::clock;
use crate::config::Config;
use crate::deliver::{HookRules, LetterRules, Own, Templates, Texts};
use crate::http::Phase;
use crate::kafka::topics::{self, TopicFacts};
use crate::kafka::{self, admin};
use crate::worker::WorkerError;
use carrier::{Carrier, Packing};
use desk::Desk;
use office::Office;
use teller::Teller;

/// Last part of the topic's name.
pub const TOPIC: &str = "deliveries";
/// A template beyond this is no template, and more files than this are another folder.
const FILE_BYTES_MAX: u64 = 1 << 20;
const FILES_MAX: usize = 1_000;
/// Before everything is built anew, after whatever failed.
const REBUILD_PAUSE: Duration = Duration::from_secs(2);
/// Failures in a row that end the process: half a minute, then a supervisor may start it again.
const FAILURES_MAX: u32 = 15;
/// One that worked for so long is no failure in a row.
const WORKED_MS: u64 = 60_000;

/// Send the mails that plays ask for, each once at most
#[derive(Debug, Args)]
pub struct DeliverArgs {
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// How: mails to a mail server, or requests to whoever sends them
    #[arg(long, value_name = "WAY")]
    via: Way,
    /// Send nothing and change nothing: show what would be sent now, and end
    #[arg(long)]
    dry_run: bool,
    /// Send nothing: list the ids of which nobody knows whether they were sent, and end
    #[arg(long, conflicts_with = "dry_run")]
    in_doubt: bool,
    /// Create the topic of deliveries if it is missing
    #[arg(long)]
    create_topic: bool,
    /// Of --dry-run and --in-doubt: text or json
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    output: OutputFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    Smtp,
    Webhook,
}

impl Way {
    fn word(self) -> &'static str {
        match self {
            Way::Smtp => "smtp",
            Way::Webhook => "webhook",
        }
    }
}

pub fn deliver(arguments: &DeliverArgs) -> Result<(), CommandError> {
    let config = arguments.settings.read()?;
    if config.output.registry.is_some() {
        return Err(CommandError::Failed("deliver reads actions as JSON, and output.format is \"avro\"".to_owned()));
    }
    let settings = rules::kafka_settings(&config).of_delivery(&config.output.topic(TOPIC));
    if arguments.in_doubt {
        let facts = admin::look(&settings)?;
        return preview::in_doubt(&settings, partitions(&facts, &settings.output.relay), arguments.output);
    }
    // a key that is missing is told before Kafka is asked anything
    let packing = packing(&config, arguments.via)?;
    let mut facts = admin::look(&settings)?;
    if arguments.dry_run {
        return preview::dry_run(&settings, &facts, &packing, arguments.output);
    }
    logs::set_up(config.log)?;
    let signals = run::count_signals()?;
    if arguments.create_topic
        && let Some(plan) = topics::plan_deliveries(&settings, &facts)
    {
        admin::create(&settings, &[plan])?;
        facts = admin::look(&settings)?;
    }
    let problems = topics::check_deliveries(&settings, &facts);
    if !problems.is_empty() {
        return Err(CommandError::Failed(problems.join("\nerror: ")));
    }
    let carrier = carrier(&config, arguments.via)?;
    let teller = Teller::new(&config, arguments.via.word());
    let server = teller.serve(&config)?;
    let ended = work(&config, &settings, packing, carrier, teller, &signals);
    server.stop();
    ended
}

/// Of a topic that is there; else 0.
fn partitions(facts: &[TopicFacts], topic: &str) -> u32 {
    facts.iter().find(|found| found.name == topic).map_or(0, |found| found.partitions)
}

/// Until it is told to stop: an office that fails is built anew, and what it knew of its last attempt is handed on.
fn work(
    config: &Config,
    settings: &kafka::Settings,
    packing: Packing,
    carrier: Box<dyn Carrier>,
    teller: Teller,
    signals: &Arc<AtomicUsize>,
) -> Result<(), CommandError> {
    let own = Own { life: format!("{:016x}", process::nonce(0)), last: None };
    let mut desk = Desk::new(own, packing, carrier, teller, &config.deliver, clock::monotonic_ms());
    let is_stopped = || signals.load(Ordering::Relaxed) > 0;
    let mut failures = 0;
    while !is_stopped() {
        let began_ms = clock::monotonic_ms();
        let error = match Office::open(settings).and_then(|office| office.run(&mut desk, &is_stopped)) {
            Ok(()) => break,
            Err(error) => error,
        };
        desk.teller.beat(Phase::Starting);
        desk.teller.forget_all();
        failures = if clock::monotonic_ms() - began_ms > WORKED_MS { 1 } else { failures + 1 };
        match error {
            WorkerError::Refused(why) => return Err(CommandError::Failed(why)),
            WorkerError::Fenced(why) | WorkerError::Unavailable(why) if failures >= FAILURES_MAX => {
                return Err(CommandError::KafkaUnavailable(why));
            }
            WorkerError::Fenced(why) | WorkerError::Unavailable(why) => tracing::warn!("begins anew: {why}"),
        }
        std::thread::sleep(REBUILD_PAUSE);
    }
    desk.teller.sum_up();
    Ok(())
}

fn packing(config: &Config, via: Way) -> Result<Packing, CommandError> {
    let deliver = &config.deliver;
    let missing = |key: &str| CommandError::Failed(format!("{key} is not set"));
    let texts = Texts {
        unsubscribe_url: deliver.unsubscribe_url.clone(),
        headers: deliver.headers.clone(),
        webhook_url: deliver.webhook.url.clone(),
        webhook_body: deliver.webhook.body.clone(),
    };
    let files = deliver.templates.as_deref().map(files).transpose()?.unwrap_or_default();
    let templates = Templates::new(files, texts).map_err(CommandError::Failed)?;
    match via {
        Way::Smtp => {
            let from = deliver.from.clone().ok_or_else(|| missing("deliver.from"))?;
            Ok(Packing::Letters(templates, LetterRules { from, reply_to: deliver.reply_to.clone() }))
        }
        Way::Webhook => {
            deliver.webhook.url.as_ref().ok_or_else(|| missing("deliver.webhook.url"))?;
            Ok(Packing::Hooks(templates, HookRules { secret: deliver.webhook.secret.clone() }))
        }
    }
}

fn carrier(config: &Config, via: Way) -> Result<Box<dyn Carrier>, CommandError> {
    match via {
        Way::Smtp => Ok(Box::new(smtp::Smtp::new(&config.deliver.smtp).map_err(CommandError::Failed)?)),
        Way::Webhook => Ok(Box::new(webhook::Webhook::new(&config.deliver.webhook))),
    }
}

/// Names and texts of the files of a folder; hidden ones and folders in it are left out.
fn files(folder: &str) -> Result<Vec<(String, String)>, CommandError> {
    let failed = |what: &str, error: std::io::Error| CommandError::Failed(format!("deliver.templates: cannot read {what}: {error}"));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| failed(folder, error))? {
        let path = entry.map_err(|error| failed(folder, error))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|name| !name.starts_with('.')) else { continue };
        let about = path.metadata().map_err(|error| failed(name, error))?;
        if !about.is_file() {
            continue;
        }
        if about.len() > FILE_BYTES_MAX || files.len() == FILES_MAX {
            return Err(CommandError::Failed(format!("deliver.templates: {name} is too large, or one of too many")));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| failed(name, error))?;
        files.push((name.to_owned(), text));
    }
    files.sort_unstable();
    Ok(files)
}
