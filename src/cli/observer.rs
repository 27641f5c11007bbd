//! Turns what a worker reports into metrics, health, the API's lines of slots, and log lines. It decides nothing; no label or line names a customer.
//! One per worker thread; called by `run` and `demo` through the runner.

mod restore_log;
mod slot_lines;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use crate::config::Config;
use crate::engine::{Note, Settings, Stage};
use crate::http::{Health, Phase as HealthPhase};
use crate::kafka::OutputNames;
use crate::metrics::{BatchReport, CommitReport, Metrics, Phase, SlotReport, WorkerMetrics};
use crate::worker::runner::Happened;
use crate::worker::{Commit, Now, Report, RestoreState, SlotState, StandbyState, Status};

use super::rules;
use restore_log::RestoreLog;
use slot_lines::SlotLines;

/// How long each part of the transactions since the last report took, written by `timed`.
pub type Phases = Rc<RefCell<Vec<(Phase, u64)>>>;

pub struct Observer {
    worker: usize,
    metrics: Arc<Metrics>,
    own: WorkerMetrics,
    health: Arc<Health>,
    inputs: Vec<String>,
    outputs: OutputNames,
    plays: Vec<String>,
    phases: Phases,
    phase: HealthPhase,
    /// Slots with gauges of their own.
    slots: BTreeSet<u32>,
    /// Slots of others with gauges of their own.
    standbys: BTreeSet<u32>,
    restore_log: RestoreLog,
    slot_lines: SlotLines,
}

impl Observer {
    pub fn new(worker: usize, config: &Config, metrics: Arc<Metrics>, health: Arc<Health>, phases: Phases) -> Observer {
        Observer {
            worker,
            own: WorkerMetrics::new(metrics.clone()),
            metrics,
            health,
            inputs: rules::consumed_topics(config),
            outputs: rules::kafka_settings(config).output,
            plays: names_of_plays(&config.engine),
            phases,
            phase: HealthPhase::Starting,
            slots: BTreeSet::new(),
            standbys: BTreeSet::new(),
            restore_log: RestoreLog::default(),
            slot_lines: SlotLines::new(worker),
        }
    }

    pub fn observe(&mut self, happened: Happened<'_>) {
        match happened {
            Happened::Step { report, status, now } => {
                if let Some(settings) = &report.settings {
                    self.plays = names_of_plays(settings);
                }
                self.health.beat(self.worker, now.mono_ms);
                self.follow(status);
                self.slot_lines.follow(status, self.health.slots());
                self.count(report, now);
            }
            Happened::Measured { slots, restores, standbys, lag, now } => {
                slots.iter().for_each(|slot| self.measure(slot, now));
                self.slot_lines.measure(slots, restores, self.health.slots());
                self.measure_restores(restores, now);
                self.measure_standbys(standbys);
                if let Some((input, records)) = lag {
                    self.metrics.record_lag(&self.inputs[input.topic], input.slot, records);
                    self.slot_lines.lag(input.slot, &self.inputs[input.topic], records, self.health.slots());
                }
            }
            Happened::Resting { now } => self.health.beat(self.worker, now.mono_ms),
            Happened::Failed { error, pause_ms } => {
                self.metrics.record_worker_restart();
                self.enter(HealthPhase::Starting);
                self.slot_lines.follow(&Status::default(), self.health.slots());
                let owned = std::mem::take(&mut self.slots);
                owned.iter().for_each(|slot| self.metrics.forget_slot(*slot));
                self.measure_standbys(&[]);
                tracing::error!(worker = self.worker, pause_ms, "worker failed and is built anew: {error}");
            }
        }
    }

    fn measure(&self, slot: &SlotState, now: Now) {
        self.metrics.record_slot(&SlotReport {
            slot: slot.slot,
            entries: slot.customers as u64,
            bytes: slot.bytes as u64,
            timers_pending: slot.timers as u64,
            time_lag_ms: slot.time_ms.map_or(0, |time_ms| now.wall_ms.saturating_sub(time_ms)),
        });
    }

    fn measure_restores(&mut self, restores: &[RestoreState], now: Now) {
        for restore in restores {
            self.metrics.record_restore_remaining(restore.slot, restore.remaining_records, restore.remaining_bytes);
        }
        if let Some(remaining) = self.restore_log.due(restores, now.mono_ms) {
            tracing::info!(
                worker = self.worker,
                slots = remaining.slots,
                remaining_records = remaining.records,
                remaining_bytes = remaining.bytes,
                "restoring from the changelog"
            );
        }
    }

    fn measure_standbys(&mut self, standbys: &[StandbyState]) {
        let followed: BTreeSet<u32> = standbys.iter().map(|standby| standby.slot).collect();
        self.standbys.difference(&followed).for_each(|slot| self.metrics.forget_standby(*slot));
        for standby in standbys {
            let StandbyState { slot, remaining_records, remaining_bytes, bytes } = *standby;
            self.metrics.record_standby(slot, bytes as u64, remaining_records, remaining_bytes);
        }
        self.metrics.set_standby_slots(self.worker, followed.len() as u64);
        self.standbys = followed;
    }

    fn follow(&mut self, status: &Status) {
        let unserved = status.unserved.len();
        let owned = unserved + status.recovering.len() + status.lagging.len() + status.running.len();
        self.metrics.set_assigned_slots(self.worker, owned as u64);
        self.metrics.set_unserved_slots(self.worker, unserved as u64);
        let phase = if unserved > 0 {
            HealthPhase::Full { slots: unserved }
        } else if !status.recovering.is_empty() {
            HealthPhase::Restoring { slots: status.recovering.len() }
        } else if !status.lagging.is_empty() {
            HealthPhase::Lagging
        } else if owned == 0 && self.phase == HealthPhase::Starting {
            // a member without slots is ready only once the group has said so
            HealthPhase::Starting
        } else {
            HealthPhase::Running
        };
        self.enter(phase);
    }

    pub fn enter(&mut self, phase: HealthPhase) {
        if self.phase == phase {
            return;
        }
        match &phase {
            HealthPhase::Full { slots } => {
                tracing::warn!(worker = self.worker, slots, "slots are not served: state.max_bytes is used up");
            }
            other => tracing::info!(worker = self.worker, phase = other.as_str(), "worker is now {}", other.as_str()),
        }
        self.health.set_phase(self.worker, phase.clone());
        self.metrics.set_state(self.health.state());
        self.phase = phase;
    }

    fn count(&mut self, report: &Report, now: Now) {
        let changes = [("assign", &report.assigned), ("revoke", &report.revoked), ("lost", &report.lost)];
        for (kind, slots) in changes.into_iter().filter(|(_, slots)| !slots.is_empty()) {
            self.metrics.record_rebalance(kind, 0);
            tracing::info!(worker = self.worker, ?slots, "group change: {kind}");
            for slot in slots {
                if kind == "assign" {
                    self.slots.insert(*slot);
                } else if self.slots.remove(slot) {
                    self.metrics.forget_slot(*slot);
                }
            }
        }
        if report.group_answered && report.assigned.is_empty() && self.phase == HealthPhase::Starting {
            // the group gave this worker nothing: it stands by, and that is all it can do
            self.enter(HealthPhase::Running);
        }
        for restored in &report.restored {
            self.metrics.record_restored(restored.slot, restored.log_records, restored.log_bytes, restored.took_ms);
            tracing::info!(
                worker = self.worker,
                slot = restored.slot,
                customers = restored.customers,
                bytes = restored.bytes,
                was_warm = restored.was_warm,
                log_records = restored.log_records,
                log_bytes = restored.log_bytes,
                took_ms = restored.took_ms,
                "slot restored"
            );
        }
        for why in &report.aborts {
            tracing::warn!(worker = self.worker, "transaction aborted and rewound: {why}");
            self.own.record_commit(&CommitReport { outcome: "aborted", ..CommitReport::default() });
        }
        for why in &report.fenced {
            tracing::warn!(worker = self.worker, "transaction fenced and rewound: {why}");
            self.own.record_commit(&CommitReport { outcome: "fenced", ..CommitReport::default() });
        }
        for what in &report.troubles {
            tracing::warn!(worker = self.worker, "{what}");
        }
        for _ in 0..report.resolved {
            tracing::warn!(worker = self.worker, "a commit of unknown outcome was resolved by asking the group");
            self.own.record_commit(&CommitReport { outcome: "resolved", ..CommitReport::default() });
        }
        let phases = self.phases.take();
        for (nth, commit) in report.commits.iter().enumerate() {
            self.count_commit(commit, if nth == 0 { &phases } else { &[] }, now);
        }
    }

    fn count_commit(&mut self, commit: &Commit, phases: &[(Phase, u64)], now: Now) {
        let tally = &commit.tally;
        for (topic, (records, bytes)) in tally.consumed.iter().enumerate() {
            self.metrics.record_consumed(&self.inputs[topic], *records, *bytes);
        }
        let events: Vec<_> = tally.events.iter().map(|(kind, outcome, count)| (*kind, outcome.as_str(), *count)).collect();
        let dead_letters: Vec<_> = tally.rejects.iter().map(|((reason, stage), count)| (reason.as_str(), stage.as_str(), *count)).collect();
        let (events, dead_letters) = (&events, &dead_letters);
        self.count_notes(&tally.notes, events, dead_letters, commit.open_ms, now);
        let produced: Vec<_> = tally.produced.iter().map(|(topic, count)| (self.outputs.of(*topic), *count)).collect();
        let latencies_ms: Vec<i64> = tally.event_times_ms.iter().map(|time_ms| now.wall_ms - time_ms).collect();
        tracing::debug!(
            worker = self.worker,
            consumed = tally.consumed.iter().map(|(records, _)| records).sum::<u64>(),
            produced = tally.produced.values().sum::<u64>(),
            changelog_bytes = tally.changelog_bytes,
            open_ms = commit.open_ms,
            "transaction committed"
        );
        self.own.record_commit(&CommitReport {
            outcome: "committed",
            phases,
            produced: &produced,
            delta_bytes: tally.changelog_bytes.saturating_sub(tally.base_bytes),
            base_bytes: tally.base_bytes,
            latencies_ms: &latencies_ms,
        });
    }

    /// What the engine noted, added up by label.
    fn count_notes(
        &mut self,
        notes: &[Note],
        events: &[(&str, &'static str, u64)],
        dead_letters: &[(&'static str, &'static str, u64)],
        open_ms: u64,
        now: Now,
    ) {
        let mut refusals = BTreeMap::new();
        let mut transitions = BTreeMap::new();
        let mut actions = BTreeMap::new();
        let mut clv_updates = BTreeMap::new();
        let mut relayed = BTreeMap::new();
        let mut timer_delays_ms = Vec::new();
        for note in notes {
            match note {
                Note::Count(counter) => *refusals.entry(counter.as_str()).or_insert(0) += 1,
                Note::Transition { from, to } => {
                    let from = from.as_ref().map_or("none", Stage::as_str);
                    *transitions.entry((from, to.as_str())).or_insert(0) += 1;
                }
                Note::Action { play, kind, reason } => {
                    let play = self.plays.get(usize::from(*play)).map_or("unknown", String::as_str);
                    *actions.entry((play, kind.as_str(), reason.as_str())).or_insert(0) += 1;
                }
                Note::Relay { kind, fate } => *relayed.entry((*kind, fate.as_str())).or_insert(0) += 1,
                Note::Clv { currency } => *clv_updates.entry(*currency).or_insert(0) += 1,
                Note::TimerFired { deadline_ms, .. } => {
                    timer_delays_ms.push(now.wall_ms - deadline_ms);
                }
            }
        }
        let transitions = transitions.into_iter().map(|((from, to), count)| (from, to, count));
        let actions = actions.into_iter().map(|((play, kind, reason), count)| (play, kind, reason, count));
        let clv_updates: Vec<_> = clv_updates.iter().map(|(currency, count)| (currency.code(), *count)).collect();
        self.own.record_batch(&BatchReport {
            events,
            dead_letters,
            relayed: &relayed.into_iter().map(|((kind, fate), count)| (kind, fate, count)).collect::<Vec<_>>(),
            refusals: &refusals.into_iter().collect::<Vec<_>>(),
            transitions: &transitions.collect::<Vec<_>>(),
            actions: &actions.collect::<Vec<_>>(),
            clv_updates: &clv_updates,
            timer_delays_ms: &timer_delays_ms,
            processing_us: open_ms * 1000,
        });
    }
}

/// In the order in which notes number them.
fn names_of_plays(settings: &Settings) -> Vec<String> {
    settings.plays.iter().map(|play| play.name.clone()).collect()
}
