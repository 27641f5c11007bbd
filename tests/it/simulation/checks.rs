//! What must hold once faults have ended: the six assertions, and the run that is judged by them.
//!
//! A1 outputs as the oracle's, ids unique; of each cell the last value. A2 a fresh worker restores the oracle's state, byte for byte (of kin: in what matters), and so have the live ones. A3 the last
//! block of a changelog and the committed offsets name the same chain. A4 no transaction is open. A5 no reminder that should not be
//! (`recount`). A6 all of it within a bounded time and number of steps. Called by `simulation` and `controls`.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use lifetide::engine::read_row;
use lifetide::worker::memory::Produced;
use lifetide::worker::transaction::OutputTopic;

use super::cluster::Cluster;
use super::controls::Control;
use super::group::SESSION_TIMEOUT_MS;
use super::kin;
use super::oracle::{self, Cells, Expected, Rows, rows_of};
use super::plan::{Mode, Plan, Point};
use super::recount;
use super::world::{NO_END, World};
use super::{SLOTS, T0, TOPICS};

/// Faults strike until then, from the start of a loaded run.
const FAULTS_MS: u64 = 600_000;
/// What remains is done within this time after the last fault: sessions, time-outs and pauses one after the other.
const DRAIN_MS: u64 = 300_000;
/// After a change cells are written within this time: their interval, the grace, and a little.
const CELLS_MS: u64 = 30_000;
/// More steps than any run needs: one that goes round in circles without time passing.
const STEPS_MAX: u64 = 400_000;

/// A run that went well.
pub struct Passed {
    pub trace: u64,
    pub steps: u64,
    pub commits: u64,
    pub resolved: u64,
    /// Slots brought back, and how many of them from what was held of them.
    pub restored: (u64, u64),
    pub outputs: usize,
    pub reminders: usize,
    pub struck: BTreeMap<(Point, String), u64>,
    pub calls: BTreeMap<Point, u64>,
}

/// Runs a plan and judges it; the error says what does not hold. A broken invariant (a panic) is one of these things.
pub fn judge(plan: Plan, broken: Option<Control>) -> Result<Passed, String> {
    let run = || {
        let world = World::new(plan, broken);
        let outcome = drain(&world).and_then(|()| check(&world));
        world.end();
        outcome
    };
    std::panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(format!("panic: {}", text.unwrap_or_default()))
    })
}

/// A6.
fn drain(world: &Rc<World>) -> Result<(), String> {
    let last_ms = match world.plan.mode {
        Mode::Loaded => 0,
        Mode::Live | Mode::Close => (world.story.end_ms - T0) as u64,
    };
    let (mut calm_ms, mut done_ms) = (None, None);
    loop {
        let is_over = world.now_ms() > last_ms;
        world.go_on(if is_over { world.now_ms() + 1_000 } else { NO_END });
        if let Some(why) = world.failure.borrow().as_ref() {
            return Err(why.clone());
        }
        let now_ms = world.now_ms();
        let is_done = world.is_idle() && now_ms > last_ms && world.cluster.borrow().is_drained();
        done_ms = is_done.then_some(done_ms.unwrap_or(now_ms));
        if calm_ms.is_some() && done_ms.is_some_and(|since_ms| now_ms >= since_ms + CELLS_MS) {
            return Ok(());
        }
        if calm_ms.is_none() && (is_done || now_ms > last_ms + FAULTS_MS) {
            world.calm();
            calm_ms = Some(now_ms);
        }
        if calm_ms.is_some_and(|since_ms| now_ms > since_ms + DRAIN_MS) || world.steps.get() > STEPS_MAX {
            return Err(format!("A6: not drained after {} steps and {now_ms} ms", world.steps.get()));
        }
    }
}

fn check(world: &Rc<World>) -> Result<Passed, String> {
    let expected = oracle::expect(world);
    outputs(world, &expected)?;
    state(world, &expected, live_rows(world), "live")?;
    chains(world)?;
    let hanging = world.cluster.borrow().hanging();
    if !hanging.is_empty() {
        return Err(format!("A4: open transactions in {hanging:?}"));
    }
    state(world, &expected, restored_rows(world)?, "restored")?;
    Ok(Passed {
        trace: world.trace.get(),
        steps: world.steps.get(),
        commits: world.commits.get(),
        resolved: world.resolved.get(),
        restored: world.restored.get(),
        outputs: expected.outputs.values().map(Vec::len).sum(),
        reminders: expected.outputs.values().flatten().filter(|record| is_reminder(record)).count(),
        struck: world.struck.take(),
        calls: world.calls.take(),
    })
}

const DECIDED: [OutputTopic; 4] = [OutputTopic::Transitions, OutputTopic::Clv, OutputTopic::Actions, OutputTopic::DeadLetters];

/// A1 and A5.
fn outputs(world: &World, expected: &Expected) -> Result<(), String> {
    let cluster = world.cluster.borrow();
    let (mut all, mut of_kin) = (Vec::new(), Vec::new());
    for topic in DECIDED {
        for partition in 0..SLOTS {
            let written = cluster.output(topic, partition).into_iter().flat_map(|log| log.committed(0)).map(|(_, r)| r);
            let (kin, found): (Vec<&Produced>, Vec<&Produced>) = written.partition(|r| r.key.as_deref().is_some_and(kin::is_kin));
            of_kin.extend(kin);
            let wanted: Vec<&Produced> = expected.outputs.get(&(topic, partition)).into_iter().flatten().collect();
            match world.plan.mode {
                Mode::Loaded => compare(&found, &wanted).map_err(|why| format!("A1: {topic:?} {partition}: {why}"))?,
                Mode::Live | Mode::Close => {
                    compare(&by_customer(&found), &by_customer(&wanted)).map_err(|why| format!("A1: {topic:?} {partition}: {why}"))?;
                }
            }
            all.extend(found);
        }
    }
    cells(world, &cluster, expected)?;
    let ids: Vec<_> = all.iter().chain(&of_kin).flat_map(|record| &record.headers).filter(|(name, _)| name == "lifetide-id").collect();
    if ids.iter().collect::<BTreeSet<_>>().len() != ids.len() {
        return Err("A1: an id was written twice".to_owned());
    }
    recount::complaint(&world.story.truths, &all).map_or(Ok(()), |why| Err(format!("A5: {why}")))
}

/// A1 of cells: whatever was repeated on the way, a reader ends with what the oracle counts.
fn cells(world: &World, cluster: &Cluster, expected: &Expected) -> Result<(), String> {
    let mut found = Cells::new();
    for partition in 0..SLOTS {
        for (_, record) in cluster.output(OutputTopic::Aggregates, partition).into_iter().flat_map(|log| log.committed(0)) {
            found.insert(record.key.clone().unwrap_or_default(), record.value.clone().unwrap_or_default());
        }
    }
    if world.plan.kin {
        let wanted = kin::gauges(expected.cells.iter().chain(&expected.kin.1));
        let found = kin::gauges(found.iter());
        return if found == wanted { Ok(()) } else { Err(format!("A1: everybody stands at\n{found:#?}\nand not\n{wanted:#?}")) };
    }
    let expected = &expected.cells;
    let keys = expected.keys().chain(found.keys());
    let Some(key) = keys.into_iter().find(|key| found.get(*key) != expected.get(*key)) else {
        return if expected.is_empty() { Err("A1: no cell was ever written".to_owned()) } else { Ok(()) };
    };
    let show = |cells: &Cells| String::from_utf8_lossy(cells.get(key).map_or(b"nothing", Vec::as_slice)).into_owned();
    Err(format!("A1: a cell is\n{}\nand not\n{}", show(&found), show(expected)))
}

fn is_reminder(record: &Produced) -> bool {
    record.topic == OutputTopic::Actions
        && record.value.as_deref().is_some_and(|value| String::from_utf8_lossy(value).contains(r#""kind":"send""#))
}

/// Each customer's records stay in order.
fn by_customer<'a>(records: &[&'a Produced]) -> Vec<&'a Produced> {
    let mut sorted = records.to_vec();
    sorted.sort_by(|a, b| a.key.cmp(&b.key));
    sorted
}

fn compare(found: &[&Produced], wanted: &[&Produced]) -> Result<(), String> {
    if found == wanted {
        return Ok(());
    }
    let place = found.iter().zip(wanted).position(|(found, wanted)| found != wanted).unwrap_or(found.len().min(wanted.len()));
    let show = |records: &[&Produced]| {
        records
            .get(place)
            .map_or("nothing".to_owned(), |record| String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned())
    };
    let (found_count, wanted_count) = (found.len(), wanted.len());
    Err(format!("{found_count} records, not {wanted_count}; number {place} is\n{}\nand not\n{}", show(found), show(wanted)))
}

/// What the slots' owners serve.
fn live_rows(world: &World) -> Rows {
    let mut rows = Rows::new();
    for life in world.lives.borrow().iter() {
        for slot in life.worker.borrow().iter().flat_map(|worker| worker.status().running) {
            rows.extend(rows_of(&life.committed, slot));
        }
    }
    rows
}

/// A2: everybody dies, and somebody nobody has seen before owns all slots.
fn restored_rows(world: &Rc<World>) -> Result<Rows, String> {
    world.end();
    let fresh = world.begin_life(usize::MAX, "fresh");
    let until_ms = world.now_ms() + SESSION_TIMEOUT_MS + 60_000;
    loop {
        world.go_on(until_ms);
        if let Some(why) = world.failure.borrow().as_ref() {
            return Err(format!("A2: {why}"));
        }
        let running = fresh.worker.borrow().as_ref().map(|worker| worker.status().running.len()).unwrap_or_default();
        if running == SLOTS as usize {
            return Ok((0..SLOTS).flat_map(|slot| rows_of(&fresh.committed, slot)).collect());
        }
        if world.now_ms() >= until_ms {
            return Err(format!("A2: the fresh worker runs {running} of {SLOTS} slots"));
        }
    }
}

fn state(world: &World, expected: &Expected, mut found: Rows, whose: &str) -> Result<(), String> {
    let mut wanted = expected.rows.clone();
    if world.plan.kin {
        let (facts, wanted_facts) = (kin::facts(&found), kin::facts(&expected.kin.0));
        if facts != wanted_facts || kin::misplaced(&found).is_some() {
            let differing: Vec<_> = facts.iter().filter(|(id, fact)| wanted_facts.get(*id) != Some(fact)).collect();
            return Err(format!("A2: {whose} kin are\n{differing:#?}\nof\n{facts:#?}\nand not\n{wanted_facts:#?}"));
        }
        // what they add to cells is in no order, and compared as figures
        for rows in [&mut wanted, &mut found] {
            rows.retain(|(_, key), _| !kin::is_kin(key) && !key.contains(&b'|'));
        }
    }
    let (wanted, found) = (&wanted, &found);
    let differing = |(place, row): &(&(u32, Vec<u8>), &Vec<u8>)| found.get(*place) != Some(*row);
    let customer = |place: &(u32, Vec<u8>)| format!("slot {} customer {}", place.0, String::from_utf8_lossy(&place.1));
    if let Some((place, row)) = wanted.iter().find(differing) {
        let found = found.get(place).map(|row| read_row(row));
        return Err(format!("A2: {whose} row of {} is\n{found:?}\nand not\n{:?}", customer(place), read_row(row)));
    }
    match found.keys().find(|place| !wanted.contains_key(place)) {
        Some(place) => Err(format!("A2: {whose} row of {} should not be", customer(place))),
        None => Ok(()),
    }
}

/// A3. Metadata and block are read here by their written format: `1 <seq> <chain> <start> <writer>`, and little-endian numbers at
/// fixed places.
fn chains(world: &World) -> Result<(), String> {
    let cluster = world.cluster.borrow();
    for slot in 0..SLOTS {
        let committed = cluster.positions(slot);
        let parsed = committed.iter().flatten().map(|committed| {
            let mut words = committed.metadata.split(' ').skip(1);
            let seq: u64 = words.next().unwrap().parse().unwrap();
            (seq, u128::from_str_radix(words.next().unwrap(), 16).unwrap())
        });
        let named = parsed.max();
        let blocks = cluster.output(OutputTopic::Changelog, slot).and_then(|log| log.committed(0).last()).map(|(_, record)| {
            let bytes = record.value.as_deref().unwrap();
            let seq = u64::from_le_bytes(bytes[25..33].try_into().unwrap());
            (seq, u128::from_le_bytes(bytes[33..49].try_into().unwrap()))
        });
        if named != blocks || !(committed.iter().all(Option::is_some) || committed == vec![None; TOPICS]) {
            return Err(format!("A3: slot {slot}: offsets name {named:x?}, the last block is {blocks:x?}"));
        }
    }
    Ok(())
}
