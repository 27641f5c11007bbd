//! The server as its clients see it, over a real connection.

#![allow(clippy::disallowed_methods, reason = "a bound on real time needs the clock")]

mod admin;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Admin, Api, Guard, Health, Owner, Owners, Phase, Server};
use crate::clock;
use crate::metrics::{Build, Metrics};

struct Answer {
    status: u16,
    head: String,
    body: String,
}

fn ask(address: SocketAddr, method: &str, path: &str) -> Answer {
    ask_with(address, method, path, &[], "")
}

/// `headers`: lines without their ends; the body's length among them, where there is a body.
fn ask_with(address: SocketAddr, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    write!(connection, "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\n{body}").unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_string() }
}

fn start(workers: usize) -> (Server, Arc<Health>) {
    start_with(workers, admin::off())
}

fn start_with(workers: usize, admin: Admin) -> (Server, Arc<Health>) {
    let metrics = Arc::new(Metrics::new(&Build { version: "0", librdkafka: "0" }, &[]));
    let health = Arc::new(Health::new(workers, clock::monotonic_ms()));
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let api = api(&health);
    (Server::start(listen, metrics, Arc::clone(&health), api, admin).unwrap(), health)
}

/// Nobody is here, and nobody is asked for: what it answers is tested where there are customers (`tests/it/api.rs`).
fn api(health: &Arc<Health>) -> Api {
    struct Nobody;
    impl Owners for Nobody {
        fn owner_of(&self, _slot: u32) -> Owner {
            Owner::Unknown("nobody is there".to_owned())
        }

        fn others(&self) -> Result<Vec<String>, String> {
            Err("nobody is there".to_owned())
        }

        fn ask(&self, _address: &str, _path: &str, _query: &[(&str, &str)]) -> Result<(u16, String), String> {
            unreachable!("nobody is asked")
        }
    }
    Api {
        guard: Guard::new("questions", "http.api_token", None, Box::new(|_| ())),
        instance_id: "a".to_owned(),
        committed: Arc::default(),
        health: Arc::clone(health),
        slot_count: 1,
        slot_of: Box::new(|_| Some(0)),
        owners: Box::new(Nobody),
        settings: Box::new(|| unreachable!("nobody is told of")),
        is_event_time: true,
    }
}

#[test]
fn metrics_are_served_as_text_with_the_state_of_the_workers() {
    let (server, health) = start(2);
    health.set_phase(0, Phase::Running);
    health.set_phase(1, Phase::Lagging);
    let answer = ask(server.address(), "GET", "/metrics");
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{}", answer.head);
    assert!(answer.body.contains("lifetide_state{state=\"lagging\"} 1"), "{}", answer.body);
    assert!(answer.body.contains("lifetide_workers_alive 2"), "{}", answer.body);
    assert!(answer.body.contains("lifetide_build_info"));
}

#[test]
fn ready_says_why_it_is_not() {
    let (server, health) = start(1);
    let phases = [
        (Phase::Starting, 503, "worker 0: starting\n"),
        (Phase::Restoring { slots: 2 }, 503, "worker 0: restoring 2 slots\n"),
        (Phase::Lagging, 503, "worker 0: lagging\n"),
        (Phase::Running, 200, "ready\n"),
        (Phase::Draining, 503, "worker 0: draining\n"),
        (Phase::Failed("fenced".to_string()), 503, "worker 0: failed: fenced\n"),
    ];
    for (phase, status, body) in phases {
        health.set_phase(0, phase);
        let answer = ask(server.address(), "GET", "/readyz");
        assert_eq!((answer.status, answer.body.as_str()), (status, body));
        assert_eq!(ask(server.address(), "GET", "/livez").status, 200);
    }
}

#[test]
fn a_worker_that_stopped_beating_makes_the_process_dead() {
    // this process is younger than the limit, so no real silence can be long enough: the later moment is an argument
    let (server, health) = start(2);
    let answer = ask(server.address(), "GET", "/livez");
    assert_eq!((answer.status, answer.body.as_str()), (200, "alive\n"));
    assert_eq!(health.stuck(clock::monotonic_ms() + super::BEAT_MS_MAX + 1_000).len(), 2);
    assert_eq!(super::routes::probe("alive", &health.stuck(u64::MAX)).status(), 503);
}

#[test]
fn everything_else_is_a_problem_document() {
    let (server, _health) = start(1);
    let unknown = ask(server.address(), "GET", "/customers/1?x=y");
    assert_eq!(unknown.status, 404);
    assert!(unknown.head.contains("content-type: application/problem+json"), "{}", unknown.head);
    let body: serde_json::Value = serde_json::from_str(&unknown.body).unwrap();
    assert_eq!((&body["status"], &body["title"]), (&404.into(), &"Not Found".into()));
    let wrong = ask(server.address(), "POST", "/metrics");
    assert_eq!(wrong.status, 405);
    assert!(wrong.head.contains("allow: get,head") && wrong.body.contains("only GET"), "{}\n{}", wrong.head, wrong.body);
    assert!(ask(server.address(), "HEAD", "/metrics").body.is_empty());
}

#[test]
fn stopping_is_bounded_even_with_an_idle_connection() {
    let (server, _health) = start(1);
    let address = server.address();
    let mut idle = TcpStream::connect(address).unwrap();
    idle.write_all(b"GET /metr").unwrap();
    ask(address, "GET", "/livez");
    let begin = Instant::now();
    server.stop();
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_port_in_use_is_an_error_at_the_start() {
    let (server, health) = start(1);
    let metrics = Arc::new(Metrics::new(&Build { version: "0", librdkafka: "0" }, &[]));
    assert_eq!(
        Server::start(server.address(), metrics, Arc::clone(&health), api(&health), admin::off()).err().unwrap().kind(),
        std::io::ErrorKind::AddrInUse
    );
}

#[test]
fn the_page_loads_nothing_of_anybody_else() {
    let (server, _health) = start(1);
    let page = ask(server.address(), "GET", "/");
    assert!(page.status == 200 && page.head.contains("content-type: text/html"), "{}", page.head);
    assert!(page.head.contains("content-security-policy: default-src 'none'; script-src 'self'"), "{}", page.head);
    let named = page.body.split(['"', ' ']).filter(|word| word.starts_with("/page/"));
    let named: Vec<&str> = named.collect();
    assert!(named.len() >= 4, "{named:?}");
    for path in named {
        let file = ask(server.address(), "GET", path);
        assert!(file.status == 200 && file.head.contains("x-content-type-options: nosniff"), "{path}: {}", file.head);
        let outside = ["https://", "@import", "innerHTML", "eval("].into_iter().find(|word| file.body.contains(word));
        assert!(outside.is_none() || path.contains("uplot"), "{path}: {outside:?}");
    }
    assert!(!page.body.contains("http:"), "the page names another place");
}
