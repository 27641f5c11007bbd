//! Bad records through a real broker: each becomes a dead letter, byte for byte, with the reason in its headers; the good ones among
//! them come through.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lifetide::worker::partition_of;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

use super::{SOON, topics};
use crate::broker;
use crate::trial::{SLOTS, Trial};

const RECORD_BYTES_MAX: &str = "16777216";
/// What the issue asks for: a record of 10 MB.
const LARGE_BYTES: usize = 10_000_000;

struct Bad {
    key: Option<&'static str>,
    value: Option<Vec<u8>>,
    reason: &'static str,
    stage: &'static str,
}

fn bad(key: Option<&'static str>, value: impl Into<Vec<u8>>, reason: &'static str, stage: &'static str) -> Bad {
    Bad { key, value: Some(value.into()), reason, stage }
}

fn order(order_id: &str, properties: &str, timestamp: &str) -> String {
    format!(
        r#"{{"type":"track","event":"Order Completed","messageId":"{order_id}","userId":"ann","timestamp":"{timestamp}","properties":{{"order_id":"{order_id}",{properties}}}}}"#
    )
}

fn bad_records() -> Vec<Bad> {
    let noon = "2026-01-01T12:00:00Z";
    let large = order("large", &format!(r#""total":5,"currency":"USD","note":"{}""#, "x".repeat(LARGE_BYTES)), noon);
    let ann = Some("ann");
    let identify = r#"{"type":"identify","userId":"ann","timestamp":"2026-01-01T12:00:00Z"}"#;
    let of = |properties: &str, reason, stage| bad(ann, order("o", properties, noon), reason, stage);
    vec![
        bad(ann, &b"{\"type\":\"track\",\"event\":\"Order Comp"[..], "invalid_json", "decode"),
        bad(ann, &b"{\"userId\":\"\xff\xfe\0\"}"[..], "invalid_json", "decode"),
        bad(None, identify, "missing_key", "decode"),
        bad(Some("bob"), identify, "key_mismatch", "validate"),
        bad(ann, large, "oversize", "validate"),
        of(r#""total":[],"currency":"USD""#, "wrong_type", "decode"),
        of(r#""total":"NaN","currency":"USD""#, "invalid_amount", "validate"),
        of(r#""total":-5,"currency":"USD""#, "negative_amount", "validate"),
        of(r#""total":5,"currency":"XYZ""#, "unknown_currency", "validate"),
        bad(ann, order("o", r#""total":5,"currency":"USD""#, "9999-12-31T00:00:00Z"), "time_out_of_range", "validate"),
        Bad { key: ann, value: None, reason: "empty_value", stage: "decode" },
    ]
}

/// Sends each to its partition and returns where it landed in it.
fn send(trial: &Trial, records: &[(Option<&str>, Option<&[u8]>)]) -> Vec<(u32, i64)> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", broker::bootstrap())
        .set("enable.idempotence", "true")
        .set("message.max.bytes", RECORD_BYTES_MAX)
        .create()
        .unwrap();
    let topic = format!("{}.purchases", trial.name);
    let mut next = BTreeMap::<u32, i64>::new();
    let places = records.iter().map(|(key, value)| {
        let partition = key.map_or(0, |key| partition_of(key.as_bytes(), SLOTS));
        let headers = OwnedHeaders::new().insert(Header { key: "traceparent", value: Some("00-trace-span-01") });
        let mut record = BaseRecord::<str, [u8]>::to(&topic).partition(partition as i32).timestamp(1_767_268_800_000).headers(headers);
        record.key = *key;
        record.payload = *value;
        producer.send(record).map_err(|(why, _)| why).unwrap();
        let offset = next.entry(partition).or_default();
        *offset += 1;
        (partition, *offset - 1)
    });
    let places = places.collect();
    producer.flush(Duration::from_secs(60)).unwrap();
    places
}

struct Letter {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: BTreeMap<String, String>,
}

/// All dead letters, by the partition and offset they name; waits for so many.
fn letters(trial: &Trial, count: usize) -> BTreeMap<(u32, i64), Letter> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker::bootstrap())
        .set("group.id", format!("{}-reader", trial.name))
        .set("isolation.level", "read_committed")
        .create()
        .unwrap();
    let mut partitions = TopicPartitionList::new();
    for slot in 0..SLOTS {
        let topic = format!("{}.out.dlq", trial.name);
        partitions.add_partition_offset(&topic, slot as i32, Offset::Beginning).unwrap();
    }
    consumer.assign(&partitions).unwrap();
    let (mut letters, deadline) = (BTreeMap::new(), Instant::now() + SOON);
    while letters.len() < count {
        assert!(Instant::now() < deadline, "{} dead letters", letters.len());
        let Some(message) = consumer.poll(Duration::from_millis(100)) else {
            continue;
        };
        let message = message.unwrap();
        let headers: BTreeMap<String, String> = message
            .headers()
            .unwrap()
            .iter()
            .map(|header| {
                let value = header.value.unwrap_or_default().to_vec();
                (header.key.to_owned(), String::from_utf8(value).unwrap())
            })
            .collect();
        let place = (headers["__streams.errors.partition"].parse().unwrap(), headers["__streams.errors.offset"].parse().unwrap());
        let letter = Letter { key: message.key().map(<[u8]>::to_vec), value: message.payload().map(<[u8]>::to_vec), headers };
        assert!(letters.insert(place, letter).is_none(), "{place:?} twice");
    }
    letters
}

#[test]
fn bad_records_become_dead_letters_untouched_and_cost_nothing_but_themselves() {
    let trial = Trial::new("letters", &[]);
    topics::create(&trial, "purchases", SLOTS as i32, &[("max.message.bytes", RECORD_BYTES_MAX)]);
    trial.create_topics();
    let (bad, good) = (bad_records(), order("good", r#""total":"57.20","currency":"USD""#, "2026-01-01T12:00:00Z"));
    let mut records: Vec<(Option<&str>, Option<&[u8]>)> = bad.iter().map(|bad| (bad.key, bad.value.as_deref())).collect();
    records.push((Some("ann"), Some(good.as_bytes())));
    let places = send(&trial, &records);

    let mut process = trial.start("a", 0);
    let letters = letters(&trial, bad.len());
    for (bad, place) in bad.iter().zip(&places) {
        let letter = &letters[place];
        let reason = bad.reason;
        assert!(letter.value == bad.value, "{reason}: the value changed");
        assert_eq!(letter.key.as_deref(), bad.key.map(str::as_bytes), "{reason}");
        for (name, value) in [
            ("__streams.errors.exception", reason),
            ("__streams.errors.topic", &format!("{}.purchases", trial.name)),
            ("lifetide.error.stage", bad.stage),
            ("traceparent", "00-trace-span-01"),
        ] {
            assert_eq!(letter.headers[name], value, "{reason}: {name}");
        }
        assert!(!letter.headers["__streams.errors.message"].is_empty(), "{reason}");
        assert!(!letter.headers.contains_key("lifetide.truncated_bytes"), "{reason}");
    }
    super::wait_for("everything to be committed", SOON, || (trial.lag() == 0).then_some(()));
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    let written = trial.written();
    assert_eq!(written["clv"].len(), 1, "{:?}", written["clv"].keys());
    let clv = &written["clv"]["ann"];
    assert_eq!(clv.len(), 1, "{clv:?}");
    assert_eq!(clv[0]["historic"][0]["gross"]["minor"], 5720, "{clv:?}");
}
