//! `deliver` on the real broker: each action once at most, whatever happens; called off, expired and foreign ones never; over HTTP here, by
//! mail in `mail`.

mod mail;
pub mod receiver;
mod secured;
mod several;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use lifetide::worker::partition_of;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message};
use serde_json::{Value, json};
use sha2::Sha256;

use super::running::{address, get, total};
use super::{SOON, finish, wait_for};
use crate::broker;
use crate::contracts::{faults, validator};
use crate::trial::{Process, SLOTS, Trial};
use receiver::Receiver;

const SECRET: &[u8] = b"twenty-four bytes, at least";

/// An action of this number; its customer is named by it, too.
pub fn action(number: u32, changes: Value) -> Value {
    let customer = format!("u-{number}");
    let mut action = json!({
        "id": id(number), "kind": "send", "play": "cart_recovery", "play_version": "1", "step": 1, "template": "cart_1", "instance": "i",
        "channel": "email", "arm": "treatment", "due_at": "2026-01-01T00:00:00.000Z", "expires_at": "2199-01-01T00:00:00.000Z",
        "reason": "cart_idle", "cancels": null, "customer_id": customer, "email": format!("{customer}@example.com"), "first_name": null,
        "locale": null, "time_zone": null, "consent": null, "cart": null, "stage": null, "value_band": null, "segment": null, "affinity": [],
        "offer": null, "event_time": "2026-01-01T00:00:00.000Z", "cause": {},
    });
    for (name, value) in changes.as_object().unwrap() {
        action[name] = value.clone();
    }
    action
}

fn id(number: u32) -> String {
    format!("{number:032x}")
}

fn cancel(number: u32) -> Value {
    action(number, json!({ "id": id(number + 1_000_000), "kind": "cancel", "cancels": id(number) }))
}

fn expired(number: u32) -> Value {
    action(number, json!({ "expires_at": "2026-01-01T00:00:00.000Z" }))
}

pub fn write(trial: &Trial, actions: &[Value]) {
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", broker::bootstrap()).create().unwrap();
    let topic = format!("{}.out.actions", trial.name);
    for action in actions {
        let (key, value) = (action["customer_id"].as_str().unwrap(), action.to_string());
        // by their numbers, so that one's context is not another's
        let parent = format!("00-{}-00f067aa0ba902b7-01", action["id"].as_str().unwrap());
        let headers = OwnedHeaders::new().insert(Header { key: "traceparent", value: Some(&parent) });
        let headers = headers.insert(Header { key: "tracestate", value: Some("shop=1") });
        let record = BaseRecord::to(&topic).key(key).payload(&value).headers(headers).partition(partition_of(key.as_bytes(), SLOTS) as i32);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(20)).unwrap();
}

fn trial(name: &str, sets: &[String]) -> Trial {
    let sets: Vec<&str> = sets.iter().map(String::as_str).chain(["kafka.static_membership=false"]).collect();
    let trial = Trial::new(name, &sets);
    trial.create_topics();
    trial
}

pub fn webhook(name: &str, receiver: &Receiver) -> Trial {
    let secret = format!("deliver.webhook.secret=\"whsec_{}\"", STANDARD.encode(SECRET));
    let url = format!("deliver.webhook.url=\"{}/hooks\"", receiver.address());
    trial(name, &[secret, url])
}

pub fn start(trial: &Trial, via: &str, life: usize) -> Process {
    let log = trial.folder.join(format!("deliver-{life}.log"));
    let file = File::create(&log).unwrap();
    let mut command = trial.command(&["deliver", "--via", via, "--create-topic", "--set", "log.level=\"debug\""]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::from(file)).spawn().unwrap();
    Process { child, log }
}

/// Actions of the group that delivers that it has not committed yet.
fn lag(trial: &Trial) -> i64 {
    let (group, topic) = (format!("{}.deliver", trial.name), format!("{}.out.actions", trial.name));
    let watch = crate::trial::Watch::new(broker::bootstrap(), &group, vec![topic]);
    watch.look().map_or(i64::MAX, |stands| stands.iter().map(|stand| stand.lag).sum())
}

/// What it says of itself: how many actions came to what, all of the one play.
fn delivered(process: &mut Process) -> BTreeMap<String, u64> {
    let address = address(process);
    assert_eq!((get(&address, "/livez").0, get(&address, "/readyz").0), (200, 200));
    let metrics = wait_for("nothing to be left", SOON, || {
        let (_, metrics) = get(&address, "/metrics");
        let lags: Vec<&str> = metrics.lines().filter(|line| line.starts_with("lifetide_deliveries_lag_records{")).collect();
        (lags.len() == SLOTS as usize && lags.iter().all(|line| line.ends_with(" 0"))).then_some(metrics)
    });
    let counts = metrics.lines().filter_map(|line| {
        let (outcome, rest) = line.strip_prefix("lifetide_deliveries_total{outcome=\"")?.split_once('"')?;
        let count = rest.strip_prefix(",play=\"cart_recovery\"} ")?.parse().unwrap();
        Some((outcome.to_owned(), count))
    });
    let counts: BTreeMap<String, u64> = counts.filter(|(_, count)| *count > 0).collect();
    let attempts: u64 = ["sent", "put_off", "failed"].iter().filter_map(|outcome| counts.get(*outcome)).sum();
    assert_eq!(total(&metrics, "lifetide_delivery_duration_seconds_count") as u64, attempts);
    counts
}

fn counts(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    counts.iter().map(|(outcome, count)| ((*outcome).to_owned(), *count)).collect()
}

fn wait_until_done(trial: &Trial, process: &Process) {
    let mut last = 0;
    let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        wait_for("every action to be dealt with", SOON, || {
            last = lag(trial);
            (last == 0).then_some(())
        });
    }));
    assert!(looked.is_ok(), "{last} left\n{}", process.log_tail());
}

#[test]
fn each_action_is_sent_once_and_signed_and_what_is_called_off_or_expired_is_not() {
    let receiver = Receiver::start(|_, _| Some(200));
    let trial = webhook("deliver", &receiver);
    let shadow = action(4, json!({ "kind": "suppressed", "reason": "shadow" }));
    write(&trial, &[action(1, json!({})), action(2, json!({})), cancel(2), expired(3), shadow, action(5, json!({})), action(5, json!({}))]);
    let mut process = start(&trial, "webhook", 0);
    wait_until_done(&trial, &process);
    assert_eq!(receiver.ids(), [id(1), id(5)]);
    for request in receiver.requests() {
        let signed = format!("{}.{}.{}", request.header("webhook-id"), request.header("webhook-timestamp"), request.text());
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
        mac.update(signed.as_bytes());
        assert_eq!(request.header("webhook-signature"), format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
        assert_eq!(request.path, "/hooks");
        let parent = format!("00-{}-00f067aa0ba902b7-01", request.header("webhook-id"));
        assert_eq!((request.header("traceparent"), request.header("tracestate")), (parent.as_str(), "shop=1"));
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["data"]["id"], request.header("webhook-id"));
    }
    let described = validator("deliveries");
    let marks = trial.records(&[format!("{}.out.deliveries", trial.name)], "read_committed");
    let marks: Vec<Value> = marks.iter().map(|mark| serde_json::from_slice(mark.payload().unwrap()).unwrap()).collect();
    marks.iter().for_each(|mark| assert_eq!(faults(&described, mark), [] as [&str; 0], "{mark}"));
    let states: BTreeSet<&str> = marks.iter().map(|mark| mark["state"].as_str().unwrap()).collect();
    assert_eq!(states, BTreeSet::from(["cancelled", "sending", "sent"]));
    let expected = counts(&[("sent", 2), ("cancelled", 1), ("expired", 1), ("done", 1), ("not_a_send", 2)]);
    assert_eq!(delivered(&mut process), expected);
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());

    // they appear again, as after a state was rebuilt, and one that was called off before
    let mut process = start(&trial, "webhook", 1);
    write(&trial, &[action(1, json!({})), action(2, json!({})), action(5, json!({})), action(6, json!({}))]);
    wait_until_done(&trial, &process);
    assert_eq!(receiver.ids(), [id(1), id(5), id(6)]);
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
}

#[test]
fn a_process_killed_while_it_sends_leaves_one_in_doubt_and_nobody_gets_two() {
    // the answer to number 7 never comes
    let receiver = Receiver::start(|id, _| (id != self::id(7)).then_some(200));
    let trial = webhook("deliver-kill", &receiver);
    write(&trial, &[action(1, json!({})), action(7, json!({})), action(2, json!({}))]);
    let mut process = start(&trial, "webhook", 0);
    wait_for("the request that hangs", SOON, || receiver.ids().contains(&id(7)).then_some(()));
    process.kill_9();

    write(&trial, &[action(1, json!({})), action(7, json!({})), action(2, json!({})), action(3, json!({}))]);
    let mut process = start(&trial, "webhook", 1);
    wait_until_done(&trial, &process);
    assert_eq!(receiver.ids(), [id(1), id(2), id(3), id(7)]);
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    let listed = finish(&mut trial.command(&["deliver", "--via", "webhook", "--in-doubt"]), SOON);
    assert_eq!((listed.code, listed.stdout.lines().count()), (Some(0), 1), "{}{}", listed.stdout, listed.stderr);
    assert!(listed.stdout.starts_with(&id(7)) && !listed.stdout.contains("u-7"), "{}", listed.stdout);
    let log = std::fs::read_to_string(&process.log).unwrap();
    assert!(log.contains("in_doubt 1") && !log.contains("example.com"), "{log}");
}

#[test]
fn what_is_refused_for_now_is_tried_again_and_what_is_refused_for_good_is_not() {
    let receiver = Receiver::start(|id, times| match (id, times) {
        (id, 1) if id == self::id(1) => Some(503),
        (id, _) if id == self::id(2) => Some(400),
        (id, _) if id == self::id(3) => Some(429),
        _ => Some(204),
    });
    let mut trial = webhook("deliver-again", &receiver);
    trial.sets.push("deliver.attempts=2".to_owned());
    write(&trial, &[action(1, json!({})), action(2, json!({})), action(3, json!({})), action(4, json!({}))]);
    let mut process = start(&trial, "webhook", 0);
    wait_until_done(&trial, &process);
    assert_eq!(receiver.all_ids(), [id(1), id(1), id(2), id(3), id(3), id(4)]);
    assert_eq!(delivered(&mut process), counts(&[("sent", 2), ("put_off", 2), ("failed", 2)]));
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    let log = std::fs::read_to_string(&process.log).unwrap();
    assert!(log.contains("failed 2") && log.contains("put_off 2") && log.contains("sent 2"), "{log}");
}

#[test]
fn mails_go_no_faster_than_the_rate_allows() {
    const MAILS: u32 = 13;
    const RATE: u32 = 4;
    let receiver = Receiver::start(|_, _| Some(200));
    let mut trial = webhook("deliver-pace", &receiver);
    trial.sets.push(format!("deliver.rate_per_second={RATE}"));
    write(&trial, &(0..MAILS).map(|number| action(number, json!({}))).collect::<Vec<_>>());
    let mut process = start(&trial, "webhook", 0);
    wait_until_done(&trial, &process);
    assert_eq!(receiver.ids().len(), MAILS as usize);
    // the second waits for the first to be answered; from there on a second's worth may go at once, and no more
    let requests = receiver.requests();
    let took = requests.last().unwrap().at - requests[0].at;
    assert!(took >= Duration::from_secs(u64::from((MAILS - 1 - RATE) / RATE)), "{took:?}");
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
}

#[test]
fn a_dry_run_shows_what_would_be_sent_and_sends_nothing() {
    let receiver = Receiver::start(|_, _| Some(200));
    let mut trial = webhook("deliver-dry", &receiver);
    trial.sets.push("deliver.from=\"Shop <shop@example.com>\"".to_owned());
    write(&trial, &[action(1, json!({})), action(2, json!({})), cancel(2), expired(3)]);
    for via in ["webhook", "smtp"] {
        let shown = finish(&mut trial.command(&["deliver", "--via", via, "--dry-run", "-o", "json"]), SOON);
        assert_eq!(shown.code, Some(0), "{}", shown.stderr);
        assert_eq!(shown.json()["id"], id(1));
    }
    assert_eq!(receiver.ids(), [""; 0]);
    let text = finish(&mut trial.command(&["deliver", "--via", "smtp", "--dry-run"]), SOON).stdout;
    assert!(text.contains("to u-1@example.com: You left something in your cart"), "{text}");
}

#[test]
fn what_is_missing_is_named() {
    let trial = Trial::new("deliver-missing", &[]);
    let run = |arguments: &[&str]| finish(trial.command(&["deliver"]).args(arguments), SOON);
    for (arguments, expected) in [
        (&["--via", "smtp"][..], "error: deliver.from is not set"),
        (&["--via", "webhook"], "error: deliver.webhook.url is not set"),
        (&["--via", "smtp", "--set", "deliver.from=\"shop@example.com\""], ".out.actions does not exist"),
        (
            &["--via", "smtp", "--set", "deliver.from=\"shop@example.com\"", "--set", "deliver.templates=\"/nowhere\""],
            "deliver.templates: cannot read",
        ),
    ] {
        let outcome = run(arguments);
        assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
    }
}
