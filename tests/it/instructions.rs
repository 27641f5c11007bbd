//! What an event costs in instructions: counted by callgrind, which no busy machine disturbs, and compared with what it was.
//!
//! A made-up shop of two sizes is replayed; the difference is what the further events cost, all in: reading the lines, the worker's step, writing
//! the files. Without valgrind there is nothing to count and nothing is checked; `.ci/run` installs it. The program is the one of the
//! tests, which is little optimised: that a change is for the better in a release, `cargo bench --bench worker` tells.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Of a further event, when this was last looked at. Smaller is better: put the new figure here.
const INSTRUCTIONS_OF_EVENT: u64 = 115_000;
/// Compilers and C libraries differ by a few per cent.
const TOLERANCE_PER_CENT: u64 = 8;
const EVENTS: u64 = 2_000;

#[test]
fn an_event_takes_no_more_instructions_than_it_did() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!("no valgrind here: nothing is counted");
        return;
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("instructions-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let of_event = (counted(&folder, 2 * EVENTS) - counted(&folder, EVENTS)) / EVENTS;
    std::fs::remove_dir_all(&folder).unwrap();
    let (least, most) = (100 - TOLERANCE_PER_CENT, 100 + TOLERANCE_PER_CENT);
    let allowed = INSTRUCTIONS_OF_EVENT * least / 100..=INSTRUCTIONS_OF_EVENT * most / 100;
    assert!(allowed.contains(&of_event), "an event took {of_event} instructions, not about {INSTRUCTIONS_OF_EVENT}");
}

/// Instructions of a whole replay.
fn counted(folder: &Path, events: u64) -> u64 {
    let lines = folder.join(format!("{events}.jsonl"));
    let count = events.to_string();
    let program = env!("CARGO_BIN_EXE_lifetide");
    let generated = Command::new(program)
        .args(["generate", "--count", &count, "--customers", "300", "--step-ms", "120000", "--output"])
        .arg(&lines)
        .status();
    assert!(generated.unwrap().success());
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", program, "replay", "--input"])
        .arg(&lines)
        .arg("--output")
        .arg(folder.join(&count))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}");
    let collected = said.lines().find_map(|line| line.split_once("Collected : ")).unwrap_or_else(|| panic!("no count in {said}"));
    collected.1.trim().parse().unwrap()
}
