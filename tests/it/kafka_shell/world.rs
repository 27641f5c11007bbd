//! What the tests of the Kafka room share: the broker's address, names nobody else uses, and waiting with patience.
//!
//! Every test makes topics and a group of its own, so all run at once. It checks nothing itself.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use lifetide::kafka::admin::{self};
use lifetide::kafka::topics::{self};
use lifetide::kafka::{Consumer, Message, OutputNames, Producer, Settings};
use lifetide::worker::source::{Arrival, Claim, Input, LogRead, Membership, Record, Source};
use lifetide::worker::transaction::{Outgoing, OutputTopic, Position, Transaction, TransactionError};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

/// Longer than any step takes, session time-outs included.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The broker all tests use.
pub fn bootstrap() -> String {
    crate::broker::bootstrap().to_owned()
}

pub fn now_ms() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64
}

/// Settings with names nobody else uses.
pub fn settings(instance: &str) -> Settings {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let prefix = format!("shell-{}-{count}", now_ms());
    let name = |tail: &str| format!("{prefix}.{tail}");
    Settings {
        reads_rows: lifetide::engine::RowVersion::NEWEST.number(),
        bootstrap_servers: bootstrap(),
        group_id: prefix.clone(),
        instance_id: instance.to_owned(),
        advertised: None,
        static_membership: true,
        properties: BTreeMap::new(),
        input_topics: vec![name("purchases"), name("carts")],
        output: OutputNames {
            transitions: name("transitions"),
            clv: name("clv"),
            actions: name("actions"),
            aggregates: name("aggregates"),
            dead_letters: name("dlq"),
            changelog: name("changelog"),
            relay: name("relay"),
            models: name("models"),
        },
        heartbeat_interval_ms: 200,
        session_timeout_ms: 6_000,
        transaction_timeout_ms: 5_000,
    }
}

pub fn cluster(instance: &str, partitions: u32) -> Settings {
    let settings = settings(instance);
    let facts = admin::look(&settings).unwrap();
    admin::create(&settings, &topics::plan(&settings, &facts, partitions)).unwrap();
    settings
}

pub fn another(settings: &Settings, instance: &str) -> Settings {
    Settings { instance_id: instance.to_owned(), ..settings.clone() }
}

/// Puts values into an input partition, without a transaction.
pub fn feed<'a>(settings: &Settings, input: Input, values: impl IntoIterator<Item = &'a [u8]>) {
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", bootstrap()).set("message.max.bytes", "17000000").create().unwrap();
    for value in values {
        let record = BaseRecord::<[u8], [u8]>::to(&settings.input_topics[input.topic])
            .partition(input.slot as i32)
            .key(b"c-1")
            .timestamp(1_700_000_000_000)
            .payload(value);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(PATIENCE).unwrap();
}

pub fn numbers(range: std::ops::Range<i64>) -> Vec<Vec<u8>> {
    range.map(|n| n.to_string().into_bytes()).collect()
}

/// Bytes that do not compress.
pub fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..bytes).map(|_| next()).collect()
}

/// Polls until `look` finds something.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits for the first assignment and returns its slots.
pub fn joined(consumer: &mut Consumer) -> Vec<u32> {
    eventually("assignment", || {
        consumer.membership().unwrap().into_iter().find_map(|change| match change {
            Membership::Assigned(slots) => Some(slots),
            _ => None,
        })
    })
}

/// Everything up to the end of an input: offsets with values.
pub fn read(consumer: &mut Consumer, input: Input) -> Vec<(i64, String)> {
    let mut arrivals: VecDeque<Arrival<Message>> = VecDeque::new();
    let mut found = Vec::new();
    eventually("end", || {
        assert!(!consumer.membership().unwrap().iter().any(|change| !matches!(change, Membership::Assigned(_))));
        consumer.take(input, 100, &mut arrivals).unwrap();
        while let Some(arrival) = arrivals.pop_front() {
            match arrival {
                Arrival::Record(record) => {
                    found.push((record.offset(), String::from_utf8_lossy(record.value().unwrap()).into_owned()));
                }
                Arrival::End(_) => return Some(()),
            }
        }
        consumer.wait(Duration::from_millis(50));
        None
    });
    found
}

pub fn position(slot: u32, offset: i64, metadata: &str) -> Position {
    Position { input: Input { topic: 0, slot }, offset, metadata: metadata.to_owned() }
}

pub fn outgoing<'a>(topic: OutputTopic, value: &'a [u8]) -> Outgoing<'a> {
    Outgoing { topic, partition: Some(0), key: Some(b"c-1"), value: Some(value), timestamp_ms: None, headers: &[] }
}

/// Commits one changelog record and an offset; the whole round trip.
pub fn commit(producer: &mut Producer, value: &[u8], position: Position, claim: &Claim) -> Result<(), TransactionError> {
    producer.begin()?;
    producer.send(&outgoing(OutputTopic::Changelog, value))?;
    producer.commit(&[position], claim)
}

pub fn read_changelog(consumer: &mut Consumer, slot: u32, from: i64) -> (LogRead, Vec<String>) {
    consumer.open_changelog(slot, from).unwrap();
    let mut entries = Vec::new();
    let end = eventually("end of the changelog", || match consumer.read_changelog(slot, 1 << 20, &mut entries).unwrap() {
        LogRead::More => None,
        end => Some(end),
    });
    consumer.close_changelog(slot);
    (end, entries.iter().map(|entry| String::from_utf8_lossy(&entry.value).into_owned()).collect())
}
