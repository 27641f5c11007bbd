//! What the program is built of: licences that ask for nothing but their text, one registry, no second copy of a crate without a reason,
//! and nothing that this crate does in another way already.
//!
//! Read from `cargo metadata`, so that the gate needs no further tool and no network. Known vulnerabilities are not looked for: that list
//! lives elsewhere and changes by the day.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

const ALLOWED_LICENCES: [&str; 11] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates for what is done in another way here.
const BANNED: [(&str, &str); 8] = [
    ("chrono", "time is jiff's"),
    ("time", "time is jiff's"),
    ("env_logger", "logs are tracing's"),
    ("rustls", "TLS is that of the library librdkafka brings, for all"),
    ("reqwest", "webhooks are sent by ureq"),
    ("sqlx", "state is in memory and in Kafka"),
    ("rocksdb", "state is in memory and in Kafka"),
    ("serde_yaml", "configuration is TOML"),
];

/// Crates that a kept library brings along and this one must not name itself.
const ONLY_OF_OTHERS: [(&str, &str); 2] = [
    ("anyhow", "argmin's error type; errors of ours are typed: thiserror"),
    ("openssl", "native-tls's, over the library that librdkafka brings"),
];

/// Crates of which several versions are linked, and who cannot be moved.
const SEVERAL_VERSIONS: [(&str, &str); 7] = [
    ("hashbrown", "dashmap is behind by some versions"),
    ("getrandom", "0.9 comes with argmin-math, the others with tests only: proptest and rust_decimal"),
    ("heck", "of macros: nothing of it is in the binary"),
    ("rand", "0.9 comes with argmin-math, the others with tests only: proptest and rust_decimal"),
    ("rand_chacha", "0.9 comes with argmin-math, the others with tests only: proptest and rust_decimal"),
    ("rand_core", "0.9 comes with argmin-math, the others with tests only: proptest and rust_decimal"),
    ("syn", "of macros: nothing of it is in the binary"),
];

struct Package {
    name: String,
    version: String,
    licence: String,
    source: Option<String>,
}

/// Everything of the lock file that is built for the machine at hand, tests included.
fn packages() -> Vec<Package> {
    let rustc = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(rustc.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let used: BTreeSet<&str> = nodes.iter().filter_map(|node| node["id"].as_str()).collect();
    let text = |package: &Value, field: &str| package[field].as_str().map(str::to_owned);
    let listed = metadata["packages"].as_array().unwrap().iter().filter(|package| used.contains(package["id"].as_str().unwrap()));
    let packages: Vec<Package> = listed
        .map(|package| Package {
            name: text(package, "name").unwrap(),
            version: text(package, "version").unwrap(),
            licence: text(package, "license").unwrap_or_default(),
            source: text(package, "source"),
        })
        .collect();
    assert!(packages.len() > 50, "only {} packages found", packages.len());
    packages
}

/// Whether some choice that an SPDX expression offers is allowed. The slash is the `OR` of old.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
    let allowed = any_of(&mut words);
    allowed && words.is_empty()
}

/// Words are taken from the end, which is the expression's beginning.
fn any_of(words: &mut Vec<&str>) -> bool {
    let mut allowed = all_of(words);
    while words.last() == Some(&"OR") {
        words.pop();
        allowed |= all_of(words);
    }
    allowed
}

fn all_of(words: &mut Vec<&str>) -> bool {
    let mut allowed = one(words);
    while words.last() == Some(&"AND") {
        words.pop();
        allowed &= one(words);
    }
    allowed
}

fn one(words: &mut Vec<&str>) -> bool {
    match words.pop() {
        Some("(") => {
            let allowed = any_of(words);
            words.pop() == Some(")") && allowed
        }
        Some(licence) if words.last() == Some(&"WITH") => {
            words.pop();
            let exception = words.pop().unwrap_or_default();
            ALLOWED_LICENCES.contains(&format!("{licence} WITH {exception}").as_str())
        }
        Some(licence) => ALLOWED_LICENCES.contains(&licence),
        None => false,
    }
}

#[test]
fn every_licence_is_allowed_and_every_crate_comes_from_the_registry() {
    let mut problems = Vec::new();
    for Package { name, version, licence, source } in packages() {
        if !is_allowed(&licence) {
            problems.push(format!("{name} {version}: licence {licence:?} is not among {ALLOWED_LICENCES:?}"));
        }
        let from_registry = source.as_deref().is_some_and(|source| source.starts_with("registry+"));
        if !from_registry && name != "lifetide" {
            problems.push(format!("{name} {version} comes from {source:?}"));
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn nothing_is_banned_and_every_second_version_has_a_reason() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages() {
        versions.entry(package.name).or_default().push(package.version);
    }
    let mut problems = Vec::new();
    for (name, why) in BANNED.iter().filter(|(name, _)| versions.contains_key(*name)) {
        problems.push(format!("{name} is not wanted: {why}"));
    }
    let own = include_str!("../../Cargo.toml");
    for (name, why) in ONLY_OF_OTHERS.iter().filter(|(name, _)| own.lines().any(|line| line.starts_with(*name))) {
        problems.push(format!("{name} is not wanted here: {why}"));
    }
    for (name, found) in &versions {
        match (found.len(), SEVERAL_VERSIONS.iter().any(|(known, _)| known == name)) {
            (2.., false) => problems.push(format!("{name} is there in versions {}", found.join(", "))),
            (1, true) => problems.push(format!("{name} is there once only: take it from the list")),
            _ => {}
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn a_licence_is_allowed_if_one_choice_is() {
    let cases = [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("", false),
        ("MIT OR GPL-2.0-only", true),
        ("MIT/Apache-2.0", true),
        ("MIT AND GPL-2.0-only", false),
        ("(MIT OR GPL-2.0-only) AND Unicode-3.0", true),
        ("(MIT OR Apache-2.0) AND GPL-2.0-only", false),
        ("GPL-2.0-only OR MIT AND BSD-3-Clause", true),
        ("Apache-2.0 WITH LLVM-exception OR GPL-2.0-only", true),
        ("Apache-2.0 WITH Classpath-exception-2.0", false),
        ("(MIT", false),
        ("MIT Apache-2.0", false),
    ];
    for (expression, allowed) in cases {
        assert_eq!(is_allowed(expression), allowed, "{expression}");
    }
}
