//! Alerts that somebody can act on: of metrics there are, tested, with a section of the runbook and a board that shows them.
//!
//! Where the runbook is read an operator says by the README's command; that is run here on a copy.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use yaml_serde::Value;

use super::{boards, defined, expressions, metrics_of, read};
use crate::commands::{SOON, finish};

const RULES: &str = "deploy/prometheus/rules.yml";
const RUNBOOK: &str = "docs/runbook.md";

/// An alert or a recording rule: its name, and the text up to the next rule.
fn rules(kind: &str) -> Vec<(String, String)> {
    let rules = read(RULES);
    let blocks = rules.split("\n      - ").filter_map(|block| block.strip_prefix(kind));
    let parts = |block: &str| {
        let (name, rest) = block.split_once('\n').unwrap();
        (name.to_owned(), rest.to_owned())
    };
    blocks.map(parts).collect()
}

/// What a rule asks, with what is recorded spelled out.
fn asked(rule: &str) -> String {
    let question = rule.split("annotations:").next().unwrap().to_owned();
    let recorded = rules("record: ").into_iter().filter(|(name, _)| question.contains(name.as_str()));
    recorded.map(|(_, rule)| rule).chain([question.clone()]).collect()
}

/// The value of an annotation.
fn told<'a>(rule: &'a str, name: &str) -> &'a str {
    let line = rule.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_default().trim_matches('"')
}

/// As renderers of Markdown make the anchor of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn anchors() -> BTreeSet<String> {
    let runbook = read(RUNBOOK);
    let headings = runbook.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#').trim()));
    headings.collect()
}

/// Metrics that a board asks for; with `up`, which is Prometheus's own.
fn shown(board: &serde_json::Value) -> BTreeSet<String> {
    let panels = board["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row");
    let asked: String = panels.flat_map(expressions).map(|expression| format!("{expression} ")).collect();
    metrics_and_up(&asked)
}

fn metrics_and_up(text: &str) -> BTreeSet<String> {
    let up = text.contains("up{").then(|| "up".to_owned());
    metrics_of(text).into_iter().chain(up).collect()
}

#[test]
fn every_alert_asks_for_metrics_there_are_and_is_tested() {
    let (names, defined) = (metrics_of(&read(RULES)), defined());
    assert_eq!(names.iter().filter(|name| !defined.contains(*name)).collect::<Vec<_>>(), [] as [&String; 0]);
    assert!(!rules("record: ").is_empty());
    let tested = tested();
    let alerts = rules("alert: ");
    assert!(alerts.len() >= 10);
    for (alert, _) in alerts {
        assert_eq!(tested.get(&alert), Some(&BTreeSet::from([false, true])), "{alert}: tests that it fires, and that it does not");
    }
}

/// Of each alert that `rules_test.yml` speaks of: whether it is to fire.
fn tested() -> BTreeMap<String, BTreeSet<bool>> {
    let file: Value = yaml_serde::from_str(&read("deploy/prometheus/rules_test.yml")).unwrap();
    let mut tested: BTreeMap<String, BTreeSet<bool>> = BTreeMap::new();
    for test in file["tests"].as_sequence().unwrap().iter().flat_map(|group| group["alert_rule_test"].as_sequence().unwrap()) {
        let fires = !test["exp_alerts"].as_sequence().unwrap().is_empty();
        tested.entry(test["alertname"].as_str().unwrap().to_owned()).or_default().insert(fires);
    }
    tested
}

#[test]
fn every_alert_leads_to_its_section_of_the_runbook_and_to_a_board_that_shows_it() {
    let (anchors, boards) = (anchors(), boards());
    let mut wrong = Vec::new();
    for (alert, rule) in rules("alert: ") {
        let section = told(&rule, "runbook_url").rsplit_once(&format!("{RUNBOOK}#")).map(|(_, section)| section);
        if section != Some(anchor(&alert).as_str()) || !anchors.contains(&anchor(&alert)) {
            wrong.push(format!("{alert}: {section:?} is no section of its own"));
        }
        match boards.iter().find(|(_, board)| board["uid"] == told(&rule, "dashboard")) {
            None => wrong.push(format!("{alert}: no board has the uid {}", told(&rule, "dashboard"))),
            Some((path, board)) if metrics_and_up(&asked(&rule)).is_disjoint(&shown(board)) => {
                wrong.push(format!("{alert}: {} shows nothing of it", path.display()));
            }
            Some(_) => {}
        }
    }
    for (path, board) in &boards {
        let links: Vec<&str> = board["links"].as_array().unwrap().iter().map(|link| link["url"].as_str().unwrap()).collect();
        let section = links.iter().find_map(|url| url.rsplit_once(&format!("{RUNBOOK}#"))).map(|(_, section)| section);
        if !section.is_some_and(|section| anchors.contains(section)) {
            wrong.push(format!("{}: no link to the runbook: {links:?}", path.display()));
        }
        for uid in links.iter().filter_map(|url| url.strip_prefix("/d/")) {
            if !boards.iter().any(|(_, board)| board["uid"] == uid) {
                wrong.push(format!("{}: no board {uid}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn the_readmes_command_puts_an_address_before_every_path_and_the_rules_still_pass() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("runbook-{}", std::process::id()));
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy"), &folder.join("deploy"));
    let readme = read("README.md");
    let command = readme.lines().find(|line| line.starts_with("grep -rl 'docs/runbook.md#'")).unwrap();
    let outcome = finish(Command::new("sh").args(["-c", command]).current_dir(&folder), SOON);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let changed = |below: &str| fs::read_to_string(folder.join(below)).unwrap();
    let alerts = rules("alert: ").len();
    for (file, links) in [
        ("deploy/prometheus/rules.yml", alerts),
        ("deploy/kubernetes/rules.yaml", alerts),
        ("deploy/grafana/dashboards/operations.json", 1),
        ("deploy/grafana/dashboards/business.json", 1),
    ] {
        let text = changed(file);
        let count = |what: &str| text.matches(what).count();
        assert_eq!((count("https://git.example.com/"), count("\"docs/runbook.md#")), (links, 0), "{file}");
    }
    let mut promtool = Command::new("promtool");
    let outcome = finish(promtool.args(["test", "rules", "deploy/prometheus/rules_test.yml"]).current_dir(&folder), SOON);
    assert_eq!(outcome.code, Some(0), "{}{}", outcome.stdout, outcome.stderr);
    fs::remove_dir_all(&folder).unwrap();
}
