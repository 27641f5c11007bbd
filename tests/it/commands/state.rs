//! `state`: every way out, on the real broker. A trial is stopped in the middle of its backlog, something is broken as life breaks it, the
//! program refuses it, the command mends it, and what is written in the end is what `replay` says.

mod beginnings;
mod inputs;
mod looks;
mod mending;
mod reslot;
mod upgrade;

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::Value;

use super::{Outcome, SOON, finish, wait_for};
use crate::broker;
use crate::trial::{OUTPUTS, SLOTS, Trial, Written, differences};

const EVENTS: usize = 4_000;
const CUSTOMERS: u32 = 200;
/// Transactions small enough to stop between them, all of them kept in the changelog; a dynamic member is gone as soon as it stops, and
/// one worker finds no fork by handing slots to another.
const SETTINGS: [&str; 4] = ["commit.max_records=3", "changelog.base_ratio=0.01", "kafka.static_membership=false", "workers=1"];
/// Reading the whole backlog, with a restore before it, on a busy machine.
const LONGEST: Duration = Duration::from_secs(120);

/// A trial that was stopped in order in the middle of its backlog, and what should come of all of it.
fn stopped_midway(name: &str, seed: u64) -> (Trial, Written) {
    let trial = Trial::new(name, &SETTINGS);
    trial.create_topics();
    trial.load(seed, EVENTS, CUSTOMERS);
    let expected = trial.replay();
    run_until(&trial, 0, EVENTS as i64 / 8);
    let lag = trial.lag();
    assert!(lag > 0 && lag < EVENTS as i64, "nothing to stop in the middle of: {lag} records left");
    (trial, expected)
}

/// A life of the process that ends, in order, when so many records have been read.
fn run_until(trial: &Trial, life: usize, wanted: i64) {
    let watch = trial.watch();
    // while the coordinator moves there is no answer
    let read = || watch.look().map(|stands| stands.iter().map(|stand| stand.committed).sum::<i64>());
    // the first answer may take seconds, in which a quick machine would read everything
    wait_for("an answer", LONGEST, read);
    let mut process = trial.start("a", life);
    wait_for("progress", LONGEST, || {
        assert!(process.child.try_wait().unwrap().is_none(), "{}", process.log_tail());
        read().filter(|read| *read >= wanted).map(drop)
    });
    // what is wanted may have been read before this life: it hears signals from its first word on
    wait_for("a word", LONGEST, || (!process.log_tail().is_empty()).then_some(()));
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
}

/// Runs the rest of the backlog, and stops.
fn run_on(trial: &Trial, life: usize) {
    run_until(trial, life, EVENTS as i64);
}

/// Why `run` refuses to go on.
pub fn refusal(trial: &Trial) -> String {
    let outcome = finish(&mut trial.command(&["run", "--set", "instance.id=\"a\""]), LONGEST);
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    outcome.stderr.lines().filter(|line| line.starts_with("error: ")).collect::<Vec<_>>().join("\n")
}

pub fn state(trial: &Trial, arguments: &str) -> Outcome {
    let mut all = vec!["state"];
    all.extend(arguments.split(' '));
    let outcome = finish(&mut trial.command(&all), LONGEST);
    println!("state {arguments}: {:?} after {:?}", outcome.code, outcome.took);
    outcome
}

/// The slots of a `-o json` answer.
fn slots(outcome: &Outcome) -> Vec<Value> {
    assert!(!outcome.stdout.is_empty(), "{}", outcome.stderr);
    outcome.json()["slots"].as_array().unwrap().clone()
}

fn admin() -> (AdminClient<DefaultClientContext>, tokio::runtime::Runtime) {
    let admin = ClientConfig::new().set("bootstrap.servers", broker::bootstrap()).create().unwrap();
    (admin, tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap())
}

/// As the broker does a week after the last member has left. Members that were stopped count as there for a session.
fn expire_offsets(trial: &Trial) {
    wait_for("the group to be deleted", LONGEST, || {
        let (admin, runtime) = admin();
        let deleted = runtime.block_on(admin.delete_groups(&[&trial.name], &AdminOptions::new())).unwrap();
        deleted[0].is_ok().then_some(())
    });
}

/// Deletes a slot's changelog up to its end.
fn truncate_changelog(trial: &Trial, slot: u32) {
    delete_before(&format!("{}.out.changelog", trial.name), slot, Offset::End);
}

fn delete_before(topic: &str, slot: u32, offset: Offset) {
    let mut records = TopicPartitionList::new();
    records.add_partition_offset(topic, slot as i32, offset).unwrap();
    let (admin, runtime) = admin();
    let deleted = runtime.block_on(admin.delete_records(&records, &AdminOptions::new())).unwrap();
    deleted.elements().iter().for_each(|element| element.error().unwrap());
}

/// One partition more for each of the topics; they differ only in this.
fn add_partition(topics: &[String]) {
    let (admin, runtime) = admin();
    let more: Vec<NewPartitions<'_>> = topics.iter().map(|topic| NewPartitions::new(topic, SLOTS as usize + 1)).collect();
    let added = runtime.block_on(admin.create_partitions(&more, &AdminOptions::new())).unwrap();
    assert!(added.iter().all(Result::is_ok), "{added:?}");
}

fn outsider(trial: &Trial) -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", broker::bootstrap())
        .set("group.id", &trial.name)
        .set("enable.auto.commit", "false")
        .create()
        .unwrap()
}

/// What the group has committed for a slot, with its metadata.
fn committed(trial: &Trial, slot: u32) -> TopicPartitionList {
    let mut asked = TopicPartitionList::new();
    for topic in trial.inputs().into_iter().chain([format!("{}.out.relay", trial.name)]) {
        asked.add_partition(&topic, slot as i32);
    }
    outsider(trial).committed_offsets(asked, Duration::from_secs(10)).unwrap()
}

/// Commits from outside, as tools do; only a group without members takes it.
fn commit(trial: &Trial, offsets: &TopicPartitionList) {
    let consumer = outsider(trial);
    wait_for("the group to be empty", LONGEST, || consumer.commit(offsets, CommitMode::Sync).ok());
}

/// Every record that should be there is there, and what is there besides bears the id of one of them.
pub fn assert_same_but_for_repeats(expected: &Written, found: &Written) -> usize {
    let mut repeats = 0;
    for topic in OUTPUTS.into_iter().filter(|topic| *topic != "dlq") {
        for (key, wanted) in &expected[topic] {
            let got = found[topic].get(key).map_or(&[][..], Vec::as_slice);
            let mut seen = BTreeSet::new();
            let once: Vec<&Value> = got.iter().filter(|record| seen.insert(record["id"].as_str().unwrap())).collect();
            assert_eq!(once, wanted.iter().collect::<Vec<_>>(), "{topic} {key}");
            repeats += got.len() - once.len();
        }
        assert_eq!(found[topic].len(), expected[topic].len(), "{topic}");
    }
    repeats
}

fn assert_exactly(expected: &Written, trial: &Trial) {
    let differences = differences(expected, &trial.written());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

pub fn assert_all_verified(trial: &Trial) {
    let outcome = state(trial, "verify -o json");
    assert_eq!(outcome.code, Some(0), "{}{}", outcome.stdout, outcome.stderr);
    let slots = slots(&outcome);
    assert_eq!(slots.len(), SLOTS as usize);
    assert!(slots.iter().all(|slot| slot["verdict"] == "verified"), "{slots:?}");
}
