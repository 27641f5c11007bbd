//! What is wrong with a configuration, said so that the reader can go and change it: key, where it was written, why.
//!
//! It carries no value of a secret key (`values` keeps them out of messages). Filled by every file of this room, printed by `cli`.

use std::fmt;

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    File {
        name: String,
        line: usize,
    },
    /// The variable's name.
    Environment(String),
    Set,
    /// Found out by the program, as the host's name is.
    Host,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { name, line } => write!(f, "{name} line {line}"),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::Set => f.write_str("--set"),
            Origin::Host => f.write_str("host"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Full path; `None` where the text could not be read as far as a key.
    pub key: Option<String>,
    /// Of something that is missing, where it would belong; `None` where nothing is written there, either.
    pub origin: Option<Origin>,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.key, &self.origin) {
            (Some(key), Some(origin)) => write!(f, "{key} ({origin}): {}", self.message),
            (Some(key), None) => write!(f, "{key}: {}", self.message),
            (None, Some(origin)) => write!(f, "{origin}: {}", self.message),
            (None, None) => f.write_str(&self.message),
        }
    }
}

/// All problems found, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub Vec<Problem>);

impl ConfigError {
    /// A single problem that is no key's.
    pub fn of_text(message: String) -> ConfigError {
        ConfigError(vec![Problem { key: None, origin: None, message }])
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// The candidate a misspelt key most likely meant. Also finds the right key in a wrong section.
pub fn nearest<'a>(key: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = last_part(key);
    // a third of the letters may be wrong: more is another word
    let tolerance = (name.chars().count() / 3).max(2);
    candidates
        .map(|candidate| {
            let elsewhere = distance(name, last_part(candidate)) + 1;
            (distance(key, candidate).min(elsewhere), candidate)
        })
        .filter(|(distance, _)| *distance <= tolerance)
        .min()
        .map(|(_, candidate)| candidate)
}

fn last_part(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// Letters to insert, delete or replace (Levenshtein), one row of the table at a time.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}
