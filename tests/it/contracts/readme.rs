//! Tables and counts that the README has by hand, held to what they tell of: the reference of the configuration, the API's description, the
//! shipped plays, the reasons of dead letters, the topics. Its events are looked at in `events`, its TOML in `configuration`.

use std::collections::BTreeSet;

use lifetide::event::Reason;
use serde_json::Value;
use toml::Table;

use super::text;

/// The rows below this head, cell by cell, without the head.
fn rows(head: &str) -> Vec<Vec<String>> {
    let readme = text("README.md");
    let (_, below) = readme.split_once(&format!("\n{head}\n")).unwrap_or_else(|| panic!("no table {head}"));
    let rows = below.lines().skip(1).take_while(|line| line.starts_with('|'));
    let rows: Vec<Vec<String>> = rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect();
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{head}: {rows:#?}");
    rows
}

/// What stands in code.
fn code(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// As the README shows it; of a list the first.
fn shown(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) => items.first().map(shown).unwrap_or_default(),
        other => other.to_string(),
    }
}

/// Whether the reference says so, too. A default in words is of a list, or of what has none.
fn is_default(said: &str, default: Option<&toml::Value>) -> bool {
    match (said, default) {
        ("not set" | "host name", default) => default.is_none(),
        ("common names", default) => default.and_then(toml::Value::as_array).is_some_and(|names| !names.is_empty()),
        (_, None) => false,
        (said, Some(default)) => match code(said)[..] {
            [] => said == default.to_string(),
            [begin] if begin.ends_with('…') => shown(default).starts_with(begin.trim_end_matches('…')),
            [whole] => shown(default) == whole,
            _ => false,
        },
    }
}

#[test]
fn keys_and_their_defaults_are_those_of_the_reference() {
    let reference: Table = text("config/default.toml").parse().unwrap();
    let schema = super::schema("config");
    let mut wrong = Vec::new();
    for row in rows("| key | default | what |") {
        let (keys, said) = (code(&row[0]), row[1].split(", ").collect::<Vec<_>>());
        assert!(said.len() == keys.len() || said.len() == 1, "{row:?}");
        for (place, key) in keys.iter().enumerate() {
            let pointer = key.split('.').map(|part| format!("/properties/{part}")).collect::<String>();
            if schema.pointer(&pointer).is_none() {
                wrong.push(format!("{key} is no key"));
            }
            let mut parts = key.split('.');
            let first = parts.next().and_then(|part| reference.get(part));
            let default = parts.fold(first, |at, part| at.and_then(|at| at.get(part)));
            let said = said.get(place).unwrap_or(&said[0]);
            if !is_default(said, default) {
                wrong.push(format!("{key}: {said} is said, {default:?} is so"));
            }
        }
    }
    assert_eq!(wrong, [] as [&str; 0]);
}

#[test]
fn requests_are_those_of_the_description() {
    let described: Value = serde_json::from_str(&text("docs/openapi.json")).unwrap();
    let mut operations = BTreeSet::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations.insert((format!("{} {path}", method.to_uppercase()), operation["security"].is_array()));
        }
    }
    let mut listed = BTreeSet::new();
    for row in rows("| request | what | needs the token |") {
        let request = code(&row[0])[0].replace("/ID", "/{customer_id}");
        let (request, query) = request.split_once('?').map_or((&request[..], None), |(path, query)| (path, Some(query)));
        listed.insert((request.to_owned(), row[2] == "yes"));
        let (method, path) = request.split_once(' ').unwrap();
        let parameters = described["paths"][path][method.to_lowercase()]["parameters"].as_array().cloned().unwrap_or_default();
        for name in query.into_iter().flat_map(|query| query.split('&')).filter_map(|pair| pair.split('=').next()) {
            assert!(parameters.iter().any(|parameter| parameter["name"] == name), "{request} knows no {name}");
        }
    }
    assert_eq!(listed, operations);
}

#[test]
fn plays_are_those_that_are_shipped() {
    let reference: Table = text("config/default.toml").parse().unwrap();
    let plays = reference["plays"].as_table().unwrap().iter().filter_map(|(name, play)| Some((name, play.as_table()?)));
    let shipped: BTreeSet<String> = plays.map(|(name, play)| format!("{name} {}", play["mode"].as_str().unwrap())).collect();
    let rows = rows("| play | begins | shipped |");
    let listed: BTreeSet<String> = rows.iter().map(|row| format!("{} {}", code(&row[0])[0], row[2])).collect();
    assert_eq!(listed, shipped);
    assert_eq!(listed.len(), rows.len(), "one is there twice");
}

#[test]
fn reasons_of_dead_letters_are_those_there_are() {
    let rows = rows("| stage | reasons |");
    let listed = rows.iter().flat_map(|row| code(&row[1]).into_iter().map(|reason| format!("{}: {reason}", code(&row[0])[0])));
    let listed: Vec<String> = listed.collect();
    let known: BTreeSet<String> = Reason::ALL.map(|reason| format!("{}: {}", reason.stage().as_str(), reason.as_str())).into();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), known);
    assert_eq!(listed.len(), known.len(), "one is there twice: {listed:?}");
    let readme = text("README.md");
    let (_, counted) = readme.split_once("with one of ").unwrap();
    assert!(counted.starts_with(&format!("{} [reasons](#dead-letters)", Reason::ALL.len())), "{}", &counted[..20]);
}

#[test]
fn topics_are_those_of_the_description() {
    let document: Value = serde_json::from_str(&text("docs/asyncapi.json")).unwrap();
    let addresses = document["channels"].as_object().unwrap().values().map(|channel| channel["address"].as_str().unwrap().to_owned());
    let written: BTreeSet<String> = addresses.filter(|address| address.starts_with("lifetide.")).collect();
    let listed = rows("| topic | one record for each | cleanup |");
    assert_eq!(listed.iter().map(|row| code(&row[0])[0].to_owned()).collect::<BTreeSet<_>>(), written);
}
