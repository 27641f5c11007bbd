//! Runs every file of `tests/scenarios`: what happens, then what lifetide must say about it. `tests/scenarios/README.md` has the format.
//!
//! A topic's section lists all its records in order, with the fields that matter; a topic without a section is not looked at.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lifetide::cli::replay::history::History;
use lifetide::cli::replay::lines::Line;
use lifetide::worker::transaction::OutputTopic;
use serde_json::{Map, Value, json};

use crate::settings;

const TOPICS: [(&str, OutputTopic); 5] = [
    ("transitions", OutputTopic::Transitions),
    ("clv", OutputTopic::Clv),
    ("actions", OutputTopic::Actions),
    ("aggregates", OutputTopic::Aggregates),
    ("dlq", OutputTopic::DeadLetters),
];

/// A record as it should be: customer, and the fields that matter with their values.
type Expected = (String, Vec<(String, Value)>);

#[derive(Default)]
struct Scenario {
    sets: Vec<String>,
    lines: Vec<Line>,
    until_ms: Option<i64>,
    /// By topic.
    expected: BTreeMap<String, Vec<Expected>>,
}

fn time_ms(text: &str) -> i64 {
    let with_seconds = text.replace('Z', ":00Z");
    let at: jiff::Timestamp = text.parse().or_else(|_| with_seconds.parse()).unwrap_or_else(|e| panic!("time {text:?}: {e}"));
    at.as_millisecond()
}

/// Splits at blanks outside quotes and brackets.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut depth, mut quoted) = (Vec::new(), String::new(), 0, false);
    for c in text.chars() {
        quoted ^= c == '"';
        depth += i32::from(!quoted && "[{".contains(c)) - i32::from(!quoted && "]}".contains(c));
        if c == ' ' && depth == 0 && !quoted {
            words.extend(Some(std::mem::take(&mut word)).filter(|w| !w.is_empty()));
        } else {
            word.push(c);
        }
    }
    words.extend(Some(word).filter(|w| !w.is_empty()));
    words
}

fn value_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.trim_matches('"').to_owned()))
}

fn fields_of(words: &[String]) -> Vec<(String, Value)> {
    let field = |word: &String| word.split_once('=').map(|(name, value)| (name.to_owned(), value_of(value)));
    words.iter().map(|word| field(word).unwrap_or_else(|| panic!("expected name=value: {word}"))).collect()
}

fn put(object: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            object.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = object.entry(first).or_insert_with(|| json!({}));
            put(inner.as_object_mut().unwrap(), rest, value);
        }
    }
}

fn get<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, part| part.parse::<usize>().map_or_else(|_| &value[part], |index| &value[index]))
}

/// `<time> <customer>: <Event Name> name=value ...`
fn event_line(number: usize, text: &str) -> Line {
    let (time, rest) = text.split_once(' ').unwrap_or_else(|| panic!("line {number}: {text}"));
    let (customer, rest) = rest.split_once(": ").unwrap_or_else(|| panic!("line {number}: {text}"));
    let at_ms = time_ms(time);
    if let Some(raw) = rest.strip_prefix("raw ") {
        let key = Some(customer.to_owned()).filter(|c| c != "-");
        return Line {
            topic: None,
            key,
            timestamp_ms: Some(at_ms),
            offset: None,
            headers: Vec::new(),
            value: Some(raw.as_bytes().to_vec()),
        };
    }
    let words = words(rest);
    let name_words = words.iter().take_while(|word| !word.contains('=')).count();
    let name = words[..name_words].join(" ");
    let mut event = Map::new();
    let kind = if name == "identify" { "identify" } else { "track" };
    event.insert("type".into(), json!(kind));
    event.insert("timestamp".into(), json!(jiff::Timestamp::from_millisecond(at_ms).unwrap().to_string()));
    event.insert("messageId".into(), json!(format!("m-{number}")));
    event.insert("userId".into(), json!(customer));
    if kind == "track" {
        event.insert("event".into(), json!(name));
    }
    let (mut topic, mut timestamp_ms) = (None, Some(at_ms));
    for (path, value) in fields_of(&words[name_words..]) {
        match path.as_str() {
            "topic" => topic = value.as_str().map(str::to_owned),
            "recorded" => timestamp_ms = value.as_str().map(time_ms),
            "anonymous" => {
                let id = event.remove("userId").unwrap();
                event.insert("anonymousId".into(), id);
            }
            "messageId" | "userId" | "anonymousId" | "timestamp" => put(&mut event, &path, value),
            path if path.starts_with("context.") => put(&mut event, path, value),
            path => put(&mut event, &format!("{}.{path}", if kind == "identify" { "traits" } else { "properties" }), value),
        }
    }
    let value = Some(Value::Object(event).to_string().into_bytes());
    Line { topic, key: Some(customer.to_owned()), timestamp_ms, offset: None, headers: Vec::new(), value }
}

fn parse(text: &str) -> Scenario {
    let mut scenario = Scenario::default();
    let mut section: Option<String> = None;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let topic = trimmed.split(' ').next().unwrap_or_default();
        if let Some(set) = trimmed.strip_prefix("set ") {
            scenario.sets.push(set.replacen(" = ", "=", 1));
        } else if let Some(until) = trimmed.strip_prefix("until ") {
            scenario.until_ms = Some(time_ms(until));
        } else if TOPICS.iter().any(|(name, _)| *name == topic) && !line.starts_with(' ') {
            scenario.expected.insert(topic.to_owned(), Vec::new());
            section = Some(topic.to_owned());
        } else if let (true, Some(topic)) = (line.starts_with(' '), &section) {
            let words = words(trimmed);
            let expected = (words[0].clone(), fields_of(&words[1..]));
            scenario.expected.get_mut(topic).unwrap().push(expected);
        } else {
            scenario.lines.push(event_line(number + 1, trimmed));
        }
    }
    scenario
}

/// The problems of one scenario, in words.
fn run(text: &str) -> Vec<String> {
    let scenario = parse(text);
    assert!(!scenario.expected.is_empty(), "a scenario that expects nothing proves nothing");
    let config = settings::config(&scenario.sets);
    let mut history = History::new(&config, 1, scenario.until_ms);
    scenario.lines.into_iter().for_each(|line| history.add(line).unwrap());
    let mut produced: BTreeMap<OutputTopic, Vec<(String, Value)>> = BTreeMap::new();
    let take = |record: lifetide::worker::memory::Produced| {
        let key = record.key.map_or("-".to_owned(), |key| String::from_utf8(key).unwrap());
        let value = if record.topic == OutputTopic::DeadLetters {
            record.headers.iter().map(|(name, value)| (name.clone(), json!(String::from_utf8_lossy(value)))).collect::<Map<_, _>>().into()
        } else {
            record.value.map_or(json!({ "value": null }), |value| serde_json::from_slice(&value).unwrap())
        };
        produced.entry(record.topic).or_default().push((key, value));
    };
    history.run(take).unwrap();
    let mut problems = Vec::new();
    for (name, expected) in &scenario.expected {
        let topic = TOPICS.iter().find(|(topic, _)| topic == name).unwrap().1;
        let found = produced.remove(&topic).unwrap_or_default();
        if found.len() != expected.len() {
            let shown: Vec<String> = found.iter().map(|(key, value)| format!("    {key} {value}")).collect();
            problems.push(format!("{name}: {} records expected, {} found:\n{}", expected.len(), found.len(), shown.join("\n")));
            continue;
        }
        for (index, ((customer, fields), (key, value))) in expected.iter().zip(&found).enumerate() {
            if customer != key {
                problems.push(format!("{name} {}: of {key}, expected {customer}", index + 1));
            }
            for (path, wanted) in fields {
                let is = if topic == OutputTopic::DeadLetters { &value[path.as_str()] } else { get(value, path) };
                if is != wanted {
                    problems.push(format!("{name} {}: {path} is {is}, expected {wanted}\n    {value}", index + 1));
                }
            }
        }
    }
    problems
}

#[test]
fn every_scenario_plays_out_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .collect();
    files.sort();
    assert!(files.len() >= 10, "only {} scenarios found", files.len());
    let mut failed = Vec::new();
    for file in files {
        let problems = run(&fs::read_to_string(&file).unwrap());
        if !problems.is_empty() {
            failed.push(format!("{}\n  {}", file.file_name().unwrap().to_string_lossy(), problems.join("\n  ")));
        }
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

#[test]
fn a_wrong_expectation_fails() {
    let text = "2026-01-01T00:00Z ann: identify email=ann@example.com\ntransitions\n  ann to=repeat\nclv\n  ann p_alive=1\n";
    let problems = run(text);
    assert_eq!(problems.len(), 2, "{problems:?}");
}
