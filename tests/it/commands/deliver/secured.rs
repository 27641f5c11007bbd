//! Encrypted ways out, to real servers with a certificate made for the occasion: SMTP with STARTTLS or TLS from the first byte, with a login, and requests over https. A certificate that
//! nobody vouches for, or that is another host's, is refused before anything is handed over, and costs no attempt.

use std::path::Path;
use std::process::Command;

use super::mail::Server;
use super::{Trial, action, id, start, trial, wait_for, wait_until_done, write};
use crate::commands::SOON;
use serde_json::json;

/// `<name>.pem` and `<name>.key` for this address, signed by itself.
fn certify(folder: &Path, name: &str, address: &str) -> [String; 2] {
    let [certificate, key] = ["pem", "key"].map(|kind| folder.join(format!("{name}.{kind}")).display().to_string());
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", &format!("/CN={name}")]);
    command.args(["-addext", &format!("subjectAltName=IP:{address}"), "-out", &certificate, "-keyout", &key]);
    let output = command.output().expect("openssl is not there: apt-get install openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    [certificate, key]
}

/// One process that trusts `trusted` alone and gets nowhere, then one that trusts `right`, which sends what is there.
fn refused_then_sent(trial: &mut Trial, via: &str, server: &Server, trusted: &str, right: &str, lives: usize) {
    let before = server.told().len();
    trial.environment = vec![("SSL_CERT_FILE", trusted.to_owned())];
    let mut process = start(trial, via, lives);
    wait_for("two refusals of the certificate", SOON, || {
        let log = std::fs::read_to_string(&process.log).unwrap();
        (log.matches("cannot be reached").count() >= 2).then_some(())
    });
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    assert_eq!(server.told().len(), before, "handed over to whom nobody vouches for");

    trial.environment = vec![("SSL_CERT_FILE", right.to_owned())];
    let mut process = start(trial, via, lives + 1);
    wait_until_done(trial, &process);
    wait_for("what was held back", SOON, || (server.told().len() > before).then_some(()));
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
}

#[test]
fn mails_go_by_starttls_to_the_host_that_is_meant_and_to_no_other() {
    let mut trial = trial("deliver-starttls", &["deliver.from=\"shop@example.com\"".to_owned(), "deliver.attempts=1".to_owned()]);
    let [right, right_key] = certify(&trial.folder, "right", "127.0.0.1");
    let [elsewhere, elsewhere_key] = certify(&trial.folder, "elsewhere", "127.0.0.2");
    let sets = trial.sets.clone();
    let towards = |trial: &mut Trial, server: &Server| {
        trial.sets = sets.clone();
        let more = ["deliver.smtp.host=\"127.0.0.1\"".to_owned(), format!("deliver.smtp.port={}", server.port)];
        trial.sets.extend(more.into_iter().chain(["deliver.smtp.tls=\"starttls\"".to_owned()]));
    };
    let server = Server::start_script("server.py", &["0", &right, &right_key]);
    towards(&mut trial, &server);
    write(&trial, &[action(1, json!({}))]);
    refused_then_sent(&mut trial, "smtp", &server, &elsewhere, &right, 0);
    assert_eq!(server.receivers(), ["u-1@example.com"]);

    // trusted, but not this host's
    let other = Server::start_script("server.py", &["0", &elsewhere, &elsewhere_key]);
    towards(&mut trial, &other);
    write(&trial, &[action(2, json!({}))]);
    trial.environment = vec![("SSL_CERT_FILE", elsewhere)];
    let mut process = start(&trial, "smtp", 2);
    wait_for("a refusal of the host's name", SOON, || {
        std::fs::read_to_string(&process.log).unwrap().contains("cannot be reached").then_some(())
    });
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    assert_eq!(other.told(), [json!(null); 0]);

    // a server without it gets nothing, either
    let plain = Server::start(0);
    towards(&mut trial, &plain);
    let mut process = start(&trial, "smtp", 3);
    wait_for("a refusal to go on in clear text", SOON, || {
        std::fs::read_to_string(&process.log).unwrap().contains("cannot be reached").then_some(())
    });
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    assert_eq!(plain.told(), [json!(null); 0]);
}

/// To this server, in this way, as the user `shop`.
fn log_in(trial: &mut Trial, server: &Server, tls: &str, password: &str, trusted: &str) {
    trial.sets.retain(|set| !set.starts_with("deliver.smtp."));
    trial.sets.extend(["host=\"127.0.0.1\"".to_owned(), format!("port={}", server.port)].map(|set| format!("deliver.smtp.{set}")));
    trial.sets.extend([format!("deliver.smtp.tls={tls:?}"), "deliver.smtp.user=\"shop\"".to_owned()]);
    trial.environment = vec![("SSL_CERT_FILE", trusted.to_owned()), ("LIFETIDE__DELIVER__SMTP__PASSWORD", password.to_owned())];
}

#[test]
fn a_login_goes_by_tls_from_the_first_byte_or_by_starttls_and_a_wrong_password_sends_nothing_and_loses_nothing() {
    let mut trial = trial("deliver-login", &["deliver.from=\"shop@example.com\"".to_owned(), "deliver.attempts=1".to_owned()]);
    let [right, key] = certify(&trial.folder, "right", "127.0.0.1");
    for (number, tls) in [(1, "tls"), (2, "starttls")] {
        let server = Server::start_script("server.py", &["0", &right, &key, tls, "shop", "marker-right"]);
        write(&trial, &[action(number, json!({}))]);
        log_in(&mut trial, &server, tls, "marker-wrong", &right);
        let life = number as usize * 2;
        let mut process = start(&trial, "smtp", life);
        let refusal = "nothing is sent for now: the mail server refuses deliver.smtp.user with deliver.smtp.password: smtp 535";
        wait_for("two refusals of the password", SOON, || {
            let log = std::fs::read_to_string(&process.log).unwrap();
            (log.matches(refusal).count() >= 2).then_some(())
        });
        assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
        assert!(!std::fs::read_to_string(&process.log).unwrap().contains("marker"), "the password is in a log");
        assert_eq!(server.told(), [json!(null); 0]);

        log_in(&mut trial, &server, tls, "marker-right", &right);
        let mut process = start(&trial, "smtp", life + 1);
        wait_until_done(&trial, &process);
        wait_for("the mail", SOON, || (!server.told().is_empty()).then_some(()));
        assert_eq!((server.receivers(), &server.told()[0]["by"]), (vec![format!("u-{number}@example.com")], &json!("shop")));
        assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    }

    // who speaks no TLS from the first byte gets nothing
    let plain = Server::start(0);
    log_in(&mut trial, &plain, "tls", "marker-right", &right);
    write(&trial, &[action(3, json!({}))]);
    let mut process = start(&trial, "smtp", 6);
    wait_for("a refusal to go on in clear text", SOON, || {
        std::fs::read_to_string(&process.log).unwrap().contains("cannot be reached").then_some(())
    });
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    assert_eq!(plain.told(), [json!(null); 0]);
}

#[test]
fn requests_go_by_https_to_the_host_that_is_meant() {
    let mut trial = trial("deliver-https", &["deliver.attempts=1".to_owned()]);
    let [right, key] = certify(&trial.folder, "right", "127.0.0.1");
    let [elsewhere, _] = certify(&trial.folder, "elsewhere", "127.0.0.1");
    let server = Server::start_script("hooks.py", &[&right, &key]);
    trial.sets.push(format!("deliver.webhook.url=\"https://127.0.0.1:{}/hooks\"", server.port));
    write(&trial, &[action(1, json!({}))]);
    refused_then_sent(&mut trial, "webhook", &server, &elsewhere, &right, 0);
    assert_eq!(server.told(), [json!({ "id": id(1) })]);
}
