//! The layers of a configuration laid over one another: one value and one origin for each key, nothing understood yet.
//!
//! Keys are dotted paths from here on (`kafka.group_id`), each with the value of the highest layer that has it. Two things are special:
//! below `kafka.properties` and `input.formats` everything is one key with dots inside, as librdkafka and topics are named; and each key of a play, and each value band, is one value,
//! so that a trigger or a list of caps is replaced, never mixed. Reads neither files nor environment: texts are arguments.
//! Called by `Config::read`.

use std::collections::BTreeMap;

use toml::Value;
use toml::de::{DeTable, DeValue};

use super::problem::{Origin, Problem};
use super::show::SECRETS;

/// The lowest layer, and the reference of all keys.
pub const DEFAULT_TOML: &str = include_str!("../../config/default.toml");

/// Variables with this beginning are configuration; the rest of the name is the key.
pub const ENVIRONMENT_PREFIX: &str = "LIFETIDE__";

/// Below this, keys are librdkafka's.
pub const PROPERTIES: &str = "kafka.properties";

/// Below this, keys are names of topics.
pub const FORMATS: &str = "input.formats";

/// One file's text, and its name for messages.
#[derive(Debug, Clone)]
pub struct Text {
    pub name: String,
    pub text: String,
}

/// A key's value. No `Debug`: it may hold a secret.
#[derive(Clone)]
pub struct Entry {
    pub value: Value,
    /// The text itself where a value came from the environment or `--set`: what looks like a number may be meant as a name.
    pub raw: Option<String>,
    pub origin: Origin,
}

pub type Entries = BTreeMap<String, Entry>;

/// The entries of `default.toml` alone.
pub fn defaults() -> Entries {
    let mut entries = Entries::new();
    let mut problems = Vec::new();
    lay_file("default.toml", DEFAULT_TOML, &mut entries, &mut problems);
    assert!(problems.is_empty(), "default.toml is part of the program and does not parse: {problems:?}");
    for entry in entries.values_mut() {
        entry.origin = Origin::Default;
    }
    entries
}

/// Lays a file's keys over `entries`; a file that is no TOML is one problem and lays nothing.
pub fn lay_file(name: &str, text: &str, entries: &mut Entries, problems: &mut Vec<Problem>) {
    let at = |line| Some(Origin::File { name: name.to_string(), line });
    // the message alone: the error's own display quotes the line, which may hold a secret
    let failed = |error: toml::de::Error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        Problem { key: None, origin: at(line), message: format!("not TOML: {}", error.message()) }
    };
    let (table, spanned) = match (text.parse::<toml::Table>(), DeTable::parse(text)) {
        (Ok(table), Ok(spanned)) => (table, spanned),
        (Err(error), _) | (_, Err(error)) => return problems.push(failed(error)),
    };
    let mut lines = BTreeMap::new();
    find_lines("", spanned.get_ref(), text, &mut lines);
    flatten("", Value::Table(table), &mut |key, value| {
        let line = lines.get(&key).copied().unwrap_or(1);
        let origin = Origin::File { name: name.to_string(), line };
        entries.insert(key, Entry { value, raw: None, origin });
    });
}

/// Lays the variables that begin with `LIFETIDE__` over `entries`, in order of their names.
pub fn lay_environment(variables: impl Iterator<Item = (String, String)>, entries: &mut Entries, problems: &mut Vec<Problem>) {
    let ours: BTreeMap<String, String> = variables.filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX)).collect();
    for (name, raw) in ours {
        let origin = Origin::Environment(name.clone());
        match environment_key(&name[ENVIRONMENT_PREFIX.len()..]) {
            Some(key) => lay_text(&key, raw, origin, entries),
            None => problems.push(Problem {
                key: None,
                origin: Some(origin),
                message: "not the name of a key, expected a name such as LIFETIDE__KAFKA__GROUP_ID".to_string(),
            }),
        }
    }
}

/// Lays `key=value` arguments over `entries`, in their order.
pub fn lay_sets(sets: &[String], entries: &mut Entries, problems: &mut Vec<Problem>) {
    for set in sets {
        match set.split_once('=').map(|(key, raw)| (key.trim(), raw)) {
            Some((key, raw)) if key.split('.').all(|part| !part.is_empty()) => {
                lay_text(&key.replace('"', ""), raw.to_string(), Origin::Set, entries);
            }
            _ => problems.push(Problem {
                key: None,
                origin: Some(Origin::Set),
                message: "expected key=value, such as kafka.group_id=shop".to_string(),
            }),
        }
    }
}

/// `KAFKA__GROUP_ID` -> `kafka.group_id`; below `KAFKA__PROPERTIES` every underscore is a dot.
fn environment_key(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let parts: Vec<&str> = lower.split("__").collect();
    if parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    let key = parts.join(".");
    match key.strip_prefix(PROPERTIES) {
        Some(property) if property.starts_with('.') => Some(format!("{PROPERTIES}{}", property.replace('_', "."))),
        _ => Some(key),
    }
}

fn lay_text(key: &str, raw: String, origin: Origin, entries: &mut Entries) {
    let parsed = raw.trim().parse::<Value>().ok();
    let value = match parsed {
        // a password of digits stays as it was typed, and no part of it becomes a key; quotes mean TOML text everywhere
        Some(value) if value.is_str() || !is_property(key) && !SECRETS.contains(&key) => value,
        _ => Value::String(raw.clone()),
    };
    let (key, value) = fold_whole_key(key, value);
    flatten(&key, value, &mut |key, value| {
        let raw = Some(raw.clone()).filter(|_| !value.is_str());
        entries.insert(key, Entry { value, raw, origin: origin.clone() });
    });
}

/// `plays.x.caps.email` and its value -> `plays.x.caps` and a table, which is one value.
fn fold_whole_key(key: &str, value: Value) -> (String, Value) {
    let parts: Vec<&str> = key.split('.').collect();
    let Some(count) = whole_parts(parts[0]).filter(|count| parts.len() > *count) else {
        return (key.to_string(), value);
    };
    let folded =
        parts[count..].iter().rev().fold(value, |inner, part| Value::Table(toml::Table::from_iter([((*part).to_string(), inner)])));
    (parts[..count].join("."), folded)
}

pub fn is_property(key: &str) -> bool {
    key.strip_prefix(PROPERTIES).is_some_and(|rest| rest.starts_with('.'))
}

/// Parts of the keys below a section whose tables are each one value: `plays.x.caps`, `value_bands.high`.
fn whole_parts(section: &str) -> Option<usize> {
    match section {
        "plays" => Some(3),
        "value_bands" => Some(2),
        _ => None,
    }
}

/// Whether a table at this path is one value.
fn is_whole(path: &str) -> bool {
    let parts: Vec<&str> = path.split('.').collect();
    whole_parts(parts[0]).is_some_and(|count| parts.len() >= count)
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_string() } else { format!("{path}.{key}") }
}

/// Visits each value with its dotted path. An empty table is a value, so that a misspelt empty section is seen.
fn flatten(path: &str, value: Value, visit: &mut impl FnMut(String, Value)) {
    match value {
        Value::Table(table) if !table.is_empty() && !is_whole(path) => {
            for (key, inner) in table {
                flatten(&join(path, &key), inner, visit);
            }
        }
        Value::Table(table) if path.is_empty() && table.is_empty() => {}
        value => visit(path.to_string(), value),
    }
}

fn find_lines(path: &str, table: &DeTable<'_>, text: &str, lines: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        let inner = join(path, key.get_ref());
        if let DeValue::Table(table) = value.get_ref() {
            find_lines(&inner, table, text, lines);
        }
        lines.insert(inner, line_of(text, key.span().start));
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}
