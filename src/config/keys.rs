//! Reading keys one by one: each key is asked for once, by name, with the conversion it needs.
//!
//! Whoever asks gets a usable value and goes on, so that all problems are found at once: a bad value is noted and the shipped one taken
//! in its place. What nobody asked for is unknown; so the list of known keys is the code itself. Called by the other files of this room.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::form::Convert;
use super::layers::{Entries, Entry};
use super::problem::{Origin, Problem, nearest};

pub struct Keys<'a> {
    entries: &'a Entries,
    defaults: &'a Entries,
    asked: BTreeSet<String>,
    /// Everything below these is known.
    open: Vec<&'static str>,
    problems: Vec<Problem>,
    /// What the value of each key looks like, for who wants to know.
    forms: Option<BTreeMap<String, Json>>,
}

impl<'a> Keys<'a> {
    pub fn new(entries: &'a Entries, defaults: &'a Entries, problems: Vec<Problem>) -> Keys<'a> {
        Keys { entries, defaults, asked: BTreeSet::new(), open: Vec::new(), problems, forms: None }
    }

    /// Keeps what the values of keys look like that are asked for from here on.
    pub fn keep_forms(&mut self) {
        self.forms = Some(BTreeMap::new());
    }

    pub fn into_forms(self) -> BTreeMap<String, Json> {
        self.forms.unwrap_or_default()
    }

    /// A key that `default.toml` has.
    pub fn required<T>(&mut self, key: &str, convert: impl Convert<T>) -> T {
        if let Some(value) = self.read(key, &convert) {
            return value;
        }
        let shipped = self.defaults.get(key).map(|entry| convert.read(entry));
        match shipped {
            Some(Ok(value)) => value,
            // a test reads default.toml alone
            _ => unreachable!("invariant: default.toml holds a good value of {key}"),
        }
    }

    /// A key that may be absent; a bad value counts as absent once it is noted.
    pub fn optional<T>(&mut self, key: &str, convert: impl Convert<T>) -> Option<T> {
        self.read(key, &convert)
    }

    fn read<T>(&mut self, key: &str, convert: &impl Convert<T>) -> Option<T> {
        self.asked.insert(key.to_string());
        if let Some(forms) = &mut self.forms {
            forms.insert(key.to_string(), convert.form());
        }
        match convert.read(self.entries.get(key)?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.refuse(key, message);
                None
            }
        }
    }

    /// Whether some layer gives the key a value, good or bad.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Where the value in force was written.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.entries.get(key).map(|entry| &entry.origin)
    }

    /// Whether the value in force is the shipped one, wherever it was written.
    pub fn is_shipped(&self, key: &str) -> bool {
        let value = |entries: &'a Entries| entries.get(key).map(|entry| &entry.value);
        value(self.entries) == value(self.defaults)
    }

    /// All entries below a path whose keys are not ours to know.
    pub fn open(&mut self, path: &'static str) -> Vec<(&'a str, &'a Entry)> {
        self.open.push(path);
        self.below(path)
    }

    /// All entries below a path, by the rest of their keys.
    pub fn below(&self, path: &str) -> Vec<(&'a str, &'a Entry)> {
        let entries = self.entries.iter();
        entries.filter_map(|(key, entry)| Some((key.strip_prefix(path)?.strip_prefix('.')?, entry))).collect()
    }

    pub fn refuse(&mut self, key: &str, message: String) {
        let origin = self.origin(key).or_else(|| self.origin_beside(key)).cloned();
        self.problems.push(Problem { key: Some(key.to_string()), origin, message });
    }

    /// Of a key that is missing: where the nearest section around it begins that somebody wrote.
    fn origin_beside(&self, key: &str) -> Option<&'a Origin> {
        let mut sections = std::iter::successors(Some(key), |section| section.rsplit_once('.').map(|(above, _)| above));
        let line = |origin: &Origin| if let Origin::File { line, .. } = origin { *line } else { usize::MAX };
        sections.find_map(|section| {
            let origins = self.below(section).into_iter().map(|(_, entry)| &entry.origin);
            origins.filter(|origin| !matches!(origin, Origin::Default | Origin::Host)).min_by_key(|origin| line(origin))
        })
    }

    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// Every key asked for so far.
    #[cfg(test)]
    pub fn asked(&self) -> &BTreeSet<String> {
        &self.asked
    }

    /// All problems, the unknown keys among them.
    pub fn finish(mut self) -> Vec<Problem> {
        let entries = self.entries;
        for (key, entry) in entries {
            if self.asked.contains(key) || self.open.iter().any(|path| is_below(key, path)) {
                continue;
            }
            let is_section = self.open.contains(&key.as_str()) || self.asked.iter().any(|known| is_below(known, key));
            match &entry.value {
                toml::Value::Table(table) if table.is_empty() && is_section => continue,
                _ if is_section => self.refuse(key, format!("is a section, written [{key}], not a value")),
                _ => self.refuse(key, self.unknown(key)),
            }
        }
        self.problems
    }

    fn unknown(&self, key: &str) -> String {
        match nearest(key, self.asked.iter().map(String::as_str)) {
            Some(known) => format!("unknown key, did you mean `{known}`?"),
            None => "unknown key".to_string(),
        }
    }
}

fn is_below(key: &str, path: &str) -> bool {
    key.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
}
