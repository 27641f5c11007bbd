//! `default.toml` as the reference of all keys: nothing missing, nothing stale.

use std::collections::BTreeSet;

use super::super::keys::Keys;
use super::super::{Config, DEFAULT_TOML, Sources, Text, gather, layers, plays};
use super::read;
use crate::engine::{Mode, Play};

/// The reference with every `#key = example` line taken as written.
fn with_examples() -> String {
    let is_example = |line: &&str| {
        let key = line.strip_prefix('#').and_then(|rest| rest.split_once(" = ")).map_or("", |(key, _)| key);
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    DEFAULT_TOML.lines().map(|line| if is_example(&line) { &line[1..] } else { line }).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_defaults_are_what_the_program_runs_with() {
    let config = read("", &[], &[]).unwrap();
    let again = read(DEFAULT_TOML, &[], &[]).unwrap();
    assert_eq!(config.fingerprint(), again.fingerprint());
    assert_eq!(config.kafka.group_id, "lifetide");
    assert_eq!(config.input.topics, ["shop.purchases", "shop.emails", "shop.carts"]);
    assert_eq!(config.input.decode.max_record_bytes, 1024 * 1024);
    assert_eq!((config.workers, config.commit.interval_ms, config.state_bytes_max), (1, 100, None));
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:9464");
    assert!(config.http.admin_token.is_none() && config.http.api_token.is_none(), "off unless somebody turns them on");
    let running: Vec<&Play> = config.engine.plays.iter().filter(|play| play.mode != Mode::Off).collect();
    assert_eq!(running.len(), 1, "the other shipped plays wait to be switched on");
    let play = running[0];
    assert_eq!((play.name.as_str(), play.steps[0].delay_ms, play.expires_ms), ("cart_recovery", 3_600_000, 86_400_000));
    assert_eq!((play.control, play.cool_down_ms, play.quiet), (0.0, None, None));
    assert!(play.when.is_empty() && play.caps.is_empty() && play.steps.len() == 1);
}

/// The key of the first play that stands for one of another.
fn example_of(key: &str) -> String {
    let own = key.strip_prefix("plays.").and_then(|rest| rest.split_once('.'));
    own.map_or(key.to_string(), |(_, own)| format!("plays.cart_recovery.{own}"))
}

#[test]
fn every_key_is_in_the_reference_and_every_example_in_it_is_good() {
    let files = [Text { name: "reference".to_string(), text: with_examples().replace("models/shop.toml", "good.toml") }];
    let shipped = |_: &str| Ok(super::super::models::SHIPPED_TOML.to_string());
    let sources = Sources { files: &files, environment: &[], sets: &[], host_name: None, read_file: &shipped };
    let defaults = layers::defaults();
    let mut problems = Vec::new();
    let mut entries = gather(&sources, &defaults, &mut problems);
    plays::fill_in(&mut entries, &defaults);
    let mut keys = Keys::new(&entries, &defaults, problems);
    assert!(Config::from_keys(&mut keys, &entries, &sources).is_some());
    let values = entries.iter().filter(|(_, entry)| entry.value != toml::Table::new().into());
    let written: BTreeSet<String> = values.map(|(key, _)| key.clone()).collect();
    // what the first play shows, the others have, too
    let of_first = |key: &String| written.contains(&example_of(key)) || written.contains(key);
    let unwritten: Vec<&String> = keys.asked().iter().filter(|key| !of_first(key)).collect();
    assert_eq!(unwritten, [] as [&String; 0]);
    assert_eq!(written.difference(keys.asked()).next(), None);
    assert_eq!(keys.finish(), []);
}
