//! `fit --live`: the state of a group that has read some events gives the fit of those events from a file.

use std::time::Duration;

use lifetide::cli::shop::{ShopRecord, ShopTopic};
use serde_json::{Value, json};

use crate::commands::{Outcome, SOON, finish, wait_for};
use crate::trial::Trial;

const LONGEST: Duration = Duration::from_secs(120);
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// 2026-01-01.
const START_MS: i64 = 1_767_225_600_000;
const CUSTOMERS: i64 = 400;

/// Orders of two currencies over three hundred days, up to forty for one customer, some on one day and some refunded, in order of time; the last is an
/// order, for up to then a file reaches.
fn records() -> Vec<ShopRecord> {
    let mut events = Vec::new();
    for c in 0..CUSTOMERS {
        let orders = if c % 40 == 0 { 40 } else { (c * 7 + c / 11) % 6 };
        for i in 0..=orders {
            let gap_days = if orders > 20 { 6 } else { 9 + c % 31 };
            // every ninth order is of the day of the one before
            let day = c % 40 + (i - i64::from(i % 9 == 8)) * gap_days;
            let at_ms = START_MS + day * DAY_MS + (c + 5 * i) % 24 * HOUR_MS + c * 1_000;
            let is_euro = (c % 5 == 0) != (c % 7 == 0 && i == 1);
            let order =
                json!({ "order_id": format!("{c}-{i}"), "total": 20 + c % 17 + 3 * i, "currency": if is_euro { "EUR" } else { "USD" } });
            if day > 290 {
                continue;
            }
            if c % 13 == 0 && i == 2 {
                events.push((at_ms + 2 * DAY_MS, c, "Order Refunded", order.clone()));
            }
            if c % 13 == 1 && i == 1 {
                let part =
                    json!({ "order_id": order["order_id"], "refund_id": format!("r{c}"), "total": 4, "currency": order["currency"] });
                events.push((at_ms + 3 * DAY_MS, c, "Order Refunded", part));
            }
            events.push((at_ms, c, "Order Completed", order));
        }
    }
    events.push((START_MS + 300 * DAY_MS, 3, "Order Completed", json!({ "order_id": "last", "total": 9, "currency": "USD" })));
    events.sort_by_key(|(at_ms, c, ..)| (*at_ms, *c));
    let record = |(number, (at_ms, c, event, properties)): (usize, (i64, i64, &str, Value))| {
        let timestamp = jiff::Timestamp::from_millisecond(at_ms).unwrap().to_string();
        let key = format!("c{c}");
        let value = json!({
            "type": "track", "event": event, "messageId": format!("m{number}"), "userId": key, "timestamp": timestamp, "properties": properties,
        });
        ShopRecord { topic: ShopTopic::Purchases, key: Some(key), timestamp_ms: at_ms, value: value.to_string().into_bytes() }
    };
    events.into_iter().enumerate().map(record).collect()
}

/// The lines of the models, numbers as printed.
fn models(outcome: &Outcome) -> Vec<&str> {
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    outcome.stdout.lines().filter(|line| line.contains("  p ") || line.contains("  r ")).collect()
}

#[test]
fn the_fit_of_the_live_state_is_that_of_the_same_events_from_a_file() {
    let trial = Trial::new("fit-live", &["kafka.static_membership=false", "workers=1"]);
    trial.create_topics();
    trial.load_records(records().into_iter());
    let mut process = trial.start("a", 0);
    wait_for("all events to be read", LONGEST, || (trial.lag() == 0).then_some(()));
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    let input = trial.folder.join("input.jsonl").into_os_string().into_string().unwrap();
    let file = |name: &str| trial.folder.join(name).into_os_string().into_string().unwrap();
    let cuts = |name: &str| std::fs::read_to_string(file(name)).unwrap().parse::<toml::Table>().unwrap()["rfm"].clone();
    for currency in ["USD", "EUR"] {
        let fit = |from: &str, output: &str| {
            finish(&mut trial.command(&["fit", from, "--model", "all", "--currency", currency, "--output", &file(output)]), LONGEST)
        };
        let (live, read) = (fit("--live", "live.toml"), fit(&input, "read.toml"));
        assert_eq!(models(&live), models(&read), "{currency}\n{}\n{}", live.stdout, read.stdout);
        assert_eq!(models(&live).len(), 6, "{}", live.stdout);
        assert_eq!(cuts("live.toml"), cuts("read.toml"), "{currency}");
        assert!(live.stdout.starts_with(&format!("state of the group {}: 400 customers, ", trial.name)), "{}", live.stdout);
    }
}
