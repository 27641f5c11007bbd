//! The list of metrics: name, unit, help, labels, buckets, in the order of an event's way through.
//!
//! Names follow Prometheus: base units, `_total` for counters, the unit last. A test lints them. It counts nothing itself; used by
//! `Metrics` alone.

use prometheus::core::Collector;
use prometheus::{GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use super::Phase;

const PREFIX: &str = "lifetide";

/// Work in memory and calls to the broker, in seconds.
const WORK_BUCKETS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];
/// What people notice: outages of streams last minutes.
const DELAY_BUCKETS: [f64; 14] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0];

pub struct Definitions {
    pub registry: Registry,
    pub process: Process,
    pub intake: Intake,
    pub decisions: Decisions,
    pub writing: Writing,
    pub slots: Slots,
    pub figures: Figures,
    pub deliveries: Deliveries,
}

/// The program as a whole.
pub struct Process {
    pub build_info: IntGaugeVec,
    pub state: IntGaugeVec,
    pub model_info: IntGaugeVec,
    pub models_refused: IntCounter,
    pub config_reloads: IntCounterVec,
    pub config_last_reload_successful: IntGauge,
    pub workers_alive: IntGauge,
    pub worker_restarts: IntCounter,
}

/// What comes in.
pub struct Intake {
    pub records_consumed: IntCounterVec,
    pub consumed_bytes: IntCounterVec,
    pub consumer_lag: IntGaugeVec,
    pub events_processed: IntCounterVec,
    pub dead_letters: IntCounterVec,
    pub refusals: IntCounterVec,
    pub relayed: IntCounterVec,
    pub processing_duration: Histogram,
}

/// What the engine makes of it.
pub struct Decisions {
    pub transitions: IntCounterVec,
    pub clv_updates: IntCounterVec,
    pub actions: IntCounterVec,
    pub timers_pending: IntGaugeVec,
    pub timers_fired: IntCounter,
    pub timer_delay: Histogram,
    pub slot_time_lag: GaugeVec,
}

/// What goes out.
pub struct Writing {
    pub records_produced: IntCounterVec,
    pub transactions: IntCounterVec,
    pub transaction_duration: HistogramVec,
    pub changelog_bytes: IntCounterVec,
    pub end_to_end_latency: Histogram,
}

/// Who owns what, and what is kept.
pub struct Slots {
    pub assigned_slots: IntGaugeVec,
    pub unserved_slots: IntGaugeVec,
    pub rebalances: IntCounterVec,
    pub rebalance_duration: Histogram,
    pub state_entries: IntGaugeVec,
    pub state_bytes: IntGaugeVec,
    pub restore_remaining_records: IntGaugeVec,
    pub restore_remaining_bytes: IntGaugeVec,
    pub standby_slots: IntGaugeVec,
    pub standby_bytes: IntGaugeVec,
    pub standby_remaining_records: IntGaugeVec,
    pub standby_remaining_bytes: IntGaugeVec,
    pub restored_records: IntCounter,
    pub restored_bytes: IntCounter,
    pub restore_duration: Histogram,
}

/// What all customers of this process's slots add up to.
pub struct Figures {
    pub customers: IntGaugeVec,
    pub valued_customers: IntGaugeVec,
    pub customer_equity: GaugeVec,
    pub play_orders: IntGaugeVec,
    pub play_revenue: GaugeVec,
    pub acquired_customers: IntGaugeVec,
    pub acquisition_cost: GaugeVec,
}

/// What `deliver` does; no series of them in other processes.
pub struct Deliveries {
    pub outcomes: IntCounterVec,
    pub duration: HistogramVec,
    pub lag: IntGaugeVec,
}

impl Definitions {
    pub fn new() -> Definitions {
        let list = List(Registry::new());
        #[cfg(target_os = "linux")]
        list.add(prometheus::process_collector::ProcessCollector::for_self());
        Definitions {
            process: Process::new(&list),
            intake: Intake::new(&list),
            decisions: Decisions::new(&list),
            writing: Writing::new(&list),
            slots: Slots::new(&list),
            figures: Figures::new(&list),
            deliveries: Deliveries::new(&list),
            registry: list.0,
        }
    }
}

impl Deliveries {
    fn new(list: &List) -> Deliveries {
        Deliveries {
            outcomes: list.counters("deliveries_total", "Actions by what deliver made of them, and by play.", &["outcome", "play"]),
            duration: list.histograms("delivery_duration_seconds", "Time to hand one action over.", &WORK_BUCKETS, &["via"]),
            lag: list.gauges(
                "deliveries_lag_records",
                "Records of actions that are not dealt with, markers of transactions included; 0 once all are.",
                &["partition"],
            ),
        }
    }
}

impl Process {
    fn new(list: &List) -> Process {
        let process = Process {
            build_info: list.gauges("build_info", "Always 1; the labels name the program.", &["version", "librdkafka"]),
            state: list.gauges("state", "1 for the phase the process is in, 0 for the others.", &["state"]),
            model_info: list.gauges("model_info", "Always 1; the labels name the value model in force.", &["name", "version"]),
            models_refused: list.counter("models_refused_total", "Published value models that could not be used."),
            config_reloads: list.counters(
                "config_reloads_total",
                "Readings of the configuration while it works, by what came of them.",
                &["outcome"],
            ),
            config_last_reload_successful: list.gauge(
                "config_last_reload_successful",
                "0 while the configuration that was read last was refused, and the one before it is in force.",
            ),
            workers_alive: list.gauge("workers_alive", "Workers that went through their loop lately."),
            worker_restarts: list.counter("worker_restarts_total", "Workers that failed and were started again."),
        };
        for outcome in super::RELOAD_OUTCOMES {
            process.config_reloads.with_label_values(&[outcome]);
        }
        // what it started with was good
        process.config_last_reload_successful.set(1);
        process
    }
}

impl Intake {
    fn new(list: &List) -> Intake {
        Intake {
            records_consumed: list.counters("records_consumed_total", "Input records taken from Kafka.", &["topic"]),
            consumed_bytes: list.counters("consumed_bytes_total", "Bytes of input values taken from Kafka.", &["topic"]),
            consumer_lag: list.gauges(
                "consumer_lag_records",
                "Input records not taken yet, up to the end of the partition.",
                &["topic", "partition"],
            ),
            events_processed: list.counters(
                "events_processed_total",
                "Events by name and by what became of them.",
                &["event_type", "outcome"],
            ),
            dead_letters: list.counters("dead_letters_total", "Records sent to the dead-letter topic.", &["reason", "stage"]),
            refusals: list.counters("refusals_total", "Parts of events that could not be counted as asked.", &["reason"]),
            relayed: list.counters(
                "relay_messages_total",
                "Words from customer to customer, by what they say and by what became of them.",
                &["kind", "fate"],
            ),
            processing_duration: list.histogram(
                "processing_duration_seconds",
                "Time to decode and apply a batch, its deadlines included.",
                &WORK_BUCKETS,
            ),
        }
    }
}

impl Decisions {
    fn new(list: &List) -> Decisions {
        Decisions {
            transitions: list.counters("lifecycle_transitions_total", "Changes of stage; from none on first entry.", &["from", "to"]),
            clv_updates: list.counters("clv_updates_total", "Lifetime-value records, by primary currency.", &["currency"]),
            actions: list.counters("actions_total", "What plays asked for, or why they did not.", &["play", "kind", "reason"]),
            timers_pending: list.gauges("timers_pending", "Customers waiting for a deadline.", &["slot"]),
            timers_fired: list.counter("timers_fired_total", "Deadlines that fired."),
            timer_delay: list.histogram("timer_delay_seconds", "Time from a deadline to its firing.", &DELAY_BUCKETS),
            slot_time_lag: list.float_gauges("slot_time_lag_seconds", "Wall clock less the slot's own time.", &["slot"]),
        }
    }
}

impl Writing {
    fn new(list: &List) -> Writing {
        let writing = Writing {
            records_produced: list.counters("records_produced_total", "Records committed, by output topic.", &["topic"]),
            transactions: list.counters("transactions_total", "Transactions by how they ended.", &["outcome"]),
            transaction_duration: list.histograms(
                "transaction_duration_seconds",
                "Time spent in each phase of a transaction.",
                &WORK_BUCKETS,
                &["phase"],
            ),
            changelog_bytes: list.counters(
                "changelog_bytes_total",
                "Uncompressed bytes of changes and of full state written again.",
                &["kind"],
            ),
            end_to_end_latency: list.histogram(
                "end_to_end_latency_seconds",
                "Wall clock at commit less event time: how old news is.",
                &DELAY_BUCKETS,
            ),
        };
        // series alerts are written on exist from the start: a rate over a series that was born at 1 is 0
        for outcome in ["committed", "aborted", "resolved", "fenced"] {
            writing.transactions.with_label_values(&[outcome]);
        }
        for phase in Phase::ALL {
            writing.transaction_duration.with_label_values(&[phase.as_str()]);
        }
        writing
    }
}

impl Slots {
    fn new(list: &List) -> Slots {
        let slots = Slots {
            assigned_slots: list.gauges("assigned_slots", "Slots the worker owns.", &["worker"]),
            unserved_slots: list.gauges(
                "unserved_slots",
                "Slots the worker owns and does not serve, because state.max_bytes is used up.",
                &["worker"],
            ),
            rebalances: list.counters("rebalances_total", "Changes of assignment, by kind.", &["kind"]),
            rebalance_duration: list.histogram("rebalance_duration_seconds", "Time to take up or give up slots.", &WORK_BUCKETS),
            state_entries: list.gauges("state_entries", "Customers in committed state.", &["slot"]),
            state_bytes: list.gauges("state_bytes", "Estimated memory of committed state.", &["slot"]),
            restore_remaining_records: list.gauges(
                "state_restore_remaining_records",
                "Changelog records to read until the slot is whole, markers of transactions included.",
                &["slot"],
            ),
            restore_remaining_bytes: list.gauges(
                "state_restore_remaining_bytes",
                "Changelog bytes to read until the slot is whole, estimated.",
                &["slot"],
            ),
            standby_slots: list.gauges("standby_slots", "Slots of others whose changelogs the worker follows.", &["worker"]),
            standby_bytes: list.gauges("standby_bytes", "Estimated memory of a slot that is followed.", &["slot"]),
            standby_remaining_records: list.gauges(
                "standby_remaining_records",
                "Changelog records to read until a slot that is followed is as its owner has it.",
                &["slot"],
            ),
            standby_remaining_bytes: list.gauges(
                "standby_remaining_bytes",
                "Changelog bytes to read until a slot that is followed is as its owner has it, estimated.",
                &["slot"],
            ),
            restored_records: list.counter("state_restored_records_total", "Changelog records read by restores."),
            restored_bytes: list.counter("state_restored_bytes_total", "Changelog bytes read by restores."),
            restore_duration: list.histogram("state_restore_duration_seconds", "Time to restore one slot.", &DELAY_BUCKETS),
        };
        for kind in ["assign", "revoke", "lost"] {
            slots.rebalances.with_label_values(&[kind]);
        }
        slots
    }
}

impl Slots {
    pub fn restore_remaining(&self) -> [&IntGaugeVec; 2] {
        [&self.restore_remaining_records, &self.restore_remaining_bytes]
    }

    pub fn standbys(&self) -> [&IntGaugeVec; 3] {
        [&self.standby_bytes, &self.standby_remaining_records, &self.standby_remaining_bytes]
    }
}

impl Figures {
    fn new(list: &List) -> Figures {
        Figures {
            customers: list.gauges("customers", "Customers by stage, in the slots of this process.", &["stage"]),
            valued_customers: list.gauges("valued_customers", "Customers with an order that was not given back in full.", &["currency"]),
            customer_equity: list.float_gauges(
                "customer_equity",
                "What is expected of all customers within the horizon, in whole units of the currency.",
                &["currency"],
            ),
            play_orders: list.gauges("play_orders", "Orders within 5 days of a click in a mail of the play, by the last click.", &["play"]),
            play_revenue: list.float_gauges(
                "play_revenue",
                "Revenue of these orders, in whole units of the currency.",
                &["play", "currency"],
            ),
            acquired_customers: list.gauges(
                "acquired_customers",
                "Customers with a first order, by the channel of their first touch; what a day adds are the new ones of that day.",
                &["channel"],
            ),
            acquisition_cost: list.float_gauges(
                "acquisition_cost",
                "Spent on winning customers, by channel, in whole units of the currency.",
                &["channel", "currency"],
            ),
        }
    }
}

/// Makes and registers. A name or label that cannot be is a mistake in the list above, which every start would show.
struct List(Registry);

const GOOD: &str = "invariant: names, labels and buckets of the list are valid and distinct";

impl List {
    fn add(&self, collector: impl Collector + 'static) {
        self.0.register(Box::new(collector)).expect(GOOD);
    }

    fn keep<C: Collector + Clone + 'static>(&self, made: prometheus::Result<C>) -> C {
        let collector = made.expect(GOOD);
        self.add(collector.clone());
        collector
    }

    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.keep(IntCounter::with_opts(opts(name, help)))
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.keep(IntCounterVec::new(opts(name, help), labels))
    }

    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.keep(IntGauge::with_opts(opts(name, help)))
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.keep(IntGaugeVec::new(opts(name, help), labels))
    }

    fn float_gauges(&self, name: &str, help: &str, labels: &[&str]) -> GaugeVec {
        self.keep(GaugeVec::new(opts(name, help), labels))
    }

    fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Histogram {
        self.keep(Histogram::with_opts(histogram_opts(name, help, buckets)))
    }

    fn histograms(&self, name: &str, help: &str, buckets: &[f64], labels: &[&str]) -> HistogramVec {
        self.keep(HistogramVec::new(histogram_opts(name, help, buckets), labels))
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace(PREFIX)
}

fn histogram_opts(name: &str, help: &str, buckets: &[f64]) -> HistogramOpts {
    HistogramOpts::new(name, help).namespace(PREFIX).buckets(buckets.to_vec())
}
