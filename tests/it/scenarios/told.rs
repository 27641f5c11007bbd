//! What lifetide says about a story: the records of every topic in order, and in the end what it holds about each customer and what the figures
//! of `report --about economics` are.
//!
//! It judges nothing. Called by the scenario tests.

use std::collections::BTreeMap;

use lifetide::cli::replay::history::History;
use lifetide::config::Config;
use lifetide::engine::{self, Committed, Totals};
use lifetide::worker::memory::Produced;
use lifetide::worker::transaction::OutputTopic;
use serde_json::{Map, Value, json};

use super::story::{ECONOMICS, Expected, STATE, Story, TOPICS};
use crate::settings;

/// Slots of a story: one, so that records are in one order.
const SLOTS: u32 = 1;

pub struct Told {
    records: BTreeMap<OutputTopic, Vec<(String, Value)>>,
    /// By customer.
    held: BTreeMap<String, Value>,
    /// By what a row is told by, its values and its currency.
    economics: BTreeMap<String, Value>,
}

impl Told {
    pub fn of(story: Story) -> Told {
        let config = settings::config(&story.sets);
        Told::under(&config, story)
    }

    /// Of a story under a configuration that it does not tell itself.
    pub fn under(config: &Config, story: Story) -> Told {
        let mut history = History::new(config, SLOTS, story.until_ms);
        story.lines.into_iter().for_each(|line| history.add(line).unwrap());
        let mut records: BTreeMap<OutputTopic, Vec<(String, Value)>> = BTreeMap::new();
        history.run(|produced| records.entry(produced.topic).or_default().push(readable(produced))).unwrap();
        let committed = history.committed();
        Told { records, held: held(committed, &config.engine), economics: economics(committed, &config.engine) }
    }

    /// All records of a topic with their keys, in order.
    pub fn records(&self, topic: OutputTopic) -> &[(String, Value)] {
        self.records.get(&topic).map_or(&[], Vec::as_slice)
    }

    /// The records of a topic with their keys; of `STATE` and `ECONOMICS` what is named.
    pub fn section<'a>(&'a self, name: &str, expected: &'a [Expected]) -> Vec<(&'a str, &'a Value)> {
        let in_the_end = match name {
            STATE => Some(&self.held),
            ECONOMICS => Some(&self.economics),
            _ => None,
        };
        if let Some(values) = in_the_end {
            return expected.iter().map(|e| (e.key.as_str(), values.get(&e.key).unwrap_or(&Value::Null))).collect();
        }
        let topic = TOPICS.iter().find(|(topic, _)| *topic == name).unwrap().1;
        self.records.get(&topic).into_iter().flatten().map(|(key, value)| (key.as_str(), value)).collect()
    }
}

/// Key and value; of a dead letter its headers.
fn readable(record: Produced) -> (String, Value) {
    let key = record.key.map_or("-".to_owned(), |key| String::from_utf8(key).unwrap());
    if record.topic == OutputTopic::DeadLetters {
        let headers = record.headers.iter().map(|(name, value)| (name.clone(), json!(String::from_utf8_lossy(value))));
        return (key, headers.collect::<Map<_, _>>().into());
    }
    (key, record.value.map_or(json!({ "value": null }), |value| serde_json::from_slice(&value).unwrap()))
}

/// What the rows hold in the end, by customer.
fn held(committed: &Committed, settings: &engine::Settings) -> BTreeMap<String, Value> {
    let mut held = BTreeMap::new();
    for region in engine::ALL_REGIONS {
        committed.with_region(0, region as u16, |region| {
            for (_, id, row) in region.iter().flat_map(|region| region.rows()) {
                let id = String::from_utf8_lossy(id).into_owned();
                let customer = engine::read_row(row).unwrap();
                let text = engine::held(&id, &customer, engine::row_deadline_ms(row), settings);
                held.insert(id, serde_json::from_str(&text).unwrap());
            }
        });
    }
    held
}

/// What customers cost and are worth in the end, by `channel=email,currency=USD` and the like.
fn economics(committed: &Committed, settings: &engine::Settings) -> BTreeMap<String, Value> {
    let mut totals = Totals::default();
    for region in engine::ALL_REGIONS {
        committed.with_region(0, region as u16, |region| region.into_iter().for_each(|region| totals.add(region, |_| true)));
    }
    let rows = engine::economics(&totals.values(), settings).into_iter().map(|row| {
        let names = row.of.iter().map(|(name, value)| format!("{name}={value}")).chain([format!("currency={}", row.currency)]);
        (names.collect::<Vec<_>>().join(","), serde_json::from_str(&engine::economics_row(&row)).unwrap())
    });
    rows.collect()
}
