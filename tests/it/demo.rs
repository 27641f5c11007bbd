//! `lifetide demo`: what a newcomer runs first. It must work with nothing installed and nothing running, show each kind of thing, and
//! end in counts that a recount of its topics confirms.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// `--seconds` and what comes before and after it, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A demo that writes into files; killed when dropped.
pub struct Demo {
    child: Child,
    pub folder: PathBuf,
}

impl Demo {
    pub fn start(name: &str, arguments: &[&str]) -> Demo {
        Demo::start_with(name, arguments, &[])
    }

    pub fn start_with(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Demo {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("demo-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_lifetide"))
            .arg("demo")
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(File::create(folder.join("out")).unwrap())
            .stderr(File::create(folder.join("err")).unwrap())
            .spawn()
            .unwrap();
        Demo { child, folder }
    }

    pub fn stdout(&self) -> String {
        fs::read_to_string(self.folder.join("out")).unwrap()
    }

    /// Both streams, for messages.
    pub fn said(&self) -> String {
        self.stdout() + &fs::read_to_string(self.folder.join("err")).unwrap()
    }

    /// Exit code of a demo that ends by itself.
    fn end(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "does not end:\n{}", self.said());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Live lines of a topic (time, topic, customer, what happened) that say `what`.
pub fn live_lines<'a>(text: &'a str, topic: &str, what: &str) -> Vec<&'a str> {
    let lines = text.lines().filter(|line| line.get(10..).is_some_and(|rest| rest.starts_with(topic)) && line.contains(what));
    lines.collect()
}

fn confirms_its_counts(text: &str) {
    let (_, summary) = text.split_once("\nsummary: ").unwrap_or_else(|| panic!("no summary:\n{text}"));
    let counts: Vec<u64> = summary.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
    let (all, parts) = counts.split_last().unwrap();
    assert_eq!(*all, parts.iter().sum::<u64>(), "{summary}");
    assert!(summary.ends_with("records in all; a recount of the topics gives the same\n"), "{summary}");
}

#[test]
fn the_demo_shows_transitions_values_and_cart_e_mails_and_counts_them_again() {
    let mut demo = Demo::start("timed", &["--seconds", "20"]);
    assert_eq!(demo.end(), Some(0), "{}", demo.said());
    let text = demo.stdout();
    for (topic, what) in [("transitions", " -> "), ("clv", "worth "), ("actions", "cart_recovery send, cart of ")] {
        assert!(!live_lines(&text, topic, what).is_empty(), "no {topic} line with {what:?}:\n{text}");
    }
    confirms_its_counts(&text);
    let errors = fs::read_to_string(demo.folder.join("err")).unwrap();
    assert_eq!(errors, "", "a newcomer is shown troubles");
}

#[test]
fn ctrl_c_ends_the_demo_with_its_summary() {
    let mut demo = Demo::start("ctrl-c", &["--seed", "2"]);
    let deadline = Instant::now() + PATIENCE;
    while live_lines(&demo.stdout(), "clv", "worth ").is_empty() {
        assert!(demo.child.try_wait().unwrap().is_none(), "{}", demo.said());
        assert!(Instant::now() < deadline, "nothing happens: {}", demo.said());
        std::thread::sleep(Duration::from_millis(50));
    }
    let text = demo.stdout();
    let address = text.lines().find_map(|line| line.strip_prefix("live page: http://")?.strip_suffix('/')).unwrap();
    assert_eq!(health(address), (Some(0), "alive\n".to_owned()));
    let id = demo.child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(sent.success());
    assert_eq!(demo.end(), Some(0), "{}", demo.said());
    confirms_its_counts(&demo.stdout());
    assert_eq!(health(address), (Some(1), String::new()), "nobody is there any more");
}

/// `lifetide health`, as a container asks: exit code, and what it says of who is well. A proxy for others is none for it.
fn health(address: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifetide"));
    command.args(["health", "--set", &format!("http.listen={address:?}")]).env("http_proxy", "http://127.0.0.1:1");
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}
