//! Partitions that were added to all topics: `state reslot` moves the customers, once everything before has been read.

use std::collections::BTreeMap;
use std::time::Duration;

use lifetide::worker::partition_of;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::{LONGEST, add_partition, assert_exactly, refusal, run_on, slots, state, stopped_midway};
use crate::broker;
use crate::commands::{SOON, wait_for};
use crate::trial::{SLOTS, Trial};

const MORE: u32 = SLOTS + 1;

fn add_everywhere(trial: &Trial) {
    let outputs =
        ["transitions", "clv", "actions", "dlq", "changelog", "relay", "aggregates"].map(|topic| format!("{}.out.{topic}", trial.name));
    add_partition(&[trial.inputs().as_slice(), &outputs].concat());
    // brokers that have just got a partition say so a moment later
    wait_for("the partitions to be known", SOON, || state(trial, "verify").stdout.contains("slot 4").then_some(()));
}

/// Rows by customer (marks by their hash), and the slots they are in.
type ByKey = BTreeMap<Vec<u8>, (Vec<u32>, Vec<u8>)>;

fn by_key(trial: &Trial, slots: u32) -> ByKey {
    let mut found = ByKey::new();
    for ((slot, key), row) in trial.proven_rows(&[], slots).unwrap() {
        found.entry(key).or_insert_with(|| (Vec::new(), row)).0.push(slot);
    }
    found
}

#[test]
fn customers_follow_their_keys_into_partitions_that_were_added() {
    let (trial, expected) = stopped_midway("reslot", 47);
    run_on(&trial, 1);
    assert_exactly(&expected, &trial);
    let before = by_key(&trial, SLOTS);
    add_everywhere(&trial);
    let why = refusal(&trial);
    assert!(why.contains("holds customers whose keys lie in other partitions") && why.contains("state reslot"), "{why}");
    let shown = state(&trial, "reslot");
    assert_eq!(shown.code, Some(1), "{}", shown.stderr);
    assert!(shown.stdout.contains("would have") && shown.stderr.contains("--yes"), "{}{}", shown.stdout, shown.stderr);
    assert_eq!(by_key(&trial, MORE), before, "without --yes nothing changes");

    let done = state(&trial, "reslot --yes -o json");
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let count = |field: &str| slots(&done).iter().map(|slot| slot[field].as_u64().unwrap()).sum::<u64>();
    assert!(count("left") > 0 && count("left") == count("came"), "{}", done.stdout);
    let after = by_key(&trial, MORE);
    let rows = |held: &ByKey| held.iter().map(|(key, (_, row))| (key.clone(), row.clone())).collect::<Vec<_>>();
    assert_eq!(rows(&after), rows(&before), "rows are as they were, and nobody is lost");
    for (key, (slots, _)) in after.iter().filter(|(key, _)| key.starts_with(b"u-") || key.starts_with(b"a-")) {
        assert_eq!(slots, &[partition_of(key, MORE)], "{}", String::from_utf8_lossy(key));
    }
    let again = state(&trial, "reslot --yes");
    assert_eq!(again.code, Some(0), "nobody is left to move: {}", again.stderr);

    let moved = after.keys().find(|key| key.starts_with(b"u-") && partition_of(key, MORE) == SLOTS).unwrap();
    a_moved_customer_orders(&trial, std::str::from_utf8(moved).unwrap());
}

/// In the partition that is new, and is the one they were.
fn a_moved_customer_orders(trial: &Trial, customer: &str) {
    let days = || state(trial, &format!("export {customer}")).json()["held"]["orders"]["kept"].as_array().unwrap().len();
    let before = days();
    let order = format!(
        r#"{{"type":"track","event":"Order Completed","userId":"{customer}","messageId":"after","timestamp":"2026-11-01T00:00:00Z","properties":{{"order_id":"after","total":10,"currency":"USD"}}}}"#
    );
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", broker::bootstrap()).create().unwrap();
    let purchases = &trial.inputs()[0];
    let record = BaseRecord::to(purchases).partition(SLOTS as i32).key(customer).payload(&order).timestamp(1_793_491_200_000);
    producer.send(record).map_err(|(why, _)| why).unwrap();
    producer.flush(Duration::from_secs(10)).unwrap();
    let mut process = trial.start("a", 2);
    wait_for("the order", LONGEST, || (days() == before.min(15) + 1).then_some(()));
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
}

#[test]
fn nobody_moves_while_something_is_left_to_read() {
    let (trial, _) = stopped_midway("reslot-early", 48);
    add_everywhere(&trial);
    let refused = state(&trial, "reslot --yes");
    assert_eq!(refused.code, Some(1), "{}", refused.stdout);
    assert!(refused.stderr.contains("let the group read to the end with the former number of partitions first"), "{}", refused.stderr);
}
