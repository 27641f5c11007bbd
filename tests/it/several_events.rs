//! Records of several events: all of a record or nothing, whatever ends the worker between; ids of their own; time that goes on to the last.

use std::collections::BTreeSet;

use lifetide::cli::replay::history::History;
use lifetide::cli::replay::lines::Line;
use lifetide::worker::memory::{MemoryLog, Produced};
use lifetide::worker::partition_of;
use lifetide::worker::source::Input;
use lifetide::worker::transaction::OutputTopic;
use serde_json::Value;

use crate::settings;
use crate::worker_world::{SLOTS, World};

const AT_MS: i64 = 1_767_225_600_000;
const RECORDS: i64 = 40;

fn points(customer: &str, minute: i64) -> String {
    format!(
        r#"{{"type":"track","event":"Points Earned","userId":"{customer}","timestamp":"2026-01-01T00:{minute:02}:00Z","properties":{{"points":1}}}}"#
    )
}

/// Arrays whose elements bear no ids: an element applied twice counts twice.
fn arrays(log: &mut MemoryLog) {
    for number in 0..RECORDS {
        let customer = format!("v-{}", number % 7);
        let elements = [points(&customer, number), points(&customer, number + 5), points("w-1", number), points(&customer, number)];
        let value = format!("[{}]", elements.join(","));
        let input = Input { topic: 0, slot: partition_of(customer.as_bytes(), SLOTS) };
        log.append(input, None, Some(customer.as_bytes()), Some(value.as_bytes()), Some(AT_MS + number * 60_000), Vec::new()).unwrap();
    }
}

#[test]
fn a_record_of_several_events_is_applied_once_wherever_the_worker_ends() {
    let mut world = World::after(11, arrays);
    let rows = world.run().unwrap();
    let produced = world.produced();
    let is_refused = |record: &&Produced| record.headers.iter().any(|(name, _)| name == "lifetide.record.element");
    assert_eq!(produced.iter().filter(is_refused).count(), RECORDS as usize, "one element of each is about somebody else");
    for steps in [1, 2, 3, 5] {
        let mut world = World::after(11, arrays);
        (0..60).for_each(|life| world.live(steps + life / 10).unwrap());
        assert_eq!(world.run().unwrap(), rows, "lives of {steps} steps and more");
        assert_eq!(world.produced(), produced, "lives of {steps} steps and more");
    }
}

/// What one slot writes about these records of customer `ann`.
fn written(sets: &[&str], values: &[String]) -> Vec<(OutputTopic, Value)> {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let mut history = History::new(&settings::config(&sets), 1, None);
    for value in values {
        let value = Some(value.clone().into_bytes());
        let line = Line { topic: None, key: Some("ann".to_owned()), timestamp_ms: None, offset: None, headers: Vec::new(), value };
        history.add(line).unwrap();
    }
    let mut all = Vec::new();
    history
        .run(|record| all.push((record.topic, record.value.map_or(Value::Null, |value| serde_json::from_slice(&value).unwrap()))))
        .unwrap();
    all
}

fn call(at: &str, event: &str, properties: &str) -> String {
    format!(
        r#"{{"type":"track","event":"{event}","userId":"ann","timestamp":"2026-01-{at}Z","context":{{"traits":{{"email":"ann@example.com"}}}},"properties":{properties}}}"#
    )
}

#[test]
fn records_of_all_events_of_a_record_have_ids_of_their_own_and_the_first_the_ids_it_would_have_alone() {
    let orders: Vec<String> = (1..=3)
        .map(|day| call(&format!("0{day}T00:00:00"), "Order Completed", &format!(r#"{{"order_id":"o-{day}","total":5,"currency":"USD"}}"#)))
        .collect();
    let ids = |values: &[String]| -> Vec<String> {
        let of_events = |value: &Value| value["cause"]["type"] == "event";
        let all = written(&["plays.thank_you.mode=live"], values).into_iter().map(|(_, value)| value).filter(of_events);
        all.map(|value| value["id"].as_str().unwrap().to_owned()).collect()
    };
    let alone = ids(&orders[..1]);
    let together = ids(&[format!("[{}]", orders.join(","))]);
    assert_eq!(together[..alone.len()], alone);
    assert!(together.len() > 2 * alone.len());
    assert_eq!(together.iter().collect::<BTreeSet<_>>().len(), together.len());
}

#[test]
fn time_goes_on_to_the_last_event_of_a_record_and_what_falls_due_between_knows_all_of_them() {
    let cart = call("01T00:00:00", "Product Added", r#"{"product_id":"mug","price":5,"currency":"USD"}"#);
    let page = call("01T05:00:00", "Product Viewed", r#"{"product_id":"hat"}"#);
    let order = call("01T05:00:00", "Order Completed", r#"{"order_id":"o","total":5,"currency":"USD"}"#);
    let mails = |last: &String| {
        let all = written(&["consent.require=none"], &[format!("[{cart},{last}]")]);
        all.into_iter()
            .filter(|(topic, value)| *topic == OutputTopic::Actions && value["kind"] == "send")
            .map(|(_, value)| value["due_at"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(mails(&page), ["2026-01-01T01:00:00.000Z"], "nothing else moves time here");
    assert_eq!(mails(&order), [] as [Value; 0], "the order came with the cart");
}

#[test]
fn plays_that_an_event_begins_tell_the_events_of_one_record_apart() {
    let delivered = call("01T00:00:00", "Order Delivered", r#"{"order_id":"a"}"#);
    let page = call("01T00:00:00", "Product Viewed", r#"{"product_id":"hat"}"#);
    let end = call("28T00:00:00", "Product Viewed", r#"{"product_id":"hat"}"#);
    let sets = ["consent.require=none", "plays.review_request.mode=live"];
    let instances = |values: &[String]| -> Vec<Value> {
        let all = written(&sets, values);
        all.into_iter().filter(|(topic, _)| *topic == OutputTopic::Actions).map(|(_, value)| value["instance"].clone()).collect()
    };
    // a later record moves time to where the mail is due
    let first = instances(&[format!("[{}]", delivered), end.clone()]);
    assert_eq!(first, ["shop.purchases/0/0"]);
    let second = instances(&[format!("[{},{}]", page, delivered), end]);
    assert_eq!(second, ["shop.purchases/0/0#1"]);
}
