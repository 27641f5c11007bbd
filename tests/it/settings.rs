//! Configurations for tests: the shipped defaults and a few keys, which may name files of `tests/scenarios`.

use std::path::Path;

use lifetide::config::{Config, Sources};

/// The defaults with these `key=value` settings; panics with the problems if they do not hold.
pub fn config(sets: &[String]) -> Config {
    let read_file = |path: &str| match path.starts_with("tests/scenarios/") {
        true => std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)),
        false => Err(std::io::Error::other(format!("tests read no file {path}"))),
    };
    let sources = Sources { files: &[], environment: &[], sets, host_name: Some("test"), read_file: &read_file };
    Config::read(&sources).unwrap_or_else(|problems| panic!("{problems}"))
}
