//! Shops brought about in memory, and a server to ask about them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use lifetide::cli::replay::history::History;
use lifetide::cli::replay::lines::event_line;
use lifetide::cli::shop::{Shop as MadeUp, to_line};
use lifetide::clock;
use lifetide::engine::{Committed, Settings};
use lifetide::http::{Admin, Api, Guard, Health, LevelError, LogLevel, Owner, Owners, Server};
use lifetide::metrics::{Build, Metrics};
use lifetide::worker::partition_of;
use lifetide::worker::transaction::OutputTopic;
use serde_json::Value;

pub const SLOTS: u32 = 4;
pub const TOKEN: &str = "marker9c41-of-who-reads";

const ANN: &str = r#"
{"type":"identify","userId":"ann/1","timestamp":"2026-03-02T09:00:00Z","traits":{"email":"Ann@Example.com"}}
{"type":"identify","userId":"ann/2","timestamp":"2026-03-02T09:00:00Z","traits":{"email":"ann@example.com"}}
{"type":"identify","userId":"bob","timestamp":"2026-03-02T09:00:00Z","traits":{"first_name":"Bob"}}
{"type":"track","event":"Order Completed","userId":"ann/1","timestamp":"2026-03-02T10:00:00Z","properties":{"order_id":"o-1","total":20,"currency":"USD"}}
{"type":"track","event":"Product Added","userId":"ann/1","timestamp":"2026-03-04T12:00:00Z","properties":{"cart_id":"c-2","product_id":"mug","price":10,"currency":"USD"}}
"#;

#[derive(Clone)]
pub struct Shop {
    pub committed: Arc<Committed>,
    pub settings: Arc<Settings>,
    /// Values written to the topics.
    pub cells: Vec<Value>,
    pub actions: Vec<Value>,
    /// Of every slot that is not here.
    pub owner: Owner,
    /// Nobody says how keys are dealt out.
    pub is_trusted: bool,
    pub token: Option<&'static str>,
}

impl Shop {
    fn of_lines<'a>(lines: impl Iterator<Item = &'a str>, sets: &[String]) -> Shop {
        let config = crate::settings::config(sets);
        let mut history = History::new(&config, SLOTS, None);
        lines.filter(|line| !line.is_empty()).for_each(|line| history.add(event_line(line).unwrap()).unwrap());
        let (mut cells, mut actions) = (Vec::new(), Vec::new());
        let run = history.run(|record| {
            let Some(value) = record.value.and_then(|value| serde_json::from_slice::<Value>(&value).ok()) else { return };
            match record.topic {
                OutputTopic::Aggregates => cells.push(value.clone()),
                OutputTopic::Actions => actions.push(value.clone()),
                _ => return,
            }
            if record.topic == OutputTopic::Aggregates {
                cells.last_mut().unwrap()["key"] = String::from_utf8(record.key.unwrap()).unwrap().into();
            }
        });
        run.unwrap();
        let (committed, settings) = (history.committed().clone(), Arc::new(config.engine));
        let owner = Owner::Unknown("nobody is asked for".to_owned());
        let shop = Shop { committed: Arc::default(), settings, cells, actions, owner, is_trusted: false, token: None };
        // a history ends with its worker, which takes its rows along
        let kept = (0..SLOTS).map(|slot| (slot, committed.take_slot(slot))).collect::<Vec<_>>();
        drop(history);
        kept.into_iter().for_each(|(slot, regions)| shop.committed.install(slot, regions));
        shop
    }

    /// Somebody with an order and a cart, another id with the same address, and somebody without any.
    pub fn of_ann() -> Shop {
        Shop::of_ann_with(&[])
    }

    pub fn of_ann_with(sets: &[String]) -> Shop {
        Shop::of_lines(ANN.lines(), sets)
    }

    pub fn generated() -> Shop {
        let lines: Vec<String> =
            MadeUp::new(7, 200, 1_767_225_600_000, 600_000).take(4_000).map(|record| to_line(&record, "shop.")).collect();
        Shop::of_lines(lines.iter().map(String::as_str), &["plays.cart_recovery.control=0.3".to_owned()])
    }

    pub fn slot_of(&self, id: &str) -> u32 {
        partition_of(id.as_bytes(), SLOTS)
    }

    pub fn ask(self) -> Asked {
        let guard = match self.token {
            Some(token) => Guard::new("questions", "http.api_token", Some(token), Box::new(|_| ())),
            None => Guard::open("questions", "http.api_token"),
        };
        self.ask_with(guard)
    }

    pub fn ask_with(self, guard: Guard) -> Asked {
        let metrics = Arc::new(Metrics::new(&Build { version: "0", librdkafka: "0" }, &[]));
        let health = Arc::new(Health::new(1, clock::monotonic_ms()));
        let (settings, is_trusted, owner) = (self.settings.clone(), self.is_trusted, self.owner.clone());
        let api = Api {
            guard,
            instance_id: "a".to_owned(),
            committed: self.committed.clone(),
            health: health.clone(),
            slot_count: SLOTS,
            slot_of: Box::new(move |id| (!is_trusted).then(|| partition_of(id.as_bytes(), SLOTS))),
            owners: Box::new(Always(owner)),
            settings: Box::new(move || settings.clone()),
            is_event_time: true,
        };
        let admin = Admin::new(None, Box::new(NoLevel), Box::new(|_| ()));
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        Asked { server: Server::start(listen, metrics, health, api, admin).unwrap(), shop: self }
    }
}

struct Always(Owner);

impl Owners for Always {
    fn owner_of(&self, _slot: u32) -> Owner {
        self.0.clone()
    }

    fn others(&self) -> Result<Vec<String>, String> {
        Ok(vec!["http://elsewhere".to_owned()])
    }

    fn ask(&self, _address: &str, _path: &str, _query: &[(&str, &str)]) -> Result<(u16, String), String> {
        Err("nobody answers".to_owned())
    }
}

struct NoLevel;

impl LogLevel for NoLevel {
    fn get(&self) -> Result<&'static str, LevelError> {
        Ok("info")
    }

    fn set(&self, _level: &str) -> Result<&'static str, LevelError> {
        Ok("info")
    }
}

pub struct Answer {
    pub status: u16,
    /// In lower case.
    pub head: String,
    pub body: String,
}

pub struct Asked {
    server: Server,
    pub shop: Shop,
}

impl Asked {
    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, "")
    }

    /// `headers`: lines with their ends.
    pub fn get_with(&self, path: &str, headers: &str) -> Answer {
        self.send("GET", path, headers)
    }

    pub fn send(&self, method: &str, path: &str, headers: &str) -> Answer {
        let mut connection = TcpStream::connect(self.server.address()).unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(connection, "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\n").unwrap();
        let mut text = String::new();
        connection.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: format!("{}\r\n", head.to_ascii_lowercase()), body: body.to_owned() }
    }

    /// The first event of a stream.
    pub fn first_event(&self, path: &str) -> Value {
        let mut connection = TcpStream::connect(self.server.address()).unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        // without chunks, so that what comes is what was sent
        write!(connection, "GET {path} HTTP/1.0\r\nhost: test\r\n\r\n").unwrap();
        let mut lines = BufReader::new(connection).lines().map(Result::unwrap);
        assert!(lines.next().unwrap().contains(" 200 "));
        let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        assert!(head.iter().any(|line| line == "content-type: text/event-stream"), "{head:?}");
        serde_json::from_str(lines.next().unwrap().strip_prefix("data: ").unwrap()).unwrap()
    }

    pub fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }
}

/// Percent-encoded, all of it but letters and digits.
pub fn encoded(text: &str) -> String {
    let one = |byte: u8| if byte.is_ascii_alphanumeric() { (byte as char).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}
