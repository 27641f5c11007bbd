//! The worker over the log in memory, damaged: a changelog or offsets that do not fit each other, a key in the wrong partition. What cannot
//! be proven is refused, with the reason and the ways out. What goes wrong by itself is `simulation`'s.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use lifetide::cli::rules;
use lifetide::cli::shop::Shop;
use lifetide::engine::Committed;
use lifetide::worker::memory::{MemoryLog, MemorySource, MemoryTransaction};
use lifetide::worker::source::Input;
use lifetide::worker::{Next, Now, Worker, WorkerError, partition_of};

use crate::settings;

const SLOTS: u32 = 3;
const EVENTS: usize = 3_000;

type Log = Rc<RefCell<MemoryLog>>;

struct World {
    log: Log,
    lives: u64,
}

impl World {
    fn new(seed: u64) -> World {
        let log = MemoryLog::new(3, SLOTS, true);
        for record in Shop::new(seed, 60, 1_767_225_600_000, 600_000).take(EVENTS) {
            let slot = record.key.as_ref().map_or(0, |key| partition_of(key.as_bytes(), SLOTS));
            let input = Input { topic: record.topic as usize, slot };
            let key = record.key.as_ref().map(|key| key.as_bytes());
            let at = Some(record.timestamp_ms);
            log.borrow_mut().append(input, None, key, Some(&record.value), at, Vec::new()).unwrap();
        }
        World { log, lives: 0 }
    }

    fn worker(&mut self) -> Worker<MemorySource, MemoryTransaction> {
        self.lives += 1;
        let config = settings::config(&["time.mode=\"event\"".to_owned()]);
        let mut rules = rules::worker_rules(&config, SLOTS, self.lives);
        rules.commit_records_max = 40;
        rules.base_ratio = 0.0;
        let transaction = MemoryTransaction::new(self.log.clone());
        Worker::new(MemorySource::new(self.log.clone()), transaction, rules, Arc::new(Committed::new()))
    }

    /// Runs a fresh worker to the end of all input.
    fn run(&mut self) -> Result<(), WorkerError> {
        let mut worker = self.worker();
        for step in 0.. {
            let next = worker.step(Now { mono_ms: step * 100, wall_ms: 0 })?;
            if matches!(next, Next::Wait(100)) && worker.status().running.len() == SLOTS as usize {
                break;
            }
        }
        Ok(())
    }
}

/// The reason for which a fresh worker refuses to serve the log after `damage`.
fn refusal(damage: impl Fn(&mut MemoryLog)) -> String {
    let mut world = World::new(7);
    world.run().unwrap();
    damage(&mut world.log.borrow_mut());
    match world.run() {
        Err(WorkerError::Refused(why)) => why,
        other => panic!("expected a refusal: {other:?}"),
    }
}

#[test]
fn a_state_that_cannot_be_proven_is_refused_with_the_reason() {
    type Damage = Box<dyn Fn(&mut MemoryLog)>;
    let cases: Vec<(&str, Damage, &str)> = vec![
        ("a bit flips", Box::new(|log| log.changelog(1)[3][200] ^= 1), "checksum"),
        ("a block is lost", Box::new(|log| drop(log.changelog(1).remove(3))), "torn"),
        ("the end is lost", Box::new(|log| drop(log.changelog(1).pop())), "changelog ends at sequence"),
        (
            "a foreign block",
            Box::new(|log| {
                let other = log.changelog(0)[3].clone();
                log.changelog(1)[3] = other;
            }),
            "belongs to slot 0",
        ),
        ("two blocks change places", Box::new(|log| log.changelog(1).swap(3, 4)), "torn"),
        (
            "offsets are moved by a tool",
            Box::new(|log| log.committed(1)[0].as_mut().unwrap().offset -= 1),
            "changelog and committed offsets disagree",
        ),
        (
            "offsets are reset by a tool",
            Box::new(|log| log.committed(1).iter_mut().flatten().for_each(|c| c.metadata.clear())),
            "not lifetide's",
        ),
        ("offsets are deleted", Box::new(|log| log.committed(1).fill(None)), "no committed offsets"),
        ("the changelog is emptied", Box::new(|log| log.changelog(1).clear()), "changelog ends at sequence"),
    ];
    for (what, damage, reason) in cases {
        let why = refusal(damage);
        assert!(why.contains(reason) && why.contains("slot 1") && why.contains("ways out"), "{what}: {why}");
    }
}

#[test]
fn a_key_in_the_wrong_partition_stops_the_worker_and_names_the_record() {
    let mut world = World::new(7);
    let wrong = (0..).map(|n| format!("u-{n}")).find(|key| partition_of(key.as_bytes(), SLOTS) != 2).unwrap();
    let input = Input { topic: 1, slot: 2 };
    let value = format!(r#"{{"type":"identify","userId":"{wrong}","timestamp":"2026-01-01T00:00:00Z"}}"#);
    let key = Some(wrong.as_bytes());
    world.log.borrow_mut().append(input, Some(9_000_000), key, Some(value.as_bytes()), None, Vec::new()).unwrap();
    let Err(WorkerError::Refused(why)) = world.run() else { panic!("it went on") };
    assert!(why.contains("shop.emails partition 2 offset 9000000"), "{why}");
}
