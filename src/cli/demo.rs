//! `demo`: everything in one process, on librdkafka's mock cluster, with a made-up shop.
//!
//! The worker, the engine and the Kafka client are those of `run`; only the broker is pretended, and loses nothing that matters because
//! nothing here is real. A year of history first, then live traffic at a pace that can be watched, with a cart delay of seconds. At the
//! end what was counted while watching is counted again from the topics. Called by `cli::main`.

mod mailbox;
mod traffic;
mod watch;

use std::io::{Write, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use rdkafka::mocking::MockCluster;

use super::exit::CommandError;
use super::process::Process;
use super::settings::SettingsArgs;
use super::{api, logs, rules, run};
use crate::clock;
use crate::engine::RowVersion;
use traffic::Traffic;
use watch::Watch;

/// As many as a laptop has cores to show, and enough to see slots.
const PARTITIONS: i32 = 4;
/// The mock cluster does not keep offsets of transactions, so slots must not move: one worker has them all.
const IMPLIED: [&str; 10] = [
    "workers=1",
    "time.mode=\"wall\"",
    "time.idle_grace=\"1s\"",
    // the mock broker cannot trim a log, and says so each time
    "log.level=\"error\"",
    "plays.cart_recovery.steps=[{ delay = \"3s\", template = \"cart_1\" }]",
    "http.listen=\"127.0.0.1:0\"",
    "state.decisions_kept=20",
    // for a lift to look at
    "plays.cart_recovery.control=0.2",
    // the mock broker does not wake a waiting fetch
    "kafka.properties.fetch.wait.max.ms=\"10\"",
    "instance.id=\"demo\"",
];
/// After the traffic ends: long enough for the last cart reminder and its commit. At most half of a short demo.
const DRAIN_MS: u64 = 5_500;
/// Between two looks at what is due to be sent.
const PACE: Duration = Duration::from_millis(40);

/// Watch it work on a made-up shop; needs nothing installed and nothing running
#[derive(Debug, Args)]
pub struct DemoArgs {
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Stop by itself after so long; without it, Ctrl-C stops it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub seconds: Option<u64>,
    /// Another seed is another shop
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Only send the shop's events, into the Kafka of the configuration; nothing is worked on here
    #[arg(long)]
    pub traffic_only: bool,
}

pub fn demo(arguments: &DemoArgs) -> Result<(), CommandError> {
    if arguments.traffic_only {
        return send_traffic(arguments);
    }
    let cluster = MockCluster::new(1).map_err(|error| CommandError::Failed(format!("cannot start the mock cluster: {error}")))?;
    let mut implied: Vec<String> = IMPLIED.map(str::to_owned).to_vec();
    implied.push(format!("kafka.bootstrap_servers={:?}", cluster.bootstrap_servers()));
    let config = arguments.settings.read_with(&implied)?;
    let level = logs::set_up(config.log)?;
    let settings = rules::kafka_settings(&config);
    for topic in settings.input_topics.iter().map(String::as_str).chain(settings.output.all()) {
        cluster.create_topic(topic, PARTITIONS, 1).map_err(|error| CommandError::Failed(format!("cannot create {topic}: {error}")))?;
    }

    let signals = run::count_signals()?;
    let began_ms = clock::monotonic_ms();
    let mut traffic = Traffic::new(&settings, arguments.seed)?;
    let history = traffic.send_history(clock::wall_ms())?;
    let done = Arc::new(AtomicBool::new(false));
    let mut watch = Watch::new(&settings, clock::wall_ms())?;
    let (end, live_ms) = (done.clone(), arguments.seconds.map_or(u64::MAX, |seconds| seconds.saturating_mul(1000)));
    // nobody here is real
    let guard = if config.http.api_token.is_some() { api::guard(&config) } else { api::open_guard() };
    let process = Process::start(&config, PARTITIONS as u32, RowVersion::NEWEST, level, guard, Arc::default())?;
    introduce(history, arguments.seconds, process.address())?;
    let worker = std::thread::spawn(move || process.run_until(|| end.load(Ordering::Relaxed)));
    let traffic_ms = live_ms - DRAIN_MS.min(live_ms / 2);
    while signals.load(Ordering::Relaxed) == 0 && clock::monotonic_ms() - began_ms < live_ms && !worker.is_finished() {
        let mails = watch.show_new(&mut stdout())?;
        if clock::monotonic_ms() - began_ms < traffic_ms {
            traffic.send_live(clock::wall_ms())?;
            traffic.send_mailed(&mails, clock::wall_ms())?;
        }
    }
    done.store(true, Ordering::Relaxed);
    worker.join().map_err(|_| CommandError::Failed("the worker broke an invariant".to_owned()))??;
    watch.finish(&settings, &mut stdout())
}

/// The shop alone: load for a lifetide elsewhere.
fn send_traffic(arguments: &DemoArgs) -> Result<(), CommandError> {
    let config = arguments.settings.read()?;
    logs::set_up(config.log)?;
    let signals = run::count_signals()?;
    let began_ms = clock::monotonic_ms();
    let live_ms = arguments.seconds.map_or(u64::MAX, |seconds| seconds.saturating_mul(1000));
    let mut traffic = Traffic::new(&rules::kafka_settings(&config), arguments.seed)?;
    let history = traffic.send_history(clock::wall_ms())?;
    tracing::info!(history, customers = traffic::CUSTOMERS, "the shop's past year is sent, now it is live");
    while signals.load(Ordering::Relaxed) == 0 && clock::monotonic_ms() - began_ms < live_ms {
        traffic.send_live(clock::wall_ms())?;
        std::thread::sleep(PACE);
    }
    traffic.finish()
}

/// What the lines to come are about.
fn introduce(history: i64, seconds: Option<u64>, address: std::net::SocketAddr) -> Result<(), CommandError> {
    let end = seconds.map_or("Ctrl-C ends it".to_owned(), |seconds| format!("ends after {seconds} s, or at Ctrl-C"));
    writeln!(
        stdout(),
        "a made-up shop with {} customers on an imitation of Kafka inside this process; {end}
first its past year is read ({history} events), then it is live: a cart left alone for 3 s is due for an e-mail
live page: http://{address}/

{:<8}  {:<12} {:<12} what happened",
        traffic::CUSTOMERS,
        "UTC",
        "topic",
        "customer"
    )?;
    Ok(())
}
