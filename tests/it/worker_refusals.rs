//! The worker over the log in memory, damaged: a changelog or offsets that do not fit each other, a key in the wrong partition. What cannot
//! be proven is refused, with the reason and the ways out. What goes wrong by itself is `simulation`'s.

use lifetide::engine::RowVersion;
use lifetide::worker::block;
use lifetide::worker::memory::{MemoryLog, MemorySource};
use lifetide::worker::offline::propose;
use lifetide::worker::source::Input;
use lifetide::worker::{Now, WorkerError, partition_of};

use crate::worker_world::{SLOTS, World};

/// A slot's block as the next version of lifetide may write it: the chain hashes bodies, so it holds.
fn write_newer_rows(log: &mut MemoryLog) {
    let newer = {
        let (mut header, body) = block::decode(&log.changelog(1)[3]).unwrap();
        header.transaction.row_version = RowVersion::NEWEST.number() + 1;
        block::encode(&header, body)
    };
    log.changelog(1)[3] = newer;
}

/// The reason for which a fresh worker refuses to serve the log after `damage`.
fn refusal(damage: impl Fn(&mut MemoryLog)) -> String {
    let mut world = World::new(7);
    world.base_ratio = 0.0;
    world.run().unwrap();
    damage(&mut world.log.borrow_mut());
    match world.run() {
        Err(WorkerError::Refused(why)) => why,
        other => panic!("expected a refusal: {other:?}"),
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
        ("a newer version has written", Box::new(write_newer_rows), "has rows of version 4, newer than this version of lifetide reads (3)"),
        ("the changelog is emptied", Box::new(|log| log.changelog(1).clear()), "changelog ends at sequence"),
    ];
    for (what, damage, reason) in cases {
        let why = refusal(damage);
        assert!(why.contains(reason) && why.contains("slot 1") && why.contains("ways out"), "{what}: {why}");
    }
}

#[test]
fn rows_of_a_newer_version_are_not_taken_for_damage_to_be_mended() {
    let mut world = World::new(7);
    world.base_ratio = 0.0;
    world.run().unwrap();
    write_newer_rows(&mut world.log.borrow_mut());
    let (mut source, topics) = (MemorySource::new(world.log.clone()), world.rules().topics);
    let mended = propose(&mut source, &topics, 1, true, &|| Now { mono_ms: 0, wall_ms: 0 });
    let Err(WorkerError::Refused(why)) = mended else { panic!("a state was chosen without what the newer version wrote") };
    assert!(why.contains("rows of version 4 at changelog offset 3 are newer than this version reads (3)"), "{why}");
}

#[test]
fn a_key_in_the_wrong_partition_stops_the_worker_and_names_the_record() {
    let mut world = World::new(7);
    let wrong = (0..).map(|n| format!("u-{n}")).find(|key| partition_of(key.as_bytes(), SLOTS) != 2).unwrap();
    let input = Input { topic: 1, slot: 2 };
    let value = format!(r#"{{"type":"identify","userId":"{wrong}","timestamp":"2026-01-01T00:00:00Z"}}"#);
    let key = Some(wrong.as_bytes());
    world.log.borrow_mut().append(input, Some(9_000_000), key, Some(value.as_bytes()), None, Vec::new()).unwrap();
    let Err(WorkerError::Refused(why)) = world.run() else { panic!("it went on") };
    assert!(why.contains("shop.emails partition 2 offset 9000000"), "{why}");
}
