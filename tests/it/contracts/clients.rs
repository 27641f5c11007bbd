//! The programs of `docs/clients`, run as a reader would: each acts once on each action, and knows the latest value of each customer.
//!
//! The topics hold the records of `docs/examples`, one of them twice, others in a transaction that was aborted, and a tombstone. Python's
//! packages are fetched once and stay beside the build output; Java runs with the broker's jars. The one that reads Avro is run in `commands::registry`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::OnceLock;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;

use super::{examples, path, text};
use crate::broker::{self, jars};
use crate::python::{self, run};

const REQUIREMENTS: &str = "docs/clients/requirements.txt";
const PARTITIONS: i32 = 2;
const WAIT: Duration = Duration::from_secs(30);

/// A Python with the packages the programs ask for; for all tests, made once.
pub fn python() -> PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| python::with("python-clients", REQUIREMENTS)).clone()
}

fn producer(prefix: &str) -> BaseProducer {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", broker::bootstrap())
        .set("transactional.id", prefix)
        .set("partitioner", "murmur2_random")
        .create()
        .unwrap();
    producer.init_transactions(WAIT).unwrap();
    producer
}

fn send(producer: &BaseProducer, topic: &str, key: &str, value: Option<&str>) {
    let record = BaseRecord::<str, str>::to(topic).key(key);
    let record = if let Some(value) = value { record.payload(value) } else { record };
    producer.send(record).map_err(|(why, _)| why).unwrap();
}

/// Topics with the examples and with what a careless reader would stumble over; what a careful one says, in order.
fn filled(prefix: &str) -> Vec<String> {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", broker::bootstrap()).create().unwrap();
    let names = ["actions", "clv"].map(|name| format!("{prefix}{name}"));
    let topics: Vec<NewTopic<'_>> =
        names.iter().map(|name| NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(1)).set("retention.ms", "-1")).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let created = runtime.block_on(admin.create_topics(&topics, &AdminOptions::new())).unwrap();
    assert!(created.iter().all(Result::is_ok), "{created:?}");
    let (actions, clv) = (examples("actions"), examples("clv"));
    let producer = producer(prefix);

    producer.begin_transaction().unwrap();
    for (key, value) in &actions {
        send(&producer, &names[0], key, Some(&value.to_string().replace("\"id\":\"", "\"id\":\"aborted-")));
    }
    send(&producer, &names[1], "aborted", Some(&clv[0].1.to_string()));
    producer.flush(WAIT).unwrap();
    producer.abort_transaction(WAIT).unwrap();

    producer.begin_transaction().unwrap();
    for (topic, records) in [(&names[0], &actions), (&names[1], &clv)] {
        records.iter().for_each(|(key, value)| send(&producer, topic, key, Some(&value.to_string())));
    }
    let (key, value) = &actions[0];
    send(&producer, &names[0], key, Some(&value.to_string()));
    send(&producer, &names[1], "gone", Some(&clv[0].1.to_string()));
    send(&producer, &names[1], "gone", None);
    producer.flush(WAIT).unwrap();
    producer.commit_transaction(WAIT).unwrap();

    let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
    let said: BTreeMap<String, &Value> = clv.iter().map(|(key, value)| (key.clone(), &value["total"])).collect();
    let mut lines: Vec<String> = actions
        .iter()
        .map(|(key, value)| format!("action {} {} {key}", text(&value["id"]), text(&value["kind"])))
        .chain(said.iter().map(|(key, total)| format!("clv {key} {} {}", total["minor"], text(&total["currency"]))))
        .collect();
    lines.sort();
    assert!(lines.len() >= 5, "{lines:?}");
    lines
}

fn sorted(said: &str) -> Vec<String> {
    let mut lines: Vec<String> = said.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn each_program_acts_once_on_each_action_and_knows_the_latest_values() {
    let prefix = format!("clients-{}.", process::id());
    let expected = filled(&prefix);
    let arguments = [broker::bootstrap(), &prefix];
    let of_python = run(Command::new(python()).arg(path("docs/clients/consume.py")).args(arguments), "python3-venv");
    assert_eq!(sorted(&of_python), expected, "consume.py");
    let of_kcat = run(Command::new("sh").arg(path("docs/clients/consume.sh")).args(arguments), "kcat jq");
    assert_eq!(sorted(&of_kcat), expected, "consume.sh");
    let jars = jars::kafka_home().unwrap().join("libs/*");
    let mut java = Command::new("java");
    java.arg("-cp").arg(jars).arg(path("docs/clients/Consume.java")).args(arguments);
    let of_java = run(&mut java, "openjdk-17-jdk-headless");
    assert_eq!(sorted(&of_java), expected, "Consume.java");
}

#[test]
fn a_lake_of_records_is_asked_in_sql() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lake-{}", process::id()));
    fs::create_dir_all(folder.join("lake")).unwrap();
    for topic in ["clv", "actions"] {
        let records = text(&format!("docs/examples/lifetide.{topic}.jsonl"));
        // as a sink that begins anew does
        fs::write(folder.join(format!("lake/lifetide.{topic}.jsonl")), format!("{records}{records}")).unwrap();
    }
    let said = run(
        Command::new(python()).arg(path("docs/clients/lake.py")).arg(path("docs/clients/lake.sql")).current_dir(&folder),
        "python3-venv",
    );
    let mut expected: BTreeMap<String, (usize, i64)> = BTreeMap::new();
    let latest: BTreeMap<String, Value> = examples("clv").into_iter().collect();
    for record in latest.values() {
        let sum = expected.entry(record["total"]["currency"].as_str().unwrap().to_owned()).or_default();
        *sum = (sum.0 + 1, sum.1 + record["total"]["minor"].as_i64().unwrap());
    }
    let expected: Vec<String> = expected.iter().map(|(currency, (count, minor))| format!("{currency} {count} {minor}")).collect();
    let plays: BTreeMap<String, usize> = examples("actions").iter().fold(BTreeMap::new(), |mut counts, (_, record)| {
        let words = ["play", "kind", "reason"].map(|field| record[field].as_str().unwrap());
        *counts.entry(words.join(" ")).or_default() += 1;
        counts
    });
    let plays = plays.iter().map(|(play, count)| format!("{play} {count}"));
    assert_eq!(said.lines().collect::<Vec<_>>(), expected.into_iter().chain(plays).collect::<Vec<_>>());
    fs::remove_dir_all(&folder).unwrap();
}
