//! `dlq list|show|replay` on a real broker: what was refused is found, shown, and sent again byte for byte, once: across runs, across a
//! run that died half-way, and never into topics that have changed.

use std::time::Duration;

use lifetide::cli::rules;
use lifetide::kafka::{FeedRecord, Feeder};
use lifetide::worker::partition_of;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions};
use rdkafka::client::DefaultClientContext;
use rdkafka::message::{Header, Headers, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message};
use serde_json::Value;

use super::{Outcome, SOON, finish};
use crate::broker;
use crate::trial::{SLOTS, Trial};

const RECORD_MS: i64 = 1_767_268_800_123;
const WAIT: Duration = Duration::from_secs(10);

/// A record as it lies in an input topic.
#[derive(Debug, Clone, PartialEq)]
struct Sent {
    partition: i32,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    timestamp_ms: Option<i64>,
    headers: Vec<(String, Vec<u8>)>,
}

fn bad(key: Option<&[u8]>, value: Option<&[u8]>) -> Sent {
    Sent {
        partition: key.map_or(1, |key| partition_of(key, SLOTS) as i32),
        key: key.map(<[u8]>::to_vec),
        value: value.map(<[u8]>::to_vec),
        timestamp_ms: Some(RECORD_MS),
        headers: vec![("trace".to_owned(), b"\xff\0\x01".to_vec()), ("empty".to_owned(), vec![]), ("trace".to_owned(), b"again".to_vec())],
    }
}

fn bad_records() -> Vec<(Sent, &'static str)> {
    let negative =
        br#"{"type":"track","event":"Order Completed","userId":"ann","properties":{"order_id":"o","total":-5,"currency":"USD"}}"#;
    let identify = br#"{"type":"identify","userId":"ann"}"#;
    vec![
        (bad(Some(b"ann"), Some(negative)), "negative_amount"),
        (bad(Some(b"ann"), Some(b"{\"userId\":\"\xff\xfe\0\"}")), "invalid_json"),
        (bad(Some(b"\xff\xfe\0"), Some(identify)), "invalid_key"),
        (bad(None, Some(identify)), "missing_key"),
        (bad(Some(b"bob"), None), "empty_value"),
        (bad(Some(b"bob"), Some(b"\x1b[2J")), "invalid_json"),
        (bad(Some(b"cid"), Some(b"[")), "invalid_json"),
    ]
}

fn purchases(trial: &Trial) -> String {
    format!("{}.purchases", trial.name)
}

fn send(trial: &Trial, records: &[(Sent, &'static str)]) {
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", broker::bootstrap()).set("enable.idempotence", "true").create().unwrap();
    let topic = purchases(trial);
    for (sent, _) in records {
        let headers = sent.headers.iter().fold(OwnedHeaders::new(), |list, (key, value)| list.insert(Header { key, value: Some(value) }));
        let mut record = BaseRecord::<[u8], [u8]>::to(&topic).partition(sent.partition).timestamp(RECORD_MS).headers(headers);
        record.key = sent.key.as_deref();
        record.payload = sent.value.as_deref();
        producer.send(record).map_err(|(why, _)| why).unwrap();
    }
    producer.flush(WAIT).unwrap();
}

/// What is committed in the purchases, by partition and in order.
fn committed(trial: &Trial) -> Vec<Sent> {
    let found = trial.records(&[purchases(trial)], "read_committed");
    let mut found: Vec<Sent> = found
        .iter()
        .map(|record| Sent {
            partition: record.partition(),
            key: record.key().map(<[u8]>::to_vec),
            value: record.payload().map(<[u8]>::to_vec),
            timestamp_ms: record.timestamp().to_millis(),
            headers: record
                .headers()
                .into_iter()
                .flat_map(|list| list.iter())
                .map(|h| (h.key.to_owned(), h.value.unwrap_or_default().to_vec()))
                .collect(),
        })
        .collect();
    found.sort_by_key(|sent| sent.partition);
    found
}

fn copies(trial: &Trial, record: &Sent) -> usize {
    committed(trial).iter().filter(|sent| *sent == record).count()
}

fn dlq(trial: &Trial, arguments: &[&str]) -> Outcome {
    let mut all = vec!["dlq"];
    all.extend(arguments);
    finish(&mut trial.command(&all), SOON)
}

fn lines(outcome: &Outcome) -> Vec<Value> {
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A trial whose bad records have become dead letters, its process gone; the id of each.
fn refused(name: &str) -> (Trial, Vec<(Sent, &'static str)>, Vec<String>) {
    let trial = Trial::new(name, &[]);
    trial.create_topics();
    let bad = bad_records();
    send(&trial, &bad);
    let mut process = trial.start("a", 0);
    super::wait_for("everything to be read", SOON, || (trial.lag() == 0).then_some(()));
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    let mut next = [0; SLOTS as usize];
    let ids = bad.iter().map(|(sent, _)| {
        let offset = &mut next[sent.partition as usize];
        *offset += 1;
        format!("{}/{}/{}", purchases(&trial), sent.partition, *offset - 1)
    });
    let ids = ids.collect();
    (trial, bad, ids)
}

#[test]
fn dead_letters_are_listed_by_what_they_are_and_shown_whole() {
    let (trial, bad, ids) = refused("dlq-list");
    let all = lines(&dlq(&trial, &["list", "-o", "json"]));
    assert_eq!(all.len(), bad.len());
    for ((sent, reason), id) in bad.iter().zip(&ids) {
        let line = all.iter().find(|line| line["id"] == id.as_str()).unwrap_or_else(|| panic!("no {id} in {all:?}"));
        assert_eq!(line["reason"], *reason, "{id}");
        assert_eq!(line["record_time"], "2026-01-01T12:00:00.123Z");
        assert_eq!(line["value_bytes"].as_u64().map(|bytes| bytes as usize), sent.value.as_ref().map(Vec::len));
        let shown = trial.command(&["dlq", "show", id, "--raw"]).output().unwrap();
        assert_eq!((shown.status.code(), &shown.stdout), (Some(0), &sent.value.clone().unwrap_or_default()), "{id}");
    }
    let whole = &lines(&dlq(&trial, &["show", &ids[2], "-o", "json"]))[0];
    assert_eq!((&whole["key_hex"], &whole["value"]), (&"fffe00".into(), &r#"{"type":"identify","userId":"ann"}"#.into()));
    assert_eq!((&whole["headers"][0]["value_hex"], &whole["headers"][2]["value"]), (&"ff0001".into(), &"again".into()));
    let text = dlq(&trial, &["show", &ids[5]]);
    assert!(text.stdout.ends_with("\n\n\\u{1b}[2J\n"), "a terminal must not obey a record: {:?}", text.stdout);

    let count = |arguments: &[&str]| lines(&dlq(&trial, &[&["list", "-o", "json"], arguments].concat())).len();
    assert_eq!(count(&["--reason", "invalid_json"]), 3);
    assert_eq!(count(&["--reason", "invalid_json", "--limit", "2"]), 2);
    assert_eq!(count(&["--topic", "elsewhere"]), 0);
    assert_eq!((count(&["--until", "2026-01-01T00:00:00Z"]), count(&["--since", "2026-01-01T00:00:00Z"])), (0, bad.len()));
    let unknown = dlq(&trial, &["show", "nowhere/0/1"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("no dead letter nowhere/0/1"), "{}", unknown.stderr);
}

#[test]
fn a_record_is_sent_again_as_it_was_and_once() {
    let (trial, bad, ids) = refused("dlq-once");
    let tried = lines(&dlq(&trial, &["replay", &ids[0], "--dry-run", "-o", "json"]));
    assert_eq!((tried.len(), &tried[0]["outcome"]), (1, &"chosen".into()));
    assert_eq!(committed(&trial).len(), bad.len(), "a dry run sends nothing");

    for (nth, id) in ids.iter().enumerate().take(5) {
        let before = copies(&trial, &bad[nth].0);
        for expected in ["sent", "already_sent"] {
            let told = lines(&dlq(&trial, &["replay", id, "-o", "json"]));
            assert_eq!((&told[0]["id"], &told[0]["outcome"]), (&id.as_str().into(), &expected.into()));
            assert_eq!(copies(&trial, &bad[nth].0), before + 1, "{id}: {expected}");
        }
    }
    let told = lines(&dlq(&trial, &["replay", "--all", "--reason", "invalid_json", "--limit", "1", "-o", "json"]));
    assert_eq!(told.len(), 1);
    let told = lines(&dlq(&trial, &["replay", "--all", "--reason", "invalid_json", "-o", "json"]));
    assert_eq!(told.len(), 1, "one was sent by its id, one by the run before: {told:?}");
    let told = lines(&dlq(&trial, &["replay", "--all", "--reason", "invalid_json", "-o", "json"]));
    assert_eq!(told, Vec::<Value>::new());
    assert_eq!(committed(&trial).len(), 2 * bad.len());

    let listed = lines(&dlq(&trial, &["list", "-o", "json"]));
    assert_eq!(listed.len(), bad.len(), "marks are no letters");
    assert!(listed.iter().all(|line| line["replayed_at"].is_string()), "{listed:?}");

    // refused again, they are new letters of new places
    let mut process = trial.start("a", 1);
    super::wait_for("everything to be read again", SOON, || (trial.lag() == 0).then_some(()));
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    assert_eq!(lines(&dlq(&trial, &["list", "-o", "json"])).len(), 2 * bad.len());
}

#[test]
fn a_run_that_died_half_way_neither_sends_twice_nor_keeps_the_next_from_sending() {
    let (trial, bad, ids) = refused("dlq-crash");
    let settings = rules::kafka_settings(&trial.config(&[]));
    let record = &bad[0].0;
    // the first run has sent everything and not yet committed: it died, or it only sleeps
    let first = Feeder::open(&settings, "dlq-replay").unwrap();
    first.begin().unwrap();
    let headers: Vec<(&str, &[u8])> = record.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    first
        .send(&FeedRecord {
            topic: &purchases(&trial),
            partition: record.partition as u32,
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            timestamp_ms: record.timestamp_ms,
            headers: &headers,
        })
        .unwrap();
    first
        .send(&FeedRecord {
            topic: &settings.output.dead_letters,
            partition: 0,
            key: None,
            value: None,
            timestamp_ms: None,
            headers: &[("lifetide.replayed", ids[0].as_bytes())],
        })
        .unwrap();

    let told = lines(&dlq(&trial, &["replay", &ids[0], "-o", "json"]));
    assert_eq!(told[0]["outcome"], "sent");
    let late = first.commit();
    assert!(late.is_err(), "the first run is locked out: {late:?}");
    assert_eq!(copies(&trial, record), 2, "the first, and the one sent again");
    let told = lines(&dlq(&trial, &["replay", &ids[0], "-o", "json"]));
    assert_eq!(told[0]["outcome"], "already_sent");
}

#[test]
fn records_of_topics_that_have_changed_are_refused() {
    let (trial, bad, ids) = refused("dlq-moved");
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", broker::bootstrap()).create().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let grow = |topics: &[&str]| {
        let names: Vec<String> = topics.iter().map(|topic| format!("{}.{topic}", trial.name)).collect();
        let new: Vec<NewPartitions<'_>> = names.iter().map(|name| NewPartitions::new(name, 6)).collect();
        let done = runtime.block_on(admin.create_partitions(&new, &AdminOptions::new())).unwrap();
        assert!(done.iter().all(Result::is_ok), "{done:?}");
    };
    let refusal = |needle: &str| {
        // brokers tell of new partitions a moment after they have agreed to them
        super::wait_for(needle, SOON, || {
            let outcome = dlq(&trial, &["replay", &ids[0], "--dry-run"]);
            let words = format!("{}{}", outcome.stdout, outcome.stderr);
            (outcome.code == Some(1) && words.contains(needle)).then_some(())
        });
        assert_eq!(dlq(&trial, &["replay", &ids[0]]).code, Some(1));
    };
    grow(&["purchases"]);
    refusal("differ in their number of partitions");
    grow(&["emails", "carts", "out.changelog", "out.relay"]);
    refusal("has 6 partitions, and had 4");
    assert_eq!(committed(&trial).len(), bad.len(), "nothing was sent");
}
