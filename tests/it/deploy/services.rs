//! How compose, Kubernetes and systemd start lifetide: by arguments there are, and with settings that `validate` accepts. The broker of the
//! trial is the one of the tests.
//!
//! Nothing of it is started here: `deploy/lint` asks the tools whether the files are what these understand.

use std::collections::BTreeMap;
use std::path::Path;

use yaml_serde::Value;

use super::read;
use crate::commands::{SOON, finish, lifetide};

/// The image that the Dockerfile makes.
const IMAGE: &str = "lifetide";
/// Of the Dockerfile, where a service says nothing.
const DEFAULT_COMMAND: &str = "run";
/// Where Kubernetes and systemd have the settings, and which file of the sources they are; systemd's are whatever somebody puts there.
const SETTINGS: &str = "/etc/lifetide/lifetide.toml";

fn yaml(file: &str) -> Value {
    let mut value: Value = yaml_serde::from_str(&read(file)).unwrap_or_else(|why| panic!("{file}: {why}"));
    value.apply_merge().unwrap_or_else(|why| panic!("{file}: {why}"));
    value
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => panic!("neither text nor number: {other:?}"),
    }
}

fn texts(list: &Value) -> Vec<String> {
    list.as_sequence().into_iter().flatten().map(text).collect()
}

/// A process of lifetide: where it stands, its arguments, and what it has in its environment.
struct Start {
    name: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Start {
    fn setting(&self, name: &str) -> &str {
        self.environment.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

fn of_compose() -> Vec<Start> {
    let compose = yaml("deploy/compose.yaml");
    let services = compose["services"].as_mapping().unwrap().iter().filter(|(_, service)| service["image"] == IMAGE);
    let start = |(name, service): (&Value, &Value)| {
        let environment = service["environment"].as_mapping().into_iter().flatten();
        let arguments = service.get("command").map_or(vec![DEFAULT_COMMAND.to_owned()], texts);
        assert!(
            service.get("volumes").is_none() && !arguments.iter().any(|argument| argument == "--config"),
            "say where it is mounted from"
        );
        Start { name: text(name), arguments, environment: environment.map(|(key, value)| (text(key), text(value))).collect() }
    };
    services.map(start).collect()
}

/// As the first pod has it; secrets come from elsewhere.
fn of_kubernetes() -> Start {
    let set = yaml("deploy/kubernetes/statefulset.yaml");
    let container = &set["spec"]["template"]["spec"]["containers"][0];
    let pod = "lifetide-0";
    let listed = container["env"].as_sequence().unwrap().iter();
    let environment = listed.map(|entry| {
        let given = entry.get("value").map_or(pod.to_owned(), |value| text(value).replace("$(LIFETIDE__INSTANCE__ID)", pod));
        (text(&entry["name"]), given)
    });
    Start { name: "statefulset.yaml".to_owned(), arguments: texts(&container["args"]), environment: environment.collect() }
}

fn of_systemd() -> Vec<Start> {
    let unit = read("deploy/systemd/lifetide.service");
    let lines = unit.lines().filter(|line| line.starts_with("ExecStart"));
    let start = |line: &str| {
        let (name, command) = line.split_once('=').unwrap();
        let mut words = command.split_whitespace().map(str::to_owned);
        assert_eq!(words.next().as_deref(), Some("/usr/bin/lifetide"));
        Start { name: name.to_owned(), arguments: words.collect(), environment: Vec::new() }
    };
    lines.map(start).collect()
}

fn starts() -> Vec<Start> {
    of_compose().into_iter().chain([of_kubernetes()]).chain(of_systemd()).collect()
}

#[test]
fn each_is_started_by_arguments_there_are() {
    let starts = starts();
    let names: Vec<&str> = starts.iter().map(|start| start.name.as_str()).collect();
    assert_eq!(
        names,
        ["topics", "lifetide-1", "lifetide-2", "shop", "deliver", "statefulset.yaml", "ExecStartPre", "ExecStart"],
        "those that are started"
    );
    for start in &starts {
        let words = ["lifetide"].into_iter().chain(start.arguments.iter().map(String::as_str));
        let parsed = lifetide::cli::command().try_get_matches_from(words);
        assert!(parsed.is_ok(), "{}: {}", start.name, parsed.unwrap_err());
    }
}

#[test]
fn what_each_is_told_is_accepted() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kubernetes/lifetide.toml");
    for start in starts() {
        let mut arguments = vec!["validate"];
        let mut given = start.arguments.iter().map(String::as_str);
        while let Some(argument) = given.next() {
            match argument {
                "--config" => {
                    assert_eq!(given.next(), Some(SETTINGS), "{}", start.name);
                    arguments.extend(["--config", shipped.to_str().unwrap()]);
                }
                "--set" => arguments.extend(["--set", given.next().unwrap()]),
                _ => {}
            }
        }
        let environment = start.environment.iter().filter(|(key, _)| key.starts_with("LIFETIDE__"));
        let outcome = finish(lifetide(&arguments).env_clear().envs(environment.cloned()), SOON);
        assert_eq!(outcome.code, Some(0), "{}: {}{}", start.name, outcome.stdout, outcome.stderr);
    }
}

#[test]
fn instances_of_the_trial_differ_and_are_where_prometheus_asks() {
    let starts: BTreeMap<String, Start> = of_compose().into_iter().map(|start| (start.name.clone(), start)).collect();
    let running = starts.values().filter(|start| start.arguments[0] == DEFAULT_COMMAND);
    let mut names: Vec<&str> = running.clone().map(|start| start.setting("LIFETIDE__INSTANCE__ID")).collect();
    names.dedup();
    assert_eq!(names, ["lifetide-1", "lifetide-2"]);
    for start in running {
        assert_eq!(start.setting("LIFETIDE__HTTP__ADVERTISED"), format!("http://{}:9464", start.name));
    }
    let prometheus = yaml("deploy/prometheus/prometheus.yml");
    let jobs = prometheus["scrape_configs"].as_sequence().unwrap().iter();
    let targets: Vec<String> =
        jobs.flat_map(|job| job["static_configs"].as_sequence().unwrap()).flat_map(|of| texts(&of["targets"])).collect();
    assert!(targets.len() >= 3, "{targets:?}");
    for target in targets {
        let (name, port) = target.split_once(':').unwrap();
        let start = starts.get(name).unwrap_or_else(|| panic!("prometheus asks {target}, which is no service"));
        assert_eq!(start.setting("LIFETIDE__HTTP__LISTEN"), format!("0.0.0.0:{port}"), "{name}");
    }
}

#[test]
fn the_broker_of_the_trial_is_that_of_the_tests() {
    let pom = read("tests/kafka/pom.xml");
    let (_, rest) = pom.split_once("<kafka.version>").unwrap();
    let version = rest.split('<').next().unwrap();
    assert_eq!(text(&yaml("deploy/compose.yaml")["services"]["kafka"]["image"]), format!("apache/kafka:{version}"));
    assert!(read("README.md").contains(&format!("against a real Apache Kafka {version},")));
    assert!(read("tests/it/broker/jars.rs").contains(&format!("\"kafka-{version}\"")));
}

#[test]
fn grafana_finds_the_boards_and_asks_the_prometheus_of_the_trial() {
    let provisioning = |file: &str| yaml(&format!("deploy/grafana/provisioning/{file}"));
    let compose = yaml("deploy/compose.yaml");
    let mounts = texts(&compose["services"]["grafana"]["volumes"]);
    let mounted = |folder: &str| {
        let mount = mounts.iter().find_map(|mount| mount.strip_prefix(&format!("./grafana/{folder}:"))?.strip_suffix(":ro"));
        mount.unwrap_or_else(|| panic!("{folder} is not mounted: {mounts:?}")).to_owned()
    };
    assert_eq!(mounted("provisioning"), "/etc/grafana/provisioning");
    let providers = provisioning("dashboards/lifetide.yaml");
    assert_eq!(text(&providers["providers"][0]["options"]["path"]), mounted("dashboards"));
    let source = provisioning("datasources/prometheus.yaml")["datasources"][0].clone();
    assert_eq!((text(&source["type"]), text(&source["url"])), ("prometheus".to_owned(), "http://prometheus:9090".to_owned()));
    assert!(texts(&compose["services"]["prometheus"]["ports"])[0].ends_with(":9090"));
}
