//! Admin actions on a running process: debug logs turned on and off again, and a token that is nowhere to be read.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use super::running::{address, get, total};
use super::{SOON, finish, wait_for};
use crate::trial::{Process, Trial};

pub const TOKEN_VARIABLE: &str = "LIFETIDE__HTTP__ADMIN_TOKEN";
const TOKEN: &str = "marker9c41-of-the-admin";
const EVENTS: usize = 300;

/// Status and all of the answer to a PUT of the log level; without a body, to a GET.
pub fn log_level(address: &str, token: &str, wanted: Option<&str>) -> (u16, String) {
    let (method, body) = wanted.map_or(("GET", String::new()), |level| ("PUT", format!(r#"{{"level":"{level}"}}"#)));
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let head = format!("{method} /admin/log-level HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n");
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

/// Loads events and waits until all of them, and `before`, are counted, which is after all that is logged of them.
fn work(trial: &Trial, address: &str, before: usize) {
    trial.load(9, EVENTS, 50);
    wait_for("the events to be counted", SOON, || {
        let consumed = total(&get(address, "/metrics").1, "lifetide_records_consumed_total");
        (consumed == (before + EVENTS) as f64).then_some(())
    });
}

fn debug_lines(process: &Process) -> usize {
    let log = fs::read_to_string(&process.log).unwrap();
    log.lines().filter(|line| line.contains(" DEBUG ")).inspect(|line| assert!(line.contains("DEBUG lifetide::"), "{line}")).count()
}

#[test]
fn debug_logs_are_turned_on_and_off_without_a_restart_by_who_has_the_token() {
    let mut trial = Trial::new("admin", &[]);
    trial.environment = vec![(TOKEN_VARIABLE, TOKEN.to_owned())];
    trial.create_topics();
    let mut process = trial.start("a", 0);
    let address = address(&mut process);
    work(&trial, &address, 0);
    assert_eq!((debug_lines(&process), log_level(&address, &format!("{TOKEN}x"), Some("debug")).0), (0, 401));
    work(&trial, &address, EVENTS);
    assert_eq!(debug_lines(&process), 0, "a wrong token has changed something");

    let (status, answer) = log_level(&address, TOKEN, Some("debug"));
    assert!(status == 200 && answer.ends_with(r#"{"level":"debug"}"#), "{answer}");
    work(&trial, &address, 2 * EVENTS);
    let while_on = debug_lines(&process);
    assert!(while_on > 0, "{}", process.log_tail());
    assert_eq!(log_level(&address, TOKEN, Some("info")).0, 200);
    work(&trial, &address, 3 * EVENTS);
    assert_eq!(debug_lines(&process), while_on, "{}", process.log_tail());
    assert!(log_level(&address, TOKEN, None).1.ends_with(r#"{"level":"info"}"#));
    // what would hide the change itself does not
    assert_eq!(log_level(&address, TOKEN, Some("error")).0, 200);
    assert_eq!(log_level(&address, TOKEN, Some("warn")).0, 200);
    assert_eq!(log_level(&address, TOKEN, Some("info")).0, 200);

    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    let log = fs::read_to_string(&process.log).unwrap();
    let changes: Vec<&str> = log.lines().filter_map(|line| line.split("log level changed by an admin action ").nth(1)).collect();
    let wanted = [r#"from="info" to="debug""#, r#"from="debug" to="info""#, r#"from="info" to="error""#, r#"from="warn" to="info""#];
    assert_eq!(changes, wanted, "between error and warn no line is due");
    assert!(log.contains("admin actions refused: no token or a wrong one requests=1"), "{log}");
    assert!(!log.contains("marker9c41"), "the token is in the log");
    for arguments in [&["config", "show"][..], &["config", "show", "-o", "json"], &["validate"]] {
        let outcome = finish(&mut trial.command(arguments), SOON);
        let text = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(outcome.code == Some(0) && !text.contains("marker9c41"), "{arguments:?}: {text}");
        assert!(arguments[0] != "config" || text.contains("http.admin_token") && text.contains("(hidden)"), "{text}");
    }
}
