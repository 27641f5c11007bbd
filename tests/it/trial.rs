//! A trial of the real program on the real broker: topics of its own, a generated backlog, processes to start and to kill, and what came
//! of it next to what `replay` says should have come of it.

mod cells;
mod process;
mod relay;
mod state;
mod watch;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lifetide::cli::shop::{Shop, ShopRecord, to_line};
use lifetide::worker::partition_of;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, OwnedMessage};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use serde_json::{Value, json};

use crate::broker;

pub use process::Process;
pub use watch::{Stand, Watch};

pub const SLOTS: u32 = 4;
const TOPICS: [&str; 3] = ["purchases", "emails", "carts"];
pub const OUTPUTS: [&str; 4] = ["transitions", "clv", "actions", "dlq"];
const WAIT: Duration = Duration::from_secs(10);

/// What was written, by topic and key, in order.
pub type Written = BTreeMap<&'static str, BTreeMap<String, Vec<Value>>>;

pub struct Trial {
    /// Where everything may be done without a password.
    broker: String,
    pub name: String,
    pub folder: PathBuf,
    pub sets: Vec<String>,
    /// Configuration files of every command, below the sets.
    pub files: Vec<PathBuf>,
    /// For every command, besides the tests' own.
    pub environment: Vec<(&'static str, String)>,
    /// Of the records it loads.
    pub compression: &'static str,
}

fn inputs(name: &str) -> [String; 3] {
    TOPICS.map(|topic| format!("{name}.{topic}"))
}

impl Trial {
    /// Topics of this name on the broker; `sets` are added to the settings of every command.
    pub fn new(name: &str, sets: &[&str]) -> Trial {
        Trial::on(broker::bootstrap(), name, sets)
    }

    /// As `new`, on another broker.
    pub fn on(broker: &str, name: &str, sets: &[&str]) -> Trial {
        let unique = format!("{name}-{}", std::process::id());
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(&unique);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let inputs = inputs(&unique);
        let mut all = vec![
            format!("kafka.bootstrap_servers={broker:?}"),
            format!("kafka.group_id={unique:?}"),
            format!("input.topics={inputs:?}"),
            format!("output.prefix=\"{unique}.out.\""),
            "time.mode=\"event\"".to_owned(),
            "http.listen=\"127.0.0.1:0\"".to_owned(),
        ];
        all.extend(sets.iter().map(|set| (*set).to_owned()));
        Trial {
            broker: broker.to_owned(),
            name: unique,
            folder,
            sets: all,
            files: Vec::new(),
            environment: Vec::new(),
            compression: "none",
        }
    }

    pub fn inputs(&self) -> [String; 3] {
        inputs(&self.name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lifetide"));
        command.args(arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        for file in &self.files {
            command.arg("--config").arg(file);
        }
        for set in &self.sets {
            command.arg("--set").arg(set);
        }
        command
    }

    pub fn config(&self, more: &[String]) -> lifetide::config::Config {
        let sets: Vec<String> = self.sets.iter().chain(more).cloned().collect();
        crate::settings::config(&sets)
    }

    /// As `topics create` does, but for `clv`: compaction would take away the very records to compare.
    pub fn create_topics(&self) {
        let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", &self.broker).create().unwrap();
        let clv = format!("{}.out.clv", self.name);
        let topic = NewTopic::new(&clv, SLOTS as i32, TopicReplication::Fixed(1)).set("retention.ms", "-1");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let created = runtime.block_on(admin.create_topics([&topic], &AdminOptions::new())).unwrap();
        assert!(created[0].is_ok(), "{created:?}");
        let done = self.command(&["topics", "create", "--partitions", &SLOTS.to_string()]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Sends a generated shop's records, without transactions, and writes them down for `replay`.
    pub fn load(&self, seed: u64, count: usize, customers: u32) {
        self.load_records(Shop::new(seed, customers, 1_767_225_600_000, 1_000).take(count));
    }

    /// As `load`; the last call's records are those that `replay` reads.
    pub fn load_records(&self, records: impl Iterator<Item = ShopRecord>) {
        let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
            .set("bootstrap.servers", &self.broker)
            .set("enable.idempotence", "true")
            .set("linger.ms", "20")
            .set("compression.type", self.compression)
            .set("queue.buffering.max.messages", "1000000")
            .create()
            .unwrap();
        let mut lines = String::new();
        for record in records {
            self.send(&producer, &record);
            lines.push_str(&to_line(&record, &format!("{}.", self.name)));
            lines.push('\n');
        }
        producer.flush(Duration::from_secs(60)).unwrap();
        fs::write(self.folder.join("input.jsonl"), lines).unwrap();
    }

    fn send(&self, producer: &ThreadedProducer<DefaultProducerContext>, record: &ShopRecord) {
        let topic = format!("{}.{}", self.name, record.topic.as_suffix());
        let partition = record.key.as_ref().map_or(0, |key| partition_of(key.as_bytes(), SLOTS));
        let mut message =
            BaseRecord::<str, [u8]>::to(&topic).payload(&record.value).timestamp(record.timestamp_ms).partition(partition as i32);
        if let Some(key) = &record.key {
            message = message.key(key);
        }
        producer.send(message).map_err(|(error, _)| error).unwrap();
    }

    /// Starts a process of this instance, logging into the trial's folder.
    pub fn start(&self, instance: &str, life: usize) -> Process {
        let log = self.folder.join(format!("{instance}-{life}.log"));
        let file = File::create(&log).unwrap();
        let child = self
            .command(&["run", "--set", &format!("instance.id=\"{instance}\""), "--set", "workers=2"])
            .stdout(Stdio::null())
            .stderr(Stdio::from(file))
            .spawn()
            .unwrap();
        Process { child, log }
    }

    /// What `replay` makes of the same input, and its files for others to check.
    pub fn replay(&self) -> Written {
        let (input, output) = (self.folder.join("input.jsonl"), self.folder.join("replay"));
        let mut command = self.command(&["replay", "--slots", &SLOTS.to_string()]);
        let done = command.arg("--input").arg(input).arg("--output").arg(&output).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let mut written = Written::new();
        for topic in OUTPUTS {
            let text = fs::read_to_string(output.join(format!("{}.out.{topic}.jsonl", self.name))).unwrap();
            let by_key = written.entry(topic).or_default();
            for line in text.lines() {
                let mut value: Value = serde_json::from_str(line).unwrap();
                let key = value["key"].as_str().unwrap_or("-").to_owned();
                if topic == "dlq" {
                    value = json!({ "reason": value["headers"]["__streams.errors.exception"], "value": value["value"] });
                } else {
                    value.as_object_mut().unwrap().retain(|field, _| field != "key" && field != "timestamp_ms");
                }
                by_key.entry(key).or_default().push(value);
            }
        }
        written
    }

    fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", &self.broker).set("group.id", &self.name);
        client.set("enable.auto.commit", "false").set("enable.partition.eof", "true");
        client
    }

    /// Every record of the topics, to their ends, in order within a partition; `read_committed` or `read_uncommitted`.
    pub fn records(&self, topics: &[String], isolation: &str) -> Vec<OwnedMessage> {
        let consumer: BaseConsumer = self.client().set("isolation.level", isolation).create().unwrap();
        let mut partitions = TopicPartitionList::new();
        for topic in topics {
            for slot in 0..SLOTS {
                partitions.add_partition_offset(topic, slot as i32, Offset::Beginning).unwrap();
            }
        }
        consumer.assign(&partitions).unwrap();
        let (mut records, mut ends) = (Vec::new(), 0);
        while ends < partitions.count() {
            match consumer.poll(WAIT).expect("a topic gives neither records nor its end") {
                Err(rdkafka::error::KafkaError::PartitionEOF(_)) => ends += 1,
                Err(error) => panic!("{error}"),
                Ok(message) => records.push(message.detach()),
            }
        }
        records
    }

    /// Everything committed to the output topics, to their ends.
    pub fn written(&self) -> Written {
        let mut written: Written = OUTPUTS.into_iter().map(|topic| (topic, BTreeMap::new())).collect();
        let topics = OUTPUTS.map(|topic| format!("{}.out.{topic}", self.name));
        for record in self.records(&topics, "read_committed") {
            let topic = OUTPUTS.into_iter().find(|topic| record.topic().ends_with(topic)).unwrap();
            let key = record.key().map_or("-".to_owned(), |key| String::from_utf8_lossy(key).into_owned());
            let value = match (topic, record.payload()) {
                ("dlq", payload) => {
                    let reason = record.headers().unwrap().iter().find(|header| header.key == "__streams.errors.exception");
                    let reason = reason.map(|header| String::from_utf8_lossy(header.value.unwrap_or_default()).into_owned());
                    json!({ "reason": reason, "value": String::from_utf8_lossy(payload.unwrap_or_default()) })
                }
                (_, None) => json!({ "value": null }),
                (_, Some(payload)) => serde_json::from_slice(payload).unwrap(),
            };
            written.get_mut(topic).unwrap().entry(key).or_default().push(value);
        }
        written
    }

    /// Sees how far the group has come.
    pub fn watch(&self) -> Watch {
        Watch::new(&self.broker, &self.name, self.inputs().to_vec())
    }

    /// Records of the inputs that the group has not committed yet; more than there are if nobody answers.
    pub fn lag(&self) -> i64 {
        let (watch, deadline) = (self.watch(), Instant::now() + WAIT);
        loop {
            match watch.look() {
                Some(stands) => return stands.iter().map(|stand| stand.lag).sum(),
                None if Instant::now() > deadline => return i64::MAX,
                None => (),
            }
        }
    }

    /// Waits until at most `goal` records of the inputs are left to read.
    pub fn wait_until_left(&self, goal: i64, processes: &[&Process], longest: Duration) {
        let (watch, deadline) = (self.watch(), Instant::now() + longest);
        let logs = || processes.iter().map(|p| p.log_tail()).collect::<Vec<_>>().join("\n---\n");
        while watch.look().is_none_or(|stands| stands.iter().map(|stand| stand.lag).sum::<i64>() > goal) {
            assert!(Instant::now() < deadline, "more than {goal} records are left\n{}", logs());
        }
    }

    /// Waits until everything has been read and as many records written as `expected` has; says what is missing otherwise.
    pub fn wait_until_written(&self, expected: &Written, processes: &[&Process], longest: Duration) {
        let deadline = Instant::now() + longest;
        loop {
            let (lag, counts) = (self.lag(), counts(&self.written()));
            if lag == 0 && counts == self::counts(expected) {
                return;
            }
            let logs = || processes.iter().map(|p| p.log_tail()).collect::<Vec<_>>().join("\n---\n");
            assert!(Instant::now() < deadline, "lag {lag}, written {counts:?}, expected {:?}\n{}", self::counts(expected), logs());
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

pub fn counts(written: &Written) -> BTreeMap<&'static str, usize> {
    written.iter().map(|(topic, by_key)| (*topic, by_key.values().map(Vec::len).sum())).collect()
}

/// A key's records as they came; those without a key (`-`) lie in any partition, so they have no order and are given one here.
fn in_order<'a>(key: &str, by_key: &'a BTreeMap<String, Vec<Value>>) -> Vec<&'a Value> {
    let mut records: Vec<&Value> = by_key.get(key).into_iter().flatten().collect();
    if key == "-" {
        records.sort_by_key(|record| record.to_string());
    }
    records
}

/// The first differences, in words.
pub fn differences(expected: &Written, found: &Written) -> Vec<String> {
    let mut differences = Vec::new();
    for topic in OUTPUTS {
        let (expected, found) = (&expected[topic], &found[topic]);
        for key in expected.keys().chain(found.keys().filter(|key| !expected.contains_key(*key))) {
            let (wanted, got) = (in_order(key, expected), in_order(key, found));
            if wanted != got {
                let at = wanted.iter().zip(&got).position(|(a, b)| a != b);
                let pick = |list: &[&Value]| at.map(|at| list[at].to_string());
                differences.push(format!(
                    "{topic} {key}: {:?} records\n  expected {:?}\n  found    {:?}",
                    (wanted.len(), got.len()),
                    pick(&wanted),
                    pick(&got)
                ));
            }
        }
    }
    differences.truncate(5);
    differences
}
