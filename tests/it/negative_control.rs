//! Would the test of exactly-once notice? A worker that commits its offsets outside the transaction of its outputs, killed with -9 in the
//! same way, must be found out; the same worker without that change must not be.
//!
//! The program has no such switch: this test binary starts itself again, and one of its tests, told by the environment, becomes the
//! worker (`the_worker_of_the_control`). Either way it keeps what it sends until the commit and pauses there, so that kills find it; the
//! broken one commits the offsets before the pause, in a transaction of their own, and outputs and changelog after it in a second one.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use lifetide::cli::rules;
use lifetide::clock;
use lifetide::engine::Committed;
use lifetide::kafka::{Consumer, Producer};
use lifetide::worker::source::Claim;
use lifetide::worker::transaction::{Outgoing, OutputTopic, Position, Transaction, TransactionError};
use lifetide::worker::{Now, WorkerError, runner};

use crate::exactly_once::{Random, seed};
use crate::pass_on::pass_on;
use crate::settings;
use crate::trial::{SLOTS, Trial, Written, counts, differences};

const EVENTS: usize = 8_000;
const CUSTOMERS: u32 = 400;
/// Small and many, so that there is something left to do after each kill.
const SMALL_TRANSACTIONS: &str = "commit.max_records=40";
/// Most of the time of a transaction, so that most kills fall into it.
const PAUSE: Duration = Duration::from_millis(50);
/// Kills that an honest worker must bear; a broken one has been found out by then with all probability.
const KILLS: usize = 6;
/// For each wait of a trial.
const LONGEST: Duration = Duration::from_secs(30);

const WORKER: &str = "negative_control::the_worker_of_the_control";
/// The settings of the worker, a line each.
const SETTINGS: &str = "LIFETIDE_CONTROL_SETTINGS";
/// Where its offsets go: see `Offsets`.
const OFFSETS: &str = "LIFETIDE_CONTROL_OFFSETS";
const BROKER: &str = "LIFETIDE_TEST_KAFKA";

/// A record kept until its transaction.
struct Kept {
    topic: OutputTopic,
    partition: Option<u32>,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    timestamp_ms: Option<i64>,
    headers: Vec<(String, Vec<u8>)>,
}

impl Kept {
    fn of(record: &Outgoing<'_>) -> Kept {
        let headers = record.headers.iter();
        Kept {
            topic: record.topic,
            partition: record.partition,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            timestamp_ms: record.timestamp_ms,
            headers: headers.map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect(),
        }
    }

    fn send(&self, to: &mut impl Transaction) -> Result<(), TransactionError> {
        let headers: Vec<(&str, &[u8])> = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        to.send(&Outgoing {
            topic: self.topic,
            partition: self.partition,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            timestamp_ms: self.timestamp_ms,
            headers: &headers,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Offsets {
    /// As it must be.
    Inside,
    /// What must not be: the positions are committed first, what follows from the records before them afterwards.
    Outside,
}

impl Offsets {
    fn as_str(self) -> &'static str {
        match self {
            Offsets::Inside => "inside",
            Offsets::Outside => "outside",
        }
    }
}

/// A transaction that dawdles at the critical moment.
struct Dawdling<T> {
    inner: T,
    offsets: Offsets,
    kept: Vec<Kept>,
}

impl<T: Transaction> Dawdling<T> {
    fn send_kept(&mut self) -> Result<(), TransactionError> {
        let kept = std::mem::take(&mut self.kept);
        kept.iter().try_for_each(|record| record.send(&mut self.inner))
    }
}

impl<T: Transaction> Transaction for Dawdling<T> {
    pass_on!(writer, abort, renew, fence, trim);

    fn begin(&mut self) -> Result<(), TransactionError> {
        self.kept.clear();
        self.inner.begin()
    }

    fn send(&mut self, record: &Outgoing<'_>) -> Result<(), TransactionError> {
        self.kept.push(Kept::of(record));
        Ok(())
    }

    fn commit(&mut self, positions: &[Position], claim: &Claim) -> Result<(), TransactionError> {
        if self.offsets == Offsets::Inside {
            self.send_kept()?;
            std::thread::sleep(PAUSE);
            return self.inner.commit(positions, claim);
        }
        self.inner.commit(positions, claim)?;
        std::thread::sleep(PAUSE);
        self.inner.begin()?;
        self.send_kept()?;
        self.inner.commit(&[], claim)
    }
}

/// Runs until killed; returns only with what a person must look at.
fn work(sets: &[String], offsets: Offsets) -> WorkerError {
    let config = settings::config(sets);
    let kafka = rules::kafka_settings(&config);
    let build = || {
        let producer = Producer::open(&kafka, 0, clock::wall_ms).map_err(|error| WorkerError::Unavailable(error.to_string()))?;
        let transaction = Dawdling { inner: producer, offsets, kept: Vec::new() };
        Ok((Consumer::join(&kafka, 0)?, transaction))
    };
    let now = || Now { mono_ms: clock::monotonic_ms(), wall_ms: clock::wall_ms() };
    let rules = rules::worker_rules(&config, SLOTS, clock::wall_ms() as u64);
    let committed = Arc::new(Committed::new());
    runner::run(build, &rules, &committed, &AtomicBool::new(false), now, |_| {}).expect_err("nobody tells the worker to stop")
}

/// Becomes the worker where the environment says so; a test like any other is all that a test binary can start.
#[test]
fn the_worker_of_the_control() {
    let Ok(sets) = std::env::var(SETTINGS) else {
        return;
    };
    let sets: Vec<String> = sets.lines().map(str::to_owned).collect();
    let asked = std::env::var(OFFSETS).unwrap();
    let offsets = [Offsets::Inside, Offsets::Outside].into_iter().find(|offsets| offsets.as_str() == asked).unwrap();
    let error = work(&sets, offsets);
    panic!("the worker gave up: {error}");
}

/// One life of the worker; killed when dropped.
struct Life {
    child: Child,
    log: std::path::PathBuf,
}

impl Life {
    fn start(trial: &Trial, offsets: Offsets, life: usize) -> Life {
        let log = trial.folder.join(format!("control-{life}.log"));
        let file = File::create(&log).unwrap();
        let mut sets = trial.sets.clone();
        sets.push("instance.id=\"control\"".to_owned());
        let child = Command::new(std::env::current_exe().unwrap())
            .args([WORKER, "--exact", "--nocapture", "--test-threads=1"])
            .env(SETTINGS, sets.join("\n"))
            .env(OFFSETS, offsets.as_str())
            .env(BROKER, crate::broker::bootstrap())
            .stdin(Stdio::null())
            .stdout(Stdio::from(file.try_clone().unwrap()))
            .stderr(Stdio::from(file))
            .spawn()
            .unwrap();
        Life { child, log }
    }

    /// Why the worker gave up, if it has.
    fn gave_up(&mut self) -> Option<String> {
        self.child.try_wait().unwrap()?;
        Some(fs::read_to_string(&self.log).unwrap())
    }

    /// Waits until fewer records are left than `left`; what is left then, or why the worker gave up.
    fn progress(&mut self, trial: &Trial, left: i64) -> Result<i64, String> {
        let deadline = Instant::now() + LONGEST;
        loop {
            if let Some(why) = self.gave_up() {
                return Err(why);
            }
            let lag = trial.lag();
            if lag < left || lag == 0 {
                return Ok(lag);
            }
            if Instant::now() > deadline {
                return Err(format!("no progress beyond {left} records left"));
            }
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Kills and restarts the worker while it works, lets it end, and compares: the first fault found, if any.
fn fault(trial: &Trial, offsets: Offsets, expected: &Written, random: &mut Random) -> Option<String> {
    let mut left = EVENTS as i64;
    for life in 0..KILLS {
        let mut worker = Life::start(trial, offsets, life);
        left = match worker.progress(trial, left) {
            Ok(left) => left,
            Err(why) => return Some(why),
        };
        std::thread::sleep(Duration::from_millis(random.below(150)));
        drop(worker);
        println!("{}: killed with at most {left} records left", offsets.as_str());
    }
    let mut worker = Life::start(trial, offsets, KILLS);
    let deadline = Instant::now() + LONGEST;
    while counts(&trial.written()) != counts(expected) || trial.lag() > 0 {
        if let Some(why) = worker.gave_up() {
            return Some(why);
        }
        if Instant::now() > deadline {
            break;
        }
    }
    drop(worker);
    let differences = differences(expected, &trial.written());
    (!differences.is_empty()).then(|| differences.join("\n"))
}

/// What `fault` finds, in a trial of its own.
fn verdict(offsets: Offsets) -> Option<String> {
    let mut random = Random(seed());
    let trial = Trial::new(offsets.as_str(), &[SMALL_TRANSACTIONS]);
    trial.create_topics();
    trial.load(random.below(u64::MAX), EVENTS, CUSTOMERS);
    let expected = trial.replay();
    fault(&trial, offsets, &expected, &mut random)
}

#[test]
fn offsets_committed_outside_the_transaction_are_found_out() {
    let fault = verdict(Offsets::Outside).expect("a fault must be found");
    println!("found: {fault}");
    let refused = fault.contains("changelog ends at sequence")
        || fault.contains("the group has committed offsets")
        || fault.contains("changelog and committed offsets disagree");
    let differs = fault.contains("records\n  expected ");
    assert!(refused || differs, "failed, but not for what is tested: {fault}");
}

#[test]
fn the_same_worker_with_its_offsets_inside_the_transaction_bears_the_same_kills() {
    assert_eq!(verdict(Offsets::Inside), None);
}
