//! Fuzzing on stable: the functions of `tests/fuzz/harness.rs` over the committed corpora, then over seeded mutations of them for a bounded
//! time: `LIFETIDE_FUZZ_SECONDS` for each target, else a second and a half. The seed is printed (`LIFETIDE_TEST_SEED` repeats it), and an
//! input that fails is kept in a file, to be added to the corpus with its repair.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::exactly_once::{Random, seed};

#[path = "../fuzz/harness.rs"]
mod harness;

const SHORT: Duration = Duration::from_millis(1_500);
/// Larger inputs cost time and reach nothing new.
const INPUT_BYTES_MAX: usize = 64 * 1024;
/// Changes of one input, one after the other.
const CHANGES_MAX: u64 = 8;
/// Numbers at whose edges decoders break.
const EDGES: [u64; 8] = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff_ffff_ffff, u64::MAX];

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Runs one input; one that fails is kept.
fn attempt(target: &str, harness: fn(&[u8]), input: &[u8]) {
    let failure = catch_unwind(AssertUnwindSafe(|| harness(input))).err();
    if let Some(failure) = failure {
        let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{target}-failed"));
        fs::write(&kept, input).unwrap();
        println!("{target}: the input that fails is kept in {}", kept.display());
        resume_unwind(failure);
    }
}

fn fuzz(target: &str, harness: fn(&[u8])) {
    let corpus = corpus(target);
    for (path, input) in &corpus {
        println!("{}", path.display());
        attempt(target, harness, input);
    }
    let seconds = std::env::var("LIFETIDE_FUZZ_SECONDS").ok().map(|seconds| Duration::from_secs(seconds.parse().unwrap()));
    let mut random = Random(seed());
    let (began, mut inputs) = (Instant::now(), 0);
    while began.elapsed() < seconds.unwrap_or(SHORT) {
        let mut input = pick(&corpus, &mut random).to_vec();
        for _ in 0..=random.below(CHANGES_MAX) {
            change(&mut input, pick(&corpus, &mut random), &mut random);
        }
        input.truncate(INPUT_BYTES_MAX);
        attempt(target, harness, &input);
        inputs += 1;
    }
    println!("{target}: {inputs} inputs");
    assert!(inputs > 20, "only {inputs} inputs: the corpus is too large, or a decoder too slow");
}

fn pick<'a>(corpus: &'a [(PathBuf, Vec<u8>)], random: &mut Random) -> &'a [u8] {
    &corpus[random.below(corpus.len() as u64) as usize].1
}

/// One mutation; `other` is what pieces are taken from.
fn change(input: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(input.len() as u64 + 1) as usize;
    let end = (at + 1 + random.below(16) as usize).min(input.len());
    match random.below(9) {
        0 if at < input.len() => input[at] ^= 1 << random.below(8),
        1 if at < input.len() => input[at] = random.below(256) as u8,
        2 => drop(input.drain(at..end)),
        3 => {
            let piece = input[at..end].to_vec();
            input.splice(at..at, piece);
        }
        4 => {
            let edge = EDGES[random.below(8) as usize].to_le_bytes();
            let width = (1 << random.below(4)).min(input.len() - at);
            input[at..at + width].copy_from_slice(&edge[..width]);
        }
        5 if !other.is_empty() => {
            let from = random.below(other.len() as u64) as usize;
            let to = (from + 1 + random.below(64) as usize).min(other.len());
            input.splice(at..end, other[from..to].iter().copied());
        }
        // a digit of a number, which may well stay one
        6 => {
            if let Some(digit) = input[at..].iter_mut().find(|byte| byte.is_ascii_digit()) {
                *digit = b"0123456789-.e"[random.below(13) as usize];
            }
        }
        7 => input.truncate(at),
        _ => input.insert(at, random.below(256) as u8),
    }
}

#[test]
fn events_decode_and_apply_or_are_refused() {
    fuzz("events", harness::events);
}

#[test]
fn rows_decode_or_are_refused() {
    fuzz("rows", harness::rows);
}

#[test]
fn blocks_decode_or_are_refused() {
    fuzz("blocks", harness::blocks);
}

#[test]
fn changelogs_restore_or_are_refused() {
    fuzz("changelogs", harness::changelogs);
}

#[test]
fn metadata_is_read_or_is_not_ours() {
    fuzz("metadata", harness::metadata);
}

#[test]
fn configurations_are_read_or_named_bad() {
    fuzz("configuration", harness::configuration);
}
