//! Outputs as Avro: `run` registers their schemas first, and every record on the broker is its id and what `replay` says, as the reader of
//! Avro's own project has it and as Confluent's has it, which asks the registry; a registry that refuses one ends the start.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use apache_avro::Schema;
use rdkafka::Message;
use serde_json::{Value, json};

use super::{SOON, finish, wait_for};
use crate::broker;
use crate::contracts::avro::{read, same, schema};
use crate::contracts::{clients, path};
use crate::python::run;
use crate::trial::{Trial, Written};

const TOPICS: [&str; 4] = ["transitions", "clv", "actions", "aggregates"];
const FIRST_ID: u32 = 70_000;
const LOGIN: &str = "ann:s3cret";
/// Base64 of it.
const AUTHORIZATION: &str = "Basic YW5uOnMzY3JldA==";
/// Where a schema is asked for by its id.
const BY_ID: &str = "/api/schemas/ids/";

/// What was registered, by path: credentials, schema and id.
type Asked = Arc<Mutex<BTreeMap<String, (String, Value, u32)>>>;

/// A registry that takes everything, but for subjects of this name.
struct Registry {
    address: SocketAddr,
    asked: Asked,
}

impl Registry {
    fn start(refused: Option<&'static str>) -> Registry {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Asked::default());
        let kept = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let kept = kept.clone();
                std::thread::spawn(move || while answer(stream.as_ref().unwrap(), &kept, refused).is_some() {});
            }
        });
        Registry { address, asked }
    }

    fn sets(&self) -> [String; 2] {
        ["output.format=\"avro\"".to_owned(), format!("output.schema_registry=\"http://{}/api/\"", self.address)]
    }
}

/// One request; `None` when there are no more.
fn answer(mut stream: &TcpStream, asked: &Asked, refused: Option<&str>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut path, mut length, mut login) = (String::new(), 0, String::new());
    for number in 0.. {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        match line.trim_end().split_once(' ') {
            Some(("POST" | "GET", rest)) if number == 0 => path = rest.split(' ').next()?.to_owned(),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length:") => length = value.parse().ok()?,
            Some((name, value)) if name.eq_ignore_ascii_case("authorization:") => login = value.to_owned(),
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut asked = asked.lock().unwrap();
    let (status, said) = if body.is_empty() {
        // readers ask for more than schemas, and live with a registry that knows nothing of it
        let id = path.strip_prefix(BY_ID).and_then(|id| id.split('?').next()?.parse().ok());
        let known = asked.values().find(|(.., known)| Some(*known) == id && login == AUTHORIZATION);
        let unknown = json!({ "error_code": 404, "message": "not found" });
        known.map_or((404, unknown), |(_, schema, _)| (200, json!({ "schema": schema.to_string() })))
    } else {
        let body: Value = serde_json::from_slice(&body).ok()?;
        let is_refused = refused.is_some_and(|name| path.contains(name));
        let id = FIRST_ID + 1 + asked.len() as u32;
        asked.insert(path, (login, serde_json::from_str(body["schema"].as_str()?).ok()?, id));
        match is_refused {
            true => (409, json!({ "error_code": 409, "message": "incompatible with an earlier schema" })),
            false => (200, json!({ "id": id })),
        }
    };
    let said = said.to_string();
    write!(stream, "HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n{said}", said.len()).ok()
}

/// Values by key, in order.
type ByKey = BTreeMap<String, Vec<Value>>;

/// What the program of `docs/clients` reads of topics, by topic.
fn read_by_others(registry: &Registry, topics: &[String]) -> BTreeMap<String, ByKey> {
    let mut program = Command::new(clients::python());
    program.arg(path("docs/clients/consume_avro.py")).args([broker::bootstrap(), &format!("http://{}/api/", registry.address)]);
    let said = run(program.args(topics).env("SCHEMA_REGISTRY_LOGIN", LOGIN), "python3-venv");
    let mut found: BTreeMap<String, ByKey> = BTreeMap::new();
    for line in said.lines() {
        let mut record: Value = serde_json::from_str(line).unwrap();
        let word = |name: &str| record[name].as_str().unwrap().to_owned();
        let (topic, key) = (word("topic"), word("key"));
        found.entry(topic).or_default().entry(key).or_default().push(record["value"].take());
    }
    found
}

/// What `replay` says of a topic was read, to the last digit; what it has no word of came with the erasure, behind the rest.
fn check(topic: &str, expected: &Written, found: &ByKey) {
    for (key, values) in expected.get(topic).into_iter().flatten() {
        let read = &found[key];
        let is_same = values.iter().zip(read).all(|(json, read)| same(json, read));
        assert!(read.len() >= values.len() && is_same, "{topic} {key}: {values:?}\n{read:?}");
    }
    assert!(!found.is_empty(), "{topic}");
}

#[test]
fn every_record_is_framed_avro_of_what_replay_says() {
    let mut trial = Trial::new("avro", &["customers.erasure_key=\"00112233445566778899aabbccddeeff\""]);
    trial.create_topics();
    trial.load(5, 3_000, 200);
    let expected = trial.replay();
    let registry = Registry::start(None);
    trial.sets.extend(registry.sets());
    trial.environment.push(("LIFETIDE__OUTPUT__SCHEMA_REGISTRY_LOGIN", LOGIN.to_owned()));
    let mut process = trial.start("a", 0);
    let topics = TOPICS.map(|topic| format!("{}.out.{topic}", trial.name));
    wait_for("all records to be read", SOON, || {
        assert!(process.child.try_wait().unwrap().is_none(), "{}", process.log_tail());
        (trial.lag() == 0).then_some(())
    });
    let erased = finish(&mut trial.command(&["erase", "u-00000042"]), SOON);
    assert_eq!(erased.code, Some(0), "{}", erased.stderr);
    let records = wait_for("the tombstone, and figures over all", SOON, || {
        let records = trial.records(&topics, "read_committed");
        let has_all = records.iter().any(|record| record.payload().is_none()) && records.iter().any(|record| record.topic() == topics[3]);
        has_all.then_some(records)
    });
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());

    let asked = registry.asked.lock().unwrap().clone();
    let paths: Vec<String> = topics.iter().map(|topic| format!("/api/subjects/{topic}-value/versions")).collect();
    assert_eq!(asked.keys().collect::<Vec<_>>(), paths.iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>());
    let by_others = read_by_others(&registry, &topics);
    for (place, topic) in TOPICS.into_iter().enumerate() {
        let (avro, id) = (schema(topic), FIRST_ID + 1 + place as u32);
        assert_eq!(asked[&paths[place]], (AUTHORIZATION.to_owned(), avro.clone(), id));
        let parsed = Schema::parse(&avro).unwrap();
        let mut found = ByKey::new();
        for record in records.iter().filter(|record| record.topic() == topics[place]) {
            let value = record.payload().map_or(Value::Null, |payload| {
                let (of, value) = read(&parsed, payload);
                assert_eq!(of, id);
                value
            });
            assert!(!value.is_null() || (topic, record.key()) == ("clv", Some(&b"u-00000042"[..])));
            found.entry(String::from_utf8_lossy(record.key().unwrap()).into_owned()).or_default().push(value);
        }
        check(topic, &expected, &found);
        check(topic, &expected, &by_others[&topics[place]]);
        assert_eq!(by_others[&topics[place]], found, "{topic}: two readers of one schema");
    }
}

#[test]
fn a_schema_that_the_registry_refuses_ends_the_start() {
    let mut trial = Trial::new("avro-refused", &["instance.id=\"a\""]);
    trial.create_topics();
    let registry = Registry::start(Some("out.clv-value"));
    trial.sets.extend(registry.sets());
    let refused = finish(&mut trial.command(&["run"]), SOON);
    let wanted = format!("error: the schema registry refuses {}.out.clv-value (409): {{\"error_code\":409,", trial.name);
    assert!(refused.code == Some(1) && refused.stderr.contains(&wanted), "{}", refused.stderr);

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    trial.sets.push(format!("output.schema_registry=\"http://{nobody}\""));
    let alone = finish(&mut trial.command(&["run"]), SOON);
    let wanted = format!("error: the schema registry at http://{nobody} cannot be asked: ");
    assert!(alone.code == Some(1) && alone.stderr.contains(&wanted), "{}", alone.stderr);

    let deliver = finish(&mut trial.command(&["deliver", "--via", "smtp"]), SOON);
    assert!(deliver.code == Some(1) && deliver.stderr.contains("deliver reads actions as JSON"), "{}", deliver.stderr);
}
