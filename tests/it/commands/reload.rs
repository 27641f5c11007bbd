//! `run` reads its configuration again: at SIGHUP and with `--watch`, new rules come into force without a slot changing hands, and a reading
//! that is wrong changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::process::{Command, Stdio};

use lifetide::cli::shop::Shop;
use rdkafka::Message;
use serde_json::Value;

use super::running::{address, get, total};
use super::{SOON, finish, wait_for};
use crate::trial::{Process, SLOTS, Trial};

const START_MS: i64 = 1_767_225_600_000;
const MINUTE_MS: i64 = 60_000;
/// A day and a half each.
const EVENTS: usize = 2_000;

fn rules(template: &str) -> String {
    format!("[plays.cart_recovery]\nsteps = [{{ delay = \"1h\", template = \"{template}\" }}]\n")
}

/// A trial whose processes have this file.
fn trial(name: &str, text: &str) -> Trial {
    let mut trial = Trial::new(name, &[]);
    trial.files = vec![trial.folder.join("shop.toml")];
    rewrite(&trial, text);
    trial.create_topics();
    trial
}

fn rewrite(trial: &Trial, text: &str) {
    fs::write(&trial.files[0], text).unwrap();
}

fn hang_up(process: &Process) {
    let id = process.child.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
}

fn metrics(process: &mut Process) -> String {
    get(&address(process), "/metrics").1
}

fn reloads(process: &mut Process, outcome: &str) -> f64 {
    let series = format!("lifetide_config_reloads_total{{outcome=\"{outcome}\"}} ");
    metrics(process).lines().find_map(|line| line.strip_prefix(&series)?.parse().ok()).unwrap()
}

fn wait_for_reloads(process: &mut Process, outcome: &str, count: f64) {
    wait_for(&format!("{count} {outcome}"), SOON, || (reloads(process, outcome) == count).then_some(()));
}

fn wait_until_read(trial: &Trial, process: &Process) {
    wait_for("all records to be read", SOON, || {
        assert!(fs::metadata(format!("/proc/{}", process.child.id())).is_ok(), "{}", process.log_tail());
        (trial.lag() == 0).then_some(())
    });
}

/// Template and version of each action, by slot, in order.
fn decided(trial: &Trial) -> BTreeMap<i32, Vec<(String, String)>> {
    let mut decided: BTreeMap<i32, Vec<(String, String)>> = BTreeMap::new();
    for record in trial.records(&[format!("{}.out.actions", trial.name)], "read_committed") {
        let value: Value = serde_json::from_slice(record.payload().unwrap()).unwrap();
        let text = |field: &str| value[field].as_str().unwrap().to_owned();
        // what takes a send back names its template
        if value["kind"] != "cancel" {
            decided.entry(record.partition()).or_default().push((text("template"), text("play_version")));
        }
    }
    decided
}

/// Every slot has decided by these templates, one after the other, each under a version of its own.
fn assert_decided_by(trial: &Trial, templates: &[&str]) {
    let decided = decided(trial);
    assert_eq!(decided.len(), SLOTS as usize);
    for (slot, mut of_slot) in decided {
        assert!(of_slot.len() > 20, "slot {slot}: {}", of_slot.len());
        of_slot.dedup();
        let versions: BTreeSet<&String> = of_slot.iter().map(|(_, version)| version).collect();
        let found: Vec<&str> = of_slot.iter().map(|(template, _)| template.as_str()).collect();
        assert_eq!((found.as_slice(), versions.len()), (templates, templates.len()), "slot {slot}");
    }
}

#[test]
fn sighup_puts_new_rules_into_force_and_refuses_what_is_wrong() {
    let trial = trial("reload", &rules("first"));
    let mut shop = Shop::new(41, 300, START_MS, MINUTE_MS);
    trial.load_records(shop.by_ref().take(EVENTS));
    let mut process = trial.start("a", 0);
    wait_until_read(&trial, &process);
    let before = metrics(&mut process);
    assert_eq!(total(&before, "lifetide_config_last_reload_successful"), 1.0);

    rewrite(&trial, &rules("second"));
    hang_up(&process);
    wait_for_reloads(&mut process, "applied", 1.0);
    trial.load_records(shop.by_ref().take(EVENTS));
    wait_until_read(&trial, &process);
    assert_decided_by(&trial, &["first", "second"]);

    // two mistakes, and a key that takes a restart with good rules beside it
    rewrite(&trial, "workers = \"many\"\n[plays.cart_recovery]\nmod = \"off\"\n");
    hang_up(&process);
    wait_for_reloads(&mut process, "refused", 1.0);
    rewrite(&trial, &format!("commit.interval_ms = 7\n{}", rules("third")));
    hang_up(&process);
    wait_for_reloads(&mut process, "refused", 2.0);
    assert_eq!(total(&metrics(&mut process), "lifetide_config_last_reload_successful"), 0.0);
    let log = fs::read_to_string(&process.log).unwrap();
    for place in [
        "shop.toml line 3): unknown key, did you mean `plays.cart_recovery.mode`?",
        "shop.toml line 1): has changed, which takes a restart",
    ] {
        assert!(log.contains(place), "{log}");
    }
    trial.load_records(shop.by_ref().take(EVENTS));
    wait_until_read(&trial, &process);
    assert_decided_by(&trial, &["first", "second"]);

    rewrite(&trial, &rules("second"));
    hang_up(&process);
    wait_for_reloads(&mut process, "unchanged", 1.0);
    let after = metrics(&mut process);
    assert_eq!(total(&after, "lifetide_config_last_reload_successful"), 1.0);
    for quiet in ["lifetide_rebalances_total", "lifetide_worker_restarts_total"] {
        assert_eq!(total(&after, quiet), total(&before, quiet), "{quiet}");
    }
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    let verified = finish(&mut trial.command(&["state", "verify"]), SOON);
    assert_eq!(verified.code, Some(0), "{}{}", verified.stdout, verified.stderr);
}

#[test]
fn with_watch_a_changed_file_is_enough() {
    let trial = trial("watch", &rules("first"));
    let mut shop = Shop::new(43, 300, START_MS, MINUTE_MS);
    trial.load_records(shop.by_ref().take(EVENTS));
    let log = trial.folder.join("watch.log");
    let mut command = trial.command(&["run", "--watch", "--set", "instance.id=\"a\""]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::from(File::create(&log).unwrap())).spawn().unwrap();
    let mut process = Process { child, log };
    wait_until_read(&trial, &process);
    // as Kubernetes does it: a link that leads somewhere else from now on
    let (next, link) = (trial.folder.join("next.toml"), trial.folder.join("link.toml"));
    fs::write(&next, rules("second")).unwrap();
    std::os::unix::fs::symlink(&next, &link).unwrap();
    fs::rename(&link, &trial.files[0]).unwrap();
    wait_for_reloads(&mut process, "applied", 1.0);
    trial.load_records(shop.by_ref().take(EVENTS));
    wait_until_read(&trial, &process);
    assert_decided_by(&trial, &["first", "second"]);
    // a file that goes away is a mistake, and one only
    fs::remove_file(&trial.files[0]).unwrap();
    wait_for_reloads(&mut process, "refused", 1.0);
    fs::write(&trial.files[0], rules("second")).unwrap();
    wait_for_reloads(&mut process, "unchanged", 1.0);
    assert_eq!(reloads(&mut process, "refused"), 1.0);
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
}

/// Runs a command in a terminal of its own, closes that once the command serves, and prints how it ended.
const CLOSING: &str = r#"
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b""
while b"serving /metrics" not in seen:
    seen += os.read(terminal, 4096)
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

#[test]
fn who_was_started_from_a_terminal_ends_with_it() {
    let trial = trial("closed", &rules("first"));
    let run = trial.command(&["run", "--set", "instance.id=\"a\""]);
    let mut python = Command::new("python3");
    python.args(["-c", CLOSING]).arg(run.get_program()).args(run.get_args());
    let outcome = finish(&mut python, SOON);
    assert_eq!((outcome.stdout.trim(), outcome.stderr.as_str()), ("0", ""));
}
