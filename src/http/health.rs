//! How the workers are: the state they share with the probes, and with nothing else.
//!
//! A worker writes its phase when that changes and its beat once a loop; questions are answered from what was written last. It knows
//! neither Kafka nor HTTP, and reads no clock: moments are monotonic milliseconds. Written by `worker`, read by `routes`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::slots::Slots;

/// A worker that has not been through its loop for so long is stuck: no call of it may take this long.
pub const BEAT_MS_MAX: u64 = 30_000;

/// What a worker is doing, from best to worst.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Everything that was written has been read.
    Running,
    /// Some input has not been read to its end yet.
    Lagging,
    /// So many slots are being rebuilt from their changelogs.
    Restoring {
        slots: usize,
    },
    /// So many slots are ours and not served: `state.max_bytes` is used up.
    Full {
        slots: usize,
    },
    Starting,
    /// Giving up its slots before it ends.
    Draining,
    /// Why, in words fit for a log.
    Failed(String),
}

impl Phase {
    /// Its name as a label of `lifetide_state`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Phase::Running => "running",
            Phase::Lagging => "lagging",
            Phase::Restoring { .. } => "restoring",
            Phase::Full { .. } => "full",
            Phase::Starting => "starting",
            Phase::Draining => "draining",
            Phase::Failed(_) => "failed",
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Phase::Running => 0,
            Phase::Lagging => 1,
            Phase::Restoring { .. } => 2,
            Phase::Full { .. } => 3,
            Phase::Starting => 4,
            Phase::Draining => 5,
            Phase::Failed(_) => 6,
        }
    }

    /// Why a worker in this phase is not ready; `None` where it is.
    fn hindrance(&self) -> Option<String> {
        match self {
            Phase::Running => None,
            Phase::Restoring { slots } => Some(format!("restoring {slots} slots")),
            Phase::Full { slots } => Some(format!("{slots} slots are not served: state.max_bytes is used up")),
            Phase::Failed(reason) => Some(format!("failed: {reason}")),
            other => Some(other.as_str().to_string()),
        }
    }
}

struct Worker {
    beat_ms: AtomicU64,
    phase: Mutex<Phase>,
}

/// Shared by all workers and the server.
pub struct Health {
    workers: Vec<Worker>,
    beat_ms_max: u64,
    slots: Slots,
}

impl Health {
    /// All workers starting, with a beat at `now_ms`.
    pub fn new(workers: usize, now_ms: u64) -> Health {
        let worker = || Worker { beat_ms: AtomicU64::new(now_ms), phase: Mutex::new(Phase::Starting) };
        Health { workers: (0..workers).map(|_| worker()).collect(), beat_ms_max: BEAT_MS_MAX, slots: Slots::default() }
    }

    /// Of workers who may wait for others for so long.
    pub fn with_patience(self, beat_ms_max: u64) -> Health {
        Health { beat_ms_max, ..self }
    }

    /// The slots of the workers.
    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    /// The worker went through its loop.
    pub fn beat(&self, worker: usize, now_ms: u64) {
        self.workers[worker].beat_ms.store(now_ms, Ordering::Relaxed);
    }

    pub fn set_phase(&self, worker: usize, phase: Phase) {
        *self.workers[worker].phase() = phase;
    }

    /// Workers without a beat for too long, one sentence each; none: alive.
    pub fn stuck(&self, now_ms: u64) -> Vec<String> {
        let silent_ms = self.workers.iter().map(|worker| now_ms.saturating_sub(worker.beat_ms.load(Ordering::Relaxed)));
        let stuck = silent_ms.enumerate().filter(|(_, silent_ms)| *silent_ms > self.beat_ms_max);
        stuck.map(|(i, silent_ms)| format!("worker {i}: no sign of life for {} s", silent_ms / 1000)).collect()
    }

    pub fn alive(&self, now_ms: u64) -> usize {
        self.workers.len() - self.stuck(now_ms).len()
    }

    /// Why the process is not ready, one sentence for each worker that is not; none: ready.
    pub fn hindrances(&self) -> Vec<String> {
        let each = self.workers.iter().enumerate();
        each.filter_map(|(i, worker)| Some(format!("worker {i}: {}", worker.phase().hindrance()?))).collect()
    }

    /// The name of the worst phase of any worker.
    pub fn state(&self) -> &'static str {
        let phases = self.workers.iter().map(|worker| worker.phase().clone());
        phases.max_by_key(Phase::rank).map_or("starting", |phase| phase.as_str())
    }
}

impl Worker {
    /// A worker that panicked leaves a whole phase behind: a phase is replaced, never changed.
    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_stuck_only_after_thirty_seconds_without_a_beat() {
        let health = Health::new(2, 1_000);
        assert!(health.stuck(31_000).is_empty());
        health.beat(0, 20_000);
        assert_eq!(health.stuck(31_001), ["worker 1: no sign of life for 30 s"]);
        assert_eq!(health.alive(31_001), 1);
        assert!(Health::new(1, 1_000).with_patience(60_000).stuck(31_001).is_empty());
        assert!(health.stuck(0).is_empty(), "a reading from before the beat is no silence");
    }

    #[test]
    fn the_process_is_as_ready_as_its_worst_worker() {
        let health = Health::new(2, 0);
        assert_eq!(health.hindrances(), ["worker 0: starting", "worker 1: starting"]);
        health.set_phase(0, Phase::Running);
        health.set_phase(1, Phase::Restoring { slots: 3 });
        assert_eq!((health.state(), health.hindrances()), ("restoring", vec!["worker 1: restoring 3 slots".to_string()]));
        health.set_phase(0, Phase::Full { slots: 2 });
        assert_eq!(
            (health.state(), &health.hindrances()[0]),
            ("full", &"worker 0: 2 slots are not served: state.max_bytes is used up".to_string())
        );
        health.set_phase(0, Phase::Running);
        health.set_phase(1, Phase::Running);
        assert_eq!((health.state(), health.hindrances().len()), ("running", 0));
        health.set_phase(0, Phase::Failed("no such topic".to_string()));
        assert_eq!((health.state(), health.hindrances()), ("failed", vec!["worker 0: failed: no such topic".to_string()]));
    }

    #[test]
    fn every_phase_is_a_state_of_the_metrics() {
        let failed = Phase::Failed(String::new());
        let phases = [
            Phase::Running,
            Phase::Lagging,
            Phase::Restoring { slots: 1 },
            Phase::Full { slots: 1 },
            Phase::Starting,
            Phase::Draining,
            failed,
        ];
        assert!(phases.iter().all(|phase| crate::metrics::STATES.contains(&phase.as_str())));
        assert_eq!(phases.len(), crate::metrics::STATES.len());
    }
}
