//! `run` below systemd, whose ear is a socket of the test: that it has begun, that it is alive, how it is, and that it stops.
//!
//! That the watchdog hears nothing of a worker that is stuck, `cli::supervisor` tests by itself.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use super::{SOON, wait_for};
use crate::trial::Trial;

/// Bites after this, so it is told every 500 ms.
const WATCHDOG_US: u64 = 1_500_000;

/// Takes down what is said until nothing is said for a moment.
fn listen(ear: &UnixDatagram, heard: &mut Vec<String>) {
    let mut message = [0; 4096];
    while let Ok(length) = ear.recv(&mut message) {
        heard.extend(String::from_utf8_lossy(&message[..length]).lines().map(str::to_owned));
    }
}

#[test]
fn systemd_hears_that_it_has_begun_that_it_lives_and_that_it_stops() {
    let mut trial = Trial::new("systemd", &[]);
    trial.create_topics();
    // short: a socket's path has 107 bytes
    let path = std::env::temp_dir().join(format!("lifetide-notify-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let ear = UnixDatagram::bind(&path).unwrap();
    ear.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    trial.environment = vec![("NOTIFY_SOCKET", path.display().to_string()), ("WATCHDOG_USEC", WATCHDOG_US.to_string())];
    let mut process = trial.start("a", 0);
    let mut heard = Vec::new();
    wait_for("three signs of life of a process that runs", SOON, || {
        listen(&ear, &mut heard);
        let beats = heard.iter().filter(|line| *line == "WATCHDOG=1").count();
        (beats >= 3 && heard.iter().any(|line| line == "STATUS=running")).then_some(())
    });
    assert_eq!(heard[0], "READY=1", "{heard:?}");
    assert!(!heard.contains(&"STOPPING=1".to_owned()), "{heard:?}");
    heard.clear();
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    listen(&ear, &mut heard);
    assert_eq!(heard.last().map(String::as_str), Some("STOPPING=1"), "{heard:?}");
    std::fs::remove_file(&path).unwrap();
}
