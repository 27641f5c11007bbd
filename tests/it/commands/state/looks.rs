//! `state verify` and `state export`: they look, at a group that runs or not, and change nothing.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{LONGEST, assert_all_verified, assert_exactly, refusal, run_on, slots, state, stopped_midway, truncate_changelog, wait_for};
use crate::commands::{SOON, finish};
use crate::trial::{Trial, Written};

#[test]
fn slots_are_verified_beside_a_running_group_and_it_does_not_notice() {
    let (trial, expected) = stopped_midway("verify", 11);
    let mut process = trial.start("a", 1);
    wait_for("the rest to be read", LONGEST, || {
        let outcome = state(&trial, "verify -o json");
        assert_eq!(outcome.code, Some(0), "{}{}\n{}", outcome.stdout, outcome.stderr, process.log_tail());
        (trial.lag() == 0).then_some(())
    });
    let outcome = state(&trial, "show --slot 1");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stdout.starts_with("slot 1    verified\n"), "{}", outcome.stdout);
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    assert!(!process.log_tail().contains("revoked"), "{}", process.log_tail());
    assert_exactly(&expected, &trial);
    let slots = slots(&state(&trial, "verify -o json"));
    for slot in &slots {
        let inputs = slot["inputs"].as_array().unwrap();
        assert!(inputs.iter().all(|input| input["committed"] == input["high"]), "{slot}");
        assert!(slot["cells"].as_u64().unwrap() > 3, "{slot}");
        assert!(slot["customers"].as_u64().unwrap() > 10 && slot["chain"].as_str().unwrap().len() == 32, "{slot}");
    }
}

#[test]
fn a_changelog_that_was_truncated_is_refused_and_the_other_slots_verify() {
    let (trial, _) = stopped_midway("truncated", 12);
    assert_all_verified(&trial);
    truncate_changelog(&trial, 2);
    let outcome = state(&trial, "verify -o json");
    assert_eq!(outcome.code, Some(1), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("1 of 4 slots would be refused"), "{}", outcome.stderr);
    let slots = slots(&outcome);
    let verdicts: Vec<&str> = slots.iter().map(|slot| slot["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["verified", "verified", "refused", "verified"]);
    let why = slots[2]["why"].as_str().unwrap();
    assert!(why.contains("the changelog was deleted up to beyond its restore start") && why.contains("state rebuild"), "{why}");
    assert!(refusal(&trial).contains(why.split(';').next().unwrap()));
}

/// The export of the customer with the most orders, next to the last clv record about them.
#[test]
fn an_export_tells_everything_held_about_a_customer() {
    let (trial, expected) = stopped_midway("export", 13);
    run_on(&trial, 1);
    let records = expected["clv"].iter().map(|(customer, records)| (customer, records.last().unwrap()));
    let (customer, clv) = records.max_by_key(|(_, clv)| clv["inputs"]["x"].as_u64()).unwrap();
    let export = exported(&trial, customer);
    let held = &export["held"];
    assert_eq!((&export["customer_id"], &held["customer_id"]), (&Value::from(customer.as_str()), &Value::from(customer.as_str())));
    let (sums, historic) = (held["orders"]["sums"].as_array().unwrap(), clv["historic"].as_array().unwrap());
    assert!(!sums.is_empty() && sums.len() == historic.len());
    for (sum, historic) in sums.iter().zip(historic) {
        assert_eq!((&sum["orders"], &sum["gross"]), (&historic["orders"], &historic["gross"]), "{sum} {historic}");
    }
    let stage = expected["transitions"][customer].last().unwrap();
    assert_eq!(held["stage"], stage["to"]);
    assert!(held["contact"]["email"].as_str().is_none_or(|email| email.ends_with("example.com")), "{held}");
    assert!(exported(&trial, "nobody-of-this-name")["held"].is_null());
    an_audience_is_who_the_transitions_say(&trial, &expected);
}

fn an_audience_is_who_the_transitions_say(trial: &Trial, expected: &Written) {
    let is_of_it = |records: &&Vec<Value>| {
        let last = records.iter().rev().find(|record| record["track"] == "lifecycle");
        last.is_some_and(|record| record["to"] == "first_time")
    };
    let wanted: BTreeSet<&str> =
        expected["transitions"].iter().filter(|(_, records)| is_of_it(records)).map(|(customer, _)| customer.as_str()).collect();
    let mut command = trial.command(&["state", "export", "--where", "stage = \"first_time\"", "--where", "orders >= 1"]);
    let outcome = finish(&mut command, SOON);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let (heading, rows) = outcome.stdout.split_once('\n').unwrap();
    assert!(heading.starts_with("customer_id,email,first_name,locale,consent,"), "{heading}");
    let found: BTreeSet<&str> = rows.lines().map(|row| row.split(',').next().unwrap()).collect();
    assert!(!found.is_empty());
    assert_eq!(found, wanted);
    let misspelt = finish(&mut trial.command(&["state", "export", "--where", "stage = \"firsttime\""]), SOON);
    assert_eq!(misspelt.code, Some(1));
    assert!(misspelt.stderr.contains("unknown stage \"firsttime\", did you mean \"first_time\"?"), "{}", misspelt.stderr);
}

/// The trial's whole history is an hour long, so nobody has bought on a second day, and no model can be fitted: the command must have read
/// the buyers to say so.
#[test]
fn a_fit_of_the_live_state_reads_the_buyers_and_says_what_they_lack() {
    let (trial, _) = stopped_midway("fit", 14);
    let outcome = finish(&mut trial.command(&["fit", "--live", "--model", "mbg_nbd"]), SOON);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
    assert!(outcome.stderr.contains("error: cannot fit mbg_nbd: no customer bought twice"), "{}", outcome.stderr);
}

fn exported(trial: &Trial, customer: &str) -> Value {
    let outcome = state(trial, &format!("export {customer}"));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}
