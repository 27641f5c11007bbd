//! `run`: events in from Kafka, decisions out to Kafka, until it is told to stop.
//!
//! SIGTERM and SIGINT end it in order within seconds: the open transaction is committed, nothing new is begun; a second one ends it at
//! once, which is as safe, only slower to take over from. Called by `cli::main`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::exit::CommandError;
use super::process::Process;
use super::reload::{self, FileWatch, Hangups, Reload};
use super::settings::SettingsArgs;
use super::{api, logs, registry, rules, season, topics};
use crate::engine::RowVersion;
use crate::kafka::{Member, Observer};
use crate::worker::WorkerError;

/// Partitions of topics that `--create-topics` makes: enough for a trial on one machine.
const TRIAL_PARTITIONS: u32 = 4;
/// Names the client that asks who is there.
const OBSERVER: &str = "members";
/// As shells report a process ended by SIGINT.
const INTERRUPTED: i32 = 130;

/// Read events from Kafka and write what follows from them, until stopped
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Create the topics that are missing; for trials, in production see `topics create`
    #[arg(long)]
    pub create_topics: bool,
    /// Read the configuration again when one of its files changes, as SIGHUP does
    #[arg(long, requires = "files")]
    pub watch: bool,
}

pub fn run(arguments: &RunArgs) -> Result<(), CommandError> {
    let watch = arguments.watch.then(|| FileWatch::new(&arguments.settings));
    let config = arguments.settings.read()?;
    let level = logs::set_up(config.log)?;
    // before the first word, so that whoever has heard of us can stop us in order
    let (signals, hangups) = (count_signals()?, Hangups::listen()?);
    let parameters = &config.engine.value.parameters;
    if !parameters.fitted {
        tracing::warn!(
            model = parameters.name,
            "value models are not fitted to this shop's customers: clv records say so, and take them with care"
        );
    }
    season::log(parameters);
    let settings = rules::kafka_settings(&config);
    if arguments.create_topics {
        topics::create_missing(&settings, TRIAL_PARTITIONS)?;
    }
    let slots = topics::check_ready(&settings)?;
    let members =
        Observer::connect(&settings, OBSERVER).and_then(|observer| observer.members(&settings.group_id)).map_err(WorkerError::from)?;
    let encoders = registry::encoders(&config)?;
    let process = Process::start(&config, slots, readable_by_all(&members), level.clone(), api::guard(&config), encoders)?;
    let (rulebook, metrics) = (process.rulebook(), process.metrics());
    let reload = Reload { arguments: arguments.settings.clone(), rulebook, level, metrics, stops: signals.clone() };
    reload::start(hangups, reload, watch)?;
    process.run_until(move || signals.load(Ordering::Relaxed) > 0)
}

/// The newest rows that whoever is there can read: in the middle of a rolling upgrade, new slots may still go to a member of the version before.
fn readable_by_all(members: &[Member]) -> RowVersion {
    let read = members.iter().map(|member| member.reads_rows.map_or(RowVersion::OLDEST, RowVersion::newest_up_to));
    read.min().unwrap_or(RowVersion::NEWEST)
}

/// Counts stop signals from now on; the second ends the process on the spot.
pub fn count_signals() -> Result<Arc<AtomicUsize>, CommandError> {
    let failed = |error: std::io::Error| CommandError::Failed(format!("cannot listen for signals: {error}"));
    let count = Arc::new(AtomicUsize::new(0));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let (mut terminate, mut interrupt) = {
        let _entered = runtime.enter();
        (signal(SignalKind::terminate()).map_err(failed)?, signal(SignalKind::interrupt()).map_err(failed)?)
    };
    let counter = count.clone();
    let body = move || {
        runtime.block_on(async move {
            loop {
                tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
                if counter.fetch_add(1, Ordering::Relaxed) > 0 {
                    std::process::exit(INTERRUPTED);
                }
                tracing::info!("stopping: the open transaction is finished first");
            }
        });
    };
    std::thread::Builder::new().name("signals".into()).spawn(body).map_err(failed)?;
    Ok(count)
}
