//! `topics plan|create|check`, and `run` where topics are not as they must be.

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;

use super::{SOON, finish};
use crate::broker;
use crate::trial::Trial;

/// Creates a topic of the trial with so many partitions; `entries` differ from the broker's defaults.
pub fn create(trial: &Trial, topic: &str, partitions: i32, entries: &[(&str, &str)]) {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", broker::bootstrap()).create().unwrap();
    let name = format!("{}.{topic}", trial.name);
    let new = entries.iter().fold(NewTopic::new(&name, partitions, TopicReplication::Fixed(1)), |new, (key, value)| new.set(key, value));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let options = AdminOptions::new();
    let created = runtime.block_on(admin.create_topics([&new], &options)).unwrap();
    assert!(created[0].is_ok(), "{created:?}");
}

#[test]
fn topics_are_planned_created_and_found_in_order() {
    let trial = Trial::new("topics", &[]);
    create(&trial, "emails", 3, &[]);
    let run = |action: &str| {
        let arguments = ["topics", action, "-o", "json"];
        let outcome = finish(&mut trial.command(&arguments), SOON);
        let stderr_is_quiet = outcome.stderr.is_empty() || outcome.code == Some(1);
        assert!(stderr_is_quiet, "{action}: {}", outcome.stderr);
        outcome
    };

    let planned = run("plan");
    assert_eq!(planned.code, Some(0));
    let planned = planned.json();
    let topics = planned["topics"].as_array().unwrap();
    let there: Vec<&str> = topics.iter().filter(|topic| topic["exists"] == true).map(|topic| topic["name"].as_str().unwrap()).collect();
    assert_eq!(there, [format!("{}.emails", trial.name)]);
    let partitions = |topic: &serde_json::Value| if topic["name"].as_str().unwrap().ends_with(".models") { 1 } else { 3 };
    assert!(topics.iter().all(|topic| topic["partitions"] == partitions(topic)));

    let missing = run("check");
    assert_eq!(missing.code, Some(1));
    assert_eq!(missing.json()["problems"].as_array().unwrap().len(), topics.len() - 1);

    assert_eq!(run("create").code, Some(0));
    let again = run("create");
    assert_eq!(again.code, Some(0));
    let again = again.json();
    let mut again = again["topics"].as_array().unwrap().iter();
    assert!(again.all(|topic| topic["exists"] == true));
    let found = run("check");
    assert_eq!((found.code, found.stdout.as_str()), (Some(0), "{\"problems\":[]}\n"));
}

#[test]
fn a_missing_input_topic_is_named() {
    let trial = Trial::new("missing", &[]);
    create(&trial, "purchases", 4, &[]);
    create(&trial, "carts", 4, &[]);
    let outcome = finish(&mut trial.command(&["run"]), SOON);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
    let complaint = format!("error: input topic {}.emails does not exist (`topics create` makes it)", trial.name);
    assert!(outcome.stderr.lines().any(|line| line == complaint), "{}", outcome.stderr);
}

#[test]
fn input_topics_with_different_partition_counts_are_named_with_them() {
    let trial = Trial::new("unequal", &[]);
    create(&trial, "purchases", 4, &[]);
    create(&trial, "emails", 4, &[]);
    create(&trial, "carts", 6, &[]);
    let complaint = format!("input topics differ in their number of partitions: {0}.purchases 4, {0}.emails 4, {0}.carts 6", trial.name);
    let outcome = finish(&mut trial.command(&["run"]), SOON);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
    assert!(outcome.stderr.contains(&complaint), "{}", outcome.stderr);
    let checked = finish(&mut trial.command(&["topics", "check"]), SOON);
    assert_eq!(checked.code, Some(1));
    assert!(checked.stdout.contains(&complaint), "{}", checked.stdout);
}
