//! Slots kept ready, over the log in memory: what was given back is used again without reading, what is followed is taken over with the rest
//! to read, and nothing of it is served, costs memory that owned slots need, or outlives its use. On a real broker: `takeover`.

mod neighbours;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use lifetide::cli::rules;
use lifetide::cli::shop::{Shop, ShopRecord};
use lifetide::engine::Committed;
use lifetide::worker::memory::{MemoryLog, MemoryRecord, MemorySource, MemoryTransaction};
use lifetide::worker::source::{Input, Membership, Source, SourceError};
use lifetide::worker::transaction::{OutputTopic, Transaction};
use lifetide::worker::{Next, Now, Restoration, Rules, Shelf, Worker, partition_of};

use crate::pass_on::pass_on;
use crate::settings;

const SLOTS: u32 = 3;
const EVENTS: usize = 1_500;
const FIVE_MINUTES_MS: u64 = 300_000;

type Log = Rc<RefCell<MemoryLog>>;
type Changes = Rc<RefCell<VecDeque<Membership>>>;

/// Owns what it is told.
struct Dealt {
    inner: MemorySource,
    changes: Changes,
}

impl Source for Dealt {
    type Record = MemoryRecord;

    pass_on!(wait, take, start, claim, committed, bounds, changelog);

    fn membership(&mut self) -> Result<Vec<Membership>, SourceError> {
        Ok(self.changes.borrow_mut().drain(..).collect())
    }
}

/// A worker, by itself in a process if no other shares its rows and its shelf; its clock 100 ms on with each step.
struct Member<T: Transaction = MemoryTransaction> {
    worker: Worker<Dealt, T>,
    committed: Arc<Committed>,
    shelf: Arc<Shelf>,
    changes: Changes,
    mono_ms: u64,
    troubles: Vec<String>,
    /// Transactions that were void because somebody else has the slots.
    fenced: usize,
}

fn rules_of(life: u64) -> Rules {
    let config = settings::config(&["time.mode=\"event\"".to_owned()]);
    let mut rules = rules::worker_rules(&config, SLOTS, life);
    rules.commit_records_max = 40;
    // no bases, so that nobody trims but the test that wants it
    rules.base_ratio = 0.0;
    rules
}

impl Member {
    fn new(log: &Log, life: u64, follows: &[u32], state_bytes_max: Option<usize>) -> Member {
        let mut rules = rules_of(life);
        rules.follows = follows.to_vec();
        rules.state_bytes_max = state_bytes_max;
        Member::with(log, rules, MemoryTransaction::new(log.clone()), Arc::new(Committed::new()))
    }
}

impl<T: Transaction> Member<T> {
    fn with(log: &Log, rules: Rules, transaction: T, committed: Arc<Committed>) -> Member<T> {
        let (changes, shelf) = (Changes::default(), rules.shelf.clone());
        let source = Dealt { inner: MemorySource::new(log.clone()), changes: changes.clone() };
        let worker = Worker::new(source, transaction, rules, committed.clone());
        Member { worker, committed, shelf, changes, mono_ms: 0, troubles: Vec::new(), fenced: 0 }
    }

    fn told(&mut self, change: Membership) -> Vec<Restoration> {
        self.changes.borrow_mut().push_back(change);
        self.steps(60)
    }

    /// What was brought back meanwhile.
    fn steps(&mut self, count: usize) -> Vec<Restoration> {
        let mut restored = Vec::new();
        for _ in 0..count {
            while let Next::Now = self.worker.step(Now { mono_ms: self.mono_ms, wall_ms: 0 }).unwrap() {}
            self.mono_ms += 100;
            let report = self.worker.take_report();
            restored.extend(report.restored);
            self.troubles.extend(report.troubles);
            self.fenced += report.fenced.len();
        }
        restored
    }

    /// (records left, bytes held) of each slot followed.
    fn standbys(&self) -> Vec<(u32, u64, usize)> {
        self.worker.standby_states().iter().map(|s| (s.slot, s.remaining_records, s.bytes)).collect()
    }
}

fn records(seed: u64) -> impl Iterator<Item = ShopRecord> {
    Shop::new(seed, 60, 1_767_225_600_000, 600_000).take(EVENTS)
}

fn load(log: &Log, seed: u64) {
    for record in records(seed) {
        let slot = record.key.as_ref().map_or(0, |key| partition_of(key.as_bytes(), SLOTS));
        let input = Input { topic: record.topic as usize, slot };
        let key = record.key.as_ref().map(|key| key.as_bytes());
        log.borrow_mut().append(input, None, key, Some(&record.value), Some(record.timestamp_ms), Vec::new()).unwrap();
    }
}

fn all() -> Vec<u32> {
    (0..SLOTS).collect()
}

/// A log with a history, and the member that wrote it.
fn history() -> (Log, Member) {
    let log = MemoryLog::new(4, SLOTS, true);
    load(&log, 21);
    let mut owner = Member::new(&log, 1, &[], None);
    assert_eq!(owner.told(Membership::Assigned(all())).len(), SLOTS as usize);
    assert!(owner.committed.size(1).0 > 5);
    (log, owner)
}

fn sizes(committed: &Committed) -> Vec<(usize, usize)> {
    all().into_iter().map(|slot| committed.size(slot)).collect()
}

#[test]
fn a_slot_given_back_and_unchanged_is_used_again_without_reading_and_not_served_meanwhile() {
    let (_, mut owner) = history();
    let before = sizes(&owner.committed);
    assert!(owner.told(Membership::Revoked(all())).is_empty());
    assert_eq!((sizes(&owner.committed), owner.committed.memory()), (vec![(0, 0); SLOTS as usize], 0));
    let restored = owner.told(Membership::Assigned(all()));
    assert_eq!(restored.iter().map(|r| (r.was_warm, r.log_records)).collect::<Vec<_>>(), vec![(true, 0); SLOTS as usize]);
    assert_eq!(sizes(&owner.committed), before);
}

#[test]
fn what_others_wrote_meanwhile_is_all_that_is_read() {
    let (log, mut first) = history();
    first.told(Membership::Revoked(all()));
    let before = log.borrow_mut().changelog(1).len() as u64;
    load(&log, 22);
    let mut second = Member::new(&log, 2, &[], None);
    second.told(Membership::Assigned(all()));
    second.told(Membership::Revoked(all()));
    let written = log.borrow_mut().changelog(1).len() as u64 - before;
    assert!(written > 3 && before > 3);

    let restored = first.told(Membership::Assigned(all()));
    assert_eq!((restored[1].was_warm, restored[1].log_records), (true, written));
    let mut fresh = Member::new(&log, 3, &[], None);
    assert!(fresh.told(Membership::Assigned(all())).iter().all(|r| !r.was_warm));
    assert_eq!(sizes(&first.committed), sizes(&fresh.committed));
}

#[test]
fn after_five_minutes_or_when_it_was_lost_it_is_read_anew() {
    let (_, mut owner) = history();
    owner.told(Membership::Revoked(vec![1]));
    owner.steps((FIVE_MINUTES_MS / 100) as usize);
    assert!(!owner.told(Membership::Assigned(vec![1]))[0].was_warm);
    owner.told(Membership::Lost(vec![1]));
    assert!(!owner.told(Membership::Assigned(vec![1]))[0].was_warm);
}

#[test]
fn another_history_is_not_gone_on_from() {
    let (log, mut owner) = history();
    owner.told(Membership::Revoked(vec![1]));
    // as if another had written the last transaction: same number, another chain
    let other = {
        let log = MemoryLog::new(4, SLOTS, true);
        load(&log, 21);
        Member::new(&log, 9, &[], None).told(Membership::Assigned(all()));
        log
    };
    *log.borrow_mut().changelog(1) = other.borrow_mut().changelog(1).clone();
    *log.borrow_mut().committed(1) = other.borrow_mut().committed(1).clone();
    let restored = owner.told(Membership::Assigned(vec![1]));
    assert!(!restored[0].was_warm && restored[0].log_records > 3, "{restored:?}");
}

#[test]
fn a_follower_holds_what_the_owner_writes_and_takes_over_with_nothing_left_to_read() {
    let (log, mut owner) = history();
    let mut standby = Member::new(&log, 2, &all(), None);
    standby.steps(60);
    assert_eq!(standby.standbys().iter().map(|s| (s.0, s.1)).collect::<Vec<_>>(), [(0, 0), (1, 0), (2, 0)]);
    load(&log, 22);
    owner.steps(30);
    standby.steps(3);
    assert_eq!(standby.committed.memory(), 0, "nothing of it is served");
    let owned: Vec<usize> = owner.worker.slot_states().iter().map(|slot| slot.bytes).collect();
    assert_eq!(standby.standbys().iter().map(|s| s.2).collect::<Vec<_>>(), owned);

    drop(owner);
    let restored = standby.told(Membership::Assigned(all()));
    assert!(restored.iter().all(|r| r.was_warm && r.log_records == 0), "{restored:?}");
    let mut fresh = Member::new(&log, 3, &[], None);
    fresh.told(Membership::Assigned(all()));
    assert_eq!(sizes(&standby.committed), sizes(&fresh.committed));
    assert!(standby.standbys().is_empty() && standby.troubles.is_empty(), "{:?}", standby.troubles);
}

#[test]
fn slots_followed_are_the_first_to_go_when_memory_is_used_up() {
    let (log, owner) = history();
    let bytes: Vec<usize> = owner.worker.slot_states().iter().map(|slot| slot.bytes).collect();
    drop(owner);
    let most_bytes = bytes[0] + bytes[1] + bytes[2] / 2;
    let mut standby = Member::new(&log, 2, &all(), Some(most_bytes));
    standby.steps(200);
    assert_eq!(standby.standbys().iter().map(|s| s.0).collect::<Vec<_>>(), [0, 1], "the last one does not fit");
    assert!(standby.standbys().iter().map(|s| s.2).sum::<usize>() <= most_bytes);

    standby.told(Membership::Assigned(vec![2]));
    assert_eq!(standby.worker.status().running, [2]);
    assert_eq!(standby.steps(200).len(), 0);
    assert_eq!(standby.standbys().iter().map(|s| s.0).collect::<Vec<_>>(), [0]);
    assert!(standby.committed.memory() + standby.standbys()[0].2 <= most_bytes);
    standby.told(Membership::Assigned(vec![0, 1, 2]));
    assert_eq!((standby.worker.status().running, standby.worker.status().unserved), (vec![0, 2], vec![1]));
}

#[test]
fn a_follower_that_is_overtaken_by_a_trim_begins_anew() {
    let (log, mut owner) = history();
    let mut standby = Member::new(&log, 2, &[1], None);
    standby.steps(3);
    assert_eq!(standby.standbys().len(), 1);
    load(&log, 22);
    owner.steps(30);
    // the rest of the log is one round: a start the owner has committed
    let start = log.borrow_mut().changelog(1).len() as i64 - 1;
    MemoryTransaction::new(log.clone()).trim(OutputTopic::Changelog, 1, start).unwrap();
    standby.steps(2);
    assert_eq!((standby.standbys().len(), standby.troubles.len()), (0, 1));
    assert!(standby.troubles[0].contains("trimmed"), "{:?}", standby.troubles);
}

#[test]
fn a_damaged_block_ends_the_following_and_not_the_follower() {
    let (log, mut owner) = history();
    let mut standby = Member::new(&log, 2, &all(), None);
    standby.told(Membership::Assigned(vec![0]));
    let before = log.borrow_mut().changelog(1).len();
    load(&log, 22);
    owner.told(Membership::Revoked(vec![0]));
    if let Some(byte) = log.borrow_mut().changelog(1)[before].get_mut(40) {
        *byte ^= 1;
    }
    standby.steps(100);
    assert!(standby.troubles.iter().any(|why| why.contains("slot 1") && why.contains("checksum")), "{:?}", standby.troubles);
    assert_eq!(standby.worker.status().running, [0]);
    assert!(standby.standbys().iter().any(|s| s.0 == 2 && s.1 == 0));
}
