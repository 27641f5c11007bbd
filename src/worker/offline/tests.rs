//! Changelogs with forks, gaps and damage, made block by block: which history a survey finds in them, and which one is chosen.

use super::choice::{choose, is_alone, move_inputs};
use super::survey::Survey;
use crate::engine::RowVersion;
use crate::worker::block::{BlockKind, InputOffset, TransactionHeader};
use crate::worker::buffers::Buffers;
use crate::worker::chain::{Chain, ChainHasher};
use crate::worker::changelog;
use crate::worker::metadata::Metadata;
use crate::worker::source::{Bounds, CommittedOffset};

/// A transaction of one delta, or of two blocks.
fn transaction(seq: u64, previous: Chain, nonce: u64, blocks: usize) -> (Chain, Vec<Vec<u8>>) {
    made(seq, previous, nonce, vec![BlockKind::Delta; blocks])
}

fn made(seq: u64, previous: Chain, nonce: u64, kinds: Vec<BlockKind>) -> (Chain, Vec<Vec<u8>>) {
    let mut hasher = ChainHasher::new(previous, nonce);
    kinds.iter().for_each(|_| hasher.body(&[]));
    let header = TransactionHeader {
        slot: 3,
        seq,
        chain: hasher.finish(),
        nonce,
        genesis: seq == 1,
        row_version: RowVersion::NEWEST.number(),
        offsets: Vec::new(),
        time_ms: None,
        model_version: String::new(),
        configuration: 0,
        writer: "w".to_owned(),
    };
    let bodies = kinds.into_iter().map(|kind| (kind, Vec::new())).collect();
    (header.chain, changelog::encode(header, bodies, &mut Buffers::default()).collect())
}

/// A history of so many transactions of two blocks each, with the chain of each.
fn history(length: u64) -> (Vec<Chain>, Vec<Vec<u8>>) {
    let (mut chains, mut log) = (Vec::new(), Vec::new());
    for seq in 1..=length {
        let (chain, blocks) = transaction(seq, chains.last().copied().unwrap_or_default(), 7, 2);
        chains.push(chain);
        log.extend(blocks);
    }
    (chains, log)
}

fn surveyed(log: &[Vec<u8>]) -> Survey {
    let mut survey = Survey::new(3);
    log.iter().enumerate().for_each(|(offset, block)| survey.take(offset as i64, block).unwrap());
    survey.finish();
    survey
}

fn metadata(seq: u64, chain: Chain) -> Metadata {
    Metadata { seq, chain, start: 0, writer: String::new() }
}

/// The sequence number that is gone on from.
fn chosen(survey: &Survey, committed: Option<&Metadata>) -> Option<u64> {
    choose(survey, committed).map(|at| survey.found[at].seq)
}

#[test]
fn a_whole_changelog_is_one_history_that_ends_with_the_committed_state() {
    let (chains, log) = history(5);
    let survey = surveyed(&log);
    let committed = metadata(5, chains[4]);
    assert_eq!((chosen(&survey, Some(&committed)), chosen(&survey, None)), (Some(5), Some(5)));
    assert!(is_alone(&survey, &committed) && survey.damages.is_empty());
    assert_eq!(survey.path(4), [0, 1, 2, 3, 4]);
}

#[test]
fn offsets_ahead_of_the_changelog_go_back_to_its_newest_whole_transaction() {
    let (_, mut log) = history(5);
    // of the next transaction only the first block arrived
    log.extend(transaction(6, Chain(1), 7, 2).1.into_iter().take(1));
    let survey = surveyed(&log);
    assert_eq!(chosen(&survey, Some(&metadata(6, Chain(99)))), Some(5));
    assert_eq!(survey.damages, [(10, "a transaction without its last block".to_owned())]);
}

#[test]
fn of_two_histories_the_committed_one_is_taken_wherever_the_other_lies() {
    let (chains, log) = history(4);
    let (left, of_left) = transaction(5, chains[3], 8, 1);
    let (right, of_right) = transaction(5, chains[3], 9, 1);
    let (further, of_further) = transaction(6, right, 9, 1);
    for (committed, seq, length) in [(metadata(5, left), 5, 5), (metadata(6, further), 6, 6), (metadata(4, chains[3]), 4, 4)] {
        let survey = surveyed(&[log.clone(), of_left.clone(), of_right.clone(), of_further.clone()].concat());
        assert_eq!(chosen(&survey, Some(&committed)), Some(seq));
        let path = survey.path(choose(&survey, Some(&committed)).unwrap());
        assert_eq!(path.len(), length);
        assert!(!is_alone(&survey, &committed) && survey.damages.is_empty());
    }
}

#[test]
fn behind_damage_only_what_has_all_rows_counts() {
    let (chains, mut log) = history(6);
    log[5][40] ^= 1;
    let survey = surveyed(&log);
    let committed = metadata(6, chains[5]);
    assert_eq!(chosen(&survey, Some(&committed)), Some(2), "what follows the damage lacks its rows");
    assert_eq!(survey.damages.iter().map(|(offset, _)| *offset).collect::<Vec<_>>(), [4, 5]);
    assert!(!is_alone(&survey, &committed));

    // bases of the whole space make the history behind the damage complete again
    let halves = [0, 1].map(|value| BlockKind::Base { bits: 1, value, continued: false });
    let (seventh, blocks) = made(7, chains[5], 7, vec![halves[0], BlockKind::Delta]);
    log.extend(blocks);
    let (eighth, blocks) = made(8, seventh, 7, vec![halves[1], BlockKind::Delta]);
    log.extend(blocks);
    let survey = surveyed(&log);
    assert_eq!(chosen(&survey, Some(&metadata(8, eighth))), Some(8));
    assert_eq!(chosen(&survey, Some(&metadata(7, seventh))), Some(8), "the committed one lacks rows");
}

#[test]
fn a_beginning_anew_is_a_history_of_its_own() {
    let (_, log) = history(3);
    let (anew, blocks) = made(1, Chain::default(), 11, vec![BlockKind::Base { bits: 0, value: 0, continued: false }, BlockKind::Delta]);
    let survey = surveyed(&[log, blocks].concat());
    let at = choose(&survey, Some(&metadata(1, anew))).unwrap();
    assert_eq!((survey.path(at), at), (vec![3], 3));
}

#[test]
fn a_changelog_without_any_whole_history_gives_none() {
    let (chains, log) = history(6);
    let survey = surveyed(&log[2..]);
    assert_eq!(chosen(&survey, Some(&metadata(6, chains[5]))), None);
    assert_eq!(chosen(&surveyed(&[]), None), None);
    let mut foreign = Survey::new(4);
    log.iter().enumerate().for_each(|(offset, block)| foreign.take(offset as i64, block).unwrap());
    assert!(foreign.found.is_empty() && foreign.damages[0].1.contains("slot 3"));
}

#[test]
fn offsets_are_those_of_the_state_and_losses_are_only_accepted_when_told() {
    let topics = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
    let logged = [InputOffset { topic: "a".into(), offset: 10 }];
    let committed = [Some(12), Some(7), None].map(|offset| offset.map(|offset| CommittedOffset { offset, metadata: String::new() }));
    let bounds = |low| [Bounds { low, high: 20 }, Bounds { low: 0, high: 20 }, Bounds { low: 3, high: 20 }];
    let next = |moved: Vec<super::Moved>| moved.iter().map(|moved| (moved.next, moved.lost)).collect::<Vec<_>>();
    let moved = move_inputs(&topics, &logged, &committed, &bounds(5), false).unwrap();
    assert_eq!(next(moved), [(10, 0), (7, 0), (3, 0)], "of the state, else committed, else the first there is");
    let refused = move_inputs(&topics, &logged, &committed, &bounds(14), false).unwrap_err();
    assert!(refused.contains("4 offsets were deleted before they were read"), "{refused}");
    assert_eq!(next(move_inputs(&topics, &logged, &committed, &bounds(14), true).unwrap())[0], (14, 4));
    let beyond = [InputOffset { topic: "a".into(), offset: 21 }];
    assert!(move_inputs(&topics, &beyond, &committed, &bounds(0), true).unwrap_err().contains("another topic of that name"));
}
