//! Plays that begin when a customer comes into a value band, a segment, or a higher tier.
//!
//! The instance is `<name>:<moment, ms>`. Called by the file of each track when it has said so.

use super::instance::begin;
use crate::engine::customer::Customer;
use crate::engine::scene::Scene;
use crate::engine::settings::{Track, Trigger};

/// `at_ms`: the moment from which the steps count.
pub fn on_level(customer: &mut Customer, track: Track, to: &str, at_ms: i64, scene: &Scene<'_>) {
    let rules = scene.rules;
    for &rule in rules.plays() {
        if let Trigger::LevelReached { track: of, name } = &rules.play(rule).trigger
            && *of == track
            && name.as_deref().is_none_or(|name| name == to)
        {
            begin(customer, rule, format!("{to}:{at_ms}"), at_ms, scene);
        }
    }
}
