//! What a person reads who gave a wrong password or forgot a right: the right and the resource by name, and never the password.

use std::thread;

use super::*;
use crate::broker::acls::grant;
use crate::commands::{Outcome, SOON, finish};

/// `run` with these settings, to its end; no word of it may hold a secret.
fn run(mut trial: Trial, settings: Vec<String>) -> Outcome {
    trial.sets.extend(settings);
    let outcome = finish(&mut trial.command(&["run"]), SOON);
    assert!(!outcome.stderr.contains(password()), "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
    outcome
}

fn assert_last_line(outcome: &Outcome, code: i32, parts: &[&str]) {
    let last = outcome.stderr.lines().last().unwrap_or_default();
    let complete = last.starts_with("error: ") && parts.iter().all(|part| last.contains(part));
    assert!(outcome.code == Some(code) && complete, "expected {code} {parts:?}, got {:?}\n{}", outcome.code, outcome.stderr);
}

/// Takes something from the rights that are enough; the function puts the trial's name for `N`.
type Change = fn(&mut Vec<Right>, &dyn Fn(&str) -> String);

struct Case {
    name: &'static str,
    change: Change,
    /// What the last line says.
    says: &'static str,
}

const CASES: [Case; 8] = [
    Case {
        name: "input",
        change: |rights, named| rights.retain(|right| right.begins != named("N.purchases")),
        says: "kafka denies Read on topic N.purchases, if there is one: grant it to this user",
    },
    Case {
        name: "input-read",
        change: |rights, named| only_describe(rights, &named("N.carts")),
        says: "kafka denies Read on topic N.carts: grant it to this user",
    },
    Case {
        name: "group",
        change: |rights, _| rights.retain(|right| right.kind != Kind::RD_KAFKA_RESOURCE_GROUP),
        says: "kafka denies Read on group N: grant it to this user",
    },
    Case {
        name: "transactional-id",
        change: |rights, _| rights.retain(|right| right.kind != Kind::RD_KAFKA_RESOURCE_TRANSACTIONAL_ID),
        says: "kafka denies Write on transactional id N/a/0: grant it to this user",
    },
    Case {
        name: "output",
        change: |rights, named| rights.retain(|right| right.begins != named("N.out.clv")),
        says: "kafka denies Write on topic N.out.clv, if there is one: grant it to this user",
    },
    Case {
        name: "output-write",
        change: |rights, named| only_describe(rights, &named("N.out.clv")),
        says: "kafka denies Write on topic N.out.clv: grant it to this user",
    },
    Case {
        name: "changelog-read",
        change: |rights, named| rights.retain(|right| right.begins != named("N.out.changelog") || right.operation != READ),
        says: "kafka denies Read on topic N.out.changelog: grant it to this user",
    },
    Case {
        name: "changelog-write",
        change: |rights, named| rights.retain(|right| right.begins != named("N.out.changelog") || right.operation != WRITE),
        says: "kafka denies Write on topic N.out.changelog: grant it to this user",
    },
];

/// The topic can be seen, and that is all.
fn only_describe(rights: &mut [Right], topic: &str) {
    rights.iter_mut().filter(|right| right.begins == topic).for_each(|right| right.operation = DESCRIBE);
}

/// All at once: each spends its time waiting for the broker.
#[test]
fn a_right_that_is_missing_is_named_with_what_it_is_missing_on() {
    let broker = secured();
    thread::scope(|scope| {
        for case in &CASES {
            scope.spawn(move || {
                let trial = trial(&format!("no-{}", case.name));
                trial.load(3, 100, 10);
                let named = |text: &str| text.replace('N', &trial.name);
                let (mut rights, says) = (rights(&trial.name), named(case.says));
                (case.change)(&mut rights, &named);
                grant(broker.plain(), USER, &rights);
                let mut settings = with_password(broker, password());
                settings.push("instance.id=\"a\"".to_owned());
                assert_last_line(&run(trial, settings), 1, &[&says]);
            });
        }
    });
}

#[test]
fn whoever_is_not_let_in_or_does_not_trust_the_broker_reads_why() {
    let broker = secured();
    let mut other_ca = over_tls(broker);
    other_ca.push(format!("kafka.properties.ssl.ca.location={:?}", broker.other_ca().display().to_string()));
    let cases: Vec<(&str, Vec<String>, i32, &[&str])> = vec![
        ("wrong-password", with_password(broker, &format!("no{}", password())), 1, &["no way into kafka at", "invalid credentials"]),
        ("wrong-ca", other_ca, 1, &["no way into kafka at", "certificate could not be verified", "ssl.ca.location"]),
        ("no-tls", vec![format!("kafka.bootstrap_servers={:?}", broker.tls())], 69, &["unavailable", "another security.protocol"]),
        ("no-plain", vec!["kafka.properties.security.protocol=\"SSL\"".to_owned()], 69, &["unavailable", "SSL connection closed by peer"]),
    ];
    thread::scope(|scope| {
        for (name, settings, code, parts) in cases {
            scope.spawn(move || assert_last_line(&run(Trial::on(broker.plain(), name, &[]), settings), code, parts));
        }
    });
}
