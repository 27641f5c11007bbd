//! `run` at work: what it tells over HTTP, and how it stops.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{SOON, wait_for};
use crate::trial::{Process, Trial, counts, differences};

/// What the issue calls bounded: SIGTERM to exit.
const STOP: Duration = Duration::from_secs(10);

/// Status and body of a GET; HTTP/1.0, so that no answer comes in chunks.
pub fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

/// Where the process serves HTTP, from the line that says so.
pub fn address(process: &mut Process) -> String {
    wait_for("the address of /metrics", SOON, || {
        let text = fs::read_to_string(&process.log).unwrap();
        assert!(process.child.try_wait().unwrap().is_none(), "{text}");
        let line = text.lines().find(|line| line.contains("serving /metrics"))?;
        let address = line.split("address=").nth(1)?;
        Some(address.split_whitespace().next()?.to_owned())
    })
}

/// The sum of a counter over its labels.
pub fn total(metrics: &str, name: &str) -> f64 {
    metrics
        .lines()
        .filter(|line| line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name} ")))
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum()
}

#[test]
fn metrics_and_health_answer_and_every_loaded_record_is_counted() {
    let trial = Trial::new("metrics", &[]);
    trial.create_topics();
    trial.load(5, 4_000, 300);
    let expected = trial.replay();
    let mut process = trial.start("a", 0);
    let address = address(&mut process);
    wait_for("/readyz to say yes", SOON, || {
        assert_eq!(get(&address, "/livez").0, 200);
        (get(&address, "/readyz").0 == 200).then_some(())
    });
    trial.wait_until_written(&expected, &[&process], SOON);
    let metrics = wait_for("all records to be counted", SOON, || {
        let (status, metrics) = get(&address, "/metrics");
        assert_eq!(status, 200);
        let consumed = total(&metrics, "lifetide_records_consumed_total");
        assert!(consumed <= 4_000.0, "{consumed} records counted of 4000");
        (consumed == 4_000.0).then_some(metrics)
    });
    let dead = total(&metrics, "lifetide_dead_letters_total");
    assert_eq!(dead as usize, counts(&expected)["dlq"]);
    assert_eq!(get(&address, "/nothing").0, 404);
    assert_eq!(process.stop(STOP), Some(0), "{}", process.log_tail());
    assert!(TcpStream::connect(&address).is_err());
}

#[test]
fn sigterm_under_load_ends_with_0_within_10_s_and_loses_nothing() {
    const EVENTS: usize = 40_000;
    // small transactions, so that the stops come in the midst of them
    let trial = Trial::new("sigterm", &["commit.max_records=50"]);
    trial.create_topics();
    trial.load(6, EVENTS, 800);
    let expected = trial.replay();
    let mut left = EVENTS as i64;
    for life in 0..3 {
        let mut process = trial.start("a", life);
        let address = address(&mut process);
        wait_for("the first commits", SOON, || {
            let (_, metrics) = get(&address, "/metrics");
            let consumed = total(&metrics, "lifetide_records_consumed_total");
            (consumed > 0.0).then_some(())
        });
        assert_eq!(process.stop(STOP), Some(0), "{}", process.log_tail());
        let before = std::mem::replace(&mut left, trial.lag());
        println!("stopped with {left} of {before} records left");
        assert!(left > 0, "there was no load to stop under");
        assert!(left < before, "nothing was committed");
    }
    let mut process = trial.start("a", 3);
    trial.wait_until_written(&expected, &[&process], SOON);
    assert_eq!(process.stop(STOP), Some(0), "{}", process.log_tail());
    let differences = differences(&expected, &trial.written());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
