//! The examples of `docs/examples`: events that are as described, and what `replay` really makes of them; and the records the README shows.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process;

use serde_json::Value;

use super::{examples, faults, path, text, validator};
use crate::commands::{SOON, finish, lifetide};

const OUTPUTS: [&str; 5] = ["transitions", "clv", "actions", "aggregates", "dlq"];
/// `examples/events.jsonl` is replayed until then.
const UNTIL: &str = "2026-03-03T00:00:00Z";

#[test]
fn the_examples_are_what_replay_makes_of_the_events() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("examples-{}", process::id()));
    let input = path("docs/examples/events.jsonl");
    let arguments = ["replay", "--input", input.to_str().unwrap(), "--output", out.to_str().unwrap(), "--until", UNTIL];
    let outcome = finish(&mut lifetide(&arguments), SOON);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    for topic in OUTPUTS {
        let (made, shown) =
            (fs::read_to_string(out.join(format!("lifetide.{topic}.jsonl"))).unwrap(), format!("docs/examples/lifetide.{topic}.jsonl"));
        let is_same = fs::read_to_string(path(&shown)).unwrap_or_default() == made;
        assert!(is_same, "{shown} differs: if that is meant, cp {}/lifetide.*.jsonl docs/examples/", out.display());
        assert!(!made.is_empty(), "{topic}");
    }
    fs::remove_dir_all(&out).unwrap();
}

#[test]
fn the_examples_are_as_described() {
    let events = text("docs/examples/events.jsonl");
    let (of_events, mut refused) = (validator("event"), 0);
    for line in events.lines() {
        let is_good = of_events.is_valid(&serde_json::from_str::<Value>(line).unwrap());
        refused += usize::from(!is_good);
    }
    assert_eq!(refused, examples("dlq").len(), "what does not fit is refused, and nothing else");
    for topic in OUTPUTS.into_iter().chain(["deliveries"]) {
        let validator = validator(topic);
        for (key, record) in examples(topic) {
            let record = if topic == "dlq" { &record["headers"] } else { &record };
            assert_eq!(faults(&validator, record), [] as [&str; 0], "{topic} {key}");
        }
    }
}

/// The README's command that begins so, without the program and without what the shell does.
fn command<'a>(readme: &'a str, begin: &str) -> Vec<&'a str> {
    let code = readme.split('`').find(|code| code.starts_with(begin)).unwrap_or_else(|| panic!("no command {begin}"));
    code.split_whitespace().skip(1).take_while(|word| *word != ">").collect()
}

#[test]
fn the_records_of_the_readme_are_what_its_commands_make() {
    let readme = text("README.md");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("readme-{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    let generated = finish(&mut lifetide(&command(&readme, "lifetide generate --count 20000")), SOON);
    assert_eq!(generated.code, Some(0), "{}", generated.stderr);
    fs::write(folder.join("in.jsonl"), &generated.stdout).unwrap();
    let replayed = finish(lifetide(&command(&readme, "lifetide replay --input in.jsonl")).current_dir(&folder), SOON);
    assert_eq!(replayed.code, Some(0), "{}", replayed.stderr);
    let record = |json: &str| serde_json::from_str::<Value>(json).unwrap().to_string();
    let made = OUTPUTS.map(|topic| fs::read_to_string(folder.join(format!("out/lifetide.{topic}.jsonl"))).unwrap());
    let made: HashSet<String> = made.iter().flat_map(|lines| lines.lines()).map(record).collect();
    let shown: Vec<&str> = readme.split("```json\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    assert_eq!(shown.len(), OUTPUTS.len(), "one of each topic: {shown:#?}");
    for shown in shown {
        assert!(made.contains(&record(shown)), "no such record among those in {}: {shown}", folder.display());
    }
    fs::remove_dir_all(&folder).unwrap();
}
