//! `models`: a parameter file published while `run` works, and what every instance makes of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::running::{address, get, total};
use super::{Folder, SOON, finish, wait_for};
use crate::trial::{Process, SLOTS, Trial};

const SHIPPED: &str = include_str!("../../../config/models/cdnow.toml");

fn models(trial: &Trial, action: &str, arguments: &[&str]) -> super::Outcome {
    finish(trial.command(&["models", action]).args(arguments), SOON)
}

fn shown(trial: &Trial) -> Value {
    let outcome = models(trial, "show", &["-o", "json"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    outcome.json()
}

/// The last version of each customer's record.
fn versions(trial: &Trial) -> BTreeMap<String, String> {
    let topic = [format!("{}.out.clv", trial.name)];
    let values = trial.records(&topic, "read_committed").into_iter().filter_map(|message| {
        let value: Value = serde_json::from_slice(rdkafka::Message::payload(&message)?).unwrap();
        let text = |field: &Value| field.as_str().unwrap().to_owned();
        Some((text(&value["customer_id"]), text(&value["model"]["version"])))
    });
    values.collect()
}

fn wait_for_version(trial: &Trial, process: &mut Process, version: &str) {
    wait_for(version, SOON, || {
        let versions = versions(trial);
        let is_done = versions.len() > 100 && versions.values().all(|found| found == version);
        assert!(process.child.try_wait().unwrap().is_none(), "{}", process.log_tail());
        is_done.then_some(())
    });
}

/// The API names the model, and each slot's customers have been scored with it.
fn wait_for_slots_scored_with(address: &str, version: &str) {
    wait_for(version, SOON, || {
        let told: Value = serde_json::from_str(&get(address, "/api/models").1).unwrap();
        let slots = told["slots"].as_array().unwrap();
        let are_scored = slots.iter().all(|slot| slot["scored_with"].as_str().is_some_and(|with| with.contains(version)));
        let is_named = told["name"] == "cdnow" && told["version"] == version && told["fitted"] == (version == "next-1");
        (is_named && slots.len() == SLOTS as usize && are_scored).then_some(())
    });
}

#[test]
fn a_published_model_scores_everybody_anew_and_outlives_a_restart_until_it_is_withdrawn() {
    let trial = Trial::new("models", &[]);
    trial.create_topics();
    trial.load(21, 4_000, 300);
    let folder = Folder::new("models");
    let mut process = trial.start("a", 0);
    wait_for_version(&trial, &mut process, "1997-09-30");

    let next = SHIPPED.replace("version = \"1997-09-30\"", "version = \"next-1\"").replace("fitted = false", "fitted = true");
    let published = models(&trial, "publish", &[&folder.write("next.toml", &next), "-o", "json"]);
    assert_eq!(published.code, Some(0), "{}", published.stderr);
    assert_eq!(published.json()["model"]["version"], "next-1");
    wait_for_version(&trial, &mut process, "next-1");
    let at = address(&mut process);
    wait_for_slots_scored_with(&at, "next-1");
    let metrics = get(&at, "/metrics").1;
    assert!(metrics.contains("lifetide_model_info{name=\"cdnow\",version=\"next-1\"} 1"), "{metrics}");
    assert_eq!(total(&metrics, "lifetide_model_info"), 1.0);

    // a restart goes on with it, and scores nobody again
    let before = trial.records(&[format!("{}.out.clv", trial.name)], "read_committed").len();
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    let mut process = trial.start("a", 1);
    let at = address(&mut process);
    wait_for("/readyz to say yes", SOON, || (get(&at, "/readyz").0 == 200).then_some(()));
    assert_eq!(trial.records(&[format!("{}.out.clv", trial.name)], "read_committed").len(), before);

    let withdrawn = models(&trial, "withdraw", &[]);
    assert_eq!(withdrawn.code, Some(0), "{}", withdrawn.stderr);
    wait_for_version(&trial, &mut process, "1997-09-30");
    wait_for_slots_scored_with(&at, "1997-09-30");
    assert_eq!(shown(&trial)["state"], "none published");
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
}

#[test]
fn a_model_that_cannot_be_used_is_not_published() {
    let trial = Trial::new("models-bad", &[]);
    trial.create_topics();
    let folder = Folder::new("models-bad");
    for (text, part) in [("nothing", "line 1"), (&SHIPPED.replace("q = 3.74", "q = 0.5"), "the mean spend is infinite")] {
        let outcome = models(&trial, "publish", &[&folder.write("bad.toml", text)]);
        assert_eq!(outcome.code, Some(1), "{}", outcome.stdout);
        assert!(outcome.stderr.contains(part), "{}", outcome.stderr);
    }
    assert_eq!(shown(&trial)["state"], "none published");
}
