//! A hot standby on the real broker: of two processes one is killed with -9 in the middle of a backlog; the other has followed its slots and
//! takes them over from where it has read, and what both wrote is what `replay` makes of the same input.
//!
//! It prints how long it took from the kill to the first output committed for the dead one's slots; the group's session of 10 s is in that.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::running::{address, get, total};
use super::wait_for;
use crate::broker;
use crate::exactly_once::{Random, seed};
use crate::trial::{Trial, differences};

/// Enough that most of it is left when the first process dies.
const EVENTS: usize = 30_000;
const CUSTOMERS: u32 = 3_000;
/// Both a debug build and a busy machine fit in here several times.
const LONGEST: Duration = Duration::from_secs(240);
/// What a dead process had sent may still become visible; nobody takes over before the session (10 s) has ended.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The slots that have this gauge.
fn slots_with(metrics: &str, gauge: &str) -> BTreeSet<u32> {
    let begin = format!("lifetide_{gauge}{{slot=\"");
    metrics.lines().filter_map(|line| line.strip_prefix(&begin)?.split('"').next()?.parse().ok()).collect()
}

/// Waits for a record committed to the slots' partitions of `clv` from now on, but for what comes at once; how long it took. `None`: on a
/// busy machine the dead one had left nothing to do.
fn first_output(trial: &Trial, slots: &BTreeSet<u32>, since: Instant) -> Option<Duration> {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", broker::bootstrap()).set("group.id", "takeover").set("enable.auto.commit", "false");
    let consumer: BaseConsumer = client.set("isolation.level", "read_committed").set("fetch.wait.max.ms", "20").create().unwrap();
    let mut partitions = TopicPartitionList::new();
    for slot in slots {
        partitions.add_partition_offset(&format!("{}.out.clv", trial.name), *slot as i32, Offset::End).unwrap();
    }
    consumer.assign(&partitions).unwrap();
    wait_for("an output of the new owner", LONGEST, || {
        if let Some(Ok(_)) = consumer.poll(Duration::from_millis(100)) {
            return Some(Some(since.elapsed())).filter(|_| since.elapsed() > LAST_WORDS);
        }
        (trial.lag() == 0).then_some(None)
    })
}

#[test]
fn a_standby_takes_over_from_a_dead_process_and_nothing_changes() {
    let mut random = Random(seed());
    let trial = Trial::new("standby", &["commit.max_records=10", "kafka.static_membership=false", "standby=true"]);
    trial.create_topics();
    trial.load(random.below(u64::MAX), EVENTS, CUSTOMERS);
    let expected = trial.replay();

    let mut first = trial.start("a", 0);
    let mut second = trial.start("b", 0);
    let addresses = [address(&mut first), address(&mut second)];
    let metrics = |process: usize| get(&addresses[process], "/metrics").1;
    let slots = wait_for("each process to follow the other's two slots", LONGEST, || {
        let is_ready = [0, 1].into_iter().all(|process| {
            let text = metrics(process);
            let standbys = slots_with(&text, "standby_bytes");
            total(&text, "lifetide_assigned_slots") == 2.0 && standbys.len() == 2 && total(&text, "lifetide_standby_bytes") > 1e5
        });
        is_ready.then(|| slots_with(&metrics(1), "standby_bytes"))
    });
    let before = fs::read_to_string(&second.log).unwrap().len();
    first.kill_9();
    let took = first_output(&trial, &slots, Instant::now());
    println!("{took:?} from the kill to the first output of slots {slots:?} by their new owner");
    trial.wait_until_written(&expected, &[&second], LONGEST);
    let differences = differences(&expected, &trial.written());
    assert!(differences.is_empty(), "{}", differences.join("\n"));

    // on a busy machine all may have been read before the kill: the slots come all the same, when the session is over
    for slot in slots {
        let line = wait_for("the slot to be taken over", LONGEST, || {
            let log = fs::read_to_string(&second.log).unwrap();
            let is_it = |line: &&str| line.contains("slot restored") && line.contains(&format!("slot={slot} "));
            log[before..].lines().find(is_it).map(str::to_owned)
        });
        assert!(line.contains("was_warm=true"), "{line}");
    }
    assert_eq!(second.stop(Duration::from_secs(10)), Some(0), "{}", second.log_tail());
}
