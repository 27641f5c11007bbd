//! Admin actions as those see them who have the token, and those who have not.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use super::super::{Admin, LevelError, LogLevel, Server};
use super::{Answer, ask_with, start_with};

const TOKEN: &str = "marker9c41-0123456789";
const PATH: &str = "/admin/log-level";
const WORDS: [&str; 2] = ["info", "debug"];

/// A level that is only remembered.
#[derive(Clone)]
struct Remembered(Arc<Mutex<Result<&'static str, LevelError>>>);

impl LogLevel for Remembered {
    fn get(&self) -> Result<&'static str, LevelError> {
        self.0.lock().unwrap().clone()
    }

    fn set(&self, level: &str) -> Result<&'static str, LevelError> {
        let known = WORDS.into_iter().find(|word| *word == level).ok_or(LevelError::Unknown(WORDS.join(", ")))?;
        let mut now = self.0.lock().unwrap();
        now.clone()?;
        *now = Ok(known);
        Ok(known)
    }
}

pub fn off() -> Admin {
    Admin::new(None, Box::new(Remembered(Arc::new(Mutex::new(Ok("info"))))), Box::new(|_| unreachable!("nobody is refused for a token")))
}

/// A server with this token and level; what it tells of refusals.
fn guarded(level: Result<&'static str, LevelError>) -> (Server, Remembered, Receiver<u64>) {
    let remembered = Remembered(Arc::new(Mutex::new(level)));
    let (sender, told) = channel();
    let admin = Admin::new(Some(TOKEN), Box::new(remembered.clone()), Box::new(move |requests| sender.send(requests).unwrap()));
    let (server, _) = start_with(1, admin);
    (server, remembered, told)
}

fn authorization() -> String {
    format!("Authorization: Bearer {TOKEN}")
}

fn put(address: SocketAddr, body: &str) -> Answer {
    ask_with(address, "PUT", PATH, &[&authorization(), &format!("content-length: {}", body.len())], body)
}

fn assert_problem(answer: &Answer, status: u16, detail: &str) {
    let text = format!("{}\n{}", answer.head, answer.body);
    assert_eq!(answer.status, status, "{text}");
    assert!(answer.head.contains("content-type: application/problem+json") && answer.body.contains(detail), "{text}");
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["status"], status, "{text}");
    assert!(!text.contains("marker9c41"), "{text}");
}

#[test]
fn who_has_the_token_reads_and_changes_the_level() {
    let (server, level, told) = guarded(Ok("info"));
    let get = |headers: &[&str]| ask_with(server.address(), "GET", PATH, headers, "");
    let before = get(&[&authorization()]);
    assert_eq!((before.status, before.body.as_str()), (200, "{\"level\":\"info\"}"));
    assert!(before.head.contains("content-type: application/json"), "{}", before.head);
    let changed = put(server.address(), " {\"level\": \"debug\"}\n");
    assert_eq!((changed.status, changed.body.as_str()), (200, "{\"level\":\"debug\"}"));
    assert_eq!(level.get(), Ok("debug"));
    for same in [format!("authorization: bearer {TOKEN}"), format!("AUTHORIZATION:   BEARER   {TOKEN}  ")] {
        assert_eq!(get(&[&same]).body, "{\"level\":\"debug\"}", "{same}");
    }
    assert!(told.try_recv().is_err(), "nobody was refused");
}

#[test]
fn without_the_token_nothing_below_admin_is_answered_whatever_is_asked() {
    let (server, level, told) = guarded(Ok("info"));
    let refused = [
        String::new(),
        "Authorization:".to_string(),
        "Authorization: Bearer".to_string(),
        "Authorization: Bearer another-token-of-some-length".to_string(),
        "Authorization: Bearer marker9c41".to_string(),
        format!("Authorization: Bearer {TOKEN}0"),
        format!("Authorization: Bearer {TOKEN} {TOKEN}"),
        format!("Authorization: Bearer {}", TOKEN.to_uppercase()),
        format!("Authorization: Bearer \"{TOKEN}\""),
        format!("Authorization: Bearer {TOKEN}\u{e4}"),
        format!("Authorization: Basic {TOKEN}"),
        format!("Authorization: {TOKEN}"),
        format!("Authorization: Bearer{TOKEN}"),
        format!("Authorization: Bearer {TOKEN}\r\nAuthorization: Bearer {TOKEN}"),
        format!("Cookie: Bearer {TOKEN}"),
    ];
    for header in &refused {
        for (method, path) in
            [("GET", PATH), ("PUT", PATH), ("DELETE", PATH), ("GET", "/admin/nothing"), ("GET", "/admin/"), ("GET", "/admin")]
        {
            let headers: &[&str] = if header.is_empty() { &[] } else { &[header, "content-length: 17"] };
            let answer = ask_with(server.address(), method, path, headers, if header.is_empty() { "" } else { "{\"level\":\"debug\"}" });
            assert_problem(&answer, 401, "`Authorization: Bearer` with the token of http.admin_token");
            assert!(answer.head.contains("\r\nwww-authenticate: bearer\r\n"), "{}", answer.head);
        }
    }
    assert_eq!(level.get(), Ok("info"));
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [1], "told once, not {} times", 6 * refused.len());
}

#[test]
fn without_a_configured_token_admin_actions_are_off_for_everybody() {
    let (server, _) = start_with(1, off());
    for header in ["Authorization: Bearer ", "Authorization: Bearer x", "Cookie: x"] {
        for path in [PATH, "/admin/nothing"] {
            let answer = ask_with(server.address(), "GET", path, &[header], "");
            assert_problem(&answer, 403, "admin actions are off: http.admin_token turns them on");
        }
    }
    let elsewhere = ask_with(server.address(), "GET", "/administration", &[], "");
    assert_problem(&elsewhere, 404, "there is nothing at /administration");
}

#[test]
fn what_is_no_change_of_level_is_refused_without_a_word_of_it() {
    let (server, level, _told) = guarded(Ok("info"));
    let long = format!("{{\"level\":\"{}\"}}", "marker9c41".repeat(103));
    assert!(long.len() > 1024);
    let filled = format!("{{\"level\":\"debug\"}}{}", " ".repeat(1024 - 17));
    let cases = [
        ("{\"level\":\"marker9c41\"}", 400, "level must be one of info, debug"),
        ("{\"level\":\"DEBUG\"}", 400, "level must be one of"),
        ("{\"level\":3}", 400, "expected a body such as"),
        ("{\"level\":\"debug\",\"marker9c41\":1}", 400, "expected a body such as"),
        ("{\"level\":\"debug\"} marker9c41", 400, "expected a body such as"),
        ("marker9c41", 400, "expected a body such as"),
        ("", 400, "expected a body such as"),
        (&long, 413, "a body has 1024 bytes at most"),
    ];
    for (body, status, detail) in cases {
        assert_problem(&put(server.address(), body), status, detail);
    }
    let chunked = format!("{:x}\r\n{long}\r\n0\r\n\r\n", long.len());
    let answer = ask_with(server.address(), "PUT", PATH, &[&authorization(), "transfer-encoding: chunked"], &chunked);
    assert_problem(&answer, 413, "a body has 1024 bytes at most");
    let answer = ask_with(server.address(), "PUT", PATH, &[&authorization(), "content-length: 17"], "{\"level\":");
    assert_problem(&answer, 408, "the body did not come within 2 s");
    for method in ["POST", "DELETE", "PATCH"] {
        let answer = ask_with(server.address(), method, PATH, &[&authorization()], "");
        assert_problem(&answer, 405, "only GET, HEAD and PUT are answered here");
        assert!(answer.head.contains("allow: get,head,put"), "{}", answer.head);
    }
    for path in ["/admin/nothing", "/admin/", "/admin"] {
        assert_problem(&ask_with(server.address(), "GET", path, &[&authorization()], ""), 404, &format!("there is nothing at {path}"));
    }
    assert_eq!(level.get(), Ok("info"));
    assert_eq!(put(server.address(), &filled).status, 200, "the longest body");
}

#[test]
fn a_level_that_somebody_else_decides_is_a_conflict_and_a_failure_is_one() {
    for (error, status, detail) in [
        (LevelError::Overridden("RUST_LOG"), 409, "RUST_LOG decides what is logged"),
        (LevelError::Failed("gone".to_string()), 500, "the level cannot be changed: gone"),
    ] {
        let (server, _, _told) = guarded(Err(error));
        assert_problem(&put(server.address(), "{\"level\":\"debug\"}"), status, detail);
        assert_problem(&ask_with(server.address(), "GET", PATH, &[&authorization()], ""), status, detail);
    }
}
