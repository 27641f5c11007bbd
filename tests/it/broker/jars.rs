//! Java, Maven and the broker's jars: checks the first two, fetches the third once and keeps them beside the build output.
//!
//! The folder appears whole or not at all, so test processes that start at the same moment never see half of it, and it is fetched again
//! when `tests/kafka/pom.xml` changes. Nothing is installed on the machine: what is missing is named with the line that installs it.
//! Called by `broker`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::OnceLock;

const POM: &str = include_str!("../../kafka/pom.xml");
const INSTALL_LINE: &str = "apt-get install -y openjdk-17-jre-headless maven";
/// Kafka 4 brokers are compiled for Java 17.
const OLDEST_JAVA: u32 = 17;

/// Folder with `libs/*.jar`, fetched if it is not there or was fetched for another `pom.xml`; once, whoever of this process asks first.
pub fn kafka_home() -> Result<PathBuf, String> {
    static HOME: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    HOME.get_or_init(find_or_fetch).clone()
}

fn find_or_fetch() -> Result<PathBuf, String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("invariant: cargo's tmp is a folder inside target");
    let home = target.join("kafka-4.3.1");
    if is_complete(&home) {
        return Ok(home);
    }
    check_maven()?;
    let partial = target.join(format!("kafka-4.3.1.partial-{}", process::id()));
    let fetched = fetch_jars(&partial).and_then(|()| install(&partial, &home));
    // Gone already when it has become the home.
    let _ = fs::remove_dir_all(&partial);
    fetched.map(|()| home)
}

fn is_complete(home: &Path) -> bool {
    fs::read_to_string(home.join("pom.xml")).is_ok_and(|fetched_for| fetched_for == POM)
}

fn fetch_jars(partial: &Path) -> Result<(), String> {
    let written = fs::create_dir_all(partial).and_then(|()| fs::write(partial.join("pom.xml"), POM));
    written.map_err(|why| format!("cannot write to {}: {why}", partial.display()))?;
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", "-f"]).arg(partial.join("pom.xml"));
    maven.args(["dependency:copy-dependencies", "-DincludeScope=runtime"]);
    maven.arg(format!("-DoutputDirectory={}", partial.join("libs").display()));
    run(maven).map_err(|why| format!("maven could not fetch the broker of tests/kafka/pom.xml: {why}"))
}

/// A rename, so that no test process ever sees half of the jars; of two processes that fetched at once, the first one's stay.
fn install(partial: &Path, home: &Path) -> Result<(), String> {
    if home.exists() && !is_complete(home) {
        fs::remove_dir_all(home).map_err(|why| format!("cannot remove the outdated {}: {why}", home.display()))?;
    }
    match fs::rename(partial, home) {
        Err(_) if is_complete(home) => Ok(()),
        result => result.map_err(|why| format!("cannot create {}: {why}", home.display())),
    }
}

pub fn check_java() -> Result<(), String> {
    let complaint = |found: &str| {
        format!("the tests start a real Kafka broker and need Java {OLDEST_JAVA} or newer ({found}); install: {INSTALL_LINE}")
    };
    let output = Command::new("java").arg("-version").output().map_err(|why| complaint(&format!("`java` does not run: {why}")))?;
    let banner = String::from_utf8_lossy(&output.stderr).into_owned();
    match java_release(&banner) {
        Some(release) if release >= OLDEST_JAVA => Ok(()),
        _ => Err(complaint(&format!("`java -version` says: {}", banner.trim()))),
    }
}

/// The release in `openjdk version "17.0.15" ...`; before Java 9 it stood second, as in `"1.8.0_292"`.
fn java_release(banner: &str) -> Option<u32> {
    let version = banner.lines().find(|line| line.contains(" version \""))?.split('"').nth(1)?;
    let mut parts = version.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().ok());
    match parts.next()?? {
        1 => parts.next().flatten(),
        release => Some(release),
    }
}

fn check_maven() -> Result<(), String> {
    let mut maven = Command::new("mvn");
    maven.arg("-v");
    run(maven)
        .map_err(|why| format!("the tests fetch a real Kafka broker with Maven, but `mvn` does not run ({why}); install: {INSTALL_LINE}"))
}

pub fn run(mut command: Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|why| why.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}\n{}{}", output.status, String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn the_release_is_read_from_what_java_says_of_itself() {
    let banners = [
        ("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime Environment\n", Some(17)),
        ("Picked up JAVA_TOOL_OPTIONS: -Xss1m\njava version \"1.8.0_292\"\n", Some(8)),
        ("openjdk version \"25\" 2025-09-16\n", Some(25)),
        ("openjdk version \"26-ea\" 2026-03-17\n", Some(26)),
        ("java: not found\n", None),
    ];
    for (banner, release) in banners {
        assert_eq!(java_release(banner), release, "{banner}");
    }
}
