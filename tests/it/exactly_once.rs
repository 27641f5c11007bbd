//! The promise, on a real broker: two processes with two workers each, killed with -9 at random moments and restarted, write what `replay`
//! makes of the same input, in order, nothing lost and nothing twice; the state rebuilt from the changelog is the same, byte for byte; and an
//! independent recount in another language agrees.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lifetide::cli::replay::history::History;
use lifetide::cli::replay::lines;
use lifetide::cli::rules;
use lifetide::cli::shop::Shop;
use lifetide::engine::{ALL_REGIONS, Committed};
use lifetide::kafka::{Consumer, Producer};
use lifetide::worker::{Next, Now, Worker};

use crate::erasure::with_erasures;
use crate::model;
use crate::trial::{Process, SLOTS, Trial, counts, differences};

const EVENTS: usize = 200_000;
const CUSTOMERS: u32 = 6_000;
const KILLS: usize = 6;
/// Both a debug build and a busy machine fit in here several times.
const LONGEST: Duration = Duration::from_secs(240);

/// Small steps, so that kills fall into many different moments.
const SMALL_TRANSACTIONS: &str = "commit.max_records=700";

/// splitmix64, for moments and victims.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    /// How many of the records that are `left` the first of so many `lives` is to leave, so that each finds something to read.
    pub fn goal(&mut self, left: i64, lives: usize) -> i64 {
        let share = (left / lives as i64).max(1) as u64;
        (left - 1 - self.below(share) as i64).max(0)
    }
}

pub fn seed() -> u64 {
    let fresh = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
    let seed = std::env::var("LIFETIDE_TEST_SEED").ok().map_or_else(fresh, |text| text.parse().unwrap());
    println!("LIFETIDE_TEST_SEED={seed}");
    seed
}

/// Kills one of the processes at random moments and starts it again, while they work.
fn kill_and_restart(trial: &Trial, random: &mut Random) -> Vec<Process> {
    let mut processes = vec![trial.start("a", 0), trial.start("b", 0)];
    let mut struck = 0;
    for life in 1..=KILLS {
        let goal = random.goal(trial.lag(), KILLS + 2 - life);
        trial.wait_until_left(goal, &processes.iter().collect::<Vec<_>>(), LONGEST);
        std::thread::sleep(Duration::from_millis(random.below(100)));
        let victim = random.below(2) as usize;
        processes[victim].kill_9();
        let lag = trial.lag();
        println!("killed {} after {goal} were left, lag {lag}", ["a", "b"][victim]);
        struck += usize::from(lag > 0);
        std::thread::sleep(Duration::from_millis(random.below(400)));
        processes[victim] = trial.start(["a", "b"][victim], life);
    }
    assert!(struck > KILLS / 2, "only {struck} of {KILLS} deaths struck while something was to be read");
    processes
}

pub type Rows = BTreeMap<(u32, Vec<u8>), Vec<u8>>;

fn rows(committed: &Committed) -> Rows {
    let mut rows = Rows::new();
    for slot in 0..SLOTS {
        for region in ALL_REGIONS {
            committed.with_region(slot, region as u16, |region| {
                let all = region.into_iter().flat_map(|region| region.rows());
                all.for_each(|(_, id, row)| drop(rows.insert((slot, id.to_vec()), row.to_vec())));
                let marks = region.into_iter().flat_map(|region| region.marks());
                marks.for_each(|mark| drop(rows.insert((slot, mark.id.0.to_vec()), mark.row().to_vec())));
                let cells = region.into_iter().flat_map(|region| region.cells());
                cells.for_each(|(key, row)| drop(rows.insert((slot, key.as_bytes().to_vec()), row.to_vec())));
            });
        }
    }
    rows
}

/// The state that a new member of the group rebuilds from the changelog.
fn rebuilt(trial: &Trial) -> Rows {
    let config = trial.config(&["instance.id=\"third\"".to_owned()]);
    let settings = rules::kafka_settings(&config);
    let now = || Now { mono_ms: lifetide::clock::monotonic_ms(), wall_ms: lifetide::clock::wall_ms() };
    let producer = Producer::open(&settings, 0, lifetide::clock::wall_ms).unwrap();
    let consumer = Consumer::join(&settings, 0).unwrap();
    let committed = Arc::new(Committed::new());
    let mut worker = Worker::new(consumer, producer, rules::worker_rules(&config, SLOTS, 3), committed.clone());
    let deadline = Instant::now() + LONGEST;
    while worker.status().running.len() < SLOTS as usize {
        assert!(Instant::now() < deadline, "the third process got {:?}", worker.status());
        if let Next::Wait(longest_ms) = worker.step(now()).unwrap() {
            worker.wait(longest_ms);
        }
    }
    rows(&committed)
}

/// The state that `replay` ends with.
pub fn replayed(trial: &Trial) -> Rows {
    let mut history = History::new(&trial.config(&[]), SLOTS, None);
    let input = std::fs::read_to_string(trial.folder.join("input.jsonl")).unwrap();
    input.lines().for_each(|line| history.add(lines::event_line(line).unwrap()).unwrap());
    history.run(drop).unwrap();
    rows(history.committed())
}

#[test]
fn nothing_is_lost_and_nothing_comes_twice_under_kill_9() {
    let mut random = Random(seed());
    let trial = Trial::new("eos", &[SMALL_TRANSACTIONS]);
    trial.create_topics();
    let shop = Shop::new(random.below(u64::MAX), CUSTOMERS, 1_767_225_600_000, 1_000);
    trial.load_records(with_erasures(shop.take(EVENTS)));
    let expected = trial.replay();
    println!("expected {:?}", counts(&expected));

    let mut processes = kill_and_restart(&trial, &mut random);
    trial.wait_until_written(&expected, &processes.iter().collect::<Vec<_>>(), LONGEST);
    trial.wait_until_counted(&processes.iter().collect::<Vec<_>>(), LONGEST);
    for process in &mut processes {
        assert_eq!(process.stop(Duration::from_secs(20)), Some(0), "{}", process.log_tail());
    }
    let found = trial.written();
    let differences = differences(&expected, &found);
    assert!(differences.is_empty(), "{}", differences.join("\n"));

    let (rebuilt, replayed) = (rebuilt(&trial), replayed(&trial));
    assert_eq!(rebuilt.len(), replayed.len());
    assert!(rebuilt == replayed, "rows differ: {:?}", rebuilt.iter().find(|(key, row)| replayed.get(*key) != Some(row)));

    recount(&trial);
}

/// Members that come and go while events are read: one joins late, one dies for good.
#[test]
fn slots_change_hands_under_load_and_nothing_changes() {
    let mut random = Random(seed());
    let trial = Trial::new("takeover", &["commit.max_records=100", "kafka.static_membership=false"]);
    trial.create_topics();
    trial.load(random.below(u64::MAX), 40_000, 2_000);
    let expected = trial.replay();
    let began_with = trial.lag();

    let first = trial.start("a", 0);
    wait_for_progress(&trial, began_with, &first);
    let mut second = trial.start("b", 0);
    std::thread::sleep(Duration::from_millis(500 + random.below(1_500)));
    second.kill_9();
    let third = trial.start("c", 0);
    trial.wait_until_written(&expected, &[&first, &third], LONGEST);
    trial.wait_until_counted(&[&first, &third], LONGEST);
    let differences = differences(&expected, &trial.written());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn wait_for_progress(trial: &Trial, began_with: i64, process: &Process) {
    let deadline = Instant::now() + LONGEST;
    while trial.lag() >= began_with {
        assert!(Instant::now() < deadline, "nothing was read\n{}", process.log_tail());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Has the model in Python recount the same input.
pub fn recount(trial: &Trial) {
    let mut command = model::script("recount.py");
    command.arg("--input").arg(trial.folder.join("input.jsonl")).arg("--outputs").arg(trial.folder.join("replay"));
    command.args(["--slots", &SLOTS.to_string(), "--prefix", &format!("{}.out.", trial.name)]);
    command.args(["--topics", &format!("{0}.purchases,{0}.emails,{0}.carts", trial.name)]);
    let (agrees, told) = model::run(&mut command);
    assert!(agrees, "{told}");
}
