//! Inputs that change under a group: events deleted before they were read, topics that are left out, come back or are new, partitions that were added.
use rdkafka::{Offset, TopicPartitionList};

use super::{
    CUSTOMERS, EVENTS, SETTINGS, add_partition, assert_all_verified, committed, delete_before, expire_offsets, refusal, run_on, run_until,
    slots, state, stopped_midway,
};
use crate::commands::{SOON, finish, wait_for};
use crate::trial::{SLOTS, Trial};

#[test]
fn events_that_were_deleted_unread_are_named_and_left_only_when_told() {
    let (trial, _) = stopped_midway("lost", 41);
    let topic = &trial.inputs()[0];
    let Offset::Offset(next) = committed(&trial, 0).elements_for_topic(topic)[0].offset() else { panic!("nothing committed") };
    delete_before(topic, 0, Offset::Offset(next + 3));
    let why = refusal(&trial);
    assert!(why.contains(&format!("events of {topic} were deleted before they were read")) && why.contains("state repair"), "{why}");
    let refused = state(&trial, "repair --all --yes");
    assert_eq!(refused.code, Some(1), "{}", refused.stdout);
    assert!(
        refused.stderr.contains("3 offsets were deleted before they were read; `--skip-lost` goes on without them"),
        "{}",
        refused.stderr
    );
    let repaired = state(&trial, "repair --all --skip-lost --yes -o json");
    assert_eq!(repaired.code, Some(0), "{}", repaired.stderr);
    let repaired = slots(&repaired);
    assert_eq!((&repaired[0]["found"], &repaired[0]["inputs"][0]["lost"]), (&"the committed state".into(), &3.into()), "{repaired:?}");
    assert!(repaired[1..].iter().all(|slot| slot["found"] == "is sound"), "{repaired:?}");
    assert_all_verified(&trial);
    run_on(&trial, 1);
    assert_all_verified(&trial);
    // the same in a group whose offsets have expired
    delete_before(topic, 1, Offset::End);
    expire_offsets(&trial);
    let adopted = state(&trial, "adopt --all --yes");
    assert_eq!(adopted.code, Some(0), "{}", adopted.stderr);
}

/// Left out of the configuration for a while, an input comes back with an offset that the changelog does not know.
#[test]
fn an_input_that_was_left_out_for_a_while_goes_on_where_it_was_after_a_repair() {
    let (mut trial, _) = stopped_midway("comeback", 42);
    let all = trial.inputs();
    let before = committed(&trial, 0);
    let fewer = format!("input.topics={:?}", &all[..2]);
    trial.sets.push(fewer.clone());
    let stopped_at: i64 = (0..SLOTS)
        .flat_map(|slot| committed(&trial, slot).elements().iter().map(|e| e.offset().to_raw().unwrap()).collect::<Vec<_>>())
        .sum();
    run_until(&trial, 1, stopped_at + 200);
    trial.sets.retain(|set| *set != fewer);
    let why = refusal(&trial);
    assert!(why.contains("changelog and committed offsets disagree about") && why.contains("carts: none logged"), "{why}");
    let repaired = state(&trial, "repair --all --yes");
    assert_eq!(repaired.code, Some(0), "{}", repaired.stderr);
    let offset = |list: &TopicPartitionList| list.elements_for_topic(&all[2])[0].offset();
    assert_eq!(offset(&before), offset(&committed(&trial, 0)));
    assert_all_verified(&trial);
    run_on(&trial, 2);
    assert_all_verified(&trial);
}

#[test]
fn an_input_that_is_added_is_read_from_its_first_record() {
    let mut trial = Trial::new("added", &SETTINGS);
    trial.create_topics();
    trial.load(44, EVENTS, CUSTOMERS);
    let carts = trial.inputs()[2].clone();
    let fewer = format!("input.topics={:?}", &trial.inputs()[..2]);
    trial.sets.push(fewer.clone());
    run_until(&trial, 0, 200);
    let is_committed = |slot| committed(&trial, slot).elements_for_topic(&carts)[0].offset() != Offset::Invalid;
    assert!(!(0..SLOTS).any(is_committed), "nothing of it was read");
    trial.sets.retain(|set| *set != fewer);
    run_on(&trial, 1);
    assert_eq!(trial.lag(), 0);
    assert_all_verified(&trial);
}

#[test]
fn partitions_that_were_added_are_refused_with_the_page_that_helps() {
    let (trial, _) = stopped_midway("partitions", 43);
    let all = trial.inputs();
    add_partition(&all[..1]);
    let why = wait_for("the new partition to be known", SOON, || Some(refusal(&trial)).filter(|why| why.contains("differ")));
    assert!(why.contains(&format!("{} 5", all[0])) && why.contains("docs/runbook.md: another number of partitions"), "{why}");
    let outcome = state(&trial, "verify");
    assert!(outcome.code == Some(1) && outcome.stderr.contains("differ in their number of partitions"), "{}", outcome.stderr);
    add_partition(&all[1..]);
    let why = wait_for("all to be known", SOON, || Some(refusal(&trial)).filter(|why| !why.contains("differ")));
    assert!(why.contains("has 4 partitions, the input topics 5") && why.contains("docs/runbook.md"), "{why}");

    // the page's way: another group and other outputs, from the inputs' beginning
    let second = ["--set", "kafka.group_id=second", "--set", "output.prefix=second."]
        .map(|text| text.replace("second", &format!("{}-2", trial.name)));
    let second: Vec<&str> = second.iter().map(String::as_str).collect();
    let created = finish(trial.command(&["topics", "create"]).args(&second), SOON);
    assert_eq!(created.code, Some(0), "{}", created.stderr);
    // brokers that have just got a partition say so a moment later
    let verified = wait_for("the second life's slots to be verified", SOON, || {
        Some(finish(trial.command(&["state", "verify"]).args(&second), SOON)).filter(|outcome| outcome.code != Some(69))
    });
    assert_eq!(
        (verified.code, verified.stdout.matches("empty").count()),
        (Some(0), SLOTS as usize + 1),
        "{}{}",
        verified.stdout,
        verified.stderr
    );
}
