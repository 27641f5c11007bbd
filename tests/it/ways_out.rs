//! The ways out over the log in memory: whatever is broken in the middle of a backlog, the state is mended or built anew, and in the end every
//! row is that of an undisturbed life, byte for byte, and every record is there, again at most under the same id.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use lifetide::cli::rules::worker_rules;
use lifetide::engine::{Committed, Mark, RowVersion};
use lifetide::worker::memory::{MemoryLog, MemorySource, MemoryTransaction, Produced};
use lifetide::worker::offline::{Beginning, Mending, deal, former, hold, inspect, propose, rebuild, rewrite};
use lifetide::worker::source::{CommittedOffset, Input};
use lifetide::worker::{Now, Worker, WorkerError, partition_of, upgrade};

use crate::exactly_once::seed;
use crate::worker_world::{Rows, SLOTS, World, undisturbed};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Mend,
    Rebuild,
}

/// A world whose changelog keeps every transaction.
fn keeping_all(seed: u64) -> World {
    let mut world = World::new(seed);
    world.base_ratio = 0.0;
    world
}

/// What the slots were found to be.
pub fn mend(world: &mut World, way: Way) -> Result<Vec<&'static str>, WorkerError> {
    let rules = world.rules();
    let (mut source, mut transaction) = (MemorySource::new(world.log.clone()), MemoryTransaction::new(world.log.clone()));
    let ms = Cell::new(0);
    let clock = || {
        ms.set(ms.get() + 100);
        Now { mono_ms: ms.get(), wall_ms: 0 }
    };
    let held = hold(&mut source, SLOTS, &clock)?;
    let mut found = Vec::new();
    for slot in 0..SLOTS {
        let (rows, seq, offsets, time_ms, row_version, scored_with) = match way {
            Way::Rebuild => {
                let former = former(&mut source, &rules.topics, slot, &clock)?;
                let rebuilt = rebuild(&mut source, &held, &rules, slot, &former, &clock)?;
                found.push(match (former.is_whole, rebuilt.carried) {
                    (true, 0) => "built anew",
                    (true, _) => "built anew, with erasures",
                    (false, _) => "built anew, unsure of erasures",
                });
                (rebuilt.rows, former.next_seq, former.until, rebuilt.time_ms, rebuilt.row_version, rebuilt.scored_with)
            }
            Way::Mend => match propose(&mut source, &rules.topics, slot, false, &clock)? {
                Mending::Empty => panic!("slot {slot} is empty"),
                Mending::Sound => {
                    found.push("sound");
                    continue;
                }
                Mending::Change(choice) => {
                    found.push(if choice.is_committed { "kept" } else { "gone back" });
                    let rows = Committed::new();
                    rows.install(slot, choice.regions);
                    let offsets = choice.inputs.iter().map(|moved| moved.next).collect();
                    let (time_ms, row_version) = (choice.last.time_ms, choice.last.row_version());
                    (rows.into(), choice.next_seq, offsets, time_ms, row_version, choice.last.model_version)
                }
            },
        };
        let beginning = Beginning { slot, rows: &rows, seq, offsets: &offsets, time_ms, row_version, scored_with: &scored_with };
        rewrite((&mut source, &mut transaction), &held, &rules, &[beginning], &clock)?;
        let looked = inspect(&mut source, &rules.topics, slot, &clock)?;
        let state = looked.state.unwrap_or_else(|why| panic!("{why}"));
        // the version stands behind the deadline
        let newest = state.regions.iter().flat_map(|(_, region)| region.rows()).map(|(_, _, row)| row[8]).max();
        assert!(newest <= state.last.map(|last| last.row_version), "rows newer than their slot says");
    }
    Ok(found)
}

/// The records that came first under their ids, and how many came again.
fn once(produced: Vec<Produced>) -> (Vec<Produced>, usize) {
    let mut seen = BTreeSet::new();
    let all = produced.len();
    // dead letters have no id: topic, partition and offset in their headers name them
    let id = |record: &Produced| match record.headers.iter().find(|(name, _)| name == "lifetide-id") {
        Some(id) => vec![id.clone()],
        None => record.headers.clone(),
    };
    let first: Vec<Produced> = produced.into_iter().filter(|record| seen.insert(id(record))).collect();
    let repeats = all - first.len();
    (first, repeats)
}

/// Breaks a life in the middle, mends it, and runs on; returns what slot 1 was found to be, and how many records came twice.
fn broken_and_mended(seed: u64, way: Way, damage: impl Fn(&mut World)) -> (&'static str, usize) {
    let (rows, produced) = undisturbed(seed);
    let mut world = keeping_all(seed);
    world.live(25).unwrap();
    assert!(world.produced().len() < produced.len() / 2, "nothing is left to do");
    damage(&mut world);
    let found = mend(&mut world, way).unwrap_or_else(|error| panic!("{error}"));
    let mended = world.run().unwrap();
    assert!(mended == rows, "{way:?}: rows differ");
    let (first, repeats) = once(world.produced());
    let (expected, own_repeats) = once(produced);
    assert_eq!(own_repeats, 0, "an undisturbed life says nothing twice");
    let different = first.iter().zip(&expected).find(|(found, expected)| found != expected);
    assert!(first == expected, "{way:?}: {} records, not {}: {different:?}", first.len(), expected.len());
    (found[1], repeats)
}

fn log(world: &mut World, damage: impl Fn(&mut MemoryLog)) {
    damage(&mut world.log.borrow_mut());
}

#[test]
fn what_is_broken_is_mended_and_ends_as_if_nothing_had_been() {
    let seed = seed();
    type Damage = Box<dyn Fn(&mut World)>;
    let cases: Vec<(&str, Damage, &str, bool)> = vec![
        ("nothing", Box::new(|_| {}), "sound", false),
        ("offsets are deleted", Box::new(|w| log(w, |log| log.committed(1).fill(None))), "gone back", false),
        (
            "offsets are reset by a tool",
            Box::new(|w| log(w, |log| log.committed(1).iter_mut().flatten().for_each(|c| c.metadata.clear()))),
            "gone back",
            false,
        ),
        ("one offset is moved by a tool", Box::new(|w| log(w, |log| log.committed(1)[0].as_mut().unwrap().offset -= 1)), "kept", false),
        ("the last block is lost", Box::new(|w| log(w, |log| drop(log.changelog(1).pop()))), "gone back", true),
        ("a bit flips", Box::new(|w| log(w, |log| log.changelog(1)[3][200] ^= 1)), "gone back", true),
        ("a block is lost", Box::new(|w| log(w, |log| drop(log.changelog(1).remove(3)))), "gone back", true),
        ("two blocks change places", Box::new(|w| log(w, |log| log.changelog(1).swap(3, 4))), "gone back", true),
        ("a fork", Box::new(fork), "kept", true),
    ];
    for (what, damage, found, repeats) in cases {
        let (as_found, repeated) = broken_and_mended(seed, Way::Mend, damage);
        assert_eq!((as_found, repeated > 0), (found, repeats), "{what}: {repeated} records came twice");
    }
}

/// A life whose offsets were lost, and another one that wrote on beside its blocks.
fn fork(world: &mut World) {
    let offsets: Vec<Vec<Option<CommittedOffset>>> = (0..SLOTS).map(|slot| world.log.borrow_mut().committed(slot).clone()).collect();
    world.live(16).unwrap();
    for (slot, offsets) in offsets.into_iter().enumerate() {
        *world.log.borrow_mut().committed(slot as u32) = offsets;
    }
    world.live(12).unwrap();
    assert!(matches!(world.live(1_000), Err(WorkerError::Refused(_))), "the fork was not noticed");
}

/// In one of these backlogs in forty a record comes again so late that its message id is forgotten, and brings back a cart long decided about.
#[test]
fn no_id_is_written_twice_by_an_undisturbed_life() {
    let first = seed();
    for seed in [1_795_361_455_679_149_576, 1_795_367_785_942_082_550].into_iter().chain(first..first + 120) {
        let (_, produced) = undisturbed(seed);
        let mut seen = BTreeSet::new();
        for record in &produced {
            let Some((_, id)) = record.headers.iter().find(|(name, _)| name == "lifetide-id") else { continue };
            assert!(seen.insert(id), "seed {seed}: {}", String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()));
        }
    }
}

#[test]
fn a_state_built_anew_from_the_inputs_repeats_nothing() {
    let seed = seed();
    let emptied = |w: &mut World| log(w, |log| (0..SLOTS).for_each(|slot| log.changelog(slot).clear()));
    let torn = |w: &mut World| log(w, |log| log.changelog(1)[0][100] ^= 1);
    for damage in [&emptied as &dyn Fn(&mut World), &torn] {
        assert_eq!(broken_and_mended(seed, Way::Rebuild, damage), ("built anew, unsure of erasures", 0));
    }
    assert_eq!(broken_and_mended(seed, Way::Rebuild, |_| {}), ("built anew", 0));
}

/// The marks of erased customers, and the ids of the others.
fn marks_and_customers(rows: &Rows) -> (BTreeSet<Vec<u8>>, BTreeSet<Vec<u8>>) {
    let (marks, customers): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, id, row)| Mark::read(id, row).is_ok());
    // keys of cells have bars in them
    let ids =
        |rows: Vec<&(u32, Vec<u8>, Vec<u8>)>| rows.into_iter().map(|(_, id, _)| id.clone()).filter(|id| !id.contains(&b'|')).collect();
    (ids(marks), ids(customers))
}

#[test]
fn a_state_built_anew_forgets_whom_the_inputs_have_forgotten_to_erase() {
    let seed = 7;
    let (rows, _) = undisturbed(seed);
    let mut world = keeping_all(seed);
    world.live(60).unwrap();
    for slot in 0..SLOTS {
        // the topic with the erasures: what was read is deleted
        let read = world.log.borrow_mut().committed(slot)[0].as_ref().unwrap().offset;
        world.log.borrow_mut().delete_before(Input { topic: 0, slot }, read);
    }
    assert!(mend(&mut world, Way::Rebuild).unwrap().contains(&"built anew, with erasures"));
    let (marks, customers) = marks_and_customers(&world.run().unwrap());
    let (expected, remaining) = marks_and_customers(&rows);
    assert!(expected.len() > 5);
    assert_eq!(marks, expected);
    assert!(customers.is_subset(&remaining), "came back: {:?}", customers.difference(&remaining).collect::<Vec<_>>());
}

/// Slots that have not heard the word of an upgrade, and do when they are built anew.
#[test]
fn a_state_built_anew_says_which_rows_it_has() {
    let group = World::new(7).rules().group;
    let words = |log: &mut MemoryLog| {
        let headers = [(upgrade::VERSION, RowVersion::NEWEST.to_string()), (upgrade::GROUP, group)];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.into_bytes())).to_vec();
        for slot in 0..SLOTS {
            log.append(Input { topic: 0, slot }, None, None, None, Some(0), headers.clone()).unwrap();
        }
    };
    let mut world = World::after(7, words);
    (world.row_version, world.group) = (RowVersion::OLDEST, Some("another"));
    world.live(25).unwrap();
    let versions = |world: &World| {
        let mut source = MemorySource::new(world.log.clone());
        let former = |slot| former(&mut source, &["a".into(), "b".into(), "c".into()], slot, &|| Now { mono_ms: 0, wall_ms: 0 }).unwrap();
        (0..SLOTS).map(former).map(|former| former.row_version).collect::<Vec<_>>()
    };
    assert_eq!(versions(&world), [RowVersion::OLDEST; SLOTS as usize], "the word was for others");
    world.group = None;
    mend(&mut world, Way::Rebuild).unwrap();
    assert_eq!(versions(&world), [RowVersion::NEWEST; SLOTS as usize]);
    world.run().unwrap();
}

#[test]
fn a_changelog_without_any_whole_state_is_refused_with_what_is_left_to_do() {
    let mut world = keeping_all(5);
    world.live(25).unwrap();
    world.log.borrow_mut().changelog(1)[0][100] ^= 1;
    let Err(WorkerError::Refused(why)) = mend(&mut world, Way::Mend) else { panic!("it was mended") };
    assert!(why.contains("slot 1: none of the") && why.contains("checksum") && why.contains("state rebuild"), "{why}");
}

#[test]
fn a_pause_while_a_state_is_built_anew_stops_nothing() {
    for pause_at in 1..30_u64 {
        let mut world = World::new(5);
        world.run().unwrap();
        let rules = world.rules();
        let mut source = MemorySource::new(world.log.clone());
        let (ms, calls) = (Cell::new(0), Cell::new(0_u64));
        let clock = || {
            calls.set(calls.get() + 1);
            ms.set(ms.get() + if calls.get() == pause_at { 6_000 } else { 100 });
            assert!(calls.get() < 5_000, "it hangs after a pause at look {pause_at} at the clock");
            Now { mono_ms: ms.get(), wall_ms: 0 }
        };
        let held = hold(&mut source, SLOTS, &clock).unwrap();
        let former = former(&mut source, &rules.topics, 1, &clock).unwrap();
        rebuild(&mut source, &held, &rules, 1, &former, &clock).unwrap();
    }
}

/// Partitions were added, and somebody's events came into the new one before the customers were moved.
#[test]
fn a_customer_who_began_anew_in_a_new_partition_is_not_dealt_over_their_history() {
    let log = MemoryLog::new(4, 2, true);
    let config = crate::settings::config(&["time.mode=\"event\"".to_owned()]);
    let home = partition_of(b"ann", 2);
    for (n, slot) in [(0, 1 - home), (1, 1 - home), (2, home)] {
        let order = format!(
            r#"{{"type":"track","event":"Order Completed","userId":"ann","properties":{{"order_id":"o{n}","total":5,"currency":"USD"}}}}"#
        );
        let mut log = log.borrow_mut();
        log.append(Input { topic: 0, slot }, None, Some(b"ann"), Some(order.as_bytes()), Some(1_767_225_600_000), Vec::new()).unwrap();
    }
    let mut rules = worker_rules(&config, 2, 1);
    rules.partitions = None;
    let committed = Arc::new(Committed::new());
    let mut worker = Worker::new(MemorySource::new(log.clone()), MemoryTransaction::new(log.clone()), rules.clone(), committed.clone());
    for step in 0..100 {
        worker.step(Now { mono_ms: step * 100, wall_ms: 0 }).unwrap();
    }
    assert_eq!((committed.size(0).0, committed.size(1).0), (1, 1));
    rules.partitions = Some(2);
    let ms = Cell::new(0);
    let clock = || {
        ms.set(ms.get() + 100);
        Now { mono_ms: ms.get(), wall_ms: 0 }
    };
    let refused = deal(&mut MemorySource::new(log), &rules, &clock).err().unwrap();
    assert!(refused.to_string().contains("whom another slot holds, too"), "{refused}");
}
