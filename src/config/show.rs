//! The configuration in force, for people: each key with its value and where it was written.
//!
//! Secrets are hidden here, before anybody can print them; their very length is not told. Called by `Config::read`, printed by
//! `cli::config`.

use std::fmt;

use super::layers::{Entries, FORMATS, PROPERTIES, is_property};
use super::problem::Origin;
use super::properties::{HIDDEN, is_secret};

/// Keys of our own whose values are secrets.
pub const SECRETS: [&str; 7] = [
    "customers.erasure_key",
    "deliver.smtp.password",
    "deliver.webhook.authorization",
    "deliver.webhook.secret",
    "http.admin_token",
    "http.api_token",
    "output.schema_registry_login",
];

/// One key in force.
#[derive(Debug, Clone)]
pub struct Setting {
    /// As in TOML: parts with dots inside are quoted.
    pub key: String,
    /// `(hidden)` for secrets.
    pub value: toml::Value,
    pub origin: Origin,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.key, self.value)?;
        match self.origin {
            Origin::Default => Ok(()),
            _ => write!(f, "  # {}", self.origin),
        }
    }
}

pub fn settings(entries: &Entries) -> Vec<Setting> {
    let is_empty_section = |value: &toml::Value| value.as_table().is_some_and(toml::Table::is_empty);
    let shown = entries.iter().filter(|(_, entry)| !is_empty_section(&entry.value));
    shown
        .map(|(key, entry)| Setting {
            key: written(key),
            value: if SECRETS.contains(&key.as_str()) || is_property(key) && is_secret(key) { HIDDEN.into() } else { entry.value.clone() },
            origin: entry.origin.clone(),
        })
        .collect()
}

fn written(key: &str) -> String {
    let below = |section: &str| Some(format!("{section}.\"{}\"", key.strip_prefix(section)?.strip_prefix('.')?));
    [PROPERTIES, FORMATS].into_iter().find_map(below).unwrap_or_else(|| key.to_string())
}
