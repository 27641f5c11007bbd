//! The schema of the configuration: which keys there are and what their values look like, asked of the code that reads them.
//!
//! Explanations, defaults and examples are those of `default.toml`. What ties keys together it does not say: `lifetide validate` does. Editors
//! take it by `#:schema` in a file's first line. Called by `cli::config` and `cli::schema`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::keys::Keys;
use super::layers::{self, DEFAULT_TOML, Entries, FORMATS, PROPERTIES};
use super::{Config, Sources, Text, gather, plays};
use crate::schema::DRAFT;

/// Stands for any name below a section whose keys are not ours; it must be one that is read.
const ANY_NAMES: &str = "[input.formats]\n\"shop.carts\" = \"auto\"\n[value_bands]\nhigh = { USD = 1 }\n";
const FORMAT: &str = "input.formats.shop.carts";
const BAND: &str = "value_bands.high";
/// The play that shows what plays have.
const PLAY: &str = "plays.cart_recovery.";

/// The schema of a configuration file, its tables as objects.
pub fn schema() -> Value {
    let defaults = layers::defaults();
    let told = explanations();
    let mut root = section(told.get("").map(String::as_str));
    let (mut play, mut band, mut format) = (section(None), Value::Null, Value::Null);
    for (key, mut form) in forms(&defaults) {
        let shown = key.strip_prefix("plays.").is_some_and(|rest| rest.contains('.'));
        explain(&mut form, &key, &told, &defaults);
        match key.as_str() {
            FORMAT => format = form,
            BAND => band = form,
            _ if key.starts_with(PLAY) => put(&mut play, &key[PLAY.len()..], form, "", &told),
            // of other plays nothing else is asked
            _ if shown => {}
            _ => put(&mut root, &key, form, "", &told),
        }
    }
    let property = json!({ "type": ["string", "number", "boolean"] });
    for (path, any) in [(PROPERTIES, property), (FORMATS, format), ("value_bands", band), ("plays", play)] {
        put(&mut root, path, section(told.get(path).map(String::as_str)), "", &told);
        if let Some(place) = find(&mut root, path) {
            place["additionalProperties"] = any;
        }
    }
    let mut document = Map::from_iter([("$schema".to_owned(), json!(DRAFT)), ("title".to_owned(), json!("the configuration of lifetide"))]);
    document.extend(root.as_object().cloned().unwrap_or_default());
    Value::Object(document)
}

/// What each key's value looks like.
fn forms(defaults: &Entries) -> BTreeMap<String, Value> {
    let files = [Text { name: "any names".to_owned(), text: ANY_NAMES.to_owned() }];
    let nothing = |_: &str| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    let sources = Sources { files: &files, environment: &[], sets: &[], host_name: Some("host"), read_file: &nothing };
    let mut entries = gather(&sources, defaults, &mut Vec::new());
    plays::fill_in(&mut entries, defaults);
    let mut keys = Keys::new(&entries, defaults, Vec::new());
    keys.keep_forms();
    let _ = Config::from_keys(&mut keys, &entries, &sources);
    keys.into_forms()
}

fn section(told: Option<&str>) -> Value {
    let mut section = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    if let Some(told) = told {
        section["description"] = json!(told);
    }
    section
}

/// Puts a form in its place, below sections that are made on the way; one that is there already stays.
fn put(section_of: &mut Value, key: &str, form: Value, path: &str, told: &BTreeMap<String, String>) {
    let Some(properties) = section_of["properties"].as_object_mut() else { return };
    match key.split_once('.') {
        None => drop(properties.entry(key).or_insert(form)),
        Some((name, rest)) => {
            let path = format!("{path}{name}");
            let inner = properties.entry(name).or_insert_with(|| section(told.get(&path).map(String::as_str)));
            put(inner, rest, form, &format!("{path}."), told);
        }
    }
}

fn find<'a>(root: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    path.split('.').try_fold(root, |section, name| section["properties"].get_mut(name))
}

/// Adds what the reference says of a key, and its default.
fn explain(form: &mut Value, key: &str, told: &BTreeMap<String, String>, defaults: &Entries) {
    let range = form["description"].as_str().map(str::to_owned);
    let texts: Vec<String> = told.get(key).cloned().into_iter().chain(range).collect();
    if !texts.is_empty() {
        form["description"] = json!(texts.join(" "));
    }
    if let Some(entry) = defaults.get(key).filter(|_| key != BAND) {
        form["default"] = serde_json::to_value(&entry.value).unwrap_or_default();
    }
}

/// The comments of the reference by the keys they stand before, and by section.
fn explanations() -> BTreeMap<String, String> {
    let mut told = BTreeMap::new();
    let (mut section, mut comment, mut last) = (String::new(), Vec::new(), String::new());
    for line in DEFAULT_TOML.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
            // a key right behind its section, or behind another one, is explained with it
            last = std::mem::take(&mut comment).join(" ");
            told.insert(name.to_owned(), last.clone());
        } else if let Some(name) = key_of(line) {
            if !comment.is_empty() {
                last = std::mem::take(&mut comment).join(" ");
            }
            told.entry(format!("{section}{name}")).or_insert_with(|| last.clone());
        } else if let Some(text) = line.strip_prefix('#') {
            comment.push(text.trim().to_owned());
        } else if line.is_empty() {
            comment.clear();
            last.clear();
        }
    }
    told.retain(|_, text| !text.is_empty());
    told
}

/// `key` of `key = value` and of `#key = example`.
fn key_of(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix('#').unwrap_or(line).split_once(" = ")?;
    let is_key = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    Some(name).filter(|name| !name.is_empty() && name.bytes().all(is_key))
}
