//! The schema of the configuration against every configuration there is: the reference, those of `deploy/`, the stories and the README; and that
//! of parameter files against the shipped one, one that `fit` has written, and wrong ones.

use std::fs;
use std::path::Path;

use lifetide::config::{Config, Sources, Text};
use serde_json::Value;

use super::{faults, path, text, validator};
use crate::commands::{SOON, finish, lifetide};
use crate::scenarios::{stories, story};

const FILES: [&str; 3] = ["config/default.toml", "deploy/kubernetes/lifetide.toml", "tests/data/day.toml"];

/// TOML as JSON, moments as texts.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(moment) => Value::String(moment.to_string()),
        toml::Value::Array(items) => items.into_iter().map(json).collect(),
        toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, json(value))).collect(),
        other => serde_json::to_value(other).unwrap(),
    }
}

fn read(text: &str) -> Value {
    json(toml::Value::Table(text.parse().unwrap_or_else(|why| panic!("{why}\n{text}"))))
}

/// The TOML of the README.
fn shown() -> Vec<String> {
    let readme = text("README.md");
    readme.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

fn is_accepted(file: &str) -> bool {
    let files = [Text { name: "file".to_owned(), text: file.to_owned() }];
    let nothing = |_: &str| Err(std::io::Error::other("no file"));
    Config::read(&Sources { files: &files, environment: &[], sets: &[], host_name: Some("test"), read_file: &nothing }).is_ok()
}

#[test]
fn every_configuration_there_is_is_as_described() {
    let validator = validator("config");
    let files = FILES.into_iter().map(|file| (file.to_owned(), text(file)));
    let readme = shown().into_iter().map(|text| ("README.md".to_owned(), text));
    let sets = stories().into_iter().flat_map(|(name, text)| story::parse(&text).sets.into_iter().map(move |set| (name.clone(), set)));
    // in a file a topic with dots stands in quotes
    let of_stories = sets.filter(|(_, set)| !set.starts_with("input.formats")).map(|(name, set)| {
        let (key, value) = set.split_once('=').unwrap();
        let quoted = if value.trim().parse::<toml::Value>().is_ok() { value.to_owned() } else { format!("\"{}\"", value.trim()) };
        (name, format!("{key} = {quoted}"))
    });
    let mut count = 0;
    for (name, text) in files.chain(readme).chain(of_stories) {
        let faults = faults(&validator, &read(&text));
        assert!(faults.is_empty(), "{name}: {faults:#?}\n{text}");
        count += 1;
    }
    assert!(count > 50, "{count}");
}

#[test]
fn every_key_is_explained() {
    fn look(path: &str, schema: &Value, found: &mut Vec<String>) {
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}{name}");
            match inner["properties"].is_object() && inner["default"].is_null() && inner["additionalProperties"] == false {
                true => look(&format!("{path}."), inner, found),
                false if inner["description"].is_null() => found.push(path),
                false => {}
            }
        }
    }
    let mut unexplained = Vec::new();
    let schema = super::schema("config");
    look("", &schema, &mut unexplained);
    look("plays.*.", &schema["properties"]["plays"]["additionalProperties"], &mut unexplained);
    // sections whose names are anybody's; of caps the table is explained
    unexplained.retain(|key| !["plays", "value_bands", "plays.*.caps.email"].contains(&key.as_str()));
    assert_eq!(unexplained, [] as [&str; 0]);
}

#[test]
fn what_is_refused_does_not_fit() {
    let wrong = [
        "wrkers = 1",
        "workers = \"one\"",
        "workers = 0",
        "standby = 1",
        "kafka = 1",
        "kafka.group = \"x\"",
        "kafka.properties.x = [1]",
        "commit.interval_ms = \"100\"",
        "commit.interval_ms = 0",
        "input.topics = \"shop.carts\"",
        "input.formats.\"shop.carts\" = \"segmentt\"",
        "input.partitioner = \"murmur\"",
        "time.max_skew = 5",
        "time.max_skew = \"soon\"",
        "stages.at_risk_below = 1.0",
        "stages.graph = [{ when = [] }]",
        "stages.graph = [{ name = \"new\" }, { name = \"old\", when = [{ field = \"orders\" }] }]",
        "clv.model = \"pareto\"",
        "clv.margin = 2",
        "customers.erasure_key = \"00\"",
        "value_bands.high = 5",
        "value_bands.high = { usd = 5 }",
        "loyalty.tiers = [{ name = \"gold\" }]",
        "channels.rules = [{ medium = \"x\" }]",
        "channels.rules = [{ mediums = \"x\", channel = \"x\" }]",
        "plays.cart_recovery.mode = \"on\"",
        "plays.cart_recovery.stepps = []",
        "plays.cart_recovery.steps = []",
        "plays.cart_recovery.steps = [{ delay = \"1h\" }]",
        "plays.cart_recovery.steps = [{ delay = \"1h\", template = \"a\", offer = \"x\" }]",
        "plays.cart_recovery.trigger = { cart = \"full\" }",
        "plays.cart_recovery.trigger = { cart = \"idle\", stage = \"lead\" }",
        "plays.cart_recovery.when = [{ field = \"cart.value\", ge = 5 }]",
        "plays.cart_recovery.when = [{ field = \"stage\", ge = 5 }]",
        "plays.cart_recovery.when = [{ field = \"p_alive\", ge = 0.5, lt = 0.7 }]",
        "plays.cart_recovery.caps = { sms = \"1/1d\" }",
        "plays.cart_recovery.caps = { email = \"9/1d\" }",
        "plays.cart_recovery.quiet = \"at night\"",
        "plays.cart_recovery.control = 1.5",
        "deliver.smtp.port = 70000",
        "log.level = \"loud\"",
    ];
    let validator = validator("config");
    for file in wrong {
        assert!(!is_accepted(file), "{file} is accepted");
        assert!(!validator.is_valid(&read(file)), "{file} fits");
    }
}

/// Whether a parameter file can be taken up for the model that is asked for where nobody asks.
fn is_taken(file: &str) -> bool {
    let read = |_: &str| Ok(file.to_owned());
    let sets = ["clv.models=shop.toml".to_owned()];
    Config::read(&Sources { files: &[], environment: &[], sets: &sets, host_name: Some("test"), read_file: &read }).is_ok()
}

#[test]
fn parameter_files_are_as_described() {
    let validator = validator("models");
    let shipped = text("config/models/cdnow.toml");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("described-{}.toml", std::process::id()));
    let list = path("tests/data/CDNOW_sample.txt");
    let outcome = finish(lifetide(&["fit", "--output"]).args([&file, &list]), SOON);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let fitted = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let seasonal = "[seasonal.mbg_nbd]\nfactor = 0.7\nhorizon_days = 365\nwindows = \"same_season\"\n";
    let rfm = "[rfm]\nversion = \"1\"\nr = [1, 2, 3, 4]\nf = [1, 2, 3, 4]\nm = { EUR = [10, 20.5, 30, 40] }\n";
    for good in [shipped.clone(), fitted, format!("{shipped}\n{rfm}{seasonal}")] {
        assert!(is_taken(&good), "{good}");
        assert_eq!(faults(&validator, &read(&good)), [] as [&str; 0], "{good}");
    }
    let wrong = [
        ("name = \"cdnow\"", "nom = \"cdnow\""),
        ("fitted = false", "fitted = \"no\""),
        ("a = 0.8909\n", ""),
        ("p = 6.25", "p = \"6.25\""),
        ("[spend.USD]", "[spent.USD]"),
        ("buyers = 2357", "buyers = \"many\""),
        ("unit = \"week\"", "unit = \"day\""),
        ("[1, 2, 3, 4]", "[1, 2, 3]"),
        ("[10, 20.5, 30, 40]", "[10]"),
        ("same_season", "last_season"),
    ];
    let whole = format!("{shipped}\n{rfm}{seasonal}");
    for (from, to) in wrong {
        let file = whole.replace(from, to);
        assert!(file != whole && !is_taken(&file), "{to} is taken");
        assert!(!validator.is_valid(&read(&file)), "{to} fits");
    }
}
