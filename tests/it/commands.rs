//! The program as its users meet it: arguments and settings in; an exit code, data on stdout and words on stderr out.
//!
//! `offline`, `words`, `top`, `fit`, `fit_seasonal` and `backtest` need no broker, `reload`, `doctor`, `topics`, `models`, `refusals`, `dead_letters`, `deliver`, `registry`, `replays`, `running`, `admin`, `api`, `state`,
//! `overload`, `supervision`, `systemd` and `takeover` use the real one. What the events mean is tested elsewhere (`scenarios`, `exactly_once`).

pub mod admin;
mod api;
pub mod backtest;
mod changed_plays;
mod dead_letters;
pub mod deliver;
pub mod doctor;
mod explain;
mod fit;
mod fit_seasonal;
mod models;
mod offline;
mod overload;
mod refusals;
mod registry;
mod reload;
mod replays;
mod report;
pub mod running;
pub mod state;
mod supervision;
mod systemd;
mod takeover;
mod top;
mod topics;
mod words;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use serde_json::Value;

/// For a command that has nothing to wait for, on a busy machine.
pub const SOON: Duration = Duration::from_secs(60);

/// What a command left behind.
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    took: Duration,
}

impl Outcome {
    /// The one JSON value that stdout must be, a line of its own.
    fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "{}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap_or_else(|why| panic!("{why}: {}", self.stdout))
    }
}

pub fn lifetide(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifetide"));
    command.args(arguments);
    command
}

/// Runs a command to its end, which must come within `longest`.
pub fn finish(command: &mut Command, longest: Duration) -> Outcome {
    let began = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id().to_string();
    let (sender, receiver) = channel();
    std::thread::spawn(move || drop(sender.send(child.wait_with_output())));
    let output = receiver.recv_timeout(longest).unwrap_or_else(|_| {
        let _ = Command::new("kill").args(["-9", &id]).status();
        let said = receiver.recv().ok().and_then(Result::ok).map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
        panic!("{command:?} did not end within {longest:?}; it said: {}", said.unwrap_or_default())
    });
    let output = output.unwrap();
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        took: began.elapsed(),
    }
}

/// A folder for one test's files; it goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let name = format!("commands-{name}-{}", std::process::id());
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// Where a file of this name would be, as an argument.
    fn path(&self, file: &str) -> String {
        self.0.join(file).into_os_string().into_string().unwrap()
    }

    fn write(&self, file: &str, text: &str) -> String {
        let path = self.path(file);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Polls until `look` finds something; panics after `longest`.
pub fn wait_for<T>(what: &str, longest: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + longest;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {longest:?} for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
