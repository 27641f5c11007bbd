//! Another value model comes into force while a worker runs, over the log in memory: from which transaction on, for whom, and what a death in
//! the middle of it leaves to the next life.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use lifetide::engine::{Committed, Settings, StageBounds, shipped_stages};
use lifetide::worker::memory::{MemorySource, MemoryTransaction};
use lifetide::worker::source::Claim;
use lifetide::worker::transaction::{OutputTopic, Position, Transaction, TransactionError};
use lifetide::worker::{Change, InForce, Next, Now, Rules, Worker};
use serde_json::Value;

use crate::pass_on::pass_on;
use crate::worker_world::{SLOTS, World};

pub const SEED: u64 = 11;
/// More than a slot scores in one turn.
pub const CUSTOMERS: u32 = 600;
/// The shipped model's.
pub const FORMER: &str = "1997-09-30";

/// The shipped model with customers who leave sooner.
fn next_models(rules: &Rules, version: &str) -> Arc<Settings> {
    let mut settings = Settings::clone(&rules.engine);
    settings.value.parameters.version = version.to_owned();
    settings.lifecycle.graph = shipped_stages(&StageBounds {
        min_silence_ms: 0,
        max_silence_ms: 730 * 86_400_000,
        at_risk_below: 0.9,
        lapsed_below: 0.3,
        onboarding_timeout_ms: 14 * 86_400_000,
        consideration_views: 3,
        loyal_x: 5,
    });
    Arc::new(settings)
}

fn change(settings: Arc<Settings>) -> Change {
    Change { settings, configuration: 0 }
}

/// A life of so many steps, or until nothing is left to do, with other models in force from a step on.
pub fn live(world: &mut World, steps: u64, version: &str, from_step: u64) {
    live_through(world, steps, &[(from_step, version)]);
}

/// The same with one model after the other; the shipped one is as it was shipped.
fn live_through(world: &mut World, steps: u64, changes: &[(u64, &str)]) {
    let in_force = Arc::new(InForce::default());
    let rules = Rules { in_force: in_force.clone(), ..world.rules() };
    let settings = |version| if version == FORMER { rules.engine.clone() } else { next_models(&rules, version) };
    let changes: Vec<(u64, Arc<Settings>)> = changes.iter().map(|(step, version)| (*step, settings(*version))).collect();
    let last_step = changes.iter().map(|(step, _)| *step).max().unwrap_or_default();
    let source = MemorySource::new(world.log.clone());
    let mut worker = Worker::new(source, MemoryTransaction::new(world.log.clone()), rules, Arc::new(Committed::new()));
    for step in 0..steps {
        changes.iter().filter(|(from_step, _)| *from_step == step).for_each(|(_, settings)| in_force.put(change(settings.clone())));
        let next = worker.step(Now { mono_ms: step * 100, wall_ms: 0 }).unwrap();
        if matches!(next, Next::Wait(100)) && worker.status().running.len() == SLOTS as usize && step > last_step {
            return;
        }
    }
}

/// The values of a topic, in the order of their writing, of customers who were not erased.
pub fn values(world: &World, topic: OutputTopic) -> Vec<Value> {
    let log = world.log.borrow();
    let erased: BTreeSet<_> = log.produced.iter().filter(|record| record.value.is_none()).map(|record| &record.key).collect();
    let of_topic = log.produced.iter().filter(|record| record.topic == topic && !erased.contains(&record.key));
    of_topic.map(|record| serde_json::from_slice(record.value.as_deref().unwrap()).unwrap()).collect()
}

/// By customer, of the last record.
pub fn versions(values: &[Value]) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    values.iter().map(|value| (text(&value["customer_id"]), text(&value["model"]["version"]))).collect()
}

#[test]
fn everybody_is_scored_anew_once_while_events_go_on() {
    let mut world = World::crowded(SEED, CUSTOMERS);
    live(&mut world, u64::MAX, "next-1", 30);
    let values = values(&world, OutputTopic::Clv);
    let last = versions(&values);
    assert!(last.len() > 20 && last.values().all(|version| version == "next-1"), "{last:?}");
    let by_model = values.iter().filter(|value| value["cause"]["type"] == "model").count();
    assert!(by_model > 10 && by_model <= last.len(), "{by_model} of {}", last.len());
    let first = values.iter().position(|value| value["model"]["version"] == "next-1").unwrap();
    let (before, after) = values.split_at(first);
    assert!(!before.is_empty() && after.iter().any(|value| value["cause"]["type"] == "event"));
    // a customer is told of by the former model until the switch, and by the new one from then on
    assert!(after.iter().all(|value| value["model"]["version"] == "next-1"));
    let transitions = self::values(&world, OutputTopic::Transitions);
    assert!(transitions.iter().any(|value| value["cause"]["type"] == "model" && value["to"] == "at_risk"), "nobody moved");
}

#[test]
fn whoever_takes_over_in_the_middle_scores_everybody_with_the_same_ids() {
    let mut world = World::crowded(SEED, CUSTOMERS);
    live(&mut world, u64::MAX, FORMER, 0);
    let before = values(&world, OutputTopic::Clv).len();
    // one piece, and dead
    live(&mut world, 5, "next-1", 4);
    let begun = values(&world, OutputTopic::Clv).len() - before;
    live(&mut world, u64::MAX, "next-1", 0);
    let all = values(&world, OutputTopic::Clv);
    let last = versions(&all);
    assert!(last.values().all(|version| version == "next-1"), "{last:?}");
    let anew = &all[before..];
    let ids: BTreeMap<&str, &Value> = anew.iter().map(|value| (value["id"].as_str().unwrap(), value)).collect();
    assert!(begun > 0 && begun < last.len(), "{begun} of {}", last.len());
    assert_eq!((ids.len(), anew.len()), (last.len(), last.len() + begun));
    // and once that is done, a further life finds nothing to do
    live(&mut world, u64::MAX, "next-1", 0);
    assert_eq!(values(&world, OutputTopic::Clv).len(), all.len());
}

/// A transaction of which one commit does not come about.
struct CutOff {
    inner: MemoryTransaction,
    is_cut: Rc<Cell<bool>>,
}

impl Transaction for CutOff {
    pass_on!(writer, begin, send, abort, renew, fence, trim);

    fn commit(&mut self, positions: &[Position], claim: &Claim) -> Result<(), TransactionError> {
        if self.is_cut.take() {
            return Err(TransactionError::Abort("as planned".into()));
        }
        self.inner.commit(positions, claim)
    }
}

#[test]
fn a_piece_that_was_cut_off_is_done_again_though_no_record_comes_any_more() {
    let mut world = World::crowded(SEED, CUSTOMERS);
    live(&mut world, u64::MAX, FORMER, 0);
    let in_force = Arc::new(InForce::default());
    let rules = Rules { in_force: in_force.clone(), ..world.rules() };
    let is_cut = Rc::new(Cell::new(false));
    let transaction = CutOff { inner: MemoryTransaction::new(world.log.clone()), is_cut: is_cut.clone() };
    let mut worker = Worker::new(MemorySource::new(world.log.clone()), transaction, rules.clone(), Arc::new(Committed::new()));
    for step in 0..100 {
        if step == 10 {
            in_force.put(change(next_models(&rules, "next-1")));
            is_cut.set(true);
        }
        worker.step(Now { mono_ms: step * 100, wall_ms: 0 }).unwrap();
    }
    assert!(!is_cut.get(), "nothing was cut off");
    let last = versions(&values(&world, OutputTopic::Clv));
    assert!(last.values().all(|version| version == "next-1"), "{last:?}");
}

#[test]
fn going_back_in_the_middle_brings_everybody_back() {
    let mut world = World::crowded(SEED, CUSTOMERS);
    live(&mut world, u64::MAX, FORMER, 0);
    let before = values(&world, OutputTopic::Clv).len();
    // by the next step a piece of each slot has been scored, and not all
    live_through(&mut world, u64::MAX, &[(4, "next-1"), (5, FORMER)]);
    let all = values(&world, OutputTopic::Clv);
    let moved = all[before..].iter().filter(|value| value["model"]["version"] == "next-1").count();
    let last = versions(&all);
    assert!(moved > 0 && moved < last.len(), "{moved} of {}", last.len());
    assert!(last.values().all(|version| version == FORMER), "{last:?}");
    let in_between = all[..before].iter().map(|value| value["id"].clone()).collect::<Vec<_>>();
    assert!(all[before..].iter().all(|value| !in_between.contains(&value["id"])), "an id came twice");
}

#[test]
fn other_parameters_under_the_same_version_are_another_model() {
    let mut world = World::crowded(SEED, CUSTOMERS);
    live(&mut world, u64::MAX, FORMER, 0);
    let before = values(&world, OutputTopic::Clv).len();
    let in_force = Arc::new(InForce::default());
    let rules = Rules { in_force: in_force.clone(), ..world.rules() };
    let mut settings = Settings::clone(&rules.engine);
    settings.value.margin = Some(0.5);
    in_force.put(change(Arc::new(settings)));
    let source = MemorySource::new(world.log.clone());
    let mut worker = Worker::new(source, MemoryTransaction::new(world.log.clone()), rules, Arc::new(Committed::new()));
    for step in 0.. {
        let next = worker.step(Now { mono_ms: step * 100, wall_ms: 0 }).unwrap();
        if matches!(next, Next::Wait(100)) && worker.status().running.len() == SLOTS as usize {
            break;
        }
    }
    let all = values(&world, OutputTopic::Clv);
    assert_eq!(all.len() - before, versions(&all).len());
    assert!(all[before..].iter().all(|value| value["margin_assumed"] == false));
}
