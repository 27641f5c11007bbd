//! The worker over the log in memory, with faults: crashes between any two steps, aborts, commits whose outcome is not known, damaged
//! changelogs. Whatever happens, the outputs and the state are those of an undisturbed run; what cannot be proven is refused.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use lifetide::cli::rules;
use lifetide::cli::shop::Shop;
use lifetide::engine::{ALL_REGIONS, Committed};
use lifetide::worker::memory::{MemoryLog, MemorySource, MemoryTransaction, Produced};
use lifetide::worker::source::{Claim, Input};
use lifetide::worker::transaction::{Outgoing, Position, Transaction, TransactionError};
use lifetide::worker::{Next, Now, Rules, Worker, WorkerError, partition_of};

use crate::erasure::with_erasures;
use crate::exactly_once::{Random, seed};
use crate::settings;

pub const SLOTS: u32 = 3;
const EVENTS: usize = 3_000;

pub type Log = Rc<RefCell<MemoryLog>>;
pub type Rows = Vec<(u32, Vec<u8>, Vec<u8>)>;

/// A transaction that fails as it is told to, mostly not.
struct Faulty {
    inner: MemoryTransaction,
    faults: Rc<RefCell<Random>>,
    /// One in this many commits goes wrong; 0: none.
    one_in: u64,
}

impl Transaction for Faulty {
    fn writer(&self) -> &str {
        self.inner.writer()
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        self.inner.begin()
    }

    fn send(&mut self, record: &Outgoing<'_>) -> Result<(), TransactionError> {
        if self.one_in > 0 && self.faults.borrow_mut().below(self.one_in * 4_000) == 0 {
            return Err(TransactionError::Renew("the producer was fenced".into()));
        }
        self.inner.send(record)
    }

    fn commit(&mut self, positions: &[Position], claim: &Claim) -> Result<(), TransactionError> {
        let fault = if self.one_in == 0 { u64::MAX } else { self.faults.borrow_mut().below(self.one_in * 4) };
        match fault {
            0 => Err(TransactionError::Abort("somebody else's generation".into())),
            1 => Err(TransactionError::Renew("fatal".into())),
            2 => {
                self.inner.commit(positions, claim)?;
                Err(TransactionError::Unknown("it happened".into()))
            }
            3 => {
                self.inner.abort()?;
                Err(TransactionError::Unknown("it did not happen".into()))
            }
            _ => self.inner.commit(positions, claim),
        }
    }

    fn abort(&mut self) -> Result<(), TransactionError> {
        self.inner.abort()
    }

    fn renew(&mut self) -> Result<(), TransactionError> {
        self.inner.renew()
    }

    fn fence(&mut self, writer: &str) -> Result<(), TransactionError> {
        self.inner.fence(writer)
    }

    fn trim(&mut self, slot: u32, before: i64) -> Result<(), TransactionError> {
        self.inner.trim(slot, before)
    }
}

pub struct World {
    pub log: Log,
    random: Rc<RefCell<Random>>,
    one_in: u64,
    pub base_ratio: f64,
    lives: u64,
}

impl World {
    pub fn new(seed: u64) -> World {
        let log = MemoryLog::new(3, SLOTS, true);
        let mut random = Random(seed);
        let shop = Shop::new(random.below(u64::MAX), 60, 1_767_225_600_000, 600_000);
        for record in with_erasures(shop.take(EVENTS)) {
            let slot = record.key.as_ref().map_or(0, |key| partition_of(key.as_bytes(), SLOTS));
            let input = Input { topic: record.topic as usize, slot };
            let key = record.key.as_ref().map(|key| key.as_bytes());
            let at = Some(record.timestamp_ms);
            log.borrow_mut().append(input, None, key, Some(&record.value), at, Vec::new()).unwrap();
        }
        World { log, random: Rc::new(RefCell::new(random)), one_in: 0, base_ratio: 1.0, lives: 0 }
    }

    /// What a worker of the next life is told.
    pub fn rules(&mut self) -> Rules {
        self.lives += 1;
        let config = settings::config(&["time.mode=\"event\"".to_owned()]);
        let mut rules = rules::worker_rules(&config, SLOTS, self.lives);
        rules.commit_records_max = 40;
        rules.base_ratio = self.base_ratio;
        rules
    }

    fn worker(&mut self) -> (Worker<MemorySource, Faulty>, Arc<Committed>) {
        let rules = self.rules();
        let inner = MemoryTransaction::new(self.log.clone());
        let transaction = Faulty { inner, faults: self.random.clone(), one_in: self.one_in };
        let committed = Arc::new(Committed::new());
        (Worker::new(MemorySource::new(self.log.clone()), transaction, rules, committed.clone()), committed)
    }

    /// One life of so many steps, or the reason why it is refused.
    pub fn live(&mut self, steps: u64) -> Result<(), WorkerError> {
        let (mut worker, _) = self.worker();
        (0..steps).try_for_each(|step| worker.step(Now { mono_ms: step * 100, wall_ms: 0 }).map(drop))
    }

    /// Runs to the end with workers that live for at most `steps`; returns the state the last one held.
    pub fn run(&mut self, steps: u64) -> Result<Rows, WorkerError> {
        loop {
            let (mut worker, committed) = self.worker();
            for step in 0..=steps {
                let now = Now { mono_ms: step * 100, wall_ms: 0 };
                let next = worker.step(now)?;
                let status = worker.status();
                if matches!(next, Next::Wait(100)) && status.running.len() == SLOTS as usize {
                    return Ok(rows(&committed));
                }
            }
        }
    }

    /// What was written, by topic and key: the order between keys is nobody's promise.
    pub fn produced(&self) -> Vec<Produced> {
        let mut produced = self.log.borrow().produced.clone();
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
            });
        }
    }
    rows.sort();
    rows
}

pub fn undisturbed(seed: u64) -> (Rows, Vec<Produced>) {
    let mut world = World::new(seed);
    let rows = world.run(u64::MAX - 1).unwrap();
    assert!(rows.len() > 20 && world.produced().len() > 500, "{} rows, {} records", rows.len(), world.produced().len());
    (rows, world.produced())
}

#[test]
fn crashes_between_any_two_steps_change_nothing() {
    let seed = seed();
    let (rows, produced) = undisturbed(seed);
    for life in [7, 19, 53] {
        let mut world = World::new(seed);
        let disturbed = world.run(life).unwrap();
        assert!(world.lives > 1, "{} lives", world.lives);
        assert!(disturbed == rows && world.produced() == produced, "lives of {life} steps");
    }
}

#[test]
fn aborts_and_unknown_outcomes_change_nothing() {
    let seed = seed();
    let (rows, produced) = undisturbed(seed);
    for (life, one_in) in [(u64::MAX - 1, 3), (u64::MAX - 1, 8), (40, 4)] {
        let mut world = World { one_in, ..World::new(seed) };
        let disturbed = world.run(life).unwrap();
        assert!(disturbed == rows && world.produced() == produced, "lives of {life}, one fault in {one_in}");
    }
}

#[test]
fn a_trimmed_changelog_still_restores_everything() {
    let seed = seed();
    let (rows, produced) = undisturbed(seed);
    let mut world = World { base_ratio: 8.0, ..World::new(seed) };
    let disturbed = world.run(40).unwrap();
    assert!(disturbed == rows && world.produced() == produced);
    let trimmed = (0..SLOTS).filter(|slot| world.log.borrow_mut().changelog(*slot)[0].is_empty()).count();
    assert_eq!(trimmed, SLOTS as usize, "the broker was told to let go of what is superfluous");
}

/// The reason for which a fresh worker refuses to serve the log after `damage`.
fn refusal(damage: impl Fn(&mut MemoryLog)) -> String {
    let mut world = World { base_ratio: 0.0, ..World::new(7) };
    world.run(u64::MAX - 1).unwrap();
    damage(&mut world.log.borrow_mut());
    match world.run(1_000) {
        Err(WorkerError::Refused(why)) => why,
        other => panic!("expected a refusal, got {} rows", other.unwrap().len()),
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
    let Err(WorkerError::Refused(why)) = world.run(u64::MAX - 1) else { panic!("it went on") };
    assert!(why.contains("shop.emails partition 2 offset 9000000"), "{why}");
}
