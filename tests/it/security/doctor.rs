//! `doctor` on a cluster that asks who we are: it needs no right beside those that `run` needs, and names each that is missing.

use super::*;
use crate::broker::acls::grant;
use crate::commands::doctor::{assert_wrong, examine, told};

fn patient(name: &str, change: impl Fn(&mut Vec<Right>, &dyn Fn(&str) -> String)) -> Trial {
    let mut trial = trial(name);
    let own = trial.name.clone();
    let mut rights = rights(&own);
    change(&mut rights, &|text| text.replace('N', &own));
    grant(secured().plain(), USER, &rights);
    trial.sets.extend(with_password(secured(), password()));
    trial.sets.push("instance.id=\"a\"".to_owned());
    trial
}

#[test]
fn the_rights_of_run_are_enough_and_the_password_is_not_told() {
    let trial = patient("doctor-sasl", |_, _| ());
    let outcome = examine(&trial, &["--transactions"]);
    assert_eq!(outcome.code, Some(0), "{}{}", outcome.stdout, outcome.stderr);
    assert!(told(&outcome, "ok").iter().any(|found| found.starts_with("rights: all that is needed on 11 topics")), "{}", outcome.stdout);
    assert!(!format!("{}{}", outcome.stdout, outcome.stderr).contains(password()));
}

#[test]
fn rights_that_are_missing_are_named_all_at_once() {
    let trial = patient("doctor-rights", |rights, named| {
        rights.retain(|right| right.begins != named("N.out.changelog") || right.operation != DELETE);
        rights.retain(|right| right.kind != Kind::RD_KAFKA_RESOURCE_TRANSACTIONAL_ID);
        for right in rights.iter_mut().filter(|right| right.begins == named("N.out.clv")) {
            right.operation = DESCRIBE;
        }
    });
    let own = &trial.name;
    let missing = [
        format!("kafka denies Delete on topic {own}.out.changelog"),
        format!("kafka denies Write on topic {own}.out.clv"),
        format!("kafka denies Write on transactional id {own}/doctor"),
    ];
    assert_wrong(&examine(&trial, &["--transactions"]), &missing.each_ref().map(String::as_str));
}

#[test]
fn a_topic_that_is_hidden_and_a_password_that_is_wrong_are_told() {
    let mut hidden = patient("doctor-hidden", |rights, named| rights.retain(|right| right.begins != named("N.carts")));
    let denied = format!("kafka denies Read on topic {}.carts", hidden.name);
    assert_wrong(&examine(&hidden, &[]), &[&denied]);
    hidden.sets.push("kafka.properties.sasl.password=\"another\"".to_owned());
    assert_wrong(&examine(&hidden, &[]), &["brokers: no way into kafka at"]);
}
