//! Mails to a real mail server (aiosmtpd, `tests/smtp/server.py`), parsed by Python's own reader of mails.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{action, cancel, id, start, trial, wait_for, wait_until_done, write};
use crate::commands::SOON;

/// What a reader of mails makes of one: headers by their names in lower case, parts by their types.
const PARSE: &str = "
import email, email.policy, json, sys
mail = email.message_from_string(sys.stdin.read(), policy=email.policy.default)
parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
print(json.dumps({'headers': {name.lower(): value for name, value in mail.items()}, 'parts': parts}))
";

pub struct Server {
    child: Child,
    pub port: u16,
    mails: Arc<Mutex<Vec<Value>>>,
}

/// The Python that has aiosmtpd: the system's has it where Debian's package is there.
fn python() -> &'static str {
    let has_it = |python: &&str| {
        let tried = Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    };
    let missing = "no aiosmtpd: apt-get install python3-aiosmtpd, or pip install aiosmtpd";
    ["python3", "/usr/bin/python3"].into_iter().find(has_it).expect(missing)
}

impl Server {
    /// `port`: 0 is any.
    pub fn start(port: u16) -> Server {
        Server::start_script("server.py", &[&port.to_string()])
    }

    /// A script of `tests/smtp`: its port on its first line, what it was given on the others.
    pub fn start_script(script: &str, arguments: &[&str]) -> Server {
        let script = format!("{}/tests/smtp/{script}", env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(python());
        let mut child = command.arg(script).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: Value = serde_json::from_str(&lines.next().expect("the mail server did not start").unwrap()).unwrap();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let kept = mails.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            }
        });
        Server { child, port: first["port"].as_u64().unwrap() as u16, mails }
    }

    /// All it was given.
    pub fn told(&self) -> Vec<Value> {
        self.mails.lock().unwrap().clone()
    }

    /// Addresses mails were taken for, in order of the alphabet.
    pub fn receivers(&self) -> Vec<String> {
        let mails = self.mails.lock().unwrap();
        let mut receivers: Vec<String> = mails.iter().map(|mail| mail["to"][0].as_str().unwrap().to_owned()).collect();
        receivers.sort_unstable();
        receivers
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn sets(port: u16) -> Vec<String> {
    vec![
        "deliver.from=\"Shop <shop@example.com>\"".to_owned(),
        "deliver.unsubscribe_url=\"https://shop.example.com/no?who={{ customer_id | urlencode }}\"".to_owned(),
        "deliver.headers=[\"X-PM-Metadata-email_id: {{ id }}\"]".to_owned(),
        "deliver.smtp.host=\"127.0.0.1\"".to_owned(),
        "deliver.smtp.tls=\"none\"".to_owned(),
        format!("deliver.smtp.port={port}"),
    ]
}

fn parsed(mail: &Value) -> Value {
    let mut child = Command::new(python()).args(["-c", PARSE]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(mail["mail"].as_str().unwrap().as_bytes()).unwrap();
    serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn a_mail_server_gets_each_mail_once_with_one_click_unsubscription() {
    let server = Server::start(0);
    let trial = trial("deliver-mail", &sets(server.port));
    let name = json!({ "email": "zoe@example.com", "first_name": "Zo\u{eb} <3", "customer_id": "u&1" });
    let later = action(2, json!({ "email": "later@example.com" }));
    let never = action(3, json!({ "email": "never@example.com" }));
    let nowhere = action(4, json!({ "email": null }));
    write(&trial, &[action(1, name), later, never, nowhere, action(5, json!({})), cancel(5), action(6, json!({}))]);
    let mut process = start(&trial, "smtp", 0);
    wait_until_done(&trial, &process);
    wait_for("the mails", SOON, || (server.receivers().len() >= 3).then_some(()));
    assert_eq!(server.receivers(), ["later@example.com", "u-6@example.com", "zoe@example.com"]);
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    let log = std::fs::read_to_string(&process.log).unwrap();
    assert!(log.contains("smtp 550") && log.contains("smtp 451") && log.contains("no_address"), "{log}");
    assert!(!log.contains("@example.com"), "{log}");

    let mails = server.mails.lock().unwrap().clone();
    let mail = parsed(mails.iter().find(|mail| mail["to"][0] == "zoe@example.com").unwrap());
    for (header, value) in [
        ("from", "Shop <shop@example.com>"),
        ("to", "zoe@example.com"),
        ("subject", "You left something in your cart"),
        ("message-id", &format!("<{}@example.com>", id(1))),
        ("list-unsubscribe", "<https://shop.example.com/no?who=u%261>"),
        ("list-unsubscribe-post", "List-Unsubscribe=One-Click"),
        ("x-pm-metadata-email_id", &id(1)),
    ] {
        assert_eq!(mail["headers"][header], value, "{mail}");
    }
    assert!(mail["parts"]["text/plain"].as_str().unwrap().starts_with("Hello Zo\u{eb} <3,"), "{mail}");
    assert!(mail["parts"]["text/html"].as_str().unwrap().contains("Hello Zo\u{eb} &lt;3,"), "{mail}");
}

#[test]
fn a_mail_server_that_is_away_costs_no_attempt() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut trial = trial("deliver-away", &sets(port));
    trial.sets.push("deliver.attempts=1".to_owned());
    write(&trial, &[action(1, json!({}))]);
    let mut process = start(&trial, "smtp", 0);
    wait_for("two looks at the server", SOON, || {
        let log = std::fs::read_to_string(&process.log).unwrap();
        (log.matches("cannot be reached").count() >= 2).then_some(())
    });
    let server = Server::start(port);
    wait_until_done(&trial, &process);
    wait_for("the mail", SOON, || (server.receivers() == ["u-1@example.com"]).then_some(()));
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
}
