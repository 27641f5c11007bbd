//! `top` beside a running demo: one picture into a pipe, and what it says of who is not there.

use std::process::Command;

use super::{SOON, finish, lifetide, wait_for};
use crate::demo::Demo;

/// Runs a command in a small terminal of its own until it has drawn there three times, ends it as Ctrl-C does, and prints all it drew.
const WATCHING: &str = r#"
import fcntl, os, pty, select, signal, struct, sys, termios
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 8, 40, 0, 0))
drawn = b""
while drawn.count(b"\x1b[H") < 3:
    drawn += os.read(terminal, 65536)
os.kill(child, signal.SIGINT)
try:
    while more := os.read(terminal, 65536):
        drawn += more
except OSError:
    pass
sys.stdout.buffer.write(drawn)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

fn address(demo: &Demo) -> String {
    wait_for("the demo to say where it is", SOON, || {
        demo.stdout().lines().find_map(|line| line.strip_prefix("live page: ").map(|url| url.trim_end_matches('/').to_owned()))
    })
}

#[test]
fn a_terminal_is_drawn_on_within_its_size_and_left_as_it_was() {
    let demo = Demo::start("top-drawn", &[]);
    let outcome =
        finish(Command::new("python3").args(["-c", WATCHING, env!("CARGO_BIN_EXE_lifetide"), "top", "--url"]).arg(address(&demo)), SOON);
    assert_eq!(outcome.code, Some(0), "{}{}", outcome.stdout, outcome.stderr);
    let drawn = outcome.stdout;
    assert!(drawn.starts_with("\x1b[?1049h\x1b[?25l") && drawn.ends_with("\x1b[?25h\x1b[?1049l"), "{drawn:?}");
    let last = drawn.rsplit("\x1b[H").next().unwrap();
    // the terminal puts a carriage return of its own before each line feed
    let lines = last.split("\x1b[J").next().unwrap().split('\n');
    let lines: Vec<&str> = lines.map(|line| line.trim_end_matches('\r').trim_end_matches("\x1b[K")).collect();
    assert!(lines.len() <= 8 && lines.iter().all(|line| line.chars().count() <= 40), "{lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with("events ")), "{lines:#?}");
}

#[test]
fn a_picture_of_a_running_demo_shows_its_events_stages_and_actions() {
    let demo = Demo::start("top", &[]);
    let url = address(&demo);
    // while the demo catches up, not all of it is there yet
    let parts = [url.as_str(), "running", "latency      p50 ", "shop.carts ", "equity       ", "USD", "repeat ", " -> ", "cart_recovery"];
    let picture = wait_for("events, stages and actions", SOON, || {
        let outcome = finish(&mut lifetide(&["top", "--url", &url]), SOON);
        assert_eq!(outcome.code, Some(0), "{}{}", outcome.stderr, demo.said());
        let has_all = parts.iter().all(|part| outcome.stdout.contains(part)) && !outcome.stdout.contains("events       0/s");
        has_all.then_some(outcome.stdout)
    });
    assert!(!picture.contains('\x1b'), "a pipe gets no control characters");
}

#[test]
fn where_nobody_answers_it_says_so_and_fails() {
    let outcome = finish(&mut lifetide(&["top", "--once", "--url", "http://127.0.0.1:1"]), SOON);
    assert_eq!(outcome.code, Some(1), "{}", outcome.stdout);
    assert!(
        outcome.stdout.starts_with("http://127.0.0.1:1 ") && outcome.stderr.contains("no instance answers"),
        "{}{}",
        outcome.stdout,
        outcome.stderr
    );
}
