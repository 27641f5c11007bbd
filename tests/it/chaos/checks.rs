//! What must hold after a round, each with the first thing that does not: A1 to A5. (A6, that lag returns to zero within a bound, is
//! waited for by `round`.) Called by `chaos`, and on tampered topics, to see that they would notice.

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::round::Played;
use crate::exactly_once::replayed;
use crate::trial::{OUTPUTS, SLOTS, Written, differences};

const WAIT: Duration = Duration::from_secs(20);

/// All of them; the number of outputs compared.
pub fn all(played: &Played, broker: &str) -> Result<usize, String> {
    let written = played.trial.written();
    outputs(&played.expected, &written)?;
    reminders(&written)?;
    state(played, broker)?;
    transactions(played, broker)?;
    Ok(written.values().flat_map(|by_key| by_key.values()).map(Vec::len).sum())
}

/// A1: per customer in order what `replay` makes of the input, and no id twice.
pub fn outputs(expected: &Written, written: &Written) -> Result<(), String> {
    let differences = differences(expected, written);
    if !differences.is_empty() {
        return Err(format!("A1: {}", differences.join("\n")));
    }
    for topic in OUTPUTS {
        let mut ids = BTreeSet::new();
        for record in written[topic].values().flatten() {
            if let Some(id) = record["id"].as_str()
                && !ids.insert(id)
            {
                return Err(format!("A1: {topic}: id {id} was written twice"));
            }
        }
    }
    Ok(())
}

/// A5, what can be seen of it without the input: nobody is reminded twice of one step of one cart. That none comes after an order or without
/// consent is recounted from the input by another program (`recount`).
pub fn reminders(written: &Written) -> Result<(), String> {
    let mut sent = BTreeSet::new();
    for action in written["actions"].values().flatten().filter(|action| action["kind"] == "send") {
        let what = ["customer_id", "play", "step"].map(|field| action[field].to_string());
        let what = (what, action["cart"]["id"].to_string(), action["due_at"].to_string());
        if !sent.insert(what.clone()) {
            return Err(format!("A5: sent twice: {what:?}"));
        }
    }
    Ok(())
}

/// A2 and A3: a fresh process proves every slot's state against the committed offsets, and it is the oracle's, byte for byte.
pub fn state(played: &Played, broker: &str) -> Result<(), String> {
    let sets = [format!("kafka.bootstrap_servers={broker:?}"), "instance.id=\"fresh\"".to_owned()];
    let found = played.trial.proven_rows(&sets, SLOTS).map_err(|why| format!("A3: {why}"))?;
    let wanted = replayed(&played.trial);
    if found == wanted {
        return Ok(());
    }
    let differs = wanted.keys().chain(found.keys()).find(|place| wanted.get(*place) != found.get(*place)).unwrap();
    Err(format!("A2: {} rows, not {}; the row of {differs:?} differs", found.len(), wanted.len()))
}

/// A4: everything is readable to its end.
pub fn transactions(played: &Played, broker: &str) -> Result<(), String> {
    let ends = |isolation: &str| -> Vec<(String, i64)> {
        let consumer: BaseConsumer =
            ClientConfig::new().set("bootstrap.servers", broker).set("isolation.level", isolation).create().unwrap();
        let outputs = OUTPUTS.iter().chain(&["changelog"]).map(|topic| format!("{}.out.{topic}", played.trial.name));
        let places = outputs.flat_map(|topic| (0..SLOTS).map(move |slot| (topic.clone(), slot)));
        places
            .map(|(topic, slot)| {
                let (_, end) = consumer.fetch_watermarks(&topic, slot as i32, WAIT).unwrap();
                (format!("{topic} {slot}"), end)
            })
            .collect()
    };
    let (stable, high) = (ends("read_committed"), ends("read_uncommitted"));
    match stable.iter().zip(&high).find(|(stable, high)| stable != high) {
        Some((stable, high)) => Err(format!("A4: an open transaction in {}: readable to {} of {}", stable.0, stable.1, high.1)),
        None => Ok(()),
    }
}
