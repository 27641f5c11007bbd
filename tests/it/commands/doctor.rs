//! `doctor` on the real broker: nothing to say of a healthy set-up, and of a broken one what is broken and what to do.

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;

use super::running::{address, get};
use super::{Outcome, SOON, finish, lifetide, wait_for};
use crate::broker;
use crate::trial::{SLOTS, Trial};

pub fn examine(trial: &Trial, arguments: &[&str]) -> Outcome {
    finish(trial.command(&["doctor", "-o", "json"]).args(arguments), SOON)
}

/// `check: found` of all with this verdict.
pub fn told(outcome: &Outcome, verdict: &str) -> Vec<String> {
    let checks = outcome.json()["checks"].as_array().unwrap().clone();
    let text = |check: &Value, field: &str| check[field].as_str().unwrap().to_owned();
    let told = checks.iter().filter(|check| check["verdict"] == verdict);
    told.map(|check| format!("{}: {}", text(check, "check"), text(check, "found"))).collect()
}

/// Exactly so many are wrong, each with words of its own and with advice.
#[track_caller]
pub fn assert_wrong(outcome: &Outcome, parts: &[&str]) {
    let wrong = told(outcome, "wrong");
    assert_eq!(outcome.code, Some(1), "{}{}", outcome.stdout, outcome.stderr);
    assert!(wrong.len() == parts.len() && parts.iter().all(|part| wrong.iter().any(|found| found.contains(part))), "{wrong:#?}");
    let checks = outcome.json()["checks"].as_array().unwrap().clone();
    assert!(checks.iter().all(|check| check["verdict"] != "wrong" || check["advice"].is_string()), "{checks:#?}");
}

fn send(topic: &str, key: &str, partition: u32, timestamp_ms: i64) {
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", broker::bootstrap()).create().unwrap();
    let record = BaseRecord::to(topic).key(key).payload("{}").partition(partition as i32).timestamp(timestamp_ms);
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(SOON).unwrap();
}

#[test]
fn a_healthy_cluster_is_found_healthy_while_it_works_and_is_left_as_it_was() {
    let trial = Trial::new("doctor", &["state.max_bytes=1_000_000"]);
    trial.create_topics();
    trial.load(51, 500, 50);
    let mut process = trial.start("a", 0);
    let at = address(&mut process);
    wait_for("/readyz to say yes", SOON, || (get(&at, "/readyz").0 == 200).then_some(()));
    let before = get(&at, "/metrics").1;
    let outcome = examine(&trial, &["--transactions"]);
    assert_eq!(outcome.code, Some(0), "{}{}", outcome.stdout, outcome.stderr);
    let ok = told(&outcome, "ok").join("\n");
    let wanted = [
        "brokers: 127.0.0.1:",
        "topics: all 11 are there and as they should be",
        "co-partitioning: 3 inputs, changelog and relay have 4 partitions each",
        "rights: all that is needed on 11 topics and on group doctor-",
        "transactions: one was begun and aborted as doctor-",
        "lie where murmur2 says",
        "producers' clock: the newest record is ",
        "group: 2 members with 4 slots: lifetide-a-0, lifetide-a-1",
    ];
    for line in wanted {
        assert!(ok.contains(line), "{line:?} is not in\n{ok}");
    }
    assert_eq!(told(&outcome, "mind").len(), 1, "the shipped models are not fitted: {}", outcome.stdout);
    let quiet = |metrics: &str| super::running::total(metrics, "lifetide_rebalances_total");
    assert_eq!(quiet(&get(&at, "/metrics").1), quiet(&before));
    // for people the same, a line each
    let text = finish(&mut trial.command(&["doctor"]), SOON);
    assert_eq!(text.code, Some(0));
    assert!(text.stdout.lines().any(|line| line.starts_with("ok       co-partitioning  3 inputs")), "{}", text.stdout);
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
}

#[test]
fn what_is_wrong_with_topics_keys_and_clocks_is_told_at_once() {
    let mut trial = Trial::new("doctor-ill", &[]);
    assert_wrong(&examine(&trial, &[]), &["input topic"; 11].map(|_| "does not exist"));

    trial.create_topics();
    let [orders, mails, carts] = trial.inputs();
    let odd = format!("{}.odd", trial.name);
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", broker::bootstrap()).create().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let topic = NewTopic::new(&odd, 3, TopicReplication::Fixed(1));
    assert!(runtime.block_on(admin.create_topics([&topic], &AdminOptions::new())).unwrap()[0].is_ok());
    let home = lifetide::worker::partition_of(b"ann", SLOTS);
    let now_ms = jiff::Timestamp::now().as_millisecond();
    send(&orders, "ann", (home + 1) % SLOTS, now_ms);
    send(&mails, "ann", home, now_ms + 3_600_000);
    let away = format!("a record of {orders} {} does not lie where murmur2", (home + 1) % SLOTS);
    assert_wrong(&examine(&trial, &[]), &[&away, "producers' clock: the newest record is 3"]);

    trial.sets.push(format!("input.topics={:?}", [carts, odd.clone()]));
    assert_wrong(&examine(&trial, &[]), &["co-partitioning: input topics differ in their number of partitions"]);
}

#[test]
fn a_broker_that_is_away_and_keys_that_are_wrong_are_told_in_the_same_way() {
    let away = finish(&mut lifetide(&["doctor", "-o", "json", "--set", "kafka.bootstrap_servers=127.0.0.1:1"]), SOON);
    assert_wrong(&away, &["brokers: no answer from 127.0.0.1:1"]);
    let bad = ["doctor", "-o", "json", "--set", "workers=0", "--set", "kafka.groupid=a"];
    let bad = finish(lifetide(&bad).env("LIFETIDE__LOG__LEVEL", "loud"), SOON);
    assert_wrong(&bad, &["workers (--set)", "kafka.groupid (--set): unknown key", "log.level (environment LIFETIDE__LOG__LEVEL)"]);
}
