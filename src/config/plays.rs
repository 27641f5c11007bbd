//! `plays.<name>.*`: the marketing rules, in the shape of `contracts.md` 5.
//!
//! A play must say its trigger and its steps; what else it leaves out it takes from the shipped `cart_recovery`. Channels that
//! later versions serve are recognised and refused with a sentence of their own. Called by `check`.

mod conditions;
mod steps;
mod trigger;

pub use conditions::{MONEY, condition_of, limit};
pub use trigger::{known_table, unknown};

use std::collections::BTreeSet;

use toml::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::keys::Keys;
use super::layers::{Entries, Entry};
use super::values::{self, DURATION_MS_MAX, SECOND_MS, expected};
use crate::engine::{Cap, Channel, ChannelRule, Condition, Level, Mode, PLAYS_MAX, Play, QuietHours, Settings, StageEntry};

/// Plays of a configuration, those that are off among them.
const NAMED_MAX: usize = 64;
/// Send times a customer's row keeps.
const CAP_COUNT_MAX: u32 = 8;
/// Names stand in records, metrics and rows.
const NAME_BYTES_MAX: usize = 64;
const PRIORITY_MAX: i64 = 1_000;
/// The shipped play, whose values other plays take where they have none.
const SHIPPED: &str = "plays.cart_recovery";
/// Keys of a play without a default.
const OWN_KEYS: [&str; 2] = ["trigger", "steps"];
const MODES: &[(&str, Mode)] = &[("live", Mode::Live), ("shadow", Mode::Shadow), ("off", Mode::Off)];

/// Gives each play what it leaves out.
pub fn fill_in(entries: &mut Entries, defaults: &Entries) {
    for name in names(entries) {
        for (key, entry) in defaults {
            let Some(rest) = key.strip_prefix(SHIPPED).and_then(|rest| rest.strip_prefix('.')) else {
                continue;
            };
            if !OWN_KEYS.contains(&rest) {
                entries.entry(format!("plays.{name}.{rest}")).or_insert_with(|| entry.clone());
            }
        }
    }
}

/// The plays some layer has a key of, in order.
fn names(entries: &Entries) -> BTreeSet<String> {
    let keys = entries.iter().filter_map(|(key, entry)| Some((key.strip_prefix("plays.")?, entry)));
    let named = keys.filter_map(|(rest, entry)| match rest.split_once('.') {
        Some((name, _)) => Some(name),
        // `[plays.x]` with nothing below
        None => entry.value.is_table().then_some(rest),
    });
    named.map(str::to_string).collect()
}

/// What plays may name of the rest of the configuration.
pub struct Names<'a> {
    pub channels: &'a [ChannelRule],
    pub value_bands: &'a [Level],
    pub tiers: &'a [Level],
    /// Where stages themselves ask: none.
    pub stages: &'a [StageEntry],
}

impl<'a> Names<'a> {
    fn of(settings: &'a Settings) -> Names<'a> {
        Names {
            channels: &settings.channels,
            value_bands: &settings.value_bands,
            tiers: &settings.loyalty.tiers,
            stages: &settings.lifecycle.graph.entries,
        }
    }
}

/// A condition as people type it, over the names a configuration has.
pub fn condition(text: &str, settings: &Settings) -> Result<Condition, String> {
    conditions::parse(text, &Names::of(settings))
}

pub fn read(keys: &mut Keys<'_>, entries: &Entries, known: &Names<'_>) -> Vec<Play> {
    let names = names(entries);
    if names.len() > NAMED_MAX {
        keys.refuse("plays", format!("{} plays, at most {NAMED_MAX} are possible", names.len()));
    }
    let plays: Vec<Play> = names.iter().filter_map(|name| read_one(keys, name, known)).collect();
    let running = plays.iter().filter(|play| play.mode != Mode::Off).count();
    if running > PLAYS_MAX {
        keys.refuse("plays", format!("{running} plays are not off, at most {PLAYS_MAX} can run"));
    }
    plays
}

fn read_one(keys: &mut Keys<'_>, name: &str, known: &Names<'_>) -> Option<Play> {
    let at = |key: &str| format!("plays.{name}.{key}");
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    if name.len() > NAME_BYTES_MAX || !name.bytes().all(is_letter) {
        keys.refuse(&format!("plays.{name}"), format!("a play's name is at most {NAME_BYTES_MAX} of the characters a-z, 0-9, _ and -"));
    }
    for key in OWN_KEYS {
        if !keys.has(&at(key)) {
            keys.refuse(&at(key), "is missing: a play needs a trigger and steps".to_string());
        }
    }
    let version = version(&keys.below(&format!("plays.{name}")));
    // a shipped play about a stage that the graph does not have is not there, unless somebody switches it on
    let is_shipped = keys.is_shipped(&at("trigger"));
    let mode = keys.optional(&at("mode"), values::choice(MODES));
    let may_lack_stage = is_shipped && mode == Some(Mode::Off);
    let trigger = keys.optional(&at("trigger"), |entry: &Entry| match trigger::trigger(entry, known) {
        Err(_) if may_lack_stage => Ok(None),
        trigger => trigger.map(Some),
    });
    let trigger = trigger.flatten();
    let least_delay_ms = trigger::least_delay_ms(trigger.as_ref());
    let steps = keys.optional(&at("steps"), |entry: &Entry| steps::steps(entry, least_delay_ms));
    let mut cancel_on = keys.optional(&at("cancel_on"), trigger::cancel_on);
    if let (Some(trigger), Some(cancel_on)) = (&trigger, &mut cancel_on) {
        trigger::check_ends(keys, &at("cancel_on"), trigger, cancel_on);
    }
    let when = keys.optional(&at("when"), |entry: &Entry| conditions::conditions(entry, known));
    let expires_ms = keys.optional(&at("expires"), values::duration(SECOND_MS..=DURATION_MS_MAX));
    let cool_down_ms = keys.optional(&at("cool_down"), values::duration(SECOND_MS..=DURATION_MS_MAX));
    let caps = keys.optional(&at("caps"), caps);
    let cost = keys.optional(&at("cost"), |entry: &Entry| values::amounts(&entry.value, 0));
    let quiet = keys.optional(&at("quiet"), quiet);
    let control = keys.optional(&at("control"), values::number(0.0..=1.0));
    let priority = keys.optional(&at("priority"), values::whole(0..=PRIORITY_MAX));
    Some(Play {
        name: name.to_string(),
        version,
        trigger: trigger?,
        steps: steps?,
        cancel_on: cancel_on?,
        when: when.unwrap_or_default(),
        expires_ms: expires_ms?,
        cool_down_ms,
        caps: caps.unwrap_or_default(),
        cost: cost.unwrap_or_default(),
        quiet,
        control: control?,
        priority: u32::try_from(priority?).ok()?,
        mode: mode?,
    })
}

/// Eight hex digits over the play's keys and values as they are in force, defaults included.
fn version(rules: &[(&str, &Entry)]) -> String {
    let text: String = rules.iter().map(|(key, entry)| format!("{key} = {}\n", entry.value)).collect();
    format!("{:08x}", xxh3_64(text.as_bytes()) >> 32)
}

fn caps(entry: &Entry) -> Result<Vec<Cap>, String> {
    let table = entry.value.as_table().ok_or_else(|| expected("{ email = \"1/1d\" }", &entry.value))?;
    table
        .iter()
        .map(|(channel, value)| match channel.as_str() {
            "email" => cap(value),
            _ => Err(format!("this version caps the channel email only, got {channel}")),
        })
        .collect()
}

fn cap(value: &Value) -> Result<Cap, String> {
    let form = || expected(&format!("sends/duration such as \"1/1d\", with 1 to {CAP_COUNT_MAX} sends"), value);
    let (count, window) = value.as_str().and_then(|text| text.split_once('/')).ok_or_else(form)?;
    let count = count.parse().ok().filter(|count| (1..=CAP_COUNT_MAX).contains(count)).ok_or_else(form)?;
    let window = Value::String(window.to_string());
    let window_ms = values::duration_of(&window, &(SECOND_MS..=DURATION_MS_MAX)).map_err(|_| form())?;
    Ok(Cap { channel: Channel::Email, count, window_ms })
}

fn quiet(entry: &Entry) -> Result<QuietHours, String> {
    let time = |text: &str| jiff::civil::Time::strptime("%H:%M", text).ok();
    let ends = entry.value.as_str().and_then(|text| text.split_once('-'));
    match ends.map(|(from, until)| (time(from), time(until))) {
        Some((Some(from), Some(until))) if from != until => Ok(QuietHours { from, until }),
        _ => Err(expected("hours such as \"21:00-08:00\"", &entry.value)),
    }
}
