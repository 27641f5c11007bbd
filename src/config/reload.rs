//! What of a configuration may change while it works, and what has changed from one reading to the next.
//!
//! A new reading is taken as a whole or not at all: it may differ in rules and thresholds, which workers take up between two transactions,
//! and in how much is logged. Everything else is where and how the process runs, which is decided once. What `deliver` reads is another
//! process's. Called by `cli::reload`.

use std::collections::BTreeSet;
use std::fmt;

use xxhash_rust::xxh3::xxh3_64;

use super::layers::Entries;
use super::properties::HIDDEN;
use super::{Config, ConfigError, Problem};

/// What may change, by the beginnings of keys.
const HOT: [&str; 5] = ["log.level", "loyalty.", "plays.", "stages.", "value_bands."];
/// What this process takes no notice of.
const FOREIGN: &str = "deliver.";
/// Names a file whose content counts, too.
const MODELS: &str = "clv.models";

/// A configuration as it was laid together, to be compared with the next one.
#[derive(Clone)]
pub struct Laid {
    entries: Entries,
    models: u64,
}

/// It may hold secrets.
impl fmt::Debug for Laid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Laid {
    pub fn new(entries: &Entries, model_text: &str) -> Laid {
        Laid { entries: entries.clone(), models: xxh3_64(model_text.as_bytes()) }
    }

    /// Keys whose values differ, in their order.
    fn differences<'a>(&'a self, other: &'a Laid) -> Vec<&'a str> {
        let keys: BTreeSet<&str> = self.entries.keys().chain(other.entries.keys()).map(String::as_str).collect();
        let value = |laid: &'a Laid, key: &str| laid.entries.get(key).map(|entry| &entry.value);
        // the shipped parameters are named by no key, and are always the same
        let differs = |key: &&str| value(self, key) != value(other, key) || (*key == MODELS && self.models != other.models);
        keys.into_iter().filter(differs).collect()
    }
}

impl Config {
    /// The keys in which `next` differs from this configuration, which is in force. The error names those that cannot change while it works.
    pub fn changes_to(&self, next: &Config) -> Result<Vec<String>, ConfigError> {
        let differences = self.laid.differences(&next.laid);
        let changed: Vec<&str> = differences.into_iter().filter(|key| !key.starts_with(FOREIGN)).collect();
        let fixed = changed.iter().filter(|key| !HOT.iter().any(|begin| key.starts_with(begin)));
        let problems: Vec<Problem> = fixed.map(|key| next.fixed(key)).collect();
        if !problems.is_empty() {
            return Err(ConfigError(problems));
        }
        Ok(changed.into_iter().map(str::to_owned).collect())
    }

    fn fixed(&self, key: &str) -> Problem {
        let other_way = if key == MODELS { ", or `lifetide models publish` of the file" } else { "" };
        Problem {
            key: Some(key.to_owned()),
            origin: self.laid.entries.get(key).map(|entry| entry.origin.clone()),
            message: format!("has changed, which takes a restart{other_way}"),
        }
    }
}
