//! `run` where there is more than it can take, and where there is far more than is its own.

use std::fs;
use std::time::{Duration, Instant};

use lifetide::cli::shop::Shop;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use super::running::{address, get, total};
use super::{SOON, wait_for};
use crate::broker;
use crate::trial::{Process, SLOTS, Trial};

const STOP: Duration = Duration::from_secs(10);
/// A quarter of 300 customers, and some dozen cells, roughly.
const SLOT_BYTES: usize = 36_000;

#[test]
fn slots_beyond_the_memory_bound_are_said_to_be_unserved_and_the_rest_is_served() {
    let mut trial = Trial::new("memory", &[]);
    trial.create_topics();
    trial.load(5, 4_000, 300);
    let expected = trial.replay();
    let mut process = trial.start("a", 0);
    trial.wait_until_written(&expected, &[&process], SOON);
    assert_eq!(process.stop(STOP), Some(0), "{}", process.log_tail());

    trial.sets.push(format!("state.max_bytes={}", 3 * SLOT_BYTES / 2));
    let mut process = trial.start("a", 1);
    let address = address(&mut process);
    let complaint = wait_for("/readyz to say why not", SOON, || {
        let (status, text) = get(&address, "/readyz");
        (status == 503 && text.contains("state.max_bytes is used up")).then_some(text)
    });
    assert!(complaint.contains("slots are not served"), "{complaint}");
    wait_for("the rest to be served", SOON, || {
        let metrics = get(&address, "/metrics").1;
        let (assigned, unserved) = (total(&metrics, "lifetide_assigned_slots"), total(&metrics, "lifetide_unserved_slots"));
        let served = metrics.matches("lifetide_state_bytes{").count();
        let is_full = metrics.lines().any(|line| line == "lifetide_state{state=\"full\"} 1");
        (is_full && assigned == 4.0 && unserved >= 1.0 && unserved + served as f64 == 4.0 && served >= 1).then_some(())
    });
    assert_eq!(get(&address, "/livez").0, 200);
    let log = fs::read_to_string(&process.log).unwrap();
    assert!(log.contains("slots are not served: state.max_bytes is used up"), "{log}");
    assert_eq!(process.stop(STOP), Some(0), "{}", process.log_tail());
}

/// The most memory the process ever had, in KiB.
fn peak_kib(process: &Process) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.split_whitespace().next().unwrap().parse().unwrap()
}

/// Milliseconds from the start to `/readyz`, and the most memory the process ever had, in KiB.
fn cost_of_start(trial: &Trial, life: usize) -> (u128, u64) {
    let began = Instant::now();
    let mut process: Process = trial.start("a", life);
    let address = address(&mut process);
    wait_for("/readyz to say yes", SOON, || (get(&address, "/readyz").0 == 200).then_some(()));
    let took_ms = began.elapsed().as_millis();
    let peak_kib = peak_kib(&process);
    assert_eq!(process.stop(STOP), Some(0), "{}", process.log_tail());
    (took_ms, peak_kib)
}

#[test]
fn a_thousand_foreign_partitions_cost_neither_time_nor_memory() {
    let trial = Trial::new("foreign", &[]);
    trial.create_topics();
    let (alone_ms, alone_kib) = cost_of_start(&trial, 0);
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", broker::bootstrap()).create().unwrap();
    let observer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", broker::bootstrap()).create().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // piece by piece: the broker makes the partitions of one request at once, and the other tests' topics wait meanwhile
    for nth in 0..25 {
        let name = format!("{}.foreign-{nth}", trial.name);
        let topic = NewTopic::new(&name, 40, TopicReplication::Fixed(1));
        let created = runtime.block_on(admin.create_topics([&topic], &AdminOptions::new().operation_timeout(Some(SOON)))).unwrap();
        assert!(created[0].is_ok(), "{created:?}");
        wait_for("the foreign partitions", SOON, || {
            let metadata = observer.fetch_metadata(Some(&name), STOP).ok()?;
            let partitions = metadata.topics()[0].partitions();
            (partitions.len() == 40 && partitions.iter().all(|partition| partition.leader() >= 0)).then_some(())
        });
    }
    let (beside_ms, beside_kib) = cost_of_start(&trial, 1);
    println!("start alone {alone_ms} ms, {alone_kib} KiB; beside 1000 partitions {beside_ms} ms, {beside_kib} KiB");
    // a busy machine may be slower the second time, but not by what a thousand queues or topics would take
    assert!(beside_ms <= 3 * alone_ms + 3_000, "{alone_ms} ms alone, {beside_ms} ms beside");
    assert!(beside_kib <= alone_kib + 8 * 1024, "{alone_kib} KiB alone, {beside_kib} KiB beside");
}

/// Of `Trial::start`.
const WORKERS: u64 = 2;
/// Records of one partition that are fetched and not taken yet; their bookkeeping weighs as much.
const QUEUED_KIB: u64 = 64;
/// One answer of the broker, of which each worker may have one under way.
const ANSWER_KIB: u64 = 1_024;
/// One transaction's input.
const TRANSACTION_KIB: u64 = 256;
/// Records that one worker's producer holds.
const PRODUCED_KIB: u64 = 1_024;
/// All that a burst may add: each of the bounds above, reached in one process and not in the other, six times over: what follows from an
/// event weighs several times as much, and allocators keep what they had.
const BURST_KIB_MAX: u64 = 6 * (2 * 3 * SLOTS as u64 * QUEUED_KIB + WORKERS * (ANSWER_KIB + TRANSACTION_KIB + PRODUCED_KIB));

/// The most memory of a process that reads a backlog of so many events of the same customers, and what the backlog weighs, in KiB.
fn cost_of_backlog(name: &str, events: usize) -> (u64, u64) {
    let sets = [
        format!("kafka.properties.\"queued.max.messages.kbytes\"=\"{QUEUED_KIB}\""),
        // a queue with as many as this asks for no more: far less than its share of bytes
        "kafka.properties.\"queued.min.messages\"=\"1000\"".to_owned(),
        format!("kafka.properties.\"fetch.max.bytes\"=\"{}\"", ANSWER_KIB * 1_024),
        format!("kafka.properties.\"queue.buffering.max.kbytes\"=\"{PRODUCED_KIB}\""),
        format!("commit.max_bytes={}", TRANSACTION_KIB * 1_024),
    ];
    let trial = Trial::new(name, &sets.each_ref().map(String::as_str));
    trial.create_topics();
    let mut bytes = 0;
    let shop = Shop::new(11, 300, 1_767_225_600_000, 1_000).take(events);
    trial.load_records(shop.inspect(|record| bytes += record.value.len() + record.key.as_ref().map_or(0, String::len)));
    let mut process = trial.start("a", 0);
    wait_for("the backlog to be read", SOON, || (trial.lag() == 0).then_some(()));
    let peak_kib = peak_kib(&process);
    assert_eq!(process.stop(STOP), Some(0), "{}", process.log_tail());
    (peak_kib, bytes as u64 / 1_024)
}

#[test]
fn a_burst_ten_times_as_large_waits_in_kafka_and_not_in_memory() {
    // so many that the usual backlog reaches the bounds, too, and what comes on top would be the burst's own
    const EVENTS: usize = 40_000;
    let (usual_kib, usual_weighs_kib) = cost_of_backlog("usual", EVENTS);
    let (burst_kib, burst_weighs_kib) = cost_of_backlog("burst", 10 * EVENTS);
    println!("peak {usual_kib} KiB for {usual_weighs_kib} KiB of records, {burst_kib} KiB for {burst_weighs_kib} KiB");
    let more_kib = burst_weighs_kib - usual_weighs_kib;
    assert!(3 * BURST_KIB_MAX < 2 * more_kib, "a bound of {BURST_KIB_MAX} KiB says nothing about {more_kib} KiB");
    assert!(burst_kib <= usual_kib + BURST_KIB_MAX, "{usual_kib} KiB before, {burst_kib} KiB with ten times as many events");
}
