//! More state than memory: slots there is no room for wait, and nothing else does. Over the log in memory; what is visible of it from
//! outside is tested in `commands/overload`.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use lifetide::cli::rules;
use lifetide::cli::shop::Shop;
use lifetide::engine::Committed;
use lifetide::worker::memory::{MemoryLog, MemorySource, MemoryTransaction};
use lifetide::worker::source::Input;
use lifetide::worker::{Now, Worker, partition_of};

use crate::settings;

const SLOTS: u32 = 4;
const EVENTS: usize = 2_000;

type Log = Rc<RefCell<MemoryLog>>;

fn load(log: &Log, seed: u64, count: usize) {
    for record in Shop::new(seed, 60, 1_767_225_600_000, 600_000).take(count) {
        let slot = record.key.as_ref().map_or(0, |key| partition_of(key.as_bytes(), SLOTS));
        let input = Input { topic: record.topic as usize, slot };
        let key = record.key.as_ref().map(|key| key.as_bytes());
        log.borrow_mut().append(input, None, key, Some(&record.value), Some(record.timestamp_ms), Vec::new()).unwrap();
    }
}

/// A worker that lives as long as a test wants, its clock 100 ms on with each step.
struct Life {
    worker: Worker<MemorySource, MemoryTransaction>,
    mono_ms: u64,
}

impl Life {
    fn new(log: &Log, committed: &Arc<Committed>, state_bytes_max: Option<usize>) -> Life {
        let config = settings::config(&["time.mode=\"event\"".to_owned()]);
        let mut rules = rules::worker_rules(&config, SLOTS, 1);
        rules.state_bytes_max = state_bytes_max;
        let worker = Worker::new(MemorySource::new(log.clone()), MemoryTransaction::new(log.clone()), rules, committed.clone());
        Life { worker, mono_ms: 0 }
    }

    /// Long enough for several looks at whether a slot fits.
    fn step_for_a_while(&mut self) -> &mut Life {
        for _ in 0..100 {
            self.worker.step(Now { mono_ms: self.mono_ms, wall_ms: 0 }).unwrap();
            self.mono_ms += 100;
        }
        self
    }

    /// (running, unserved); nothing is on its way.
    fn slots(&self) -> (Vec<u32>, Vec<u32>) {
        let status = self.worker.status();
        assert_eq!((status.recovering, status.lagging), (vec![], vec![]));
        (status.running, status.unserved)
    }
}

/// A log with a history of all slots, and the memory each takes.
fn history() -> (Log, Vec<usize>) {
    let log = MemoryLog::new(4, SLOTS, true);
    load(&log, 11, EVENTS);
    let committed = Arc::new(Committed::new());
    let mut life = Life::new(&log, &committed, None);
    assert_eq!(life.step_for_a_while().slots(), ((0..SLOTS).collect(), vec![]));
    let states = life.worker.slot_states();
    assert_eq!(states.iter().map(|state| state.bytes).sum::<usize>(), committed.memory());
    (log, states.iter().map(|state| state.bytes).collect())
}

#[test]
fn slots_for_which_there_is_no_memory_wait_while_the_others_go_on() {
    let (log, bytes) = history();
    assert!(bytes.iter().all(|bytes| *bytes > 3_000), "{bytes:?}");
    let committed = Arc::new(Committed::new());
    let most_bytes = bytes[0] + bytes[1] + bytes[2].min(bytes[3]) / 2;
    let mut life = Life::new(&log, &committed, Some(most_bytes));
    assert_eq!(life.step_for_a_while().slots(), (vec![0, 1], vec![2, 3]));
    assert!(committed.memory() <= most_bytes);

    let before = log.borrow().produced.len();
    let waiting = log.borrow_mut().committed(2).clone();
    load(&log, 12, EVENTS);
    assert_eq!(life.step_for_a_while().slots(), (vec![0, 1], vec![2, 3]), "what is served stays served, beyond the bound, too");
    assert!(log.borrow().produced.len() > before + 100);
    assert_eq!(*log.borrow_mut().committed(2), waiting, "a slot that is not served is not touched");
}

#[test]
fn a_slot_that_waits_is_taken_up_when_memory_is_free_again() {
    let (log, bytes) = history();
    let committed = Arc::new(Committed::new());
    let total: usize = bytes.iter().sum();
    // another worker of the process holds nearly everything
    committed.set_aside(99, total);
    let mut life = Life::new(&log, &committed, Some(total));
    assert_eq!(life.step_for_a_while().slots(), (vec![], vec![0, 1, 2, 3]));
    committed.set_aside(99, bytes[2] + bytes[3]);
    assert_eq!(life.step_for_a_while().slots(), (vec![0, 1], vec![2, 3]));
    drop(committed.take_slot(99));
    assert_eq!(life.step_for_a_while().slots(), (vec![0, 1, 2, 3], vec![]));
    assert_eq!(committed.memory(), total);
    life.worker.leave();
    assert_eq!(committed.memory(), 0);
}
