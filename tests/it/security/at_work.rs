//! Events in, decisions out, with everything a careful cluster asks for; and what was secret stays so.

use std::fs;
use std::time::Duration;

use super::*;
use crate::broker::acls::grant;
use crate::commands::{SOON, finish, lifetide};
use crate::trial::differences;

const LONGEST: Duration = Duration::from_secs(120);
/// The way of the README.
const PASSWORD_VARIABLE: &str = "LIFETIDE__KAFKA__PROPERTIES__SASL_PASSWORD";

/// Runs the trial with these settings besides its own and compares what was written with `replay`; returns what was logged.
fn run_and_compare(trial: &mut Trial, settings: Vec<String>) -> String {
    trial.load(7, 3_000, 200);
    let expected = trial.replay();
    trial.sets.extend(settings);
    let mut process = trial.start("a", 0);
    trial.wait_until_written(&expected, &[&process], LONGEST);
    assert_eq!(process.stop(LONGEST), Some(0), "{}", process.log_tail());
    let differences = differences(&expected, &trial.written());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    fs::read_to_string(&process.log).unwrap()
}

#[test]
fn records_compressed_with_zstd_are_read_over_tls() {
    let mut trial = trial("tls");
    trial.compression = "zstd";
    run_and_compare(&mut trial, over_tls(secured()));
}

#[test]
fn with_a_password_over_tls_the_rights_of_the_readme_are_enough_and_the_password_is_nowhere_to_be_read() {
    let mut trial = trial("sasl");
    grant(secured().plain(), USER, &rights(&trial.name));
    trial.environment = vec![(PASSWORD_VARIABLE, password().to_owned()), ("RUST_LOG", "trace".to_owned())];
    let mut settings = with_password(secured(), "");
    settings.retain(|set| !set.contains("sasl.password"));
    // librdkafka tells of its own configuration and of how it shows who it is
    settings.push("kafka.properties.debug=\"all\"".to_owned());
    let log = run_and_compare(&mut trial, settings);
    assert!(log.contains("SCRAM") && log.contains("sasl.password"), "librdkafka did not say what could hold the secret");
    assert_no_secret("the log", &log);

    for arguments in [&["config", "show"][..], &["config", "show", "-o", "json"], &["validate"], &["topics", "check"]] {
        let outcome = finish(&mut trial.command(arguments), SOON);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        assert_no_secret(&format!("{arguments:?}"), &format!("{}{}", outcome.stdout, outcome.stderr));
    }
    let shown = finish(&mut trial.command(&["config", "show"]), SOON).stdout;
    assert!(shown.contains("sasl.password") && shown.contains("(hidden)") && shown.contains(PASSWORD_VARIABLE), "{shown}");
}

/// Settings that are refused, with the secret in the middle of what is wrong.
#[test]
fn an_error_does_not_quote_a_secret() {
    let secret = password();
    let cases: [(&str, String); 6] = [
        ("unknown property", format!("kafka.properties.sasl.passwort={secret:?}")),
        ("no text", format!("kafka.properties.sasl.password=[{secret:?}]")),
        ("a key that is no key", format!("kafka.properties.ssl.key.pem={secret:?}")),
        ("not TOML", format!("kafka.properties.sasl.password={secret}\"")),
        ("a misplaced section", format!("kafka.sasl.password={secret:?}")),
        ("a property of another kind", format!("kafka.properties.sasl.oauthbearer.config={secret:?}")),
    ];
    for (what, set) in cases {
        for command in [&["validate"][..], &["config", "show"]] {
            let outcome = finish(lifetide(command).args(["--set", &set]), SOON);
            assert_no_secret(&format!("{what}, {command:?}"), &format!("{}{}", outcome.stdout, outcome.stderr));
        }
    }
}

fn assert_no_secret(where_from: &str, text: &str) {
    if let Some(line) = text.lines().find(|line| line.contains(password())) {
        panic!("the password is in {where_from}: {line}");
    }
}
