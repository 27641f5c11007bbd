//! `explain`: what a marketer is told about one customer, from files.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Outcome, SOON, finish, lifetide};

const EVENTS: &str = r#"
{"type":"identify","userId":"ann","timestamp":"2026-03-02T09:00:00Z","traits":{"email":"ann@example.com","birthday":"--06-01"}}
{"type":"track","event":"Order Completed","userId":"ann","timestamp":"2026-03-02T10:00:00Z","properties":{"order_id":"o-1","total":20,"currency":"USD"}}
{"type":"track","event":"Product Added","userId":"ann","timestamp":"2026-03-02T12:00:00Z","properties":{"cart_id":"c-1","product_id":"mug","price":10,"currency":"USD"}}
{"type":"track","event":"Product Added","userId":"ann","timestamp":"2026-03-04T12:00:00Z","properties":{"cart_id":"c-2","product_id":"mug","price":10,"currency":"USD"}}
"#;

fn explain(customer: &str, further: &[&str]) -> Outcome {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let input = folder.join(format!("explain-{}-{customer}-{}.jsonl", std::process::id(), further.len()));
    fs::write(&input, EVENTS).unwrap();
    let mut command = lifetide(&["explain", customer, "--input", input.to_str().unwrap()]);
    command.args(["--set", "plays.cart_recovery.quiet=21:00-08:00"]);
    let outcome = finish(command.args(further), SOON);
    fs::remove_file(&input).unwrap();
    outcome
}

#[test]
fn what_was_decided_what_waits_and_all_that_stands_in_the_way_is_told() {
    let told = explain("ann", &[]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    let lines: Vec<&str> = told.stdout.lines().collect();
    assert!(
        lines[0].starts_with("ann: stage first_time, as of 2026-03-04T12:00:00.000Z, next deadline 2026-03-04T13:00:00.000Z"),
        "{}",
        lines[0]
    );
    assert!(told.stdout.contains("2026-03-02T13:00:00.000Z  cart_recovery step 1: suppressed (no_consent)"), "{}", told.stdout);
    let wanted = "cart_recovery       waits with step 1 of c-2 until 2026-03-04T13:00:00.000Z; then it would be refused: no_consent";
    assert!(lines.contains(&wanted), "{}", told.stdout);
    assert!(told.stdout.contains("welcome             is off"), "{}", told.stdout);
    let ahead: Vec<&str> = lines.iter().filter_map(|line| line.strip_suffix(", if nothing happens before")).collect();
    let [at_risk, lapsed] = ahead[..] else { panic!("{}", told.stdout) };
    assert!(at_risk.starts_with("2026-0") && at_risk.ends_with("Z  stage at_risk") && lapsed.ends_with("Z  stage lapsed"), "{ahead:?}");
    assert!(at_risk < lapsed, "{ahead:?}");
}

#[test]
fn programs_are_told_the_same() {
    let sets = ["--set", "consent.require=none", "--set", "plays.thank_you.mode=live", "--set", "plays.birthday.mode=live", "-o", "json"];
    let told: Value = serde_json::from_str(&explain("ann", &sets).stdout).unwrap();
    let play = |name: &str| told["plays"].as_array().unwrap().iter().find(|play| play["play"] == name).unwrap();
    assert_eq!((&told["stage"], told["decisions"].as_array().unwrap().len()), (&"first_time".into(), 2), "{told}");
    let ahead = told["ahead"].as_array().unwrap().iter().map(|moment| moment["what"].as_str().unwrap());
    assert_eq!(ahead.collect::<Vec<_>>(), ["birthday", "stage at_risk", "stage lapsed"], "{told}");
    let cart = play("cart_recovery");
    let found = [&cart["state"], &cart["step"], &cart["due_at"], &cart["instance"]].map(Value::to_string);
    assert_eq!(found, ["\"waiting\"", "1", "\"2026-03-04T13:00:00.000Z\"", "\"c-2\""]);
    assert_eq!((&cart["refusals"], &play("thank_you")["state"]), (&Value::Array(Vec::new()), &"nothing".into()));
}

#[test]
fn nobody_is_made_up() {
    let told = explain("zoe", &[]);
    assert_eq!((told.code, told.stderr.trim()), (Some(1), "error: nothing is held about zoe"));
}
