//! `run` where there is more than it can take, and where there is far more than is its own.

use std::fs;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use super::running::{address, get, total};
use super::{SOON, wait_for};
use crate::broker;
use crate::trial::{Process, Trial};

const STOP: Duration = Duration::from_secs(10);
/// A quarter of 300 customers, roughly.
const SLOT_BYTES: usize = 20_000;

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

/// Milliseconds from the start to `/readyz`, and the most memory the process ever had, in KiB.
fn cost_of_start(trial: &Trial, life: usize) -> (u128, u64) {
    let began = Instant::now();
    let mut process: Process = trial.start("a", life);
    let address = address(&mut process);
    wait_for("/readyz to say yes", SOON, || (get(&address, "/readyz").0 == 200).then_some(()));
    let took_ms = began.elapsed().as_millis();
    let status = fs::read_to_string(format!("/proc/{}/status", process.child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    assert_eq!(process.stop(STOP), Some(0), "{}", process.log_tail());
    (took_ms, peak.split_whitespace().next().unwrap().parse().unwrap())
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
