//! What the pieces of an event's way cost: decoding, applying, encoding rows, restoring them. `cargo bench --bench pieces`; what a score
//! costs is in `clv`, the whole step in `worker`.
//!
//! Events are the made-up shop's, the same in every run. No limit is asserted: timings of a busy machine prove nothing; instructions are
//! counted by `tests/it/instructions.rs`.

use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use lifetide::cli::rules::worker_rules;
use lifetide::cli::shop::{Shop, ShopRecord};
use lifetide::config::{Config, Sources};
use lifetide::engine::{Cause, Committed, Moment, Outputs, RowVersion, Slot, encode_row, read_row};
use lifetide::event::{self, Raw, Told, Wire};
use lifetide::worker::memory::{MemoryLog, MemorySource, MemoryTransaction};
use lifetide::worker::source::Input;
use lifetide::worker::{Next, Now, TimeMode, Worker};

const EVENTS: usize = 10_000;
const CUSTOMERS: u32 = 2_000;
const STEP_MS: i64 = 30_000;
const START_MS: i64 = 1_767_225_600_000;
/// Whose rows are encoded and read.
const ROWS: usize = 1_000;
const NO_TIME: Now = Now { mono_ms: 0, wall_ms: 0 };

fn config() -> Config {
    let read_file = |_: &str| Err(std::io::Error::other("no file is read"));
    let sources = Sources { files: &[], environment: &[], sets: &[], host_name: Some("bench"), read_file: &read_file };
    Config::read(&sources).expect("the shipped defaults hold")
}

fn records() -> Vec<ShopRecord> {
    Shop::new(1, CUSTOMERS, START_MS, STEP_MS).take(EVENTS).collect()
}

fn raw(record: &ShopRecord) -> Raw<'_> {
    Raw { key: record.key.as_deref().map(str::as_bytes), value: Some(&record.value), timestamp_ms: Some(record.timestamp_ms) }
}

fn told<'a>(record: &'a ShopRecord, config: &Config) -> Option<Told<'a>> {
    let wire = Wire { format: config.input.decode.format(record.topic as usize), each_header: &|_| {} };
    event::decode(&raw(record), &wire, &config.input.decode, None).ok()
}

fn decode(c: &mut Criterion) {
    let (config, records) = (config(), records());
    let mut group = c.benchmark_group("pieces");
    group.throughput(Throughput::Elements(EVENTS as u64));
    group.bench_function("decode", |b| b.iter(|| records.iter().filter(|record| told(black_box(record), &config).is_some()).count()));
    group.finish();
}

/// One slot, from nothing to all events in one transaction, with the deadlines between them.
fn apply(c: &mut Criterion) {
    let (config, records) = (config(), records());
    let events: Vec<_> = records.iter().enumerate().filter_map(|(offset, record)| Some((offset, record, told(record, &config)?))).collect();
    let settings = Arc::new(config.engine.clone());
    let new_slot = || Slot::new(0, settings.clone(), Arc::new(Committed::new()));
    let mut group = c.benchmark_group("pieces");
    group.throughput(Throughput::Elements(events.len() as u64));
    group.bench_function("apply and encode", |b| {
        b.iter_batched(
            || (new_slot(), Outputs::default()),
            |(mut slot, mut out)| {
                for (offset, record, told) in &events {
                    for event in told.events() {
                        let cause = Cause { topic: "shop.carts", offset: *offset as i64, part: 0, trace: None, record: raw(record) };
                        slot.tick(Moment { to_ms: event.time_ms, wall_ms: None }, usize::MAX, &mut out);
                        slot.apply(event, &cause, &mut out);
                        out.clear();
                    }
                }
                slot.seal();
                slot.publish();
                slot
            },
            BatchSize::LargeInput,
        )
    });
    group.finish();
}

/// A backlog run through a worker; its changelog is in the log.
fn drained(config: &Config) -> Rc<RefCell<MemoryLog>> {
    let log = MemoryLog::new(config.input.topics.len() + 1, 1, true);
    for record in records() {
        let input = Input { topic: record.topic as usize, slot: 0 };
        let Raw { key, value, timestamp_ms } = raw(&record);
        log.borrow_mut().append(input, None, key, value, timestamp_ms, Vec::new()).expect("offsets are counted on");
    }
    run(config, &log);
    log
}

/// A worker's life: until nothing is left to do.
fn run(config: &Config, log: &Rc<RefCell<MemoryLog>>) -> Arc<Committed> {
    let mut rules = worker_rules(config, 1, 1);
    rules.time = TimeMode::Event { until_ms: None };
    let committed = Arc::new(Committed::new());
    let (source, transaction) = (MemorySource::new(log.clone()), MemoryTransaction::new(log.clone()));
    let mut worker = Worker::new(source, transaction, rules, committed.clone());
    loop {
        let next = worker.step(NO_TIME).expect("nothing fails here");
        worker.take_report();
        if matches!(next, Next::Wait(_)) && worker.status().recovering.is_empty() {
            return committed;
        }
    }
}

fn rows_of(committed: &Committed) -> Vec<Vec<u8>> {
    let mut rows = Vec::new();
    for region in lifetide::engine::ALL_REGIONS {
        committed.with_region(0, region as u16, |region| {
            rows.extend(region.into_iter().flat_map(|region| region.rows().map(|(_, _, row)| row.to_vec())));
        });
    }
    rows.sort();
    rows.truncate(ROWS);
    rows
}

fn rows_and_restore(c: &mut Criterion) {
    let config = config();
    let log = drained(&config);
    let committed = run(&config, &log);
    let rows = rows_of(&committed);
    let customers: Vec<_> = rows.iter().map(|row| read_row(row).expect("a stored row can be read")).collect();
    let mut group = c.benchmark_group("pieces");
    group.throughput(Throughput::Elements(rows.len() as u64));
    group.bench_function("read rows", |b| b.iter(|| rows.iter().filter(|row| read_row(black_box(row)).is_ok()).count()));
    let mut row = Vec::new();
    group.bench_function("encode rows", |b| {
        b.iter(|| {
            for customer in &customers {
                row.clear();
                encode_row(black_box(customer), RowVersion::NEWEST, 0, &mut row);
            }
            row.len()
        })
    });
    group.throughput(Throughput::Elements(committed.size(0).0 as u64));
    group.bench_function("restore", |b| b.iter(|| run(&config, &log).size(0)));
    group.finish();
}

criterion_group!(pieces, decode, apply, rows_and_restore);
criterion_main!(pieces);
