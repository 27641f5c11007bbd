//! Commands that need no broker, and `run` when there is none.

use std::fs;
use std::time::Duration;

use super::{Folder, Outcome, SOON, finish, lifetide};

/// Nobody listens there.
const NOWHERE: &str = "127.0.0.1:1";

/// Its second line has a key that does not exist.
const BAD_CONFIGURATION: &str = "[kafka]\nbootstrap_server = \"kafka:9092\"\n";

#[test]
fn a_misspelt_key_is_named_with_its_line_and_the_nearest_key() {
    let folder = Folder::new("misspelt");
    let file = folder.write("shop.toml", BAD_CONFIGURATION);
    let complaint = format!("kafka.bootstrap_server ({file} line 2): unknown key, did you mean `kafka.bootstrap_servers`?");
    for command in [&["run"][..], &["config", "show"], &["topics", "check"], &["demo"]] {
        let outcome = finish(lifetide(command).args(["--config", &file]), SOON);
        assert_eq!(outcome.code, Some(78), "{command:?}: {}", outcome.stderr);
        assert_eq!(outcome.stderr, format!("error: {complaint}\n"));
        assert_eq!(outcome.stdout, "", "{command:?}");
    }
}

#[test]
fn validate_shows_its_problems_on_stdout_because_they_are_its_result() {
    let folder = Folder::new("validate");
    let file = folder.write("shop.toml", BAD_CONFIGURATION);
    let text = finish(&mut lifetide(&["validate", "--config", &file]), SOON);
    assert_eq!((text.code, text.stderr.as_str()), (Some(78), ""));
    assert!(text.stdout.contains("problem   kafka.bootstrap_server ("), "{}", text.stdout);

    let json = finish(&mut lifetide(&["validate", "-o", "json", "--config", &file]), SOON);
    assert_eq!((json.code, json.stderr.as_str()), (Some(78), ""));
    assert_eq!(json.json()["problems"][0]["key"], "kafka.bootstrap_server");

    let good = finish(&mut lifetide(&["validate", "-o", "json"]), SOON);
    assert_eq!((good.code, good.stderr.as_str()), (Some(0), ""));
    assert_eq!(good.json()["problems"], serde_json::json!([]));
}

#[test]
fn config_show_gives_every_key_with_its_origin_and_no_secret() {
    let set = "kafka.properties.sasl.password=\"hunter2\"";
    for format in ["text", "json"] {
        let arguments = ["config", "show", "-o", format, "--set", set];
        let shown = finish(lifetide(&arguments).env("LIFETIDE__WORKERS", "3"), SOON);
        assert_eq!((shown.code, shown.stderr.as_str()), (Some(0), ""));
        assert!(!shown.stdout.contains("hunter2"), "{}", shown.stdout);
        if format == "json" {
            let keys = shown.json();
            assert_eq!(keys["workers"]["value"], 3);
            assert_eq!(keys["workers"]["origin"], "environment LIFETIDE__WORKERS");
            assert_eq!(keys["commit.interval_ms"]["origin"], "default");
        }
    }
}

#[test]
fn wrong_arguments_end_with_2_and_help_is_data() {
    for arguments in [&[][..], &["sing"], &["replay"], &["demo", "--seconds", "0"]] {
        let outcome = finish(&mut lifetide(arguments), SOON);
        assert_eq!(outcome.code, Some(2), "{arguments:?}");
        assert_eq!(outcome.stdout, "", "{arguments:?}");
        assert!(outcome.stderr.contains("--help"), "{arguments:?}");
    }
    let help = finish(&mut lifetide(&["--help"]), SOON);
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    assert!(help.stdout.contains("69 Kafka unavailable"));
}

#[test]
fn an_unreachable_broker_ends_run_and_topics_within_15_s_and_is_named() {
    let set = format!("kafka.bootstrap_servers=\"{NOWHERE}\"");
    let outcomes: Vec<(&str, Outcome)> = std::thread::scope(|scope| {
        let start = |arguments: &'static [&'static str]| {
            let mut command = lifetide(arguments);
            command.args(["--set", &set, "--set", "http.listen=\"127.0.0.1:0\""]);
            scope.spawn(move || (arguments[0], finish(&mut command, SOON)))
        };
        let running = [start(&["run"]), start(&["topics", "check", "-o", "json"])];
        running.map(|thread| thread.join().unwrap()).into()
    });
    for (command, outcome) in outcomes {
        assert_eq!(outcome.code, Some(69), "{command}: {}", outcome.stderr);
        assert!(outcome.took < Duration::from_secs(15), "{command} took {:?}", outcome.took);
        assert_eq!(outcome.stdout, "", "{command}");
        let last = outcome.stderr.lines().last().unwrap();
        assert!(
            last.starts_with(&format!("error: kafka is unavailable: no answer from {NOWHERE}: ")) && last.contains("Connection refused"),
            "{command}: {last}"
        );
    }
}

/// Replays a file and gives all that was written, by name.
fn replayed(input: &str, slots: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Folder::new("replayed");
    let output = folder.path("out");
    let arguments = ["replay", "--slots", slots, "--input", input, "--output", &output];
    let done = finish(&mut lifetide(&arguments), SOON);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("", ""));
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(&output)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn generate_and_replay_give_the_same_bytes_twice() {
    let folder = Folder::new("same-bytes");
    let generate = |name: &str, seed: &str| {
        let file = folder.path(name);
        let mut command = lifetide(&["generate", "--count", "5000", "--customers", "300"]);
        command.args(["--seed", seed, "--output", &file]);
        let done = finish(&mut command, SOON);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("", ""));
        file
    };
    let first = generate("first", "7");
    let second = generate("second", "7");
    let other = generate("other", "8");
    assert!(fs::read(&first).unwrap() == fs::read(&second).unwrap());
    assert!(fs::read(&first).unwrap() != fs::read(&other).unwrap());

    for slots in ["1", "3"] {
        let files = replayed(&first, slots);
        assert!(files == replayed(&second, slots), "{slots} slots");
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        let topics = ["actions", "aggregates", "clv", "dlq", "transitions"];
        assert_eq!(names, topics.map(|topic| format!("lifetide.{topic}.jsonl")));
        for (name, bytes) in &files {
            assert!(!bytes.is_empty(), "{slots} slots: nothing in {name}");
        }
    }
}

#[test]
fn the_cdnow_sample_ends_in_a_table_of_what_its_customers_are_worth() {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/CDNOW_sample.txt");
    let arguments = ["replay", "--format", "cdnow", "--input", sample];
    let outcome = finish(&mut lifetide(&arguments), SOON);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    let first = "2357 customers, 6919 purchases; the next 365 days as of 1998-06-30, value discounted by 1 % a month, by mbg_nbd";
    assert!(lines[0].starts_with(first), "{}", lines[0]);
    assert!(lines[1].starts_with("customer "), "{}", lines[1]);
    let rows = &lines[2..12];
    assert!(rows.iter().all(|row| row.ends_with(" USD")), "{rows:?}");
    assert!(lines[12].starts_with("all together: "), "{}", lines[12]);
}

#[test]
fn the_columns_of_a_list_are_found_by_its_heading() {
    let folder = Folder::new("list");
    let rows = "amount,date,customer,currency\n5.00,2026-01-01,ann,EUR\n6.50,2026-02-01,ann,EUR\n7,2026-02-03,bob,EUR\n";
    let list = folder.write("orders.csv", rows);
    let arguments = ["replay", "--format", "csv", "--input", &list];
    let outcome = finish(&mut lifetide(&arguments), SOON);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    let text = &outcome.stdout;
    assert!(text.starts_with("2 customers, 3 purchases;"), "{text}");
    for (customer, spent) in [("ann", " 11.50 "), ("bob", " 7.00 ")] {
        let mut lines = text.lines();
        let row = lines.find(|line| line.starts_with(customer)).unwrap();
        assert!(row.contains(spent) && row.ends_with(" EUR"), "{row}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = Folder::new("unreadable");
    let missing = folder.path("missing.jsonl");
    let rows = "customer,date,amount\nann,2026-01-01,5\nbob,soon,5\n";
    let list = folder.write("bad.csv", rows);
    let output = folder.path("out");
    for (format, file, why) in [
        ("events", &missing, "No such file or directory"),
        ("cdnow", &missing, "No such file or directory"),
        ("csv", &list, "line 3: expected customer, date, amount"),
    ] {
        let arguments = ["replay", "--format", format, "--input", file, "--output", &output];
        let outcome = finish(&mut lifetide(&arguments), SOON);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
        let complaint = format!("error: {file}: {why}");
        assert!(outcome.stderr.starts_with(&complaint), "{}", outcome.stderr);
    }
}
