//! `state reset` and `state rebuild`: slots that begin anew.
use super::{
    assert_all_verified, assert_exactly, assert_same_but_for_repeats, refusal, run_on, slots, state, stopped_midway, truncate_changelog,
    wait_for,
};
use crate::commands::SOON;
use crate::trial::SLOTS;

#[test]
fn a_group_with_members_is_refused_and_goes_on() {
    let (trial, expected) = stopped_midway("members", 21);
    let mut process = trial.start("a", 1);
    wait_for("the process to run", SOON, || process.log_tail().contains("worker is now running").then_some(()));
    let outcome = state(&trial, "reset --all --from end --yes");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
    assert!(outcome.stderr.contains(&format!("group {} has members: lifetide-a-0", trial.name)), "{}", outcome.stderr);
    wait_for("the rest to be read", SOON, || (trial.lag() == 0).then_some(()));
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    assert_exactly(&expected, &trial);
}

#[test]
fn a_reset_forgets_everything_and_begins_where_it_is_told() {
    let (trial, expected) = stopped_midway("reset", 22);
    run_on(&trial, 1);
    let asked = state(&trial, "reset --all --from beginning");
    assert_eq!(asked.code, Some(1));
    assert!(asked.stdout.contains("would be forgotten") && asked.stderr.contains("nothing was changed: add --yes"), "{}", asked.stderr);
    assert_all_verified(&trial);

    let ended = state(&trial, "reset --slot 3 --slot 3 --from end --yes -o json");
    assert_eq!((ended.code, slots(&ended).len()), (Some(0), 1), "{}", ended.stderr);
    let verified = slots(&state(&trial, "verify --slot 3 -o json"));
    assert_eq!((&verified[0]["verdict"], &verified[0]["customers"]), (&"verified".into(), &0.into()), "{verified:?}");
    assert_eq!(trial.lag(), 0);

    let begun = state(&trial, "reset --all --from beginning --yes");
    assert_eq!(begun.code, Some(0), "{}", begun.stderr);
    let verified = slots(&state(&trial, "verify -o json"));
    assert!(verified.iter().all(|slot| slot["customers"] == 0 && slot["changelog"]["low"] == slot["restore_start"]), "{verified:?}");
    run_on(&trial, 2);
    let repeats = assert_same_but_for_repeats(&expected, &trial.written());
    let once: usize = ["transitions", "clv", "actions"].iter().flat_map(|topic| expected[topic].values()).map(Vec::len).sum();
    assert_eq!(repeats, once, "each record comes a second time, under the same id");
    assert_all_verified(&trial);

    let unknown = state(&trial, &format!("reset --slot {SLOTS} --from end --yes"));
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("there is no slot 4"), "{}", unknown.stderr);
}

#[test]
fn a_rebuild_from_the_inputs_says_nothing_and_the_rest_goes_on_as_if_nothing_had_been() {
    let (trial, expected) = stopped_midway("rebuild", 23);
    (0..SLOTS).for_each(|slot| truncate_changelog(&trial, slot));
    assert!(refusal(&trial).contains("state rebuild"));
    let (left, before) = (trial.lag(), trial.written());
    let asked = state(&trial, "rebuild --all --mute-actions");
    assert_eq!(asked.code, Some(1));
    let rebuilt = state(&trial, "rebuild --all --mute-actions --yes -o json");
    assert_eq!(rebuilt.code, Some(0), "{}", rebuilt.stderr);
    assert!(slots(&rebuilt).iter().all(|slot| slot["customers"].as_u64().unwrap() > 10));
    assert!(slots(&rebuilt).iter().all(|slot| slot["erased"]["is_certain"] == false), "nobody can know who was erased");
    assert!(trial.lag() == left && trial.written() == before, "something was said, or the offsets have moved");
    assert_all_verified(&trial);
    run_on(&trial, 1);
    assert_exactly(&expected, &trial);
}
