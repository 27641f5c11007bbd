//! Every line of the stories and of a generated day that lifetide reads as Segment's is as the schema of events says; the README lists the events
//! there are.

use std::collections::BTreeSet;

use lifetide::cli::replay::lines::Line;
use lifetide::config::Config;
use lifetide::event::{DecodeRules, Format, Raw, Wire, decode, names_of_events};
use serde_json::Value;

use super::{faults, generated_day, text, validator};
use crate::scenarios::{stories, story};
use crate::settings;

/// Lines that lifetide reads although they are not what one should send, by story and event: a moment without seconds is not RFC 3339.
const FORGIVEN: [(&str, &str); 1] = [("loyalty.txt", "Points Earned")];

fn is_read(line: &Line, rules: &DecodeRules) -> bool {
    let raw = Raw { key: line.key.as_ref().map(|key| key.as_bytes()), value: line.value.as_deref(), timestamp_ms: line.timestamp_ms };
    decode(&raw, &Wire::bare(Format::Segment), rules, None).is_ok()
}

/// How many lines are read, and the faults of those that are not as described.
fn judge(name: &str, config: &Config, lines: &[Line], problems: &mut Vec<String>) -> usize {
    let validator = validator("event");
    let rules = &config.input.decode;
    let read = lines.iter().filter(|line| is_read(line, rules));
    let values = read.filter_map(|line| serde_json::from_slice::<Value>(line.value.as_deref()?).ok());
    let mut count = 0;
    for value in values {
        count += 1;
        let event = value["event"].as_str().unwrap_or_default();
        let is_forgiven = FORGIVEN.iter().any(|(of, known)| *of == name && *known == event);
        let faults = faults(&validator, &value);
        if !faults.is_empty() && !is_forgiven {
            problems.push(format!("{name}: {value}: {faults:?}"));
        }
    }
    count
}

#[test]
fn every_event_that_is_read_is_as_described() {
    let mut problems = Vec::new();
    let mut count = 0;
    for (name, text) in stories() {
        let story = story::parse(&text);
        count += judge(&name, &settings::config(&story.sets), &story.lines, &mut problems);
    }
    assert!(count > 200, "{count} lines of stories are read");
    let (config, day) = generated_day();
    let count = judge("a generated day", &config, &day.lines, &mut problems);
    assert!(count > 5_000, "{count} lines of a day are read");
    problems.truncate(40);
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn the_readme_lists_each_event_that_has_a_meaning_once_and_no_other() {
    let readme = text("README.md");
    let (_, table) = readme.split_once("\n| about | events |\n").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    // of what stands in code, names of fields and of calls begin with a small letter
    let code = table.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let listed: Vec<&str> = code.filter(|name| name.starts_with(|letter: char| letter.is_ascii_uppercase())).collect();
    let known: BTreeSet<&str> = names_of_events().collect();
    assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), known);
    assert_eq!(listed.len(), known.len(), "one is there twice: {listed:?}");
}
