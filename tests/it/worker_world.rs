//! The worker over the log in memory, undisturbed: a generated backlog, lives of so many steps, and what came of it.
//!
//! It knows no faults: `worker_refusals` and `ways_out` damage the log between two lives, `simulation` has a world of its own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use lifetide::cli::rules;
use lifetide::cli::shop::Shop;
use lifetide::engine::{ALL_REGIONS, Committed, RowVersion};
use lifetide::worker::memory::{MemoryLog, MemorySource, MemoryTransaction, Produced};
use lifetide::worker::source::Input;
use lifetide::worker::transaction::OutputTopic;
use lifetide::worker::{Next, Now, Rules, Worker, WorkerError, partition_of};

use crate::erasure::with_erasures;
use crate::settings;

pub const SLOTS: u32 = 3;
const EVENTS: usize = 3_000;
const CUSTOMERS: u32 = 60;

pub type Log = Rc<RefCell<MemoryLog>>;
pub type Rows = Vec<(u32, Vec<u8>, Vec<u8>)>;

pub struct World {
    pub log: Log,
    pub base_ratio: f64,
    /// Of slots without a history.
    pub row_version: RowVersion,
    /// `None`: the configuration's.
    pub group: Option<&'static str>,
    lives: u64,
}

impl World {
    pub fn new(seed: u64) -> World {
        World::after(seed, |_| ())
    }

    /// The shop's records come after those that `first` puts there.
    pub fn after(seed: u64, first: impl FnOnce(&mut MemoryLog)) -> World {
        World::of(seed, CUSTOMERS, first)
    }

    pub fn crowded(seed: u64, customers: u32) -> World {
        World::of(seed, customers, |_| ())
    }

    fn of(seed: u64, customers: u32, first: impl FnOnce(&mut MemoryLog)) -> World {
        let log = MemoryLog::new(4, SLOTS, true);
        first(&mut log.borrow_mut());
        for record in with_erasures(Shop::new(seed, customers, 1_767_225_600_000, 600_000).take(EVENTS)) {
            let slot = record.key.as_ref().map_or(0, |key| partition_of(key.as_bytes(), SLOTS));
            let input = Input { topic: record.topic as usize, slot };
            let key = record.key.as_ref().map(|key| key.as_bytes());
            let at = Some(record.timestamp_ms);
            log.borrow_mut().append(input, None, key, Some(&record.value), at, Vec::new()).unwrap();
        }
        World { log, base_ratio: 1.0, row_version: RowVersion::NEWEST, group: None, lives: 0 }
    }

    /// What a worker of the next life is told.
    pub fn rules(&mut self) -> Rules {
        self.lives += 1;
        let config = settings::config(&["time.mode=\"event\"".to_owned()]);
        let mut rules = rules::worker_rules(&config, SLOTS, self.lives);
        rules.commit_records_max = 40;
        rules.base_ratio = self.base_ratio;
        rules.row_version = self.row_version;
        rules.group = self.group.map_or(rules.group, str::to_owned);
        rules
    }

    fn worker(&mut self) -> (Worker<MemorySource, MemoryTransaction>, Arc<Committed>) {
        let rules = self.rules();
        let transaction = MemoryTransaction::new(self.log.clone());
        let committed = Arc::new(Committed::new());
        (Worker::new(MemorySource::new(self.log.clone()), transaction, rules, committed.clone()), committed)
    }

    /// One life of so many steps, or the reason why it is refused.
    pub fn live(&mut self, steps: u64) -> Result<(), WorkerError> {
        let (mut worker, _) = self.worker();
        (0..steps).try_for_each(|step| worker.step(Now { mono_ms: step * 100, wall_ms: 0 }).map(drop))
    }

    /// Runs a fresh worker to the end of all input; returns the state it held.
    pub fn run(&mut self) -> Result<Rows, WorkerError> {
        let (mut worker, committed) = self.worker();
        for step in 0.. {
            let next = worker.step(Now { mono_ms: step * 100, wall_ms: 0 })?;
            if matches!(next, Next::Wait(100)) && worker.status().running.len() == SLOTS as usize {
                break;
            }
        }
        Ok(rows(&committed))
    }

    /// What was written, by topic and key: the order between keys is nobody's promise. Of a cell the last value, whenever that was.
    pub fn produced(&self) -> Vec<Produced> {
        let (mut produced, mut cells) = (Vec::new(), BTreeMap::new());
        for record in self.log.borrow().produced.iter().cloned() {
            match record.topic {
                OutputTopic::Aggregates => drop(cells.insert(record.key.clone(), Produced { timestamp_ms: None, ..record })),
                _ => produced.push(record),
            }
        }
        produced.extend(cells.into_values());
        produced.sort_by(|a, b| (a.topic, &a.key).cmp(&(b.topic, &b.key)));
        produced
    }
}

fn rows(committed: &Committed) -> Rows {
    let mut rows = Rows::new();
    for slot in 0..SLOTS {
        for region in ALL_REGIONS {
            committed.with_region(slot, region as u16, |region| {
                rows.extend(region.into_iter().flat_map(|r| r.rows()).map(|(_, id, row)| (slot, id.to_vec(), row.to_vec())));
                rows.extend(region.into_iter().flat_map(|r| r.marks()).map(|mark| (slot, mark.id.0.to_vec(), mark.row().to_vec())));
                rows.extend(region.into_iter().flat_map(|r| r.cells()).map(|(key, row)| (slot, key.as_bytes().to_vec(), row.to_vec())));
            });
        }
    }
    rows.sort();
    rows
}

pub fn undisturbed(seed: u64) -> (Rows, Vec<Produced>) {
    let mut world = World::new(seed);
    let rows = world.run().unwrap();
    assert!(rows.len() > 20 && world.produced().len() > 500, "{} rows, {} records", rows.len(), world.produced().len());
    (rows, world.produced())
}
