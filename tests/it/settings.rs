//! Configurations for tests: the shipped defaults and a few keys.

use lifetide::config::{Config, Sources};

/// The defaults with these `key=value` settings; panics with the problems if they do not hold.
pub fn config(sets: &[String]) -> Config {
    let no_files = |path: &str| Err(std::io::Error::other(format!("tests read no file {path}")));
    let sources = Sources { files: &[], environment: &[], sets, host_name: Some("test"), read_file: &no_files };
    Config::read(&sources).unwrap_or_else(|problems| panic!("{problems}"))
}
