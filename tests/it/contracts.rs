//! What others build on: the schemas of `docs/schemas` hold for everything that goes in and comes out, and for every configuration there is.
//!
//! That they are those of the code a test beside `cli::schema` says. Here every record of every story and of a generated day is held against
//! them, each field they describe must occur, and what they say of examples, topics and programs must be so.

pub mod avro;
pub mod clients;
mod configuration;
mod coverage;
mod events;
mod examples;
mod inputs;
mod readme;
mod records;

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use lifetide::cli::replay::lines::event_line;
use lifetide::cli::shop::day::day;
use lifetide::cli::shop::to_line;
use lifetide::config::{Config, Sources, Text};
use serde_json::Value;

use crate::scenarios::story::Story;

const START_MS: i64 = 1_767_225_600_000; // 2026-01-01
const DAY_MS: i64 = 86_400_000;
const SEED: u64 = 7;
/// Enough for every kind of event and most outcomes.
const CUSTOMERS: u32 = 1_500;

pub fn path(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

fn text(below: &str) -> String {
    std::fs::read_to_string(path(below)).unwrap_or_else(|why| panic!("{below}: {why}"))
}

fn schema(name: &str) -> Value {
    serde_json::from_str(&text(&format!("docs/schemas/{name}.json"))).unwrap()
}

pub fn validator(name: &str) -> Validator {
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema(name)).unwrap()
}

/// Keys and values of the example records of a topic, which `replay` has written: it adds the key and the time.
fn examples(topic: &str) -> Vec<(String, Value)> {
    let lines = text(&format!("docs/examples/lifetide.{topic}.jsonl"));
    let record = |line: &str| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        let fields = record.as_object_mut().unwrap();
        let key = fields.remove("key").unwrap().as_str().unwrap().to_owned();
        fields.remove("timestamp_ms").unwrap();
        (key, record)
    };
    lines.lines().map(record).collect()
}

/// What is wrong with a value, in words.
pub fn faults(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// A day of a shop with every kind of event, under the rules its model has.
fn generated_day() -> (Config, Story) {
    let files = [Text { name: "day.toml".to_owned(), text: text("tests/data/day.toml") }];
    let read = |below: &str| std::fs::read_to_string(path(below));
    let sets = ["time.mode=event".to_owned()];
    let sources = Sources { files: &files, environment: &[], sets: &sets, host_name: Some("test"), read_file: &read };
    let config = Config::read(&sources).unwrap_or_else(|problems| panic!("{problems}"));
    let lines = day(SEED, CUSTOMERS, START_MS).iter().map(|record| event_line(&to_line(record, "shop.")).unwrap()).collect();
    (config, Story { lines, until_ms: Some(START_MS + 30 * DAY_MS), ..Story::default() })
}
