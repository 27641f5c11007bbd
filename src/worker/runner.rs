//! Keeps one worker alive on the calling thread: steps it, rests when it may, rebuilds it when a dependency failed, ends it when told.
//!
//! It owns the retry policy and nothing else: what is right to do is the worker's decision, what is shown is the observer's. A worker that
//! panics (a broken invariant) is thrown away and built anew from what Kafka holds, too, while the other workers of the process go on; but
//! one that does so again and again is beyond help, and so is one that finds somebody else under its name each time. Called by `run` and `demo`, once per worker thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::engine::Committed;

use super::source::{Input, Source};
use super::transaction::Transaction;
use super::{Next, Now, Report, RestoreState, Rules, SlotState, StandbyState, Status, Worker, WorkerError};

/// First pause before a failed worker is built anew; doubles with each failure in a row.
const REBUILD_MS: u64 = 500;
const REBUILD_MS_MAX: u64 = 10_000;
/// A worker that lived this long has recovered: its next failure is the first again.
const HEALTHY_MS: u64 = 60_000;
/// Panics in a row after which a worker is not built anew: the same records lead to the same panic, and a person must look.
const PANICS_MAX: u32 = 5;
/// Times in a row that a worker may find somebody else under its name soon after it began. Another process joins again each time, too, and
/// the one that was fenced first is the first to give up.
const FENCES_MAX: u32 = 3;
/// A session: whoever is fenced later may have been away for one, and then it is its own former self that the group remembers, which joining
/// again puts right.
const FENCED_SOON_MS: u64 = 10_000;
/// A stop waits for the open transaction; a commit takes milliseconds, and a broker that takes longer than this is down.
const STOP_MS_MAX: u64 = 10_000;

/// Sizes, restores and lags are looked at this often: each look at a lag asks the broker.
const MEASURE_MS: u64 = 500;

/// What an observer is told.
pub enum Happened<'a> {
    Step {
        report: &'a Report,
        status: &'a Status,
        now: Now,
    },
    /// Every half second: the slots' sizes, how far restores and standbys have come, and the lag of one input, round and round.
    Measured {
        slots: &'a [SlotState],
        restores: &'a [RestoreState],
        standbys: &'a [StandbyState],
        lag: Option<(Input, u64)>,
        now: Now,
    },
    /// Nothing to do for the moment but to wait for Kafka.
    Resting {
        now: Now,
    },
    /// The worker failed and will be built anew after this pause.
    Failed {
        error: &'a WorkerError,
        pause_ms: u64,
    },
}

/// Runs workers, one after the other, until `stop` is set; an error is one that only a person can put right.
pub fn run<S: Source, T: Transaction>(
    build: impl Fn() -> Result<(S, T), WorkerError>,
    rules: &Rules,
    committed: &Arc<Committed>,
    stop: &AtomicBool,
    clock: impl Fn() -> Now,
    mut observe: impl FnMut(Happened<'_>),
) -> Result<(), WorkerError> {
    let (mut failures, mut panics, mut fences, mut lives) = (0, 0, 0, 0);
    while !stop.load(Ordering::Relaxed) {
        let began_ms = clock().mono_ms;
        observe(Happened::Resting { now: clock() });
        // no two lives write the same chain
        let rules = Rules { nonce: rules.nonce.wrapping_add(lives), ..rules.clone() };
        lives += 1;
        let mut worker = None;
        // what a panic leaves behind goes with the worker: state is rebuilt from the changelog, and the rows it served are removed
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let (source, transaction) = build()?;
            let worker = worker.insert(Worker::new(source, transaction, rules, committed.clone()));
            run_until_stopped(worker, stop, &clock, &mut observe)
        }));
        worker.iter_mut().for_each(Worker::leave);
        drop(worker);
        let has_panicked = ended.is_err();
        let error = match ended {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(WorkerError::Refused(why))) => return Err(WorkerError::Refused(why)),
            Ok(Err(error)) => error,
            // the panic itself has been printed, with its place
            Err(_) => WorkerError::Unavailable("a broken invariant stopped the worker".into()),
        };
        if clock().mono_ms - began_ms >= HEALTHY_MS {
            (failures, panics) = (0, 0);
        }
        panics += u32::from(has_panicked);
        let is_fenced_soon = matches!(error, WorkerError::Fenced(_)) && clock().mono_ms - began_ms < FENCED_SOON_MS;
        fences = if is_fenced_soon { fences + 1 } else { 0 };
        if fences >= FENCES_MAX {
            return Err(WorkerError::Refused(error.to_string()));
        }
        if panics >= PANICS_MAX {
            return Err(WorkerError::Refused(format!("{error}, {PANICS_MAX} times in a row; this is a defect of lifetide")));
        }
        let pause_ms = (REBUILD_MS << failures.min(10)).min(REBUILD_MS_MAX);
        failures += 1;
        observe(Happened::Failed { error: &error, pause_ms });
        rest(pause_ms, stop, &clock, &mut observe);
    }
    Ok(())
}

fn run_until_stopped<S: Source, T: Transaction>(
    worker: &mut Worker<S, T>,
    stop: &AtomicBool,
    clock: &impl Fn() -> Now,
    observe: &mut impl FnMut(Happened<'_>),
) -> Result<(), WorkerError> {
    let mut stopping_since_ms = None;
    let (mut measured_ms, mut measured) = (clock().mono_ms, 0);
    loop {
        let now = clock();
        if stop.load(Ordering::Relaxed) {
            let since_ms = *stopping_since_ms.get_or_insert(now.mono_ms);
            if worker.finish(now)? || now.mono_ms - since_ms > STOP_MS_MAX {
                observe(Happened::Step { report: &worker.take_report(), status: &worker.status(), now });
                return Ok(());
            }
            continue;
        }
        let next = worker.step(now)?;
        observe(Happened::Step { report: &worker.take_report(), status: &worker.status(), now });
        if now.mono_ms - measured_ms >= MEASURE_MS {
            // a broker that does not answer this question may still serve us: the next one is another partition's
            let lag = worker.lag(measured).unwrap_or(None);
            // the same of the end of a changelog that is followed
            let _ = worker.measure_followed(measured);
            let (slots, restores, standbys) = (worker.slot_states(), worker.restore_states(), worker.standby_states());
            observe(Happened::Measured { slots: &slots, restores: &restores, standbys: &standbys, lag, now });
            (measured_ms, measured) = (now.mono_ms, measured + 1);
        }
        if let Next::Wait(longest_ms) = next {
            worker.wait(longest_ms);
        }
    }
}

/// Sleeps in short pieces, so that a stop is heard.
fn rest(pause_ms: u64, stop: &AtomicBool, clock: &impl Fn() -> Now, observe: &mut impl FnMut(Happened<'_>)) {
    let until_ms = clock().mono_ms + pause_ms;
    while !stop.load(Ordering::Relaxed) && clock().mono_ms < until_ms {
        observe(Happened::Resting { now: clock() });
        std::thread::sleep(Duration::from_millis(50));
    }
}
