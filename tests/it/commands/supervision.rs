//! What a worker survives, and that one which dies is built anew alone while the others go on; what is written is what should have been.
//!
//! From outside, somebody else takes the transactional id of one worker again and again: no death at all. From within come faults that no
//! broker makes to order: panics before and after a commit, and a commit whose outcome is never learnt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use lifetide::cli::observer::{Observer, Phases};
use lifetide::cli::rules;
use lifetide::clock;
use lifetide::config::Config;
use lifetide::engine::Committed;
use lifetide::http::Health;
use lifetide::kafka::{Consumer, Producer};
use lifetide::metrics::{Build, Metrics};
use lifetide::worker::runner::{self, Happened};
use lifetide::worker::source::Claim;
use lifetide::worker::transaction::{Position, Transaction, TransactionError};
use lifetide::worker::{Now, WorkerError};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer as _};

use super::running::{address, get, total};
use super::{SOON, wait_for};
use crate::broker;
use crate::pass_on::pass_on;
use crate::trial::{SLOTS, Trial, differences};

const STOP: Duration = Duration::from_secs(10);

/// Fences whoever holds this transactional id, over and over, until told to stop.
fn fence_again_and_again(id: &str, stop: &AtomicBool) {
    let client = |id: &str| -> BaseProducer {
        ClientConfig::new().set("bootstrap.servers", broker::bootstrap()).set("transactional.id", id).create().unwrap()
    };
    while !stop.load(Ordering::Relaxed) {
        // the worker takes its id back at the same time: who comes second wins
        let _ = client(id).init_transactions(Duration::from_secs(5));
    }
}

#[test]
fn a_worker_fenced_again_and_again_goes_on_without_being_built_anew_and_nothing_is_lost() {
    // transactions so small that the backlog outlasts several attacks, each of which takes up to a second
    let trial = Trial::new("fenced", &["commit.max_records=10"]);
    trial.create_topics();
    trial.load(8, 20_000, 400);
    let expected = trial.replay();
    let stop = Arc::new(AtomicBool::new(false));
    let (id, stopper) = (format!("{}/a/0", trial.name), stop.clone());
    let attack = std::thread::spawn(move || fence_again_and_again(&id, &stopper));
    let mut process = trial.start("a", 0);
    let address = address(&mut process);
    let ended = |metrics: &str, outcome: &str| {
        let line = format!("lifetide_transactions_total{{outcome=\"{outcome}\"}} ");
        metrics.lines().find_map(|found| found.strip_prefix(&line)).unwrap().parse::<f64>().unwrap()
    };
    let metrics = wait_for("transactions to be fenced", SOON, || {
        let metrics = get(&address, "/metrics").1;
        let all = ended(&metrics, "fenced") + ended(&metrics, "resolved") + ended(&metrics, "aborted");
        (ended(&metrics, "fenced") >= 1.0 && all >= 3.0).then_some(metrics)
    });
    stop.store(true, Ordering::Relaxed);
    attack.join().unwrap();
    assert!(ended(&metrics, "committed") >= 3.0, "the other worker stood still\n{metrics}");
    trial.wait_until_written(&expected, &[&process], SOON);
    let metrics = get(&address, "/metrics").1;
    assert_eq!(total(&metrics, "lifetide_worker_restarts_total"), 0.0, "{}", process.log_tail());
    assert_eq!(process.stop(STOP), Some(0), "{}", process.log_tail());
    let differences = differences(&expected, &trial.written());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The worker's producer, of whose commits, counted over all lives, three go wrong.
struct Faulty {
    inner: Producer,
    commits: Option<Arc<AtomicU32>>,
}

const PANICS_BEFORE: u32 = 3;
const PANICS_AFTER: u32 = 6;
const NEVER_LEARNT: u32 = 9;

impl Transaction for Faulty {
    pass_on!(writer, begin, send, abort, fence, trim);

    fn commit(&mut self, positions: &[Position], claim: &Claim) -> Result<(), TransactionError> {
        let nth = self.commits.as_ref().map_or(0, |commits| commits.fetch_add(1, Ordering::Relaxed) + 1);
        assert_ne!(nth, PANICS_BEFORE, "as planned, before a commit");
        self.inner.commit(positions, claim)?;
        assert_ne!(nth, PANICS_AFTER, "as planned, after a commit");
        match nth {
            NEVER_LEARNT => Err(TransactionError::Unknown("as planned".into())),
            _ => Ok(()),
        }
    }

    fn renew(&mut self) -> Result<(), TransactionError> {
        if self.commits.as_ref().is_some_and(|commits| commits.load(Ordering::Relaxed) == NEVER_LEARNT) {
            return Err(TransactionError::Renew("as planned".into()));
        }
        self.inner.renew()
    }
}

/// Runs one worker until told to stop; returns the pauses before it was built anew.
fn supervise(worker: usize, config: &Config, metrics: Arc<Metrics>, committed: &Arc<Committed>, stop: &AtomicBool) -> Vec<u64> {
    let settings = &rules::kafka_settings(config);
    let rules = rules::worker_rules(config, SLOTS, clock::monotonic_us() + worker as u64);
    let health = Arc::new(Health::new(2, clock::monotonic_ms()));
    let mut observer = Observer::new(worker, config, metrics, health, Phases::default());
    let commits = (worker == 0).then(|| Arc::new(AtomicU32::new(0)));
    let build = || {
        let inner = Producer::open(settings, worker, clock::wall_ms).map_err(|error| WorkerError::Unavailable(error.to_string()))?;
        Ok((Consumer::join(settings, worker)?, Faulty { inner, commits: commits.clone() }))
    };
    let now = || Now { mono_ms: clock::monotonic_ms(), wall_ms: clock::wall_ms() };
    let mut pauses = Vec::new();
    let ended = runner::run(build, &rules, committed, stop, now, |happened| {
        if let Happened::Failed { error, pause_ms } = &happened {
            println!("worker {worker} failed: {error}");
            pauses.push(*pause_ms);
        }
        observer.observe(happened);
    });
    assert_eq!(ended, Ok(()));
    pauses
}

#[test]
fn a_worker_that_panics_or_never_learns_of_its_commit_is_built_anew_while_the_other_goes_on() {
    let trial = Trial::new("supervised", &["commit.max_records=50", "workers=2"]);
    trial.create_topics();
    trial.load(9, 6_000, 400);
    let expected = trial.replay();
    let config = trial.config(&["instance.id=\"a\"".to_owned()]);
    let build = Build { version: "0", librdkafka: "0" };
    let metrics = Arc::new(Metrics::new(&build, &config.input.topics));
    let committed = Arc::new(Committed::new());
    let stop = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..2)
        .map(|worker| {
            let (config, metrics, committed, stop) = (config.clone(), metrics.clone(), committed.clone(), stop.clone());
            std::thread::spawn(move || supervise(worker, &config, metrics, &committed, &stop))
        })
        .collect();
    trial.wait_until_written(&expected, &[], SOON);
    stop.store(true, Ordering::Relaxed);
    let pauses: Vec<Vec<u64>> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(pauses, [vec![500, 1_000, 2_000], vec![]], "three deaths of the one, none of the other");
    assert!(metrics.exposition().contains("lifetide_worker_restarts_total 3\n"));
    assert_eq!(committed.memory(), 0, "nobody serves what nobody owns");
    let differences = differences(&expected, &trial.written());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
