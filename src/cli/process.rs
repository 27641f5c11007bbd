//! The running process: worker threads, metrics, health and HTTP around them, and their end.
//!
//! Workers share nothing but the committed state, which they only publish to. The first worker that a person must help ends the process;
//! a stop is orderly and bounded. What the workers do is not decided here. Called by `run` and `demo`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use crate::clock;
use crate::config::Config;
use crate::engine::{Committed, RowVersion};
use crate::http::{Admin, Guard, Health, Phase, Server};
use crate::kafka::{self, Consumer, Encoders, Producer};
use crate::metrics::{Build, Metrics};
use crate::worker::runner::{self, Happened};
use crate::worker::{InForce, Now, Rules, WorkerError};

use super::api;
use super::exit::CommandError;
use super::logs::Level;
use super::model_watch::ModelWatch;
use super::observer::{Observer, Phases};
use super::rulebook::Rulebook;
use super::rules;
use super::supervisor::Supervisor;
use super::timed::Timed;
use super::traces::Traces;

/// A worker's own bound of a stop is ten seconds; closing its clients takes a little more.
const STOP_WAIT: Duration = Duration::from_secs(20);
/// How often the end of a worker and the wish to stop are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

type Ended = (usize, Result<(), WorkerError>);

pub struct Process {
    stop: Arc<AtomicBool>,
    ended: Receiver<Ended>,
    workers: usize,
    /// The workers', and the one that waits for models.
    threads: Vec<JoinHandle<()>>,
    health: Arc<Health>,
    server: Server,
    rulebook: Arc<Rulebook>,
    metrics: Arc<Metrics>,
    traces: Arc<Traces>,
}

/// What the threads of a process share.
pub(super) struct Shared {
    pub config: Config,
    pub settings: kafka::Settings,
    /// Partitions of each input topic.
    pub slots: u32,
    pub metrics: Arc<Metrics>,
    pub health: Arc<Health>,
    pub committed: Arc<Committed>,
    pub in_force: Arc<InForce>,
    pub rulebook: Arc<Rulebook>,
    pub traces: Arc<Traces>,
    pub stop: Arc<AtomicBool>,
}

impl Shared {
    fn new(config: &Config, slots: u32, traces: Arc<Traces>) -> Shared {
        let build = Build { version: env!("CARGO_PKG_VERSION"), librdkafka: &rdkafka::util::get_rdkafka_version().1 };
        let in_force = Arc::new(InForce::default());
        Shared {
            settings: rules::kafka_settings(config),
            slots,
            metrics: Arc::new(Metrics::new(&build, &rules::consumed_topics(config))),
            health: Arc::new(Health::new(config.workers, clock::monotonic_ms())),
            committed: Arc::new(Committed::new()),
            rulebook: Arc::new(Rulebook::new(config.clone(), in_force.clone())),
            in_force,
            traces,
            stop: Arc::new(AtomicBool::new(false)),
            config: config.clone(),
        }
    }
}

impl Process {
    /// Starts HTTP and the workers; topics must be there. `slots`: partitions of each input. `row_version`: of the rows of slots without a
    /// history. `level`: what admins may change of the logs. `guard`: of the API. `encoders`: of outputs that are not JSON.
    pub fn start(
        config: &Config,
        slots: u32,
        row_version: RowVersion,
        level: Arc<Level>,
        guard: Guard,
        encoders: Encoders,
    ) -> Result<Process, CommandError> {
        let traces = Arc::new(Traces::from_environment(config)?);
        let shared = Arc::new(Shared::new(config, slots, traces.clone()));
        let server = serve(&shared, level, guard)?;
        let shelf = Arc::default();
        let (sender, ended) = channel();
        let watch = ModelWatch::start(&shared)?;
        let mut threads = Vec::new();
        for worker in 0..config.workers {
            let of_worker = rules::rules_of_worker(config, slots, worker, nonce(worker), &shelf);
            let own_rules = Rules { row_version, in_force: shared.in_force.clone(), traces: traces.rules(), ..of_worker };
            let (shared, sender, encoders) = (shared.clone(), sender.clone(), encoders.clone());
            let body = move || {
                let end = EndOfThread { worker, sender };
                let outcome = work(worker, &shared, &own_rules, &encoders);
                end.tell(outcome);
            };
            let name = format!("worker-{worker}");
            let thread = std::thread::Builder::new()
                .name(name)
                .spawn(body)
                .map_err(|error| CommandError::Failed(format!("cannot start a thread: {error}")))?;
            threads.push(thread);
        }
        threads.push(watch);
        let (stop, health) = (shared.stop.clone(), shared.health.clone());
        let (rulebook, metrics) = (shared.rulebook.clone(), shared.metrics.clone());
        Ok(Process { stop, ended, workers: config.workers, threads, health, server, rulebook, metrics, traces })
    }

    /// What it runs by, to be changed while it works.
    pub fn rulebook(&self) -> Arc<Rulebook> {
        self.rulebook.clone()
    }

    pub fn metrics(&self) -> Arc<Metrics> {
        self.metrics.clone()
    }

    /// Where HTTP is served.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Returns when `wish` says stop or a worker cannot go on; then ends the rest in order.
    pub fn run_until(self, wish: impl Fn() -> bool) -> Result<(), CommandError> {
        let mut first_error = None;
        let mut supervisor = Supervisor::greet();
        while !wish() && first_error.is_none() {
            supervisor.tell(&self.health, clock::monotonic_ms());
            match self.ended.recv_timeout(LOOK_EVERY) {
                Ok((worker, outcome)) => first_error = Some(reason(worker, outcome)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if let Some(CommandError::Failed(why)) = &first_error {
            tracing::error!("{why}");
        }
        supervisor.part();
        self.finish().and(first_error.map_or(Ok(()), Err))
    }

    fn finish(self) -> Result<(), CommandError> {
        self.stop.store(true, Ordering::Relaxed);
        for worker in 0..self.workers {
            self.health.set_phase(worker, Phase::Draining);
        }
        let threads = self.threads.len();
        let until_ms = clock::monotonic_ms() + STOP_WAIT.as_millis() as u64;
        let mut still_running = self.threads;
        while !still_running.is_empty() && clock::monotonic_ms() < until_ms {
            still_running.retain(|thread| !thread.is_finished());
            std::thread::sleep(LOOK_EVERY);
        }
        self.server.stop();
        self.traces.finish();
        match still_running.len() {
            0 => Ok(()),
            left => Err(CommandError::Failed(format!("{left} of {threads} threads did not stop within {} s", STOP_WAIT.as_secs()))),
        }
    }
}

fn serve(shared: &Shared, level: Arc<Level>, guard: Guard) -> Result<Server, CommandError> {
    let http = &shared.config.http;
    let token = http.admin_token.as_ref().map(|token| token.0.as_str());
    let tell = |requests| tracing::warn!(requests, "admin actions refused: no token or a wrong one");
    let admin = Admin::new(token, Box::new(level), Box::new(tell));
    let server = Server::start(http.listen, shared.metrics.clone(), shared.health.clone(), api::api(shared, guard), admin)
        .map_err(|error| CommandError::Failed(format!("cannot listen on http.listen {}: {error}", http.listen)))?;
    tracing::info!(address = %server.address(), "serving /metrics, /livez and /readyz, the API below /api, and the live page at /");
    Ok(server)
}

/// Tells of a worker's end even when it panics.
struct EndOfThread {
    worker: usize,
    sender: std::sync::mpsc::Sender<Ended>,
}

impl EndOfThread {
    fn tell(self, outcome: Result<(), WorkerError>) {
        // nobody listens any more: the process is ending
        let _ = self.sender.send((self.worker, outcome));
    }
}

impl Drop for EndOfThread {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.sender.send((
                self.worker,
                Err(WorkerError::Refused("a broken invariant stopped the worker; this is a defect of lifetide".into())),
            ));
        }
    }
}

fn reason(worker: usize, outcome: Result<(), WorkerError>) -> CommandError {
    match outcome {
        Ok(()) => CommandError::Failed(format!("worker {worker} ended by itself")),
        Err(WorkerError::Refused(why) | WorkerError::Fenced(why)) => CommandError::Failed(format!("worker {worker}: {why}")),
        Err(WorkerError::Unavailable(why)) => CommandError::KafkaUnavailable(why),
    }
}

/// Differs between any two lives of a worker.
pub fn nonce(worker: usize) -> u64 {
    let life = format!("{} {} {} {worker}", clock::wall_ms(), clock::monotonic_us(), std::process::id());
    xxh3_64(life.as_bytes())
}

pub fn now() -> Now {
    Now { mono_ms: clock::monotonic_ms(), wall_ms: clock::wall_ms() }
}

fn work(worker: usize, shared: &Shared, rules: &Rules, encoders: &Encoders) -> Result<(), WorkerError> {
    let Shared { config, settings, metrics, health, committed, traces, stop, .. } = shared;
    let phases = Phases::default();
    let mut observer = Observer::new(worker, config, metrics.clone(), health.clone(), phases.clone());
    let build = || {
        let producer = Producer::open(settings, worker, clock::wall_ms).map_err(WorkerError::of_transaction)?.encoding(encoders.clone());
        let consumer = Consumer::join(settings, worker)?;
        Ok((consumer, Timed::new(producer, phases.clone())))
    };
    let outcome = runner::run(build, rules, committed, stop, now, |happened| {
        if let Happened::Step { report, now, .. } = &happened {
            traces.draw(worker, report, *now);
        }
        observer.observe(happened);
    });
    match &outcome {
        Ok(()) => observer.enter(Phase::Draining),
        Err(error) => observer.enter(Phase::Failed(error.to_string())),
    }
    outcome
}
