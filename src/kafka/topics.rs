//! What topics the cluster should hold: a pure decision from what it does hold.
//!
//! `plan` says what each topic should be like and whether it is there, `check` names everything that keeps `run` from starting. Talking to
//! the cluster is `admin`'s. Called by `cli` (`topics`, `run`) and, for the partition counts, by `consumer`.

use std::collections::BTreeMap;
use std::fmt;

use super::settings::Settings;

/// The cluster's own default: its operators know how many replicas they want.
pub const CLUSTER_DEFAULT_REPLICATION: i32 = -1;
/// Dead letters are untouched records, as large as they come.
const DEAD_LETTER_MAX_BYTES: &str = "16777216";

/// With another number of partitions keys lie elsewhere.
const OTHER_PARTITIONS: &str = "docs/runbook.md: another number of partitions";

/// A topic as the cluster has it. `configs` is empty when we may not see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicFacts {
    pub name: String,
    pub partitions: u32,
    pub configs: BTreeMap<String, String>,
}

/// A topic as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPlan {
    pub name: String,
    pub partitions: u32,
    /// -1: the cluster's default.
    pub replication: i32,
    /// Entries that differ from the cluster's defaults.
    pub configs: Vec<(&'static str, &'static str)>,
    /// Already there; it is left as it is.
    pub exists: bool,
}

/// What keeps lifetide from starting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    MissingInput(String),
    MissingOutput(String),
    /// Every input topic that is there, with its partitions.
    UnequalInputs(Vec<(String, u32)>),
    /// Of the changelog or the relay.
    SlotPartitions {
        topic: String,
        partitions: u32,
        inputs: u32,
    },
    /// A dead letter as large as its record could not be written, and would stop everything behind it.
    DeadLetterBytes {
        topic: String,
        value: String,
    },
    /// Which of two models was published last would be anybody's guess.
    ModelsPartitions {
        topic: String,
        partitions: u32,
    },
    /// Changelog or relay would lose what only we may delete.
    SlotConfig {
        topic: String,
        key: &'static str,
        value: String,
        wanted: &'static str,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::MissingInput(name) => write!(f, "input topic {name} does not exist (`topics create` makes it)"),
            Problem::MissingOutput(name) => {
                write!(f, "topic {name} does not exist (`topics create` makes it)")
            }
            Problem::UnequalInputs(counts) => {
                let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
                write!(f, "input topics differ in their number of partitions: {} ({OTHER_PARTITIONS})", counts.join(", "))
            }
            Problem::SlotPartitions { topic, partitions, inputs } => {
                write!(f, "topic {topic} has {partitions} partitions, the input topics {inputs} ({OTHER_PARTITIONS})")
            }
            Problem::ModelsPartitions { topic, partitions } => {
                write!(f, "models topic {topic} has {partitions} partitions and must have one")
            }
            Problem::DeadLetterBytes { topic, value } => write!(
                f,
                "dead-letter topic {topic} has max.message.bytes={value}, too little for untouched records: set max.message.bytes={DEAD_LETTER_MAX_BYTES}"
            ),
            Problem::SlotConfig { topic, key, value, wanted } => {
                write!(f, "topic {topic} has {key}={value} and would lose state: set {key}={wanted}")
            }
        }
    }
}

/// Every topic lifetide needs, inputs first. New inputs get as many partitions as the largest existing one, or `want_partitions`; outputs
/// as many as the inputs.
pub fn plan(settings: &Settings, facts: &[TopicFacts], want_partitions: u32) -> Vec<TopicPlan> {
    let existing = settings.input_topics.iter().filter_map(|name| find(facts, name)).map(|topic| topic.partitions).max();
    let partitions = existing.unwrap_or(want_partitions);
    let topic = |name: &str, configs: Vec<(&'static str, &'static str)>| {
        let found = find(facts, name);
        TopicPlan {
            name: name.to_owned(),
            partitions: found.map_or(partitions, |topic| topic.partitions),
            replication: CLUSTER_DEFAULT_REPLICATION,
            configs,
            exists: found.is_some(),
        }
    };
    let mut topics: Vec<TopicPlan> = settings.input_topics.iter().map(|name| topic(name, vec![])).collect();
    // records bear the time of their events: under the default time type, retention would delete those of a back-fill at once
    let events = || vec![("cleanup.policy", "delete"), ("message.timestamp.type", "LogAppendTime")];
    let latest = || vec![("cleanup.policy", "compact")];
    let output = &settings.output;
    let mut dead_letters = events();
    dead_letters.push(("max.message.bytes", DEAD_LETTER_MAX_BYTES));
    topics.extend([
        topic(&output.transitions, events()),
        topic(&output.clv, latest()),
        topic(&output.actions, events()),
        topic(&output.aggregates, latest()),
        topic(&output.dead_letters, dead_letters),
        topic(&output.changelog, changelog_configs()),
        topic(&output.relay, changelog_configs()),
    ]);
    // every process reads all of it, in one order
    let models = topic(&output.models, latest());
    topics.push(TopicPlan { partitions: find(facts, &output.models).map_or(1, |topic| topic.partitions), ..models });
    topics
}

/// The topic of deliveries, partition by partition beside the actions; `None`: there are no actions. `settings`: those of the group that
/// delivers.
pub fn plan_deliveries(settings: &Settings, facts: &[TopicFacts]) -> Option<TopicPlan> {
    let actions = find(facts, &settings.input_topics[0])?;
    let name = &settings.output.relay;
    let found = find(facts, name);
    Some(TopicPlan {
        name: name.clone(),
        partitions: found.map_or(actions.partitions, |topic| topic.partitions),
        replication: CLUSTER_DEFAULT_REPLICATION,
        configs: vec![("cleanup.policy", "compact")],
        exists: found.is_some(),
    })
}

/// What keeps `deliver` from starting: nobody would know any more what was sent.
pub fn check_deliveries(settings: &Settings, facts: &[TopicFacts]) -> Vec<String> {
    let (actions, deliveries) = (&settings.input_topics[0], &settings.output.relay);
    let Some(found) = find(facts, actions) else { return vec![format!("topic {actions} does not exist (`topics create` makes it)")] };
    let Some(own) = find(facts, deliveries) else {
        return vec![format!("topic {deliveries} does not exist (`deliver --create-topic` makes it)")];
    };
    let mut problems = Vec::new();
    if own.partitions != found.partitions {
        problems.push(format!("topic {deliveries} has {} partitions, {actions} {}", own.partitions, found.partitions));
    }
    if let Some(policy) = own.configs.get("cleanup.policy")
        && policy != "compact"
    {
        problems.push(format!("topic {deliveries} has cleanup.policy={policy} and would forget what was sent: set cleanup.policy=compact"));
    }
    problems
}

/// Only lifetide deletes from the changelog and the relay, in whole segments, so these are small and roll often.
fn changelog_configs() -> Vec<(&'static str, &'static str)> {
    vec![
        ("cleanup.policy", "delete"),
        ("retention.ms", "-1"),
        ("retention.bytes", "-1"),
        ("segment.bytes", "67108864"),
        ("segment.ms", "3600000"),
    ]
}

/// All that is wrong, not only the first.
pub fn check(settings: &Settings, facts: &[TopicFacts]) -> Vec<Problem> {
    let counts = |name: &String| find(facts, name).map_or(0, |topic| topic.partitions);
    let mut problems = input_problems(settings.input_topics.iter().map(|name| (name.as_str(), counts(name))));
    for name in settings.output.all() {
        if find(facts, name).is_none() {
            problems.push(Problem::MissingOutput(name.to_owned()));
        }
    }
    problems.extend(dead_letter_problem(settings, facts));
    if let Some(models) = find(facts, &settings.output.models).filter(|topic| topic.partitions > 1) {
        problems.push(Problem::ModelsPartitions { topic: models.name.clone(), partitions: models.partitions });
    }
    let inputs = settings.input_topics.iter().map(counts).max().unwrap_or(0);
    let of_slots = [&settings.output.changelog, &settings.output.relay];
    problems.extend(of_slots.into_iter().filter_map(|name| find(facts, name)).flat_map(|topic| slot_problems(topic, inputs)));
    problems
}

/// Of a topic that holds a partition of each slot, from which nobody else may delete; `inputs`: partitions of the input topics.
fn slot_problems(topic: &TopicFacts, inputs: u32) -> Vec<Problem> {
    let (name, partitions) = (&topic.name, topic.partitions);
    let mut problems = Vec::new();
    if inputs > 0 && partitions != inputs {
        problems.push(Problem::SlotPartitions { topic: name.clone(), partitions, inputs });
    }
    for (key, wanted) in [("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1")] {
        if let Some(value) = topic.configs.get(key)
            && value != wanted
        {
            problems.push(Problem::SlotConfig { topic: name.clone(), key, value: value.clone(), wanted });
        }
    }
    problems
}

fn dead_letter_problem(settings: &Settings, facts: &[TopicFacts]) -> Option<Problem> {
    let topic = find(facts, &settings.output.dead_letters)?;
    let value = topic.configs.get("max.message.bytes")?;
    let wanted: u64 = DEAD_LETTER_MAX_BYTES.parse().unwrap_or_default();
    let too_little = value.parse::<u64>().is_ok_and(|bytes| bytes < wanted);
    too_little.then(|| Problem::DeadLetterBytes { topic: topic.name.clone(), value: value.clone() })
}

/// Of input topics with their partitions; 0 where there is no such topic.
pub(super) fn input_problems<'a>(inputs: impl Iterator<Item = (&'a str, u32)>) -> Vec<Problem> {
    let (missing, found): (Vec<_>, Vec<_>) =
        inputs.map(|(name, partitions)| (name.to_owned(), partitions)).partition(|(_, partitions)| *partitions == 0);
    let mut problems: Vec<Problem> = missing.into_iter().map(|(name, _)| Problem::MissingInput(name)).collect();
    if found.iter().any(|(_, partitions)| *partitions != found[0].1) {
        problems.push(Problem::UnequalInputs(found));
    }
    problems
}

fn find<'a>(facts: &'a [TopicFacts], name: &str) -> Option<&'a TopicFacts> {
    facts.iter().find(|topic| topic.name == name)
}

#[cfg(test)]
mod tests {
    use super::super::settings::tests::settings;
    use super::*;

    fn fact(name: &str, partitions: u32) -> TopicFacts {
        TopicFacts { name: name.to_owned(), partitions, configs: BTreeMap::new() }
    }

    /// A cluster that holds what was planned.
    fn created(settings: &Settings, partitions: u32) -> Vec<TopicFacts> {
        let facts = |plan: TopicPlan| TopicFacts {
            configs: plan.configs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            ..fact(&plan.name, plan.partitions)
        };
        plan(settings, &[], partitions).into_iter().map(facts).collect()
    }

    #[test]
    fn what_was_planned_passes_the_check() {
        let settings = settings();
        let facts = created(&settings, 6);
        assert_eq!(facts.len(), 2 + 8);
        assert_eq!(check(&settings, &facts), vec![]);
        let is_models = |topic: &TopicPlan| topic.name == settings.output.models;
        assert!(plan(&settings, &facts, 3).iter().all(|topic| topic.exists && topic.partitions == if is_models(topic) { 1 } else { 6 }));
    }

    #[test]
    fn new_topics_have_the_partitions_of_the_inputs() {
        let plans = plan(&settings(), &[fact("shop.carts", 12)], 4);
        assert!(plans.iter().all(|topic| topic.partitions == if topic.name.ends_with(".models") { 1 } else { 12 }), "{plans:?}");
        assert_eq!(plans.iter().filter(|topic| topic.exists).count(), 1);
    }

    #[test]
    fn each_problem_is_named() {
        let settings = settings();
        let set = |facts: &mut Vec<TopicFacts>, name: &str, partitions: u32, config: Option<(&str, &str)>| {
            let topic = facts.iter_mut().find(|topic| topic.name == name).unwrap();
            topic.partitions = partitions;
            topic.configs.extend(config.map(|(key, value)| (key.to_owned(), value.to_owned())));
        };
        type Change<'a> = Box<dyn Fn(&mut Vec<TopicFacts>) + 'a>;
        let cases: Vec<(Change<'_>, &[&str])> = vec![
            (Box::new(|f| f.retain(|t| t.name != "shop.carts")), &["input topic shop.carts does not exist"]),
            (Box::new(|f| f.retain(|t| t.name != "lifetide.clv")), &["topic lifetide.clv does not exist"]),
            (Box::new(|f| set(f, "shop.carts", 3, None)), &["differ in their number of partitions: shop.purchases 4, shop.carts 3"]),
            (Box::new(|f| set(f, "lifetide.changelog", 5, None)), &["has 5 partitions, the input topics 4"]),
            (Box::new(|f| set(f, "lifetide.changelog", 4, Some(("retention.ms", "604800000")))), &["retention.ms=604800000"]),
            (Box::new(|f| set(f, "lifetide.changelog", 4, Some(("cleanup.policy", "compact,delete")))), &["compact,delete"]),
            (Box::new(|f| set(f, "lifetide.relay", 3, None)), &["topic lifetide.relay has 3 partitions, the input topics 4"]),
            (Box::new(|f| set(f, "lifetide.relay", 4, Some(("retention.bytes", "1")))), &["topic lifetide.relay has retention.bytes=1"]),
            (Box::new(|f| set(f, "lifetide.models", 2, None)), &["models topic lifetide.models has 2 partitions"]),
            (
                Box::new(|f| f.clear()),
                &["shop.purchases", "shop.carts", "transitions", "clv", "actions", "aggregates", "dlq", "changelog", "relay", "models"],
            ),
        ];
        for (change, expected) in cases {
            let mut facts = created(&settings, 4);
            change(&mut facts);
            let problems: Vec<String> = check(&settings, &facts).iter().map(ToString::to_string).collect();
            assert_eq!(problems.len(), expected.len(), "{problems:?}");
            for (problem, part) in problems.iter().zip(expected) {
                assert!(problem.contains(part), "{problem} / {part}");
            }
        }
    }

    #[test]
    fn deliveries_are_compacted_and_lie_beside_their_actions() {
        let settings = settings().of_delivery("lifetide.deliveries");
        let actions = fact("lifetide.actions", 4);
        let planned = plan_deliveries(&settings, std::slice::from_ref(&actions)).unwrap();
        assert_eq!((planned.name.as_str(), planned.partitions, planned.exists), ("lifetide.deliveries", 4, false));
        assert_eq!(planned.configs, [("cleanup.policy", "compact")]);
        assert_eq!(plan_deliveries(&settings, &[]), None);
        let deliveries = |partitions, policy: &str| TopicFacts {
            configs: BTreeMap::from([("cleanup.policy".to_owned(), policy.to_owned())]),
            ..fact("lifetide.deliveries", partitions)
        };
        let cases = [
            (vec![deliveries(4, "compact")], vec!["topic lifetide.actions does not exist"]),
            (vec![actions.clone()], vec!["topic lifetide.deliveries does not exist"]),
            (vec![actions.clone(), deliveries(4, "compact")], vec![]),
            (vec![actions.clone(), deliveries(3, "compact")], vec!["has 3 partitions, lifetide.actions 4"]),
            (vec![actions.clone(), deliveries(4, "delete")], vec!["cleanup.policy=delete and would forget what was sent"]),
            (vec![actions, deliveries(4, "compact,delete")], vec!["cleanup.policy=compact,delete and would forget what was sent"]),
        ];
        for (facts, expected) in cases {
            let problems = check_deliveries(&settings, &facts);
            assert!(problems.len() == expected.len() && problems.iter().zip(&expected).all(|(p, e)| p.contains(e)), "{problems:?}");
        }
    }
}
