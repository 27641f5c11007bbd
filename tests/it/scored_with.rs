//! What a slot's history says that its customers were scored with is true, whoever wrote it: rows that are raised, a state that is mended, built
//! anew or dealt out. So nobody keeps the score of a model that is no longer in force, and nobody is scored anew without need.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use lifetide::engine::RowVersion;
use lifetide::worker::memory::MemorySource;
use lifetide::worker::offline::deal;
use lifetide::worker::source::Input;
use lifetide::worker::transaction::OutputTopic;
use lifetide::worker::{Now, upgrade};
use serde_json::Value;

use crate::population::{Figures, counted, recounted};
use crate::ways_out::{Way, mend};
use crate::worker_models::{CUSTOMERS, FORMER, SEED, live, values, versions};
use crate::worker_world::{SLOTS, World};

const NEXT: &str = "next-1";

/// How many are scored anew in a life under this model.
fn scored_anew(world: &mut World, version: &str) -> usize {
    let before = values(world, OutputTopic::Clv).len();
    live(world, u64::MAX, version, 0);
    let all = values(world, OutputTopic::Clv);
    assert!(versions(&all).values().all(|found| found == version), "{:?}", versions(&all));
    all.len() - before
}

fn buyers(world: &World) -> usize {
    versions(&values(world, OutputTopic::Clv)).len()
}

/// The last records of a topic by key, of those who are not erased or have come again.
fn last(world: &World, topic: OutputTopic) -> Vec<Value> {
    let mut last = BTreeMap::new();
    for record in world.log.borrow().produced.iter().filter(|record| record.topic == topic) {
        last.insert(record.key.clone(), record.value.as_deref().map(|value| serde_json::from_slice(value).unwrap()));
    }
    last.into_values().flatten().collect()
}

fn all_counted(world: &World) -> Figures {
    counted(last(world, OutputTopic::Aggregates).into_iter())
}

fn tell_to_raise(world: &mut World) {
    let headers = [(upgrade::VERSION, RowVersion::NEWEST.to_string()), (upgrade::GROUP, world.rules().group)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.into_bytes())).to_vec();
    for slot in 0..SLOTS {
        world.log.borrow_mut().append(Input { topic: 0, slot }, None, None, None, Some(0), headers.clone()).unwrap();
    }
}

#[test]
fn after_rows_were_raised_figures_are_those_of_everybody_though_nobody_does_anything() {
    for version in [1, 2] {
        let mut world = World::crowded(SEED, CUSTOMERS);
        world.row_version = RowVersion::from_number(version).unwrap();
        world.run().unwrap();
        let (before, buyers) = (values(&world, OutputTopic::Clv).len(), buyers(&world));
        assert_eq!(all_counted(&world), Figures::new());
        tell_to_raise(&mut world);
        // the word, some pieces, and dead
        world.live(6).unwrap();
        let begun = values(&world, OutputTopic::Clv).len() - before;
        world.run().unwrap();
        let anew = values(&world, OutputTopic::Clv).split_off(before);
        assert!(begun > 0 && begun < buyers, "{begun} of {buyers} in the first life");
        assert!(anew.iter().all(|value| value["cause"]["type"] == "model"));
        let ids: BTreeSet<String> = anew.iter().map(|value| value["id"].to_string()).collect();
        assert_eq!((ids.len(), versions(&anew).len()), (buyers, buyers));
        assert!(anew.len() > buyers, "who takes over a slot that is not done begins again");
        assert!(all_counted(&world).len() >= 3, "{:?}", all_counted(&world));
        assert_eq!(all_counted(&world), recounted(last(&world, OutputTopic::Clv).into_iter()), "rows {version}");
        assert_eq!(scored_anew(&mut world, FORMER), 0, "once is enough");
    }
}

#[test]
fn a_mended_state_says_what_its_customers_were_scored_with() {
    for (version, other) in [(FORMER, NEXT), (NEXT, FORMER)] {
        let mut world = World::crowded(SEED, CUSTOMERS);
        live(&mut world, u64::MAX, version, 0);
        let lose = |world: &World| world.log.borrow_mut().committed(1).fill(None);
        lose(&world);
        assert_eq!(mend(&mut world, Way::Mend).unwrap()[1], "gone back");
        assert_eq!(scored_anew(&mut world, version), 0, "{version}");
        lose(&world);
        mend(&mut world, Way::Mend).unwrap();
        assert_eq!(scored_anew(&mut world, other), buyers(&world), "{version} to {other}");
    }
}

/// Building anew is done with the configuration's model, whatever was published.
#[test]
fn a_state_built_anew_was_scored_with_what_it_was_built_with() {
    for version in [FORMER, NEXT] {
        let mut world = World::crowded(SEED, CUSTOMERS);
        live(&mut world, u64::MAX, version, 0);
        mend(&mut world, Way::Rebuild).unwrap();
        let expected = if version == FORMER { 0 } else { buyers(&world) };
        assert_eq!(scored_anew(&mut world, version), expected, "{version}");
    }
}

/// What the slots would begin with after partitions were added.
fn dealt(world: &mut World) -> Vec<String> {
    let rules = world.rules();
    let ms = Cell::new(0);
    let clock = || {
        ms.set(ms.get() + 100);
        Now { mono_ms: ms.get(), wall_ms: 0 }
    };
    let deal = deal(&mut MemorySource::new(world.log.clone()), &rules, &clock).unwrap();
    deal.beginnings().iter().map(|beginning| beginning.scored_with.to_owned()).collect()
}

#[test]
fn customers_who_are_dealt_out_take_along_what_they_were_scored_with_if_that_is_the_same_for_all() {
    let mut world = World::crowded(SEED, CUSTOMERS);
    live(&mut world, u64::MAX, NEXT, 0);
    let all = dealt(&mut world);
    assert!(all.len() == SLOTS as usize && all.iter().all(|scored_with| scored_with.starts_with(NEXT)), "{all:?}");
    // one piece, and dead
    live(&mut world, 5, FORMER, 4);
    assert_eq!(dealt(&mut world), [""; SLOTS as usize]);
}
