//! Every metric of lifetide: call sites say what happened, this room knows how it is counted.
//!
//! Reading order: `reports` (what call sites hand over, plain numbers), `definitions` (name, unit, help, labels, buckets), this file
//! (from the one to the other), `deliveries` (the same of `deliver`). Labels come from closed lists or from the configuration; no customer, address, cart or error text is
//! ever one. It decides nothing and reads no clock. Fed by `worker` once a batch, never once an event; shown by `http`.

mod definitions;
mod deliveries;
mod reports;
#[cfg(test)]
mod tests;

use prometheus::local::LocalHistogram;
use prometheus::{IntCounterVec, IntGaugeVec, TextEncoder};

use definitions::Definitions;

pub use deliveries::{DELIVERY_OUTCOMES, OTHER_PLAY};
pub use reports::{BatchReport, Build, CommitReport, FigureReport, Phase, SlotReport};

/// Event names that have a label of their own; the others are counted as `other`.
pub const EVENT_TYPES: [&str; 28] = [
    "identify",
    "alias",
    "page",
    "screen",
    "group",
    "Order Completed",
    "Order Updated",
    "Order Refunded",
    "Order Cancelled",
    "Email Delivered",
    "Email Opened",
    "Email Link Clicked",
    "Email Bounced",
    "Email Marked as Spam",
    "Subscribed",
    "Unsubscribed",
    "Consent Changed",
    "Product Viewed",
    "Product List Viewed",
    "Product Added",
    "Product Removed",
    "Cart Viewed",
    "Cart Updated",
    "Cart Abandoned",
    "Checkout Started",
    "Coupon Applied",
    "Signed Up",
    "Cost Recorded",
];

/// Phases of the process, of which exactly one is 1 in `lifetide_state`.
pub const STATES: [&str; 7] = ["starting", "restoring", "full", "lagging", "running", "draining", "failed"];

/// What comes of a reading of the configuration while the process works.
pub const RELOAD_OUTCOMES: [&str; 3] = ["applied", "unchanged", "refused"];

const MS_PER_SECOND: f64 = 1e3;
const US_PER_SECOND: f64 = 1e6;

/// All metrics of the process, behind one `Arc`.
pub struct Metrics {
    defined: Definitions,
    /// Input topics: the labels to take away when a slot leaves.
    topics: Vec<String>,
}

/// One worker's way in: histograms are kept apart here without locks, and added to the shared ones once a batch.
pub struct WorkerMetrics {
    metrics: std::sync::Arc<Metrics>,
    latency: LocalHistogram,
    timer_delay: LocalHistogram,
}

impl Metrics {
    /// `topics`: the input topics, by name.
    pub fn new(build: &Build<'_>, topics: &[String]) -> Metrics {
        let defined = Definitions::new();
        defined.process.build_info.with_label_values(&[build.version, build.librdkafka]).set(1);
        let metrics = Metrics { defined, topics: topics.to_vec() };
        metrics.set_state(STATES[0]);
        metrics
    }

    /// The text format 0.0.4 of Prometheus.
    pub fn exposition(&self) -> String {
        let mut text = String::new();
        let written = TextEncoder::new().encode_utf8(&self.defined.registry.gather(), &mut text);
        // invariant: writing to a String cannot fail, and every family has a name and a help, by test
        if let Err(error) = written {
            unreachable!("invariant: metrics can be written as text: {error}");
        }
        text
    }

    /// What is not in the report is no series any more: slots come and go.
    pub fn set_figures(&self, report: &FigureReport) {
        let defined = &self.defined.figures;
        let counts = [
            (&defined.customers, &report.customers),
            (&defined.valued_customers, &report.valued_customers),
            (&defined.play_orders, &report.play_orders),
            (&defined.acquired_customers, &report.acquired_customers),
        ];
        for (gauge, rows) in counts {
            gauge.reset();
            rows.iter().for_each(|(label, count)| gauge.with_label_values(&[label]).set(*count));
        }
        defined.customer_equity.reset();
        for (currency, amount) in &report.customer_equity {
            defined.customer_equity.with_label_values(&[currency]).set(*amount);
        }
        let amounts = [(&defined.play_revenue, &report.play_revenue), (&defined.acquisition_cost, &report.acquisition_cost)];
        for (gauge, rows) in amounts {
            gauge.reset();
            rows.iter().for_each(|(labels, amount)| gauge.with_label_values(labels).set(*amount));
        }
    }

    /// The value model that is in force from here on.
    pub fn set_model(&self, name: &str, version: &str) {
        let info = &self.defined.process.model_info;
        info.reset();
        info.with_label_values(&[name, version]).set(1);
    }

    /// A published value model could not be used.
    pub fn record_models_refused(&self) {
        self.defined.process.models_refused.inc();
    }

    /// The configuration was read again, with one of `RELOAD_OUTCOMES`.
    pub fn record_reload(&self, outcome: &'static str) {
        let process = &self.defined.process;
        process.config_reloads.with_label_values(&[outcome]).inc();
        process.config_last_reload_successful.set(i64::from(outcome != "refused"));
    }

    /// Records and bytes taken from one input topic.
    pub fn record_consumed(&self, topic: &str, records: u64, bytes: u64) {
        add(&self.defined.intake.records_consumed, &[topic], records);
        add(&self.defined.intake.consumed_bytes, &[topic], bytes);
    }

    /// The state of one slot, as of its last commit.
    pub fn record_slot(&self, report: &SlotReport) {
        let slot = report.slot.to_string();
        set(&self.defined.slots.state_entries, &[&slot], report.entries);
        set(&self.defined.slots.state_bytes, &[&slot], report.bytes);
        set(&self.defined.decisions.timers_pending, &[&slot], report.timers_pending);
        let lag_s = report.time_lag_ms as f64 / MS_PER_SECOND;
        self.defined.decisions.slot_time_lag.with_label_values(&[&slot]).set(lag_s);
    }

    /// Records between the next one to be taken and the end of the partition.
    pub fn record_lag(&self, topic: &str, partition: u32, records: u64) {
        set(&self.defined.intake.consumer_lag, &[topic, &partition.to_string()], records);
    }

    /// The slot is no longer ours: its gauges go, else they would stand still for ever.
    pub fn forget_slot(&self, slot: u32) {
        let slot = slot.to_string();
        let gauges = [&self.defined.slots.state_entries, &self.defined.slots.state_bytes, &self.defined.decisions.timers_pending];
        for gauge in gauges.into_iter().chain(self.defined.slots.restore_remaining()) {
            forget(gauge.remove_label_values(&[&slot]));
        }
        forget(self.defined.decisions.slot_time_lag.remove_label_values(&[&slot]));
        for topic in &self.topics {
            forget(self.defined.intake.consumer_lag.remove_label_values(&[topic, &slot]));
        }
    }

    /// How much of a slot's changelog is still to be read.
    pub fn record_restore_remaining(&self, slot: u32, records: u64, bytes: u64) {
        let [remaining_records, remaining_bytes] = self.defined.slots.restore_remaining();
        set(remaining_records, &[&slot.to_string()], records);
        set(remaining_bytes, &[&slot.to_string()], bytes);
    }

    /// A slot's state is whole again.
    pub fn record_restored(&self, slot: u32, records: u64, bytes: u64, took_ms: u64) {
        self.record_restore_remaining(slot, 0, 0);
        self.defined.slots.restored_records.inc_by(records);
        self.defined.slots.restored_bytes.inc_by(bytes);
        self.defined.slots.restore_duration.observe(took_ms as f64 / MS_PER_SECOND);
    }

    /// A slot of somebody else that is followed: its memory, and how far it is behind.
    pub fn record_standby(&self, slot: u32, bytes: u64, remaining_records: u64, remaining_bytes: u64) {
        let gauges = self.defined.slots.standbys();
        for (gauge, value) in gauges.into_iter().zip([bytes, remaining_records, remaining_bytes]) {
            set(gauge, &[&slot.to_string()], value);
        }
    }

    /// The slot is not followed any more.
    pub fn forget_standby(&self, slot: u32) {
        for gauge in self.defined.slots.standbys() {
            forget(gauge.remove_label_values(&[&slot.to_string()]));
        }
    }

    pub fn set_standby_slots(&self, worker: usize, slots: u64) {
        set(&self.defined.slots.standby_slots, &[&worker.to_string()], slots);
    }

    /// `kind`: `assign`, `revoke` or `lost`.
    pub fn record_rebalance(&self, kind: &'static str, took_us: u64) {
        add(&self.defined.slots.rebalances, &[kind], 1);
        self.defined.slots.rebalance_duration.observe(took_us as f64 / US_PER_SECOND);
    }

    pub fn set_assigned_slots(&self, worker: usize, slots: u64) {
        set(&self.defined.slots.assigned_slots, &[&worker.to_string()], slots);
    }

    /// Slots the worker owns and does not serve, for want of memory.
    pub fn set_unserved_slots(&self, worker: usize, slots: u64) {
        set(&self.defined.slots.unserved_slots, &[&worker.to_string()], slots);
    }

    pub fn record_worker_restart(&self) {
        self.defined.process.worker_restarts.inc();
    }

    pub fn set_workers_alive(&self, workers: u64) {
        self.defined.process.workers_alive.set(gauge_value(workers));
    }

    /// One of `STATES`.
    pub fn set_state(&self, state: &'static str) {
        debug_assert!(STATES.contains(&state), "{state} is no state");
        for known in STATES {
            set(&self.defined.process.state, &[known], u64::from(known == state));
        }
    }
}

impl WorkerMetrics {
    pub fn new(metrics: std::sync::Arc<Metrics>) -> WorkerMetrics {
        let latency = metrics.defined.writing.end_to_end_latency.local();
        let timer_delay = metrics.defined.decisions.timer_delay.local();
        WorkerMetrics { metrics, latency, timer_delay }
    }

    /// What the engine did in one batch. To be called once the batch is committed, so that work done again is counted once.
    pub fn record_batch(&self, report: &BatchReport<'_>) {
        let defined = &self.metrics.defined;
        for (name, outcome, count) in report.events {
            add(&defined.intake.events_processed, &[event_type(name), outcome], *count);
        }
        for (reason, stage, count) in report.dead_letters {
            add(&defined.intake.dead_letters, &[reason, stage], *count);
        }
        for (kind, fate, count) in report.relayed {
            add(&defined.intake.relayed, &[kind, fate], *count);
        }
        for (reason, count) in report.refusals {
            add(&defined.intake.refusals, &[reason], *count);
        }
        for (from, to, count) in report.transitions {
            add(&defined.decisions.transitions, &[from, to], *count);
        }
        for (play, kind, reason, count) in report.actions {
            add(&defined.decisions.actions, &[play, kind, reason], *count);
        }
        for (currency, count) in report.clv_updates {
            add(&defined.decisions.clv_updates, &[currency], *count);
        }
        for delay_ms in report.timer_delays_ms {
            self.timer_delay.observe(seconds(*delay_ms));
        }
        defined.decisions.timers_fired.inc_by(report.timer_delays_ms.len() as u64);
        defined.intake.processing_duration.observe(report.processing_us as f64 / US_PER_SECOND);
        self.timer_delay.flush();
    }

    /// The end of one transaction, whichever it was.
    pub fn record_commit(&self, report: &CommitReport<'_>) {
        let defined = &self.metrics.defined;
        add(&defined.writing.transactions, &[report.outcome], 1);
        for (phase, took_us) in report.phases {
            defined.writing.transaction_duration.with_label_values(&[phase.as_str()]).observe(*took_us as f64 / US_PER_SECOND);
        }
        for (topic, count) in report.produced {
            add(&defined.writing.records_produced, &[topic], *count);
        }
        add(&defined.writing.changelog_bytes, &["delta"], report.delta_bytes);
        add(&defined.writing.changelog_bytes, &["base"], report.base_bytes);
        for latency_ms in report.latencies_ms {
            self.latency.observe(seconds(*latency_ms));
        }
        self.latency.flush();
    }
}

fn event_type(name: &str) -> &'static str {
    EVENT_TYPES.into_iter().find(|known| *known == name).unwrap_or("other")
}

/// A clock that is behind another gives negative differences: they count as none.
fn seconds(ms: i64) -> f64 {
    ms.max(0) as f64 / MS_PER_SECOND
}

fn add(counter: &IntCounterVec, labels: &[&str], count: u64) {
    if count > 0 {
        counter.with_label_values(labels).inc_by(count);
    }
}

fn set(gauge: &IntGaugeVec, labels: &[&str], value: u64) {
    gauge.with_label_values(labels).set(gauge_value(value));
}

fn gauge_value(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A series that was never written cannot be taken away, and need not be.
fn forget(removed: prometheus::Result<()>) {
    let _ = removed;
}
