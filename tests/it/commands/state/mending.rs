//! `state adopt` and `state repair`: changelog and committed offsets that have lost each other.
use rdkafka::{Offset, TopicPartitionList};

use super::{
    EVENTS, assert_all_verified, assert_exactly, assert_same_but_for_repeats, commit, committed, expire_offsets, refusal, run_on,
    run_until, slots, state, stopped_midway,
};
use crate::trial::{SLOTS, Trial};

#[test]
fn offsets_that_expired_are_adopted_from_the_changelog() {
    let (trial, expected) = stopped_midway("adopt", 31);
    let left = trial.lag();
    expire_offsets(&trial);
    let why = refusal(&trial);
    assert!(why.contains("the group has no committed offsets") && why.contains("state adopt"), "{why}");
    assert!(state(&trial, "repair --all").stderr.contains("see `state adopt`"));
    let asked = state(&trial, "adopt --all");
    assert_eq!(asked.code, Some(1), "{}", asked.stdout);
    assert!(asked.stdout.contains("would go on from the newest state that can be proven"), "{}", asked.stdout);
    assert!(refusal(&trial).contains("state adopt"), "asking has changed something");
    let adopted = state(&trial, "adopt --all --yes");
    assert_eq!(adopted.code, Some(0), "{}", adopted.stderr);
    assert_eq!(trial.lag(), left, "{}", adopted.stdout);
    assert_all_verified(&trial);
    run_on(&trial, 1);
    assert_exactly(&expected, &trial);
    let again = state(&trial, "adopt --all --yes -o json");
    assert!(slots(&again).iter().all(|slot| slot["found"] == "is sound"), "{}", again.stdout);
}

fn offsets(committed: &TopicPartitionList) -> Vec<Offset> {
    committed.elements().iter().map(|element| element.offset()).collect()
}

/// The offsets of a transaction whose blocks are not there: what a torn one leaves behind.
fn tear_ahead(trial: &Trial, slot: u32) {
    let mut torn = TopicPartitionList::new();
    for element in committed(trial, slot).elements() {
        let Offset::Offset(offset) = element.offset() else { panic!("{:?}", element.offset()) };
        let mut parts: Vec<String> = element.metadata().split(' ').map(str::to_owned).collect();
        parts[1] = (parts[1].parse::<u64>().unwrap() + 1).to_string();
        parts[2] = "0123456789abcdef0123456789abcdef".to_owned();
        let mut moved = torn.add_partition(element.topic(), element.partition());
        moved.set_offset(Offset::Offset(offset + 2)).unwrap();
        moved.set_metadata(parts.join(" "));
    }
    commit(trial, &torn);
}

#[test]
fn offsets_of_a_transaction_without_blocks_go_back_to_the_newest_state_there_is() {
    let (trial, expected) = stopped_midway("torn", 32);
    assert_eq!(state(&trial, "repair --all").stdout.matches("is sound").count(), SLOTS as usize);
    let before = committed(&trial, 1);
    tear_ahead(&trial, 1);
    assert_ne!(offsets(&before), offsets(&committed(&trial, 1)));
    let why = refusal(&trial);
    assert!(why.contains("slot 1: changelog ends at sequence") && why.contains("state repair"), "{why}");
    assert!(state(&trial, "adopt --slot 1").stderr.contains("see `state repair`"));
    let repaired = state(&trial, "repair --all --yes");
    assert_eq!(repaired.code, Some(0), "{}", repaired.stderr);
    assert!(repaired.stdout.contains("2 offsets are processed again"), "{}", repaired.stdout);
    assert!(repaired.stdout.contains("slot 1    goes on from the newest state that can be proven"), "{}", repaired.stdout);
    assert_eq!(offsets(&before), offsets(&committed(&trial, 1)));
    assert_all_verified(&trial);
    run_on(&trial, 1);
    assert_exactly(&expected, &trial);
}

/// Blocks of transactions whose offsets are not there, and a later owner that wrote on beside them.
#[test]
fn a_changelog_with_a_fork_is_repaired_to_the_history_that_is_committed() {
    let (trial, expected) = stopped_midway("fork", 33);
    let before: Vec<TopicPartitionList> = (0..SLOTS).map(|slot| committed(&trial, slot)).collect();
    let left = trial.lag();
    run_until(&trial, 1, EVENTS as i64 - left * 2 / 3);
    before.iter().for_each(|offsets| commit(&trial, offsets));
    assert_eq!(trial.lag(), left);
    // what follows the committed state is no concern of the next owner, who writes on: now the log holds two histories
    run_until(&trial, 2, EVENTS as i64 - left / 2);
    let why = refusal(&trial);
    let told = ["changelog is torn", "two histories were written"].iter().any(|what| why.contains(what));
    assert!(told && why.contains("state repair"), "{why}");
    let left = trial.lag();
    let repaired = state(&trial, "repair --all --yes -o json");
    assert_eq!(repaired.code, Some(0), "{}", repaired.stderr);
    for slot in slots(&repaired) {
        assert!(slot["found"] == "the committed state" && slot["left_out"].as_u64().unwrap() > 0, "{slot}");
    }
    assert_eq!(trial.lag(), left, "the committed history was left");
    assert_all_verified(&trial);
    run_on(&trial, 3);
    let repeats = assert_same_but_for_repeats(&expected, &trial.written());
    assert!(repeats > 0, "the fork has said nothing twice");
}
