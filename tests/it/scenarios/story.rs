//! A story as a file of `tests/scenarios` tells it: what happens, and what must come of it. `tests/scenarios/README.md` has the format.
//!
//! It runs nothing. Called by the scenario tests.

use std::collections::{BTreeMap, BTreeSet};

use lifetide::cli::replay::lines::Line;
use lifetide::worker::transaction::OutputTopic;
use serde_json::{Map, Value, json};

pub const TOPICS: [(&str, OutputTopic); 5] = [
    ("transitions", OutputTopic::Transitions),
    ("clv", OutputTopic::Clv),
    ("actions", OutputTopic::Actions),
    ("aggregates", OutputTopic::Aggregates),
    ("dlq", OutputTopic::DeadLetters),
];

/// The section of what is held about customers in the end.
pub const STATE: &str = "state";

/// The section of what customers cost and are worth in the end.
pub const ECONOMICS: &str = "economics";

/// A record as it should be.
#[derive(Debug, Clone)]
pub struct Expected {
    pub key: String,
    /// The fields that matter, with their values.
    pub fields: Vec<(String, Value)>,
}

impl Expected {
    fn of(words: &[String]) -> Expected {
        Expected { key: words[0].clone(), fields: fields_of(&words[1..]) }
    }

    /// The fields that are otherwise.
    pub fn differences<'a>(&'a self, section: &str, found: &'a Value) -> Vec<(&'a str, &'a Value, &'a Value)> {
        let is_of = |path: &str| if section == "dlq" { &found[path] } else { get(found, path) };
        let fields = self.fields.iter().map(|(path, wanted)| (path.as_str(), is_of(path), wanted));
        fields.filter(|(_, is, wanted)| is != wanted).collect()
    }
}

/// What a line of a story is there for: without it nothing of the section is as expected.
#[derive(Debug, Clone)]
pub struct Proof {
    /// Of `requirements`.
    pub rows: Vec<u32>,
    pub section: String,
    pub expected: Expected,
    /// Which line, from 0 on.
    pub trigger: usize,
}

#[derive(Default)]
pub struct Story {
    pub sets: Vec<String>,
    pub lines: Vec<Line>,
    pub until_ms: Option<i64>,
    /// By section.
    pub expected: BTreeMap<String, Vec<Expected>>,
    /// Sections that tell some of their records.
    pub among_others: BTreeSet<String>,
    pub proofs: Vec<Proof>,
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

/// `raw topic=<topic> header.<name>=<value> <bytes>`: topic and headers may be left out.
fn raw_line(customer: &str, at_ms: i64, text: &str) -> Line {
    let (mut topic, mut headers, mut rest) = (None, Vec::new(), text);
    while let Some((word, behind)) = rest.split_once(' ')
        && let Some((name, value)) = word.split_once('=')
    {
        match name.strip_prefix("header.") {
            Some(name) => headers.push((name.to_owned(), value.to_owned())),
            None if name == "topic" => topic = Some(value.to_owned()),
            None => break,
        }
        rest = behind;
    }
    let key = Some(customer.to_owned()).filter(|customer| customer != "-");
    Line { topic, key, timestamp_ms: Some(at_ms), offset: None, headers, value: Some(rest.as_bytes().to_vec()) }
}

/// `<time> <customer>: <Event Name> name=value ...`
fn event_line(number: usize, text: &str) -> Line {
    let (time, rest) = text.split_once(' ').unwrap_or_else(|| panic!("line {number}: {text}"));
    let (customer, rest) = rest.split_once(": ").unwrap_or_else(|| panic!("line {number}: {text}"));
    let at_ms = time_ms(time);
    if let Some(raw) = rest.strip_prefix("raw ") {
        return raw_line(customer, at_ms, raw);
    }
    let words = words(rest);
    let name_words = words.iter().take_while(|word| !word.contains('=')).count();
    let name = words[..name_words].join(" ");
    let mut event = Map::new();
    let kind = if ["identify", "alias"].contains(&name.as_str()) { name.as_str() } else { "track" };
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
            "messageId" | "userId" | "anonymousId" | "previousId" | "timestamp" => put(&mut event, &path, value),
            path if path.starts_with("context.") => put(&mut event, path, value),
            path => put(&mut event, &format!("{}.{path}", if kind == "identify" { "traits" } else { "properties" }), value),
        }
    }
    let value = Some(Value::Object(event).to_string().into_bytes());
    Line { topic, key: Some(customer.to_owned()), timestamp_ms, offset: None, headers: Vec::new(), value }
}

fn is_section(word: &str) -> bool {
    word == STATE || word == ECONOMICS || TOPICS.iter().any(|(name, _)| *name == word)
}

/// `covers 33, 35: actions ann kind=send`, about the next line that is neither empty nor a comment nor another proof.
fn proof(text: &str) -> Proof {
    let (rows, rest) = text.split_once(": ").unwrap_or_else(|| panic!("covers {text}"));
    let words = words(rest);
    assert!(is_section(&words[0]), "covers {text}: {} is no section", words[0]);
    let rows = rows.split(", ").map(|row| row.parse().unwrap_or_else(|_| panic!("covers {text}: {row} is no row"))).collect();
    let expected = Expected::of(&words[1..]);
    assert!(!expected.fields.is_empty(), "covers {text}: which field?");
    Proof { rows, section: words[0].clone(), expected, trigger: usize::MAX }
}

pub fn parse(text: &str) -> Story {
    let mut story = Story::default();
    let mut section: Option<String> = None;
    let mut proven = 0;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if let Some(covers) = trimmed.strip_prefix("covers ") {
            story.proofs.push(proof(covers));
            continue;
        }
        story.proofs[proven..].iter_mut().for_each(|proof| proof.trigger = number);
        proven = story.proofs.len();
        let first = trimmed.split(' ').next().unwrap_or_default();
        if let Some(set) = trimmed.strip_prefix("set ") {
            story.sets.push(set.replacen(" = ", "=", 1));
        } else if let Some(until) = trimmed.strip_prefix("until ") {
            story.until_ms = Some(time_ms(until));
        } else if is_section(first) && !line.starts_with(' ') {
            story.expected.insert(first.to_owned(), Vec::new());
            if trimmed == format!("{first} among others") {
                story.among_others.insert(first.to_owned());
            } else {
                assert_eq!(trimmed, first, "line {}", number + 1);
            }
            section = Some(first.to_owned());
        } else if let (true, Some(section)) = (line.starts_with(' '), &section) {
            story.expected.get_mut(section).unwrap().push(Expected::of(&words(trimmed)));
        } else {
            story.lines.push(event_line(number + 1, trimmed));
        }
    }
    assert!(story.proofs.iter().all(|proof| proof.trigger != usize::MAX), "a proof without a line");
    story
}

/// The same story but for a line: it is as if it had never been told.
pub fn without(text: &str, omitted: usize) -> String {
    text.lines().enumerate().map(|(number, line)| if number == omitted { "#\n".to_owned() } else { format!("{line}\n") }).collect()
}
