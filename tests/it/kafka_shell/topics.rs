//! What the cluster holds, and what is said when it does not answer.

use std::time::{Duration, Instant};

use lifetide::kafka::admin::{self, AdminError};
use lifetide::kafka::topics::{self, Problem};
use lifetide::kafka::{Consumer, Settings};
use lifetide::worker::source::SourceError;

use super::world::*;

#[test]
fn topics_are_planned_created_and_checked() {
    let settings = settings("a");
    assert_eq!(topics::check(&settings, &admin::look(&settings).unwrap()).len(), 2 + 8);
    let refused = Consumer::join(&settings, 0).err().unwrap().to_string();
    assert!(refused.contains(&settings.input_topics[0]) && refused.contains("topics create"), "{refused}");

    let plans = topics::plan(&settings, &[], 3);
    assert_eq!(admin::create(&settings, &plans).unwrap().len(), 2 + 8);
    let facts = admin::look(&settings).unwrap();
    assert_eq!(topics::check(&settings, &facts), []);
    let again = topics::plan(&settings, &facts, 9);
    assert!(again.iter().all(|plan| plan.exists && plan.partitions == if plan.name == settings.output.models { 1 } else { 3 }));
    assert_eq!(admin::create(&settings, &again).unwrap(), Vec::<String>::new());
    // somebody created the rest meanwhile
    admin::create(&settings, &plans).unwrap();
    for plan in &plans {
        let fact = facts.iter().find(|fact| fact.name == plan.name).unwrap();
        for (key, value) in &plan.configs {
            assert_eq!(fact.configs.get(*key).map(String::as_str), Some(*value), "{} {key}", plan.name);
        }
    }

    // an input with other partitions, and a changelog that would be compacted
    let mut crooked = settings.clone();
    crooked.input_topics[1] += "-other";
    crooked.output.changelog = settings.output.clv.clone();
    crooked.output.clv = settings.output.changelog.clone();
    let extra = Settings { input_topics: vec![crooked.input_topics[1].clone()], ..settings.clone() };
    admin::create(&extra, &topics::plan(&extra, &[], 5)).unwrap();
    let problems = topics::check(&crooked, &admin::look(&crooked).unwrap());
    assert!(matches!(&problems[0], Problem::UnequalInputs(counts) if counts.iter().map(|c| c.1).eq([3, 5])), "{problems:?}");
    assert!(problems.iter().any(|problem| matches!(problem, Problem::SlotConfig { key: "cleanup.policy", .. })), "{problems:?}");
    let refused = Consumer::join(&crooked, 0).err().unwrap().to_string();
    assert!(refused.contains(" 3, ") && refused.contains(" 5"), "{refused}");
}

#[test]
fn a_broker_that_does_not_answer_is_unavailable_within_seconds() {
    // a port nobody listens on
    let mut settings = settings("a");
    settings.bootstrap_servers = "127.0.0.1:1".to_owned();
    let before = Instant::now();
    let error = admin::look(&settings).unwrap_err();
    assert!(before.elapsed() < Duration::from_secs(12));
    assert!(matches!(&error, AdminError::Unavailable { addresses, .. } if addresses == "127.0.0.1:1"), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
    let error = Consumer::join(&settings, 0).err().unwrap();
    assert!(matches!(&error, SourceError::Unavailable(text) if text.contains("127.0.0.1:1")), "{error}");
}
