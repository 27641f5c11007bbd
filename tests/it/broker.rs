//! One real Kafka broker for the whole test process: `bootstrap()` starts it at first use and returns its address.
//!
//! `LIFETIDE_TEST_KAFKA=host:port` names a running broker instead. Otherwise Java 17 must be there, and Maven once, to fetch the jars of
//! `tests/kafka/pom.xml`; they stay beside the build output until that file changes. What is missing is a failure that says how to install
//! it: a test that needs Kafka is never skipped.
//!
//! Rust drops no statics and `kill -9` runs no code, so the broker hangs on a pipe whose other end this process holds open: however the
//! process ends, the pipe closes, and a shell waiting at it kills that one broker and removes its folder (`guard`).
//! It creates no topics and knows nothing of lifetide. Called by the tests that need Kafka; those about security have a second broker with
//! TLS, passwords and rights (`secured`), and those about failures one that may fall and be started again (`unsteady`).

#![allow(clippy::disallowed_methods, reason = "waiting for another process needs a deadline by the clock; no engine code runs here")]

pub mod acls;
mod guard;
pub mod jars;
mod probe;
pub mod secured;
pub mod unsteady;

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const SETTINGS: &str = include_str!("../kafka/server.properties");
const LOG_SETTINGS: &str = include_str!("../kafka/log4j2.properties");

/// A laptop needs 4 s, a machine busy with a build some 20 s.
const START_DEADLINE: Duration = Duration::from_secs(60);
/// A broker named by the environment is said to run already.
const ANSWER_DEADLINE: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Ports are free when we look and may be taken when the broker binds: three looks are enough.
const MAX_STARTS: u32 = 3;
/// As much of the broker's log as a failure message quotes.
const LOG_TAIL_LINES: usize = 30;
/// Any 16 bytes in URL-safe base64 name a cluster; a fixed one spares a Java start.
const CLUSTER_ID: &str = "bGlmZXRpZGUtdGVzdHMtMQ";
/// Small and quick to start: the tests push a few hundred thousand records, not millions.
const JVM_OPTIONS: [&str; 4] = ["-Xmx512m", "-Xms512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

/// Lines of `server.properties` that win over those before, made once the broker's folder is there and its ports are known (PLAINTEXT,
/// CONTROLLER, the further listeners).
type Settings<'a> = &'a dyn Fn(&Path, &[u16]) -> Result<String, String>;

/// How a broker differs from the plain one of all tests.
struct Difference<'a> {
    /// Names of further listeners, each of which gets a port.
    listeners: &'a [&'a str],
    settings: Settings<'a>,
    /// Arguments for the formatting of its storage.
    format: fn() -> Vec<String>,
}

const NO_DIFFERENCE: Difference<'static> = Difference { listeners: &[], settings: &|_, _| Ok(String::new()), format: Vec::new };

struct Broker {
    bootstrap: String,
    /// Ports of the further listeners, in their order.
    ports: Vec<u16>,
    run_dir: PathBuf,
    /// Holds the write end of the guard's pipe; none for a broker that was running before.
    _guard: Option<Child>,
}

/// Address `host:port` of the broker; every call in a process gets the same one, and the same failure if it cannot be had.
pub fn bootstrap() -> &'static str {
    static BROKER: OnceLock<Result<Broker, String>> = OnceLock::new();
    let found = BROKER.get_or_init(|| match std::env::var("LIFETIDE_TEST_KAFKA") {
        Ok(address) => running(address),
        Err(_) => start(&NO_DIFFERENCE),
    });
    match found {
        Ok(broker) => &broker.bootstrap,
        Err(why) => panic!("{why}"),
    }
}

fn running(address: String) -> Result<Broker, String> {
    let deadline = Instant::now() + ANSWER_DEADLINE;
    loop {
        match probe::answers(&address) {
            Ok(()) => {
                return Ok(Broker { bootstrap: address, ports: Vec::new(), run_dir: PathBuf::new(), _guard: None });
            }
            Err(why) if Instant::now() > deadline => {
                return Err(format!("LIFETIDE_TEST_KAFKA={address} does not answer as a Kafka broker: {why}"));
            }
            Err(_) => thread::sleep(POLL_INTERVAL),
        }
    }
}

fn start(difference: &Difference<'_>) -> Result<Broker, String> {
    jars::check_java()?;
    let home = jars::kafka_home()?;
    let mut attempt = 1;
    loop {
        match start_once(&home, difference) {
            Err(why) if attempt < MAX_STARTS && why.contains("Address already in use") => attempt += 1,
            result => return result,
        }
    }
}

fn start_once(home: &Path, difference: &Difference<'_>) -> Result<Broker, String> {
    let run_dir = create_run_dir().map_err(|why| format!("no folder for the test broker: {why}"))?;
    let mut ports = free_ports(2 + difference.listeners.len()).map_err(|why| format!("no free port on 127.0.0.1: {why}"))?;
    let more = (difference.settings)(&run_dir, &ports)?;
    write_settings(&run_dir, &ports, difference.listeners, &more).map_err(|why| format!("cannot write the broker's settings: {why}"))?;
    let bootstrap = format!("127.0.0.1:{}", ports[0]);
    ports.drain(..2);

    let settings = run_dir.join("server.properties");
    let mut format_log_dirs = java(home, &run_dir, "kafka.tools.StorageTool");
    format_log_dirs.args(["format", "--standalone", "-t", CLUSTER_ID, "-c"]).arg(&settings).args((difference.format)());
    jars::run(format_log_dirs).map_err(|why| {
        // No guard yet, so nobody else would.
        let _ = fs::remove_dir_all(&run_dir);
        format!("formatting the broker's storage failed: {why}")
    })?;

    let mut broker = java(home, &run_dir, "kafka.Kafka");
    broker.arg(&settings);
    let guard = guard::guard(&run_dir, &broker).map_err(|why| format!("cannot start the broker's guard: {why}"))?;
    let guard = wait_until_answering(&bootstrap, &run_dir, guard)?;
    Ok(Broker { bootstrap, ports, run_dir, _guard: Some(guard) })
}

/// Ends the guard (and with it the broker and its folder) when the broker gives no answer in time.
fn wait_until_answering(bootstrap: &str, run_dir: &Path, mut guard: Child) -> Result<Child, String> {
    let deadline = Instant::now() + START_DEADLINE;
    let why = loop {
        let answer = probe::answers(bootstrap);
        // Asked after the answer: whoever answered at a port that our broker could not bind was not our broker.
        if run_dir.join("ended").exists() {
            break "ended".to_owned();
        }
        match answer {
            Ok(()) => return Ok(guard),
            Err(why) if Instant::now() > deadline => {
                break format!("gave no answer within {START_DEADLINE:?} ({why})");
            }
            Err(_) => thread::sleep(POLL_INTERVAL),
        }
    };
    let log_tail = tail(&run_dir.join("broker.log"));
    drop(guard.stdin.take());
    // Its exit status says nothing about the broker, which is what the message is about.
    let _ = guard.wait();
    Err(format!("the test broker at {bootstrap} {why}; the end of its log:\n{log_tail}"))
}

fn java(home: &Path, run_dir: &Path, main_class: &str) -> Command {
    let mut command = Command::new("java");
    command.args(JVM_OPTIONS);
    command.arg(format!("-Dlog4j2.configurationFile=file:{}", run_dir.join("log4j2.properties").display()));
    command.arg("-cp").arg(home.join("libs").join("*")).arg(main_class);
    command
}

/// `ports`: of PLAINTEXT, CONTROLLER and the further listeners.
fn write_settings(run_dir: &Path, ports: &[u16], further: &[&str], more: &str) -> io::Result<()> {
    let names = ["PLAINTEXT", "CONTROLLER"].into_iter().chain(further.iter().copied());
    let listeners: Vec<String> = names.zip(ports).map(|(name, port)| format!("{name}://127.0.0.1:{port}")).collect();
    let listeners = listeners.join(",");
    let mut settings = File::create(run_dir.join("server.properties"))?;
    writeln!(settings, "{SETTINGS}")?;
    writeln!(settings, "listeners={listeners}")?;
    writeln!(settings, "advertised.listeners={listeners}")?;
    writeln!(settings, "controller.quorum.bootstrap.servers=127.0.0.1:{}", ports[1])?;
    writeln!(settings, "log.dirs={}", run_dir.join("logs").display())?;
    writeln!(settings, "{more}")?;
    fs::write(run_dir.join("log4j2.properties"), LOG_SETTINGS)
}

fn create_run_dir() -> io::Result<PathBuf> {
    // Never one number twice: whoever waits for a folder to go must not meet the next one of that name.
    static NEXT_NUMBER: AtomicU32 = AtomicU32::new(0);
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(parent)?;
    loop {
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        let run_dir = parent.join(format!("kafka-{}-{number}", process::id()));
        match fs::create_dir(&run_dir) {
            // Of an earlier process with our id, whose guard was killed too.
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result.map(|()| run_dir),
        }
    }
}

fn free_ports(count: usize) -> io::Result<Vec<u16>> {
    // All are held while asking, else the system may give the same port twice.
    let held = (0..count).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<io::Result<Vec<_>>>()?;
    held.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

fn tail(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
}

/// Looks until there is something to see; panics after `longest`.
fn poll<T>(what: &str, longest: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + longest;
    loop {
        match look() {
            Some(found) => return found,
            None => assert!(Instant::now() < deadline, "waited {longest:?} for {what}"),
        }
        thread::sleep(POLL_INTERVAL);
    }
}
