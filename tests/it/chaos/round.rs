//! One round: a shop's backlog, a crew that reads it, faults one after the other while it does, and the verdict when all is quiet again.
//!
//! Each round has topics and a group of its own, loaded whole before anybody reads, so that what should come of it is known. While faults are
//! left the proxy slows every transaction's end, so that there is something left to strike at. Called by `chaos`.

use std::collections::VecDeque;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use lifetide::cli::shop::Shop;

use super::crew::{Crew, Pids, signal_instance};
use super::fault::{CREW, Fault, Stage};
use super::foreign::OpenTransaction;
use super::proxy::Proxy;
use super::tally::Tally;
use crate::broker::unsteady::Unsteady;
use crate::erasure::with_erasures;
use crate::exactly_once::Random;
use crate::trial::{Stand, Trial, Watch, Written};

/// Small transactions, so that faults fall between many; answers are waited for 4 s, so that half-open connections are found out soon.
pub const SETTINGS: [&str; 3] = ["workers=1", "commit.max_records=20", "kafka.properties.\"socket.timeout.ms\"=\"4000\""];
/// Members that come and go, ready to take over.
const DYNAMIC: [&str; 2] = ["kafka.static_membership=false", "standby=true"];
const EVENTS: usize = 30_000;
const CUSTOMERS: u32 = 1_500;
/// About 400 events a second: a backlog lasts more than a minute.
const PACE: Duration = Duration::from_millis(150);
/// With fewer records left than this, faults wait for the next round.
const RESERVE: i64 = 3_000;
/// From the end of a fault until every slot has gone on: a session of 10 s, a transaction of 8 s, a rebalance, and a busy machine.
const RECOVERY_MAX: Duration = Duration::from_secs(60);
/// For what is left of the backlog when the faults are over.
const DRAIN_MAX: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(20);

/// Where all rounds take place.
pub struct Place {
    pub broker: Unsteady,
    pub proxy: Proxy,
    door: u16,
    pids: Pids,
}

impl Place {
    pub fn open() -> Place {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let door = listener.local_addr().unwrap().port();
        let broker = Unsteady::start(door);
        let proxy = Proxy::start(listener, broker.back_port());
        let pids = Pids::default();
        let known = pids.clone();
        proxy.signal_by(move |instance, name| signal_instance(&known, instance, name));
        Place { broker, proxy, door, pids }
    }

    /// Topics of their own, with processes that come through the proxy.
    pub fn trial(&self, name: &str, sets: &[&str]) -> Trial {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut trial = Trial::on(self.broker.plain(), &format!("{name}-{number}"), sets);
        trial.sets.push(format!("kafka.bootstrap_servers=\"127.0.0.1:{}\"", self.door));
        trial
    }

    pub fn crew<'a>(&self, trial: &'a Trial) -> Crew<'a> {
        Crew::new(trial, self.pids.clone())
    }
}

/// A round that has been played, for the verdict.
pub struct Played {
    pub trial: Trial,
    pub expected: Written,
}

/// Strikes with as many of the faults as the backlog lasts for; those left are for the next round.
pub fn play(place: &Place, is_static: bool, faults: &mut VecDeque<Fault>, random: &mut Random, tally: &mut Tally) -> Played {
    let sets: Vec<&str> = SETTINGS.into_iter().chain((!is_static).then_some(DYNAMIC).into_iter().flatten()).collect();
    let trial = place.trial("chaos", &sets);
    println!("{}: {} membership, {} faults to go", trial.name, if is_static { "static" } else { "dynamic" }, faults.len());
    trial.create_topics();
    let shop = Shop::new(random.below(u64::MAX), CUSTOMERS, 1_767_225_600_000, 1_000);
    trial.load_records(with_erasures(shop.take(EVENTS)));
    let expected = trial.replay();
    // behind the last record, so that offsets are the oracle's; until it ends, the inputs end before it
    let pinned = OpenTransaction::begin(place.broker.plain(), &trial.inputs().each_ref().map(String::as_str));

    let watch = trial.watch();
    let mut crew = place.crew(&trial);
    place.proxy.pace(PACE);
    CREW.iter().for_each(|instance| crew.start(instance));
    let mut base = recover(&watch, &mut crew, None, Instant::now()).1;
    let changelog = format!("{}.out.changelog", trial.name);
    while let Some(fault) = faults.front().copied().filter(|_| lag(&base) > RESERVE) {
        faults.pop_front();
        println!("{}", fault.kind());
        let mut recovered = |crew: &mut Crew<'_>, since| {
            let before = look(&watch, crew);
            tally.recovered(fault, recover(&watch, crew, Some(&before), since).0);
        };
        let mut stage = Stage { crew: &mut crew, proxy: &place.proxy, broker: &place.broker, changelog: &changelog, random };
        let over = stage.strike(fault, &mut recovered);
        let before = look(&watch, &mut crew);
        let (took, stands) = recover(&watch, &mut crew, Some(&before), over);
        println!("    recovered after {} ms, lag {}", took.as_millis(), lag(&stands));
        tally.struck(fault, took);
        base = stands;
        std::thread::sleep(Duration::from_millis(random.below(400)));
    }
    place.proxy.pace(Duration::ZERO);
    drain(&watch, &mut crew);
    pinned.abort();
    drain(&watch, &mut crew);
    crew.stop_all();
    let late = place.proxy.take_late();
    // The zombie's request is let go when every slot has gone on without it: its transaction has been ended, by whoever fenced it or by
    // its time-out, and either raised the epoch (47 INVALID_PRODUCER_EPOCH, 90 PRODUCER_FENCED). Who was only cut off is fenced by
    // nobody but itself, when it renews its producer: before that its late request ends its own transaction, rightly (0).
    assert!(late.iter().all(|answer| !answer.is_zombie || matches!(answer.code, 47 | 90)), "a zombie ended a transaction: {late:?}");
    tally.late(&late);
    Played { trial, expected }
}

fn lag(stands: &[Stand]) -> i64 {
    stands.iter().map(|stand| stand.lag).sum()
}

/// Waits for a broker that is down, too.
fn look(watch: &Watch, crew: &mut Crew<'_>) -> Vec<Stand> {
    let deadline = Instant::now() + RECOVERY_MAX;
    loop {
        if let Some(stands) = watch.look() {
            return stands;
        }
        crew.check_alive();
        assert!(Instant::now() < deadline, "the broker does not answer\n{}", crew.logs());
    }
}

/// A6: waits until every slot has gone on from where it stood (`None`: from nothing), or has nothing left; how long that took.
fn recover(watch: &Watch, crew: &mut Crew<'_>, before: Option<&[Stand]>, since: Instant) -> (Duration, Vec<Stand>) {
    let deadline = Instant::now() + RECOVERY_MAX;
    loop {
        let stands = look(watch, crew);
        let has_gone_on = |(slot, stand): (usize, &Stand)| {
            let from = before.map_or(0, |before| before[slot].committed);
            stand.lag == 0 || stand.committed > from
        };
        if stands.iter().enumerate().all(has_gone_on) {
            return (since.elapsed(), stands);
        }
        crew.check_alive();
        assert!(Instant::now() < deadline, "A6: not recovered: {before:?}, now {stands:?}\n{}", crew.logs());
        std::thread::sleep(LOOK);
    }
}

fn drain(watch: &Watch, crew: &mut Crew<'_>) {
    let deadline = Instant::now() + DRAIN_MAX;
    loop {
        let stands = look(watch, crew);
        if lag(&stands) == 0 {
            return;
        }
        crew.check_alive();
        assert!(Instant::now() < deadline, "A6: not drained: {stands:?}\n{}", crew.logs());
        std::thread::sleep(LOOK);
    }
}
