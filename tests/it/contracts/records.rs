//! Everything lifetide writes in the stories and in a generated day, against the schemas: nothing undescribed, nothing described that never is.

use lifetide::worker::transaction::OutputTopic;
use serde_json::json;

use super::coverage::Coverage;
use super::{faults, generated_day, schema, validator};
use crate::scenarios::stories;
use crate::scenarios::story::{self, TOPICS};
use crate::scenarios::told::Told;

/// What no story shows: fields of which topics, and why.
const UNSEEN: [(&[&str], &[&str], &str); 5] = [
    (
        &["transitions", "clv", "actions"],
        &["CauseRecord.model", "CauseRecord.version"],
        "stories have one value model (`worker_models` has two)",
    ),
    (&["aggregates"], &["SketchRecord.p50_ms null", "SketchRecord.p90_ms null"], "nothing takes durations back"),
    (&["dlq"], &[".lifetide.record.partitions absent"], "stories have the murmur2 partitioner"),
    (&["dlq"], &[".lifetide.record.timestamp_ms absent"], "records of a story have a time"),
    (&["dlq"], &[".lifetide.truncated_bytes", ".lifetide.truncated_headers"], "stories are short (`dead_letters` has long ones)"),
];

/// What the other stories leave out: pictures of what lies in a cart.
const PICTURES: &str = "
2026-03-02T09:00Z ann: identify email=ann@example.com email_marketing_consent=subscribed
2026-03-02T10:00Z ann: Product Added product_id=p-1 price=5 currency=EUR url=https://shop.example/p image_url=https://shop.example/p.jpg
until 2026-03-03T00:00Z
";

pub(super) fn told() -> Vec<(String, Told)> {
    let (config, day) = generated_day();
    let stories = stories().into_iter().map(|(name, text)| (name, Told::of(story::parse(&text))));
    let pictures = ("pictures".to_owned(), Told::of(story::parse(PICTURES)));
    stories.chain([("a generated day".to_owned(), Told::under(&config, day)), pictures]).collect()
}

#[test]
fn every_record_is_as_described_and_all_that_is_described_occurs() {
    let told = told();
    let mut problems = Vec::new();
    for (topic, output) in TOPICS {
        let (validator, mut coverage) = (validator(topic), Coverage::of(schema(topic)));
        let mut count = 0;
        for (name, told) in &told {
            for (key, record) in told.records(output) {
                // of who is erased nothing is kept
                if *record == json!({ "value": null }) {
                    assert_eq!(output, OutputTopic::Clv);
                    continue;
                }
                let faults = faults(&validator, record);
                if !faults.is_empty() {
                    problems.push(format!("{name}: {topic} {key}: {faults:?}\n    {record}"));
                }
                coverage.see(record);
                count += 1;
            }
        }
        assert!(count > 20, "{count} records of {topic}");
        let unseen = coverage.unseen();
        let of_topic = UNSEEN.iter().filter(|(topics, ..)| topics.contains(&topic));
        let excused: Vec<&str> = of_topic.flat_map(|(_, fields, _)| fields.iter().copied()).collect();
        problems
            .extend(unseen.iter().filter(|field| !excused.contains(&field.as_str())).map(|field| format!("{topic}: {field} never occurs")));
        let stale = excused.iter().filter(|field| !unseen.iter().any(|unseen| unseen == *field));
        problems.extend(stale.map(|field| format!("{topic}: {field} occurs, and is listed as if it did not")));
    }
    problems.truncate(60);
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn a_field_that_is_not_described_and_one_that_is_missing_are_found() {
    let (_, story) = stories().into_iter().find(|(name, _)| name == "cart_left_alone.txt").unwrap();
    let told = Told::of(story::parse(&story));
    for (topic, output) in TOPICS.into_iter().filter(|(topic, _)| ["transitions", "actions"].contains(topic)) {
        let validator = validator(topic);
        let (_, record) = told.records(output).first().unwrap();
        assert_eq!(faults(&validator, record), [] as [&str; 0]);
        for name in record.as_object().unwrap().keys() {
            let mut without = record.clone();
            without.as_object_mut().unwrap().remove(name);
            let is_rare = !schema(topic)["required"].as_array().unwrap().contains(&json!(name));
            assert_eq!(validator.is_valid(&without), is_rare, "{topic} without {name}");
            let mut wrong = record.clone();
            wrong[name] = json!([[]]);
            assert!(!validator.is_valid(&wrong), "{topic} with a strange {name}");
        }
        let mut more = record.clone();
        more["new"] = json!(1);
        assert!(!validator.is_valid(&more), "{topic} with a new field");
        let mut inside = record.clone();
        inside["cause"]["new"] = json!(1);
        assert!(!validator.is_valid(&inside), "{topic} with a new field inside");
    }
}
