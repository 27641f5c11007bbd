//! While a slot comes back from its changelog, the worker says how much is left: it shrinks, the estimate is near the truth, and in the end
//! what was read is what there was. The worker's other slots go on meanwhile.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use lifetide::cli::rules;
use lifetide::cli::shop::Shop;
use lifetide::engine::Committed;
use lifetide::worker::memory::{MemoryLog, MemorySource, MemoryTransaction};
use lifetide::worker::source::Input;
use lifetide::worker::{Next, Now, Worker};

use crate::settings;

const EVENTS: usize = 18_000;
/// One read of the worker takes 4 MiB: a restore that can be watched takes several.
const LOG_BYTES_MIN: u64 = 9 << 20;

type Log = Rc<RefCell<MemoryLog>>;

/// A long history of slot 0; more slots have none.
fn loaded(slots: u32) -> Log {
    let log = MemoryLog::new(2, slots, true);
    load(&log, 0, EVENTS);
    log
}

fn load(log: &Log, slot: u32, count: usize) {
    for record in Shop::new(11, 40, 1_767_225_600_000, 600_000).take(count) {
        let key = record.key.as_ref().map(|key| key.as_bytes());
        let at = Some(record.timestamp_ms);
        log.borrow_mut().append(Input { topic: 0, slot }, None, key, Some(&record.value), at, Vec::new()).unwrap();
    }
}

fn worker(log: &Log, life: u64) -> Worker<MemorySource, MemoryTransaction> {
    let config = settings::config(&["time.mode=\"event\"".to_owned(), "input.topics=[\"shop.purchases\"]".to_owned()]);
    let mut rules = rules::worker_rules(&config, 1, life);
    // what is in which slot is the test's affair
    rules.partitions = None;
    // a block for each record, and never a base: the log is long and is not trimmed
    rules.commit_records_max = 1;
    rules.base_ratio = 0.0;
    Worker::new(MemorySource::new(log.clone()), MemoryTransaction::new(log.clone()), rules, Arc::new(Committed::new()))
}

#[test]
fn what_a_restore_has_left_shrinks_and_is_near_the_truth() {
    let log = loaded(1);
    let mut first = worker(&log, 1);
    let at = |step: u64| Now { mono_ms: step, wall_ms: 0 };
    let ran = (0..u64::MAX).find(|step| matches!(first.step(at(*step)).unwrap(), Next::Wait(100)));
    assert!(ran.is_some());
    let (records, bytes) = {
        let mut log = log.borrow_mut();
        let blocks = log.changelog(0);
        (blocks.len() as u64, blocks.iter().map(|block| block.len() as u64).sum::<u64>())
    };
    assert!(bytes > LOG_BYTES_MIN, "{bytes} bytes of changelog");

    let mut second = worker(&log, 2);
    let mut seen = Vec::new();
    let restored = loop {
        second.step(at(seen.len() as u64)).unwrap();
        seen.extend(second.restore_states());
        if let Some(restored) = second.take_report().restored.pop() {
            break restored;
        }
    };
    assert!(second.restore_states().is_empty(), "a running slot has nothing left to restore");
    assert_eq!((restored.log_records, restored.log_bytes), (records, bytes));

    assert_eq!((seen[0].remaining_records, seen[0].remaining_bytes), (records, 0), "before the first read there is no estimate");
    assert!(seen.len() > 2, "{seen:?}");
    assert!(seen.windows(2).all(|pair| pair[1].remaining_records < pair[0].remaining_records), "{seen:?}");
    for state in &seen[1..] {
        let truth: u64 = {
            let mut log = log.borrow_mut();
            let blocks = log.changelog(0);
            blocks[blocks.len() - state.remaining_records as usize..].iter().map(|block| block.len() as u64).sum()
        };
        let far = state.remaining_bytes.abs_diff(truth);
        assert!(far <= truth / 3, "{} bytes estimated, {truth} there", state.remaining_bytes);
    }
}

#[test]
fn the_workers_other_slots_go_on_while_one_is_restored() {
    let log = loaded(2);
    let mut first = worker(&log, 1);
    let at = |step: u64| Now { mono_ms: step, wall_ms: 0 };
    assert!((0..u64::MAX).any(|step| matches!(first.step(at(step)).unwrap(), Next::Wait(100))));
    load(&log, 1, 20);

    let mut second = worker(&log, 2);
    let mut commits = 0;
    for step in 0.. {
        second.step(at(step)).unwrap();
        if !second.status().recovering.contains(&0) {
            break;
        }
        commits += second.take_report().commits.len();
    }
    assert!(commits >= 1, "{commits} commits of slot 1 while slot 0 was restored");
    assert!(second.status().recovering.is_empty());
}
