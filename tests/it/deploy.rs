//! What `deploy/` ships: boards whose panels show something, rules whose alerts somebody can act on, and files that agree with each other.
//!
//! `deploy/lint` looks at the files with the tools they are for. Here a real Prometheus scrapes a working demo and a working `deliver`, and is asked every question of every panel.

mod alerts;
mod dockerfile;
mod prometheus;
mod services;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::commands::SOON;
use crate::commands::deliver;
use crate::commands::deliver::receiver::Receiver;
use crate::commands::running::address;
use prometheus::Prometheus;

/// Of queries that say nothing while all is well.
const FALLBACK: &str = " or on() vector(0)";
/// What a demo does not bring about: it has no costs and no referrals, and nobody stands by.
const QUIET: [&str; 3] = ["lifetide_acquisition_cost", "lifetide_relay_messages_total", "lifetide_standby_remaining_bytes"];

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn boards() -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/grafana/dashboards");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert_eq!(paths.len(), 2, "operations and business");
    paths.into_iter().map(|path| (path.clone(), serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())).collect()
}

/// Every panel that asks something, of all boards.
fn panels() -> Vec<Value> {
    let panels = |board: Value| board["panels"].as_array().unwrap().clone();
    boards().into_iter().flat_map(|(_, board)| panels(board)).filter(|panel| panel["type"] != "row").collect()
}

/// Of the variables of all boards that ask something: the series, and the label whose values are offered.
fn variables() -> BTreeSet<(String, String)> {
    let asking = |board: &Value| -> Vec<String> {
        let variables = board["templating"]["list"].as_array().unwrap().iter().filter(|variable| variable["type"] == "query");
        variables.map(|variable| variable["query"]["query"].as_str().unwrap().to_owned()).collect()
    };
    let asked: Vec<String> = boards().iter().flat_map(|(_, board)| asking(board)).collect();
    assert!(asked.len() >= 4, "job and instance of each board: {asked:?}");
    let parts = |query: String| {
        let inside = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
        let (series, label) = inside.and_then(|inside| inside.rsplit_once(", ")).unwrap_or_else(|| panic!("{query}"));
        (series.to_owned(), label.to_owned())
    };
    asked.into_iter().map(parts).collect()
}

fn expressions(panel: &Value) -> Vec<&str> {
    panel["targets"].as_array().unwrap().iter().map(|target| target["expr"].as_str().unwrap()).collect()
}

/// The query without what would content it with anything: that it falls back on 0, or counts what is out of order.
fn telling(expression: &str) -> String {
    let expression = expression.replace(FALLBACK, "");
    match expression.starts_with("count(") {
        true => expression.replace(" > 0)", ")").replace(" == 0)", ")"),
        false => expression,
    }
}

/// Words of a PromQL expression that begin as our metrics do.
fn metrics_of(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_' || letter == ':'));
    words.filter(|word| word.starts_with("lifetide_")).map(str::to_owned).collect()
}

/// Names in the list of metrics, as Prometheus has them.
fn defined() -> BTreeSet<String> {
    let source = read("src/metrics/definitions.rs");
    let mut names = BTreeSet::new();
    for made in
        ["list.counter(", "list.counters(", "list.gauge(", "list.gauges(", "list.float_gauges(", "list.histogram(", "list.histograms("]
    {
        for rest in source.split(made).skip(1) {
            let name = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()).expect("a name comes first");
            let suffixes: &[&str] = if made.starts_with("list.histogram") { &["_bucket", "_sum", "_count"] } else { &[""] };
            names.extend(suffixes.iter().map(|suffix| format!("lifetide_{name}{suffix}")));
        }
    }
    names
}

#[test]
fn boards_ask_for_metrics_there_are_and_explain_every_panel() {
    let defined = defined();
    assert!(defined.contains("lifetide_transactions_total") && defined.contains("lifetide_end_to_end_latency_seconds_bucket"));
    for panel in panels() {
        let title = panel["title"].as_str().unwrap();
        assert!(panel["description"].as_str().is_some_and(|text| text.len() > 10), "{title}: no description");
        assert!(panel["fieldConfig"]["defaults"]["unit"].as_str().is_some_and(|unit| !unit.is_empty()), "{title}: no unit");
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        for expression in expressions(&panel) {
            let unknown: Vec<String> = metrics_of(expression).difference(&defined).cloned().collect();
            assert_eq!(unknown, [] as [String; 0], "{title}");
            let selectors = expression.matches("job=~\"$job\", instance=~\"$instance\"").count();
            let asked = metrics_of(expression).len() + expression.matches("process_").count();
            assert!(selectors >= asked, "{title}: every metric is asked for by $job and $instance: {expression}");
        }
    }
    for (series, _) in variables() {
        assert!(metrics_of(&series).is_subset(&defined) && series.starts_with("lifetide_"), "{series}");
    }
    for (path, board) in boards() {
        let ids: BTreeSet<u64> = board["panels"].as_array().unwrap().iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
        assert_eq!(ids.len(), board["panels"].as_array().unwrap().len(), "{}: each panel its own id", path.display());
        assert_eq!(board["editable"], false);
        let variables = board["templating"]["list"].as_array().unwrap();
        let source = variables.iter().find(|variable| variable["name"] == "datasource").unwrap();
        assert_eq!((&source["type"], &source["query"]), (&json!("datasource"), &json!("prometheus")), "{}", path.display());
    }
}

#[test]
fn the_operators_rules_are_those_of_prometheus() {
    let rules = read("deploy/prometheus/rules.yml");
    let resource = read("deploy/kubernetes/rules.yaml");
    let (_, shipped) = resource.split_once("spec:\n").unwrap();
    let outdented: String = shipped.lines().map(|line| format!("{}\n", line.strip_prefix("  ").unwrap_or(line))).collect();
    assert_eq!(outdented, rules[rules.find("groups:").unwrap()..], "make deploy/kubernetes/rules.yaml anew: indent the rules by two");
}

#[test]
fn every_panel_shows_something_of_a_working_demo_and_deliver_and_every_variable_has_values() {
    let receiver = Receiver::start(|_, _| Some(200));
    let mut trial = deliver::webhook("deliver-board", &receiver);
    // slowly, so that it sends for as long as anybody looks
    trial.sets.push("deliver.rate_per_second=2".to_owned());
    deliver::write(&trial, &(0..400).map(|number| deliver::action(number, json!({}))).collect::<Vec<_>>());
    let mut process = deliver::start(&trial, "webhook", 0);
    let prometheus = Prometheus::watching_a_demo(&[("lifetide-deliver", &address(&mut process))]);
    let panels = panels();
    let mut asked: Vec<(String, String)> = Vec::new();
    for panel in &panels {
        let title = panel["title"].as_str().unwrap();
        asked.extend(expressions(panel).into_iter().map(|expression| (title.to_owned(), telling(expression))));
    }
    assert!(asked.len() > 50);
    let (quiet, asked) = asked.into_iter().partition(|(_, expression)| QUIET.iter().any(|metric| expression.contains(metric)));
    prometheus.wait_until_all_are_answered(asked);
    let quiet: Vec<(String, String)> = quiet;
    assert_eq!(quiet.len(), QUIET.len(), "{quiet:#?}");
    for (title, expression) in quiet {
        assert!(!prometheus.answers(&expression), "{title} shows something, and need not be left out");
    }
    for (series, label) in variables() {
        let values = prometheus.values(&series, &label);
        assert!(!values.is_empty(), "{label} of {series}");
        if label == "job" {
            assert_eq!(values, ["lifetide", "lifetide-deliver"]);
        }
    }
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
}
