//! Runs every file of `tests/scenarios`: what happens, then what lifetide must say about it. `tests/scenarios/README.md` has the format.
//!
//! A topic's section lists all its records in order, with the fields that matter; a topic without a section is not looked at. What a story
//! proves of the 73 capabilities is told by `covers`, and holds only if the line it stands before is what brings it about.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use story::{Story, without};
use told::Told;

pub mod story;
pub mod told;

/// The capabilities of the README's list.
const CAPABILITIES: u32 = 73;

/// Name and text of every story.
pub fn stories() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "txt")).collect();
    files.sort();
    assert!(files.len() >= 10, "only {} scenarios found", files.len());
    files.into_iter().map(|file| (file.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&file).unwrap())).collect()
}

/// The problems of one scenario, in words.
fn problems(text: &str) -> Vec<String> {
    let story = story::parse(text);
    assert!(!story.expected.is_empty(), "a scenario that expects nothing proves nothing");
    let (sections, among_others) = (story.expected.clone(), story.among_others.clone());
    let told = Told::of(story);
    let mut problems = Vec::new();
    for (name, expected) in &sections {
        let mut found = told.section(name, expected);
        if among_others.contains(name) {
            found.retain(|(key, _)| expected.iter().any(|wanted| wanted.key == *key));
        }
        if found.len() != expected.len() {
            let shown: Vec<String> = found.iter().map(|(key, value)| format!("    {key} {value}")).collect();
            problems.push(format!("{name}: {} records expected, {} found:\n{}", expected.len(), found.len(), shown.join("\n")));
            continue;
        }
        for (index, (wanted, (key, value))) in expected.iter().zip(found).enumerate() {
            if wanted.key != key {
                problems.push(format!("{name} {}: of {key}, expected {}", index + 1, wanted.key));
            }
            for (path, is, wanted) in wanted.differences(name, value) {
                problems.push(format!("{name} {}: {path} is {is}, expected {wanted}\n    {value}", index + 1));
            }
        }
    }
    problems
}

/// What is wrong with the proofs of a story, in words.
fn unproven(text: &str) -> Vec<String> {
    let Story { proofs, .. } = story::parse(text);
    let holds = |told: &Told, proof: &story::Proof| {
        let expected = [proof.expected.clone()];
        let found = told.section(&proof.section, &expected);
        found.iter().any(|(key, value)| proof.expected.key == *key && proof.expected.differences(&proof.section, value).is_empty())
    };
    let mut wrong = Vec::new();
    if proofs.is_empty() {
        return wrong;
    }
    let told = Told::of(story::parse(text));
    for proof in &proofs {
        let what = format!("covers {:?}: {} {:?}", proof.rows, proof.section, proof.expected);
        if !holds(&told, proof) {
            wrong.push(format!("{what}: is not so"));
        } else if holds(&Told::of(story::parse(&without(text, proof.trigger))), proof) {
            wrong.push(format!("{what}: is so without line {}, too", proof.trigger + 1));
        }
    }
    wrong
}

fn assert_none(failed: Vec<(String, Vec<String>)>) {
    let failed: Vec<String> =
        failed.into_iter().filter(|(_, why)| !why.is_empty()).map(|(name, why)| format!("{name}\n  {}", why.join("\n  "))).collect();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

#[test]
fn every_scenario_plays_out_as_written() {
    assert_none(stories().into_iter().map(|(name, text)| (name, problems(&text))).collect());
}

#[test]
fn what_a_scenario_covers_is_so_because_of_the_line_it_names() {
    assert_none(stories().into_iter().map(|(name, text)| (name, unproven(&text))).collect());
}

#[test]
fn every_capability_is_covered() {
    let proofs = stories().into_iter().flat_map(|(_, text)| story::parse(&text).proofs);
    let covered: BTreeSet<u32> = proofs.flat_map(|proof| proof.rows).collect();
    let missing: Vec<u32> = (1..=CAPABILITIES).filter(|row| !covered.contains(row)).collect();
    assert!(missing.is_empty(), "no scenario covers {missing:?}");
    assert_eq!(covered.last(), Some(&CAPABILITIES), "there is no such capability");
}

#[test]
fn a_wrong_expectation_fails() {
    let text =
        "2026-01-01T00:00Z ann: identify email=ann@example.com\ntransitions\n  ann to=repeat\nclv\n  ann p_alive=1\nstate\n  ann cycle=2\n";
    let problems = problems(text);
    assert_eq!(problems.len(), 3, "{problems:?}");
}

#[test]
fn a_proof_that_does_not_hang_on_its_line_fails() {
    let text = |covers: &str, before: &str| {
        let (first, second) = if before == "first" { (covers, "") } else { ("", covers) };
        format!("{first}\n2026-01-01T00:00Z ann: identify\n{second}\n2026-01-02T00:00Z ann: identify\ntransitions\n  ann to=lead\n")
    };
    assert_eq!(unproven(&text("covers 3: transitions ann to=lead event_time=2026-01-01T00:00:00.000Z", "first")), Vec::<String>::new());
    for (covers, before) in [("covers 3: transitions ann to=lead", "second"), ("covers 3: transitions ann to=repeat", "first")] {
        assert_eq!(unproven(&text(covers, before)).len(), 1, "{covers} {before}");
    }
}
