//! The world: processes that live, stand still, die and begin anew over one cluster, and the one scheduler that says who is next.
//!
//! A life is one worker; its process may have several, one after the other or (a frozen one and its twin) at once. The scheduler steps one
//! life at a time, chosen by the seed; what happens within a step is in `strike`. Called by `checks`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use lifetide::cli::rules;
use lifetide::engine::{Committed, RowVersion};
use lifetide::worker::{Next, Now, Rules, Worker, WorkerError};

use super::cluster::Cluster;
use super::controls::Control;
use super::group::POLL_MAX_INTERVAL_MS;
use super::input::{self, Story};
use super::kin;
use super::plan::{Fault, Mode, Plan, Point};
use super::source::SimulatedSource;
use super::transaction::SimulatedTransaction;
use super::{SLOTS, T0};
use crate::exactly_once::Random;
use crate::settings;

/// The runner's pause before a failed worker is built anew.
const REBUILD_MS: u64 = 500;
/// When nobody has anything to do, time leaps up to this: a thread that is not woken for nearly as long as the group allows.
const LEAP_MS: u64 = POLL_MAX_INTERVAL_MS - 10_000;
/// For `go_on`, where nobody waits for a moment: the only case in which time leaps.
pub const NO_END: u64 = u64::MAX;
/// Rounds without anything to do before time leaps.
const IDLE_ROUNDS: u32 = 4;

pub type SimulatedWorker = Worker<SimulatedSource, SimulatedTransaction>;

/// What a life's seams and the world share of it.
pub struct Body {
    pub process: usize,
    pub number: u64,
    /// Member id in the group, while it has one.
    pub member: Cell<u64>,
    pub is_dead: Cell<bool>,
    /// It stops after this step, for so long.
    pub is_leaving: Cell<Option<u64>>,
    /// To strike once the present call has taken effect.
    pub pending: Cell<Option<Fault>>,
}

pub struct Life {
    pub body: Rc<Body>,
    pub committed: Arc<Committed>,
    pub worker: RefCell<Option<SimulatedWorker>>,
    /// In the middle of a step, further up the stack.
    is_busy: Cell<bool>,
    wake_ms: Cell<u64>,
    idle_rounds: Cell<u32>,
}

/// A process between and beyond its lives.
#[derive(Default)]
pub struct Process {
    /// Its next life begins then.
    born_ms: Option<u64>,
    pub wall_skew_ms: i64,
    /// Faults to come, last first, and calls of the first one's point since it was armed.
    pub faults: Vec<Fault>,
    pub calls: u64,
}

pub struct World {
    pub plan: Plan,
    pub story: Story,
    pub rules: Rules,
    pub cluster: RefCell<Cluster>,
    pub lives: RefCell<Vec<Rc<Life>>>,
    pub processes: RefCell<Vec<Process>>,
    random: RefCell<Random>,
    lives_begun: Cell<u64>,
    pub steps: Cell<u64>,
    pub commits: Cell<u64>,
    pub resolved: Cell<u64>,
    /// Slots brought back, and how many of them from what was held of them.
    pub restored: Cell<(u64, u64)>,
    /// A running hash of all that happened: two runs of one seed have the same.
    pub trace: Cell<u64>,
    pub struck: RefCell<BTreeMap<(Point, String), u64>>,
    /// Calls of the seams.
    pub calls: RefCell<BTreeMap<Point, u64>>,
    /// Why the run has failed already.
    pub failure: RefCell<Option<String>>,
}

impl World {
    pub fn new(plan: Plan, broken: Option<Control>) -> Rc<World> {
        let mut random = Random(plan.seed ^ 0x5eed);
        let mode = match plan.mode {
            Mode::Loaded => "time.mode=\"event\"",
            Mode::Live | Mode::Close => "time.mode=\"wall\"",
        };
        let delay = format!("plays.cart_recovery.steps=[{{delay=\"{}\",template=\"cart_1\"}}]", input::REMINDER);
        let config = settings::config(&[mode.to_owned(), delay]);
        let mut rules = rules::worker_rules(&config, SLOTS, 0);
        let deeds = if plan.kin { kin::deeds(&mut Random(plan.seed ^ 0x0c1a_0f00)) } else { Vec::new() };
        let story = input::tell(plan.mode, plan.upgrades.then_some(rules.group.as_str()), deeds, &mut random);
        rules.commit_records_max = plan.commit_records;
        rules.base_ratio = plan.base_ratio;
        if plan.upgrades {
            rules.row_version = RowVersion::OLDEST;
        }
        if plan.mode == Mode::Loaded {
            rules.time = lifetide::worker::TimeMode::Event { until_ms: Some(story.end_ms) };
        }
        let processes = (0..plan.processes).map(|process| {
            let faults: Vec<Fault> = plan.faults.iter().rev().filter(|fault| fault.process == process).copied().collect();
            Process { born_ms: Some(random.below(3_000)), faults, ..Process::default() }
        });
        let processes = RefCell::new(processes.collect());
        let cluster = RefCell::new(Cluster::new(Random(random.below(u64::MAX)), story.arrivals.clone(), broken));
        Rc::new(World {
            plan,
            story,
            rules,
            cluster,
            lives: RefCell::default(),
            processes,
            random: RefCell::new(random),
            lives_begun: Cell::new(0),
            steps: Cell::new(0),
            commits: Cell::new(0),
            resolved: Cell::new(0),
            restored: Cell::new((0, 0)),
            trace: Cell::new(0),
            struck: RefCell::default(),
            calls: RefCell::default(),
            failure: RefCell::default(),
        })
    }

    pub fn now_ms(&self) -> u64 {
        self.cluster.borrow().now_ms
    }

    pub fn below(&self, n: u64) -> u64 {
        self.random.borrow_mut().below(n)
    }

    pub fn note(&self, what: u64) {
        self.trace.set((self.trace.get().rotate_left(5) ^ what).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    }

    /// Moves the clock, and lets the cluster do what is due.
    pub fn pass(&self, to_ms: u64) {
        let mut cluster = self.cluster.borrow_mut();
        cluster.now_ms = cluster.now_ms.max(to_ms);
        cluster.pass_time();
    }

    /// One move: a birth, a step of somebody who is not in the middle of one, or the clock, which goes no further than `until_ms`.
    pub fn go_on(self: &Rc<World>, until_ms: u64) {
        let now_ms = self.now_ms();
        self.pass(now_ms);
        let due = |process: &Process| process.born_ms.is_some_and(|born_ms| born_ms <= now_ms);
        let unborn = self.processes.borrow().iter().position(due);
        if let Some(process) = unborn {
            self.processes.borrow_mut()[process].born_ms = None;
            self.begin_life(process, &format!("p{process}"));
            return;
        }
        let able: Vec<Rc<Life>> = self.lives.borrow().iter().filter(|life| !life.is_busy.get()).cloned().collect();
        let ready: Vec<&Rc<Life>> = able.iter().filter(|life| life.wake_ms.get() <= now_ms).collect();
        if !ready.is_empty() {
            let chosen = self.below(ready.len() as u64) as usize;
            self.step(ready[chosen]);
            return;
        }
        let births = self.processes.borrow().iter().filter_map(|process| process.born_ms).min();
        let wakes = able.iter().map(|life| life.wake_ms.get()).min();
        let cluster = self.cluster.borrow().next_ms();
        let is_idle = able.iter().all(|life| life.idle_rounds.get() >= IDLE_ROUNDS) && births.is_none();
        let wakes = if is_idle && self.plan.mode.is_live() && until_ms == NO_END { Some(now_ms + 1 + self.below(LEAP_MS)) } else { wakes };
        let next_ms = [births, wakes, cluster, Some(until_ms)].into_iter().flatten().min().unwrap_or(until_ms);
        if is_idle {
            able.iter().for_each(|life| life.wake_ms.set(life.wake_ms.get().min(next_ms.max(now_ms + 1))));
        }
        self.pass(next_ms.max(now_ms + 1));
    }

    /// A new life of a process; `name` is its instance id and its producer's.
    pub fn begin_life(self: &Rc<World>, process: usize, name: &str) -> Rc<Life> {
        let number = self.lives_begun.get() + 1;
        self.lives_begun.set(number);
        let body = Rc::new(Body {
            process,
            number,
            member: Cell::new(0),
            is_dead: Cell::new(false),
            is_leaving: Cell::new(None),
            pending: Cell::new(None),
        });
        let source = SimulatedSource::join(self, &body, name);
        let transaction = SimulatedTransaction::open(self, &body, name);
        let rules = Rules {
            nonce: self.plan.seed.wrapping_mul(1_000_003).wrapping_add(number),
            follows: if self.plan.standby { (0..SLOTS).collect() } else { Vec::new() },
            shelf: Arc::default(),
            ..self.rules.clone()
        };
        let committed = Arc::new(Committed::new());
        let worker = RefCell::new(Some(Worker::new(source, transaction, rules, committed.clone())));
        let wake_ms = Cell::new(self.now_ms());
        let life = Rc::new(Life { body, committed, worker, is_busy: Cell::new(false), wake_ms, idle_rounds: Cell::new(0) });
        self.lives.borrow_mut().push(life.clone());
        life
    }

    fn step(self: &Rc<World>, life: &Rc<Life>) {
        self.steps.set(self.steps.get() + 1);
        let mono_ms = self.now_ms();
        let skew_ms = self.processes.borrow().get(life.body.process).map_or(0, |process| process.wall_skew_ms);
        let now = Now { mono_ms, wall_ms: T0 + mono_ms as i64 + skew_ms };
        life.is_busy.set(true);
        let mut held = life.worker.borrow_mut();
        let worker = held.as_mut().expect("a life that is stepped has its worker");
        let mut next = worker.step(now);
        if let (Ok(_), Some(_)) = (&next, life.body.is_leaving.get()) {
            next = worker.finish(now).map(|_| Next::Now);
        }
        let report = worker.take_report();
        drop(held);
        life.is_busy.set(false);
        self.commits.set(self.commits.get() + report.commits.len() as u64);
        self.resolved.set(self.resolved.get() + report.resolved);
        let (all, warm) = self.restored.get();
        let warm_now = report.restored.iter().filter(|restored| restored.was_warm).count();
        self.restored.set((all + report.restored.len() as u64, warm + warm_now as u64));
        self.note(self.commits.get());
        if life.body.is_dead.get() {
            return self.bury(life);
        }
        if let (Ok(_), Some(away_ms)) = (&next, life.body.is_leaving.get()) {
            return self.close(life, away_ms);
        }
        match next {
            Ok(Next::Now) => life.idle_rounds.set(0),
            Ok(Next::Wait(ms)) => {
                let rounds = if report.commits.is_empty() { life.idle_rounds.get() + 1 } else { 0 };
                life.idle_rounds.set(rounds);
                life.wake_ms.set(self.now_ms() + 1 + self.below(ms.max(1)));
            }
            Err(WorkerError::Unavailable(_)) => self.close(life, REBUILD_MS),
            // the twin of a frozen process: what it is told when it wakes is right, and told again it ends
            Err(WorkerError::Fenced(_)) => {
                life.body.is_dead.set(true);
                self.bury(life);
            }
            Err(WorkerError::Refused(why)) => {
                self.failure.borrow_mut().get_or_insert(format!("process {} was refused: {why}", life.body.process));
                life.body.is_dead.set(true);
                self.bury(life);
            }
        }
    }

    /// An orderly end: a dynamic member says good-bye.
    fn close(&self, life: &Rc<Life>, away_ms: u64) {
        if let Some(worker) = life.worker.borrow_mut().as_mut() {
            worker.leave();
        }
        if !self.plan.static_membership {
            let mut cluster = self.cluster.borrow_mut();
            let now_ms = cluster.now_ms;
            cluster.group.leave(life.body.member.get(), now_ms);
        }
        self.kill(&life.body);
        self.bury(life);
        self.expect(life.body.process, away_ms);
    }

    /// A process without a life gets one after this time.
    pub fn expect(&self, process: usize, away_ms: u64) {
        let born_ms = self.now_ms() + away_ms;
        if let Some(process) = self.processes.borrow_mut().get_mut(process) {
            process.born_ms.get_or_insert(born_ms);
        }
    }

    fn bury(&self, life: &Rc<Life>) {
        self.lives.borrow_mut().retain(|other| other.body.number != life.body.number);
        life.worker.borrow_mut().take();
    }

    /// kill -9, from outside or within a call.
    pub fn kill(&self, body: &Body) {
        body.is_dead.set(true);
        self.silence(body);
    }

    pub fn silence(&self, body: &Body) {
        let mut cluster = self.cluster.borrow_mut();
        let now_ms = cluster.now_ms;
        cluster.group.silence(body.member.get(), now_ms);
    }

    /// Ends every life, and with them the circle of references.
    pub fn end(&self) {
        for life in self.lives.take() {
            self.kill(&life.body);
            life.worker.borrow_mut().take();
        }
    }

    /// Everybody is alive and has had nothing to do for a while, and every slot runs in one place.
    pub fn is_idle(&self) -> bool {
        let unborn = self.processes.borrow().iter().any(|process| process.born_ms.is_some());
        let lives = self.lives.borrow();
        if unborn || !lives.iter().all(|life| !life.is_busy.get() && life.idle_rounds.get() >= IDLE_ROUNDS) {
            return false;
        }
        let mut running: Vec<u32> =
            lives.iter().flat_map(|life| life.worker.borrow().as_ref().map(|worker| worker.status().running).unwrap_or_default()).collect();
        running.sort_unstable();
        running == (0..SLOTS).collect::<Vec<u32>>()
    }

    /// From now on nothing goes wrong.
    pub fn calm(&self) {
        self.processes.borrow_mut().iter_mut().for_each(|process| process.faults.clear());
    }
}
