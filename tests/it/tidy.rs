//! House rules that a compiler does not check: which room may use which, how long files and functions may be, that every file says what
//! it is for, and that an `expect` states an invariant.

use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
/// A file's opening comment: at least one line, for the smallest.
const HEADER_LINES_MAX: usize = 24;
const BANNED_NAMES: [&str; 6] = ["utils", "util", "common", "manager", "helpers", "v2"];

/// The rooms each room may use. `config` makes the settings of others; `cli` and `main` see everything.
const MAY_USE: [(&str, &[&str]); 11] = [
    ("avro", &[]),
    ("clv", &[]),
    ("event", &["schema"]),
    ("engine", &["clv", "event", "schema"]),
    ("config", &["clv", "deliver", "event", "engine", "schema"]),
    ("deliver", &["schema"]),
    ("kafka", &["avro", "clock", "worker"]),
    ("worker", &["engine", "event", "schema"]),
    ("http", &["clock", "engine", "metrics"]),
    ("metrics", &[]),
    ("schema", &[]),
];

/// Of a room used by another, only these parts may be: seams, never insides.
const KAFKA_USES_OF_WORKER: [&str; 2] = ["crate::worker::source", "crate::worker::transaction"];

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders = vec![root.join("src"), root.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(root).unwrap().to_path_buf(), text));
            }
        }
    }
    files.sort();
    assert!(files.len() > 50, "only {} sources found", files.len());
    files
}

fn complain(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// The room of a source below `src`: its folder, or its own name.
fn room(path: &Path) -> Option<String> {
    let inside = path.strip_prefix("src").ok()?;
    let first = inside.components().next()?.as_os_str().to_str()?;
    Some(first.trim_end_matches(".rs").to_owned())
}

#[test]
fn rooms_use_only_the_rooms_they_may() {
    let mut problems = Vec::new();
    for (path, text) in sources() {
        let Some(room) = room(&path) else { continue };
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == room) else {
            continue;
        };
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !used.is_empty() && used != room && !allowed.contains(&used.as_str()) {
                    problems.push(format!("{}:{}: {room} may not use {used}", path.display(), number + 1));
                }
            }
            let uses_worker = room == "kafka" && line.contains("crate::worker");
            if uses_worker && !KAFKA_USES_OF_WORKER.iter().any(|part| line.contains(part)) {
                problems.push(format!("{}:{}: kafka sees the worker's seams only", path.display(), number + 1));
            }
        }
    }
    complain(&problems);
}

#[test]
fn the_core_is_pure() {
    let impure = ["std::fs", "std::net", "std::thread", "std::env", "tracing::", "prometheus", "rdkafka", "tokio", "async fn", "rand::"];
    let mut problems = Vec::new();
    for (path, text) in sources() {
        if !room(&path).is_some_and(|room| ["clv", "deliver", "event", "engine"].contains(&room.as_str())) {
            continue;
        }
        for word in impure.iter().filter(|word| text.contains(**word)) {
            problems.push(format!("{}: {word} in the pure core", path.display()));
        }
    }
    complain(&problems);
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut problems = Vec::new();
    for (path, text) in sources() {
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            problems.push(format!("{}: {lines} lines, {FILE_LINES_MAX} at most", path.display()));
        }
        let header = text.lines().take_while(|line| line.starts_with("//!")).count();
        let is_test_part = path.starts_with("tests") || path.components().any(|c| c.as_os_str() == "tests" || c.as_os_str() == "tests.rs");
        let least = if is_test_part { 1 } else { 2 };
        if header < least || (header > HEADER_LINES_MAX && path != Path::new("src/lib.rs")) {
            problems.push(format!("{}: opens with {header} lines of purpose", path.display()));
        }
        let name = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        if BANNED_NAMES.contains(&name) {
            problems.push(format!("{}: a name that says nothing", path.display()));
        }
    }
    complain(&problems);
}

#[test]
fn functions_are_short() {
    let mut problems = Vec::new();
    for (path, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let body = line.trim_start();
            let indent = line.len() - body.len();
            let opens =
                ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn ", "async fn ", "unsafe fn "].iter().any(|f| body.starts_with(f));
            if !opens || body.ends_with(';') || body.ends_with('}') {
                continue;
            }
            let closing = format!("{}}}", " ".repeat(indent));
            let Some(length) = lines[start..].iter().position(|l| **l == closing) else {
                continue;
            };
            if length + 1 > FUNCTION_LINES_MAX {
                problems.push(format!("{}:{}: {} lines, {FUNCTION_LINES_MAX} at most: {body}", path.display(), start + 1, length + 1));
            }
        }
    }
    complain(&problems);
}

#[test]
fn an_expect_states_an_invariant() {
    let mut problems = Vec::new();
    for (path, text) in sources() {
        if !path.starts_with("src") {
            continue;
        }
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let is_tests = path.components().any(|c| c.as_os_str() == "tests" || c.as_os_str() == "tests.rs");
        for (number, line) in code.lines().enumerate() {
            if !is_tests && line.contains(".expect(") && !line.contains("\"invariant: ") && !line.contains(".expect(GOOD)") {
                problems.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    complain(&problems);
}
