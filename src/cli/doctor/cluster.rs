//! What the cluster gives: brokers that answer, topics, rights, clocks, and who is in the group. Each question is bounded and changes nothing.
//! Called by `doctor`.

use super::{Finding, Verdict};
use crate::cli::exit::CommandError;
use crate::cli::{models, rules, season};
use crate::clock;
use crate::config::{Config, Partitioner};
use crate::kafka::admin::{self, AdminError};
use crate::kafka::topics::{self, Problem, TopicFacts};
use crate::kafka::{Allowed, Observer, Operation, Rights, Settings, sample, transactional_id, try_transaction};
use crate::worker::partition_of;

/// Names the client that asks who is there.
const CLIENT: &str = "doctor";
/// Clocks that are kept right differ by less; so does a record that was written while we asked.
const SKEW_MS: i64 = 2_000;

const GRANT: &str = "grant it to this user (README, \"Rights\")";
const TOPICS: &str = "`lifetide topics plan` shows what is needed, `topics create` makes what is missing";

pub fn examine(config: &Config, tries_transactions: bool) -> Vec<Finding> {
    let settings = rules::kafka_settings(config);
    let facts = match admin::look(&settings) {
        Ok(facts) => facts,
        Err(AdminError::Unavailable { addresses, reason }) => {
            let advice = "look at kafka.bootstrap_servers, the network, and kafka.properties.security.protocol";
            return vec![Finding::wrong("brokers", format!("no answer from {addresses}: {reason}"), advice)];
        }
        // who is not let in cannot ask further; who may not see a topic can
        Err(AdminError::Refused(why)) if why.contains("no way into kafka") => {
            return vec![Finding::wrong("brokers", why, "look at kafka.properties: sasl.username, sasl.password, ssl.ca.location")];
        }
        Err(AdminError::Refused(why)) => {
            let mut findings = vec![Finding::ok("brokers", format!("{} answers", settings.bootstrap_servers))];
            let found = rights(&settings, &needs(&settings));
            if !found.iter().any(|finding| finding.verdict == Verdict::Wrong) {
                findings.extend(why.split("\nerror: ").map(|line| Finding::wrong("rights", line, GRANT)));
            }
            findings.extend(found);
            return findings;
        }
    };
    let mut findings = vec![Finding::ok("brokers", format!("{} answers", settings.bootstrap_servers))];
    findings.extend(topics_and_partitions(&settings, &facts));
    let needs = needs(&settings).into_iter().filter(|(name, _)| facts.iter().any(|topic| topic.name == *name));
    findings.extend(rights(&settings, &needs.collect::<Vec<_>>()));
    findings.push(transactions(&settings, tries_transactions));
    findings.push(keys(config, &settings, &facts));
    findings.extend(clocks(&settings, &facts));
    findings.push(members(&settings, config));
    findings.push(models_in_force(config, &facts));
    findings
}

fn partitions_of(facts: &[TopicFacts], names: &[String]) -> Vec<(String, u32)> {
    let found = names.iter().filter_map(|name| facts.iter().find(|topic| topic.name == *name));
    found.map(|topic| (topic.name.clone(), topic.partitions)).collect()
}

/// What makes a slot, and the rest.
fn topics_and_partitions(settings: &Settings, facts: &[TopicFacts]) -> Vec<Finding> {
    let problems = topics::check(settings, facts);
    let is_of_slots = |problem: &Problem| matches!(problem, Problem::UnequalInputs(_) | Problem::SlotPartitions { .. });
    let (of_slots, others): (Vec<Problem>, Vec<Problem>) = problems.into_iter().partition(is_of_slots);
    let mut findings: Vec<Finding> = others.iter().map(|problem| Finding::wrong("topics", problem.to_string(), TOPICS)).collect();
    if findings.is_empty() {
        findings.push(Finding::ok("topics", format!("all {} are there and as they should be", facts.len())));
    }
    let advice = "stop the group and see docs/runbook.md, \"Another number of partitions\"";
    findings.extend(of_slots.iter().map(|problem| Finding::wrong("co-partitioning", problem.to_string(), advice)));
    let inputs = partitions_of(facts, &settings.input_topics);
    if of_slots.is_empty()
        && let Some((_, slots)) = inputs.first()
    {
        let own = format!("{} inputs, changelog and relay have {slots} partitions each", inputs.len());
        findings.push(Finding::ok("co-partitioning", own));
    }
    if facts.iter().any(|topic| topic.configs.is_empty()) {
        findings.push(Finding::mind(
            "topics",
            "the settings of some topics are hidden, and were not checked",
            "grant DescribeConfigs on them",
        ));
    }
    findings
}

/// What `run` does with each topic.
fn needs(settings: &Settings) -> Vec<(String, Vec<Operation>)> {
    use Operation::{Delete, Read, Write};
    let output = &settings.output;
    let mut needs: Vec<(String, Vec<Operation>)> = settings.input_topics.iter().map(|name| (name.clone(), vec![Read])).collect();
    let written = [&output.transitions, &output.clv, &output.actions, &output.aggregates, &output.dead_letters];
    needs.extend(written.map(|name| (name.clone(), vec![Write])));
    needs.extend([&output.changelog, &output.relay].map(|name| (name.clone(), vec![Read, Write, Delete])));
    needs.push((output.models.clone(), vec![Read]));
    needs
}

/// On these topics, and on the group.
fn rights(settings: &Settings, needs: &[(String, Vec<Operation>)]) -> Vec<Finding> {
    const WHAT: &str = "rights";
    let asked = match Rights::connect(settings) {
        Ok(asked) => asked,
        Err(error) => return vec![Finding::unknown(WHAT, error.to_string())],
    };
    let names: Vec<String> = needs.iter().map(|(name, _)| name.clone()).collect();
    let allowed = asked.of_topics(&names).unwrap_or_else(|why| vec![Err(why); names.len()]);
    let of_topics = needs.iter().zip(allowed).map(|((name, needed), allowed)| missing(&format!("topic {name}"), needed, allowed));
    let group = missing(&format!("group {}", settings.group_id), &[Operation::Read], asked.of_group(&settings.group_id));
    let mut findings: Vec<Finding> = of_topics.chain([group]).flatten().collect();
    if findings.is_empty() {
        findings.push(Finding::ok(WHAT, format!("all that is needed on {} topics and on group {}", names.len(), settings.group_id)));
    }
    findings
}

fn missing(resource: &str, needed: &[Operation], allowed: Allowed) -> Option<Finding> {
    let allowed = match allowed {
        Ok(allowed) => allowed,
        Err(why) => return Some(Finding::unknown("rights", format!("{resource}: {why}"))),
    };
    let missing: Vec<&str> = needed.iter().filter(|operation| !allowed.contains(operation)).map(|operation| operation.as_str()).collect();
    let found = format!("kafka denies {} on {resource}", missing.join(", "));
    (!missing.is_empty()).then(|| Finding::wrong("rights", found, GRANT))
}

fn transactions(settings: &Settings, tries: bool) -> Finding {
    const WHAT: &str = "transactions";
    if !tries {
        let id = transactional_id(settings, 0);
        return Finding::unknown(WHAT, format!("brokers do not tell whether Write on {id} is allowed; --transactions tries it"));
    }
    match try_transaction(settings) {
        Ok(id) => Finding::ok(WHAT, format!("one was begun and aborted as {id}")),
        Err(why) => Finding::wrong(WHAT, why, "grant Write on transactional ids that begin with the group's name and a slash"),
    }
}

/// How producers spread keys, by the last records there are.
fn keys(config: &Config, settings: &Settings, facts: &[TopicFacts]) -> Finding {
    const WHAT: &str = "partitioner";
    if config.input.partitioner == Partitioner::Trust {
        return Finding::ok(WHAT, "input.partitioner is \"trust\": not looked at");
    }
    let inputs = partitions_of(facts, &settings.input_topics);
    let sampled = match sample(settings, &inputs) {
        Ok(sampled) => sampled,
        Err(error) => return Finding::unknown(WHAT, error.to_string()),
    };
    let partitions = |topic: &str| inputs.iter().find(|(name, _)| name == topic).map_or(1, |(_, partitions)| *partitions);
    let misplaced = sampled.iter().find(|found| partition_of(&found.key, partitions(&found.topic)) != found.partition);
    match misplaced {
        Some(found) => Finding::wrong(
            WHAT,
            format!("a record of {} {} does not lie where murmur2 of its key says", found.topic, found.partition),
            "let all producers use Java's partitioner (librdkafka: partitioner=murmur2_random), or see input.partitioner",
        ),
        None if sampled.is_empty() => Finding::unknown(WHAT, "no input has a record yet"),
        None => Finding::ok(WHAT, format!("the last {} records with keys lie where murmur2 says", sampled.len())),
    }
}

/// Kafka tells no clock; but no record is of the future unless one of the clocks is wrong.
fn clocks(settings: &Settings, facts: &[TopicFacts]) -> Vec<Finding> {
    let asked = match Rights::connect(settings) {
        Ok(asked) => asked,
        Err(error) => return vec![Finding::unknown("clocks", error.to_string())],
    };
    let is_stamped = |topic: &&TopicFacts| topic.configs.get("message.timestamp.type").is_some_and(|kind| kind == "LogAppendTime");
    let (stamped, told): (Vec<&TopicFacts>, Vec<&TopicFacts>) =
        facts.iter().filter(|topic| is_stamped(topic) || settings.input_topics.contains(&topic.name)).partition(|topic| is_stamped(topic));
    let newest = |topics: Vec<&TopicFacts>| {
        let partitions: Vec<(String, u32)> = topics.iter().map(|topic| (topic.name.clone(), topic.partitions)).collect();
        asked.newest_ms(&partitions)
    };
    let now_ms = clock::wall_ms();
    vec![
        clock_of("broker's clock", newest(stamped), now_ms, "set the clock of this machine and of the brokers right (NTP)"),
        clock_of(
            "producers' clock",
            newest(told),
            now_ms,
            "set the clocks of the producers right: events of the future count as up to time.max_skew later",
        ),
    ]
}

fn clock_of(what: &'static str, newest: Result<Option<i64>, String>, now_ms: i64, advice: &'static str) -> Finding {
    match newest {
        Err(why) => Finding::unknown(what, why),
        Ok(None) => Finding::unknown(what, "no record bears its time yet"),
        Ok(Some(newest_ms)) if newest_ms > now_ms + SKEW_MS => {
            Finding::wrong(what, format!("the newest record is {:.1} s of the future", (newest_ms - now_ms) as f64 / 1e3), advice)
        }
        Ok(Some(newest_ms)) => {
            let age = age((now_ms - newest_ms).max(0) / 1000);
            Finding::ok(what, format!("the newest record is {age} old (a clock that is behind cannot be seen so)"))
        }
    }
}

fn age(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn members(settings: &Settings, config: &Config) -> Finding {
    const WHAT: &str = "group";
    let found = Observer::connect(settings, CLIENT).and_then(|observer| observer.members(&settings.group_id));
    match found {
        Err(error) => Finding::unknown(WHAT, error.to_string()),
        Ok(members) if members.is_empty() => Finding::ok(WHAT, format!("nobody runs as {}", settings.group_id)),
        Ok(members) => {
            let slots: usize = members.iter().map(|member| member.slots.len()).sum();
            let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
            let own = format!("{} (this is {})", names.join(", "), config.instance_id);
            Finding::ok(WHAT, format!("{} members with {slots} slots: {own}", members.len()))
        }
    }
}

fn models_in_force(config: &Config, facts: &[TopicFacts]) -> Finding {
    const WHAT: &str = "value models";
    if !facts.iter().any(|topic| topic.name == config.output.topic("models")) {
        return Finding::unknown(WHAT, "there is no topic of models");
    }
    let (parameters, from) = match models::published(config) {
        Ok(Some(parameters)) => (parameters, "published"),
        Ok(None) => (config.engine.value.parameters.clone(), "of the configuration"),
        Err(error @ CommandError::KafkaUnavailable(_)) => return Finding::unknown(WHAT, error.to_string()),
        Err(error) => return Finding::wrong(WHAT, error.to_string(), "docs/runbook.md#lifetidemodelrefused"),
    };
    let seasonal = season::words(&parameters).map_or(String::new(), |words| format!(", {words}"));
    let told = format!("{} {}, {from}{seasonal}", parameters.name, parameters.version);
    match parameters.fitted {
        true => Finding::ok(WHAT, told),
        false => Finding::mind(WHAT, format!("{told}, not fitted to this shop"), "`lifetide fit`, then `lifetide models publish`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_record_of_the_future_shows_a_wrong_clock() {
        let verdict = |newest| clock_of("clock", newest, 1_000_000, "").verdict;
        assert_eq!(verdict(Ok(Some(1_001_000))), Verdict::Ok);
        assert_eq!(verdict(Ok(Some(5))), Verdict::Ok);
        assert_eq!(verdict(Ok(Some(1_002_001))), Verdict::Wrong);
        assert_eq!([verdict(Ok(None)), verdict(Err(String::new()))], [Verdict::Unknown; 2]);
        assert_eq!([5, 125, 7_200, 172_800].map(age), ["5 s", "2 min", "2 h", "2 days"]);
    }

    #[test]
    fn a_right_that_is_missing_is_named_with_its_resource() {
        let needed = [Operation::Read, Operation::Write, Operation::Delete];
        assert_eq!(missing("topic t", &needed, Ok(needed.to_vec())), None);
        let found = missing("topic t", &needed, Ok(vec![Operation::Write])).unwrap();
        assert_eq!((found.found.as_str(), found.verdict), ("kafka denies Read, Delete on topic t", Verdict::Wrong));
        assert_eq!(missing("topic t", &needed, Err("no answer".to_owned())).unwrap().verdict, Verdict::Unknown);
    }
}
