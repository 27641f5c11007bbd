//! Schemathesis, which reads the description of the API and tries what it allows and what it forbids, against a running `demo`: it finds nothing.
//!
//! It looks for answers that are not as described, for questions that are described and refused or the other way round, for doors without a
//! lock, and for server errors. Its seed is fixed, so that a test that passes goes on passing; `LIFETIDE_TEST_SEED` is another one.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::ask::TOKEN;
use crate::commands::running::get;
use crate::commands::{finish, wait_for};
use crate::demo::{Demo, live_lines};
use crate::python;

const REQUIREMENTS: &str = "tests/schemathesis/requirements.txt";
const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemathesis/schemathesis.toml");
/// It goes on for as long as it is let.
const SECONDS: &str = "60";
/// Its own end, and a busy machine.
const LONGEST: Duration = Duration::from_secs(240);

#[test]
fn schemathesis_finds_nothing() {
    let seed = std::env::var("LIFETIDE_TEST_SEED").unwrap_or_else(|_| "1".to_owned());
    println!("LIFETIDE_TEST_SEED={seed}");
    let demo = Demo::start_with("schemathesis", &["--seed", "3"], &[("LIFETIDE__HTTP__API_TOKEN", TOKEN)]);
    // before that its slots are on their way, and that is told as an error of the server
    wait_for("the demo to be live", LONGEST, || (!live_lines(&demo.stdout(), "actions", "").is_empty()).then_some(()));
    let text = demo.stdout();
    let address = text.lines().find_map(|line| line.strip_prefix("live page: http://")?.strip_suffix('/')).unwrap();
    let described: Value = serde_json::from_str(&get(address, "/api/openapi.json").1).unwrap();
    let operations = described["paths"].as_object().unwrap().len();

    let mut command = Command::new(python::with("python-schemathesis", REQUIREMENTS));
    command.args(["-m", "schemathesis.cli", "--config-file", CONFIGURATION, "run"]).arg(format!("http://{address}/api/openapi.json"));
    command.args(["--header", &format!("Authorization: Bearer {TOKEN}"), "--max-time", SECONDS, "--seed", &seed]);
    // where it leaves what it has learnt
    let outcome = finish(command.current_dir(&demo.folder).env("NO_COLOR", "1"), LONGEST);
    assert_eq!(outcome.code, Some(0), "{}{}{}", outcome.stdout, outcome.stderr, demo.said());
    assert!(outcome.stdout.contains(&format!("{operations} selected / {operations} total")), "{}", outcome.stdout);
}
