//! What stops a running process, because only a person can put it right: producers that partition otherwise, and a second process of
//! the same name.

use std::time::Duration;

use lifetide::worker::partition_of;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::{SOON, finish, wait_for};
use crate::broker;
use crate::trial::{Process, SLOTS, Trial};

/// A group of one process assigns within a second or two.
const JOINED: Duration = Duration::from_secs(60);

/// Sends a record into this very partition of the trial's purchases.
fn send(trial: &Trial, partition: u32, key: &str, value: &str) {
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", broker::bootstrap()).create().unwrap();
    let topic = format!("{}.purchases", trial.name);
    let record = BaseRecord::to(&topic).key(key).payload(value).partition(partition as i32);
    producer.send(record).map_err(|(why, _)| why).unwrap();
    producer.flush(Duration::from_secs(10)).unwrap();
}

#[test]
fn a_record_in_the_wrong_partition_for_its_key_stops_the_worker_and_is_named() {
    let trial = Trial::new("partition", &["instance.id=\"a\""]);
    trial.create_topics();
    let right = partition_of(b"ann", SLOTS);
    let wrong = (right + 1) % SLOTS;
    let identify = r#"{"type":"identify","userId":"ann","timestamp":"2026-01-01T00:00:00Z","traits":{}}"#;
    send(&trial, right, "ann", identify);
    send(&trial, wrong, "ann", identify);
    let outcome = finish(&mut trial.command(&["run"]), SOON);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""), "{}", outcome.stderr);
    let last = outcome.stderr.lines().last().unwrap();
    assert!(
        last.starts_with("error: worker ")
            && last.contains(&format!(
                "record at {}.purchases partition {wrong} offset 0 belongs in partition {right} by murmur2 of its key",
                trial.name
            )),
        "{last}"
    );
    assert!(!last.contains("ann"), "a key is in the log: {last}");
}

#[test]
fn of_two_processes_with_the_same_instance_id_one_is_refused_with_a_hint() {
    let trial = Trial::new("twins", &[]);
    trial.create_topics();
    let mut first = trial.start("a", 0);
    wait_for("the first process to run", JOINED, || {
        let text = first.log_tail();
        assert!(first.child.try_wait().unwrap().is_none(), "{text}");
        text.contains("worker is now running").then_some(())
    });
    let mut second = trial.start("a", 1);
    let ended = |process: &mut Process| process.child.try_wait().unwrap();
    let (status, refused, other) = wait_for("one of the two to end", JOINED, || {
        if let Some(status) = ended(&mut first) {
            return Some((status, first.log_tail(), 1));
        }
        ended(&mut second).map(|status| (status, second.log_tail(), 0))
    });
    assert_eq!(status.code(), Some(1), "{refused}");
    assert!(refused.contains("another process uses instance id `a`: give each process of the group its own instance.id"), "{refused}");
    let other = if other == 1 { &mut second } else { &mut first };
    assert_eq!(other.stop(SOON), Some(0), "{}", other.log_tail());
}
