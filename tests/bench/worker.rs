//! The worker's whole step, without Kafka: made-up or given events in, records and changelog blocks out to nowhere, and what that came to.
//!
//! `cargo bench --bench worker` times it; under `valgrind --tool=callgrind --toggle-collect='*run_to_the_end*'` it counts instructions, which do not
//! depend on the machine's mood (`tests/bench/run`, `tests/it/instructions.rs`). Events are the made-up shop's, or those of a file given as
//! the only argument: lines of topic, key, timestamp and value between tabs. It proves nothing about results: other tests do.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark reads the clock and says what it has measured")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use lifetide::cli::rules::worker_rules;
use lifetide::cli::shop::Shop;
use lifetide::config::{Config, Sources};
use lifetide::engine::Committed;
use lifetide::worker::memory::{MemoryLog, MemorySource};
use lifetide::worker::nowhere::Nowhere;
use lifetide::worker::source::Input;
use lifetide::worker::transaction::{Outgoing, OutputTopic, Transaction};
use lifetide::worker::{Next, Now, TimeMode, Worker, partition_of};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SLOTS: u32 = 4;
/// A step takes a thousand events at most: 100 thousand a second, and ten thousand in a transaction of 100 ms.
const STEP_TAKES_MS: u64 = 10;
const EVENTS: usize = 50_000;
/// Ten events each, three days of silence between two of them.
const CUSTOMERS: u32 = 5_000;
const STEP_MS: i64 = 6_000;
const START_MS: i64 = 1_767_225_600_000;

/// Bytes and records sent, by topic.
type Sent = BTreeMap<OutputTopic, (u64, u64)>;

fn main() {
    // cargo passes arguments of its own, which begin with dashes
    let file = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let config = config();
    let log = MemoryLog::new(config.input.topics.len() + 1, SLOTS, false);
    let events = match file {
        Some(path) => load_file(&path, &config, &log),
        None => load_shop(&log),
    };
    let mut rules = worker_rules(&config, SLOTS, 1);
    rules.time = TimeMode::Event { until_ms: None };
    let mut sent = Sent::new();
    let count = |record: &Outgoing<'_>| {
        let (records, bytes) = sent.entry(record.topic).or_default();
        *records += 1;
        *bytes += (record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len)) as u64;
    };
    let mut worker = Worker::new(MemorySource::new(log), Nowhere("bench", count), rules, Arc::new(Committed::new()));
    let began = Instant::now();
    run_to_the_end(&mut worker);
    let elapsed_s = began.elapsed().as_secs_f64();
    drop(worker);
    report(events, elapsed_s, &sent);
}

fn config() -> Config {
    let sets = ["consent.require=none".to_owned()];
    let read_file = |_: &str| Err(std::io::Error::other("no file is read"));
    let sources = Sources { files: &[], environment: &[], sets: &sets, host_name: Some("bench"), read_file: &read_file };
    Config::read(&sources).expect("the shipped defaults hold")
}

fn load_shop(log: &RefCell<MemoryLog>) -> usize {
    for record in Shop::new(1, CUSTOMERS, START_MS, STEP_MS).take(EVENTS) {
        append(log, record.topic as usize, record.key.as_deref().map(str::as_bytes), &record.value, record.timestamp_ms);
    }
    EVENTS
}

fn load_file(path: &str, config: &Config, log: &RefCell<MemoryLog>) -> usize {
    let bytes = std::fs::read(path).expect("the file of events can be read");
    let mut events = 0;
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let mut parts = line.splitn(4, |byte| *byte == b'\t');
        let mut next = || parts.next().expect("four columns");
        let (topic, key, time, value) = (next(), next(), next(), next());
        let topic = config.input.topics.iter().position(|name| name.as_bytes() == topic).expect("a topic of the configuration");
        let time_ms = std::str::from_utf8(time).ok().and_then(|text| text.parse().ok()).expect("a time");
        append(log, topic, Some(key), value, time_ms);
        events += 1;
    }
    events
}

fn append(log: &RefCell<MemoryLog>, topic: usize, key: Option<&[u8]>, value: &[u8], time_ms: i64) {
    let slot = key.map_or(0, |key| partition_of(key, SLOTS));
    log.borrow_mut().append(Input { topic, slot }, None, key, Some(value), Some(time_ms), Vec::new()).expect("offsets are counted on");
}

/// What is timed and counted.
#[inline(never)]
fn run_to_the_end(worker: &mut Worker<MemorySource, impl Transaction>) {
    let mut now = Now { mono_ms: 0, wall_ms: 0 };
    loop {
        let next = worker.step(now).expect("nothing fails here");
        worker.take_report();
        if matches!(next, Next::Wait(_)) && worker.status().recovering.is_empty() {
            return;
        }
        now.mono_ms += STEP_TAKES_MS;
    }
}

fn report(events: usize, seconds: f64, sent: &BTreeMap<OutputTopic, (u64, u64)>) {
    println!("{events} events in {seconds:.3} s, {:.0} a second", events as f64 / seconds);
    for (topic, (records, bytes)) in sent {
        let each = |count: u64| count as f64 / events as f64;
        println!("{topic:?}: {records} records, {:.3} an event; {:.0} bytes an event", each(*records), each(*bytes));
    }
}
