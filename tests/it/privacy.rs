//! Nobody is to be found in logs, metrics and health, nor the token of an admin: records full of one recognisable person, good ones and
//! bad ones of every kind, go through the real program while it and librdkafka say all they can say.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use lifetide::worker::partition_of;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::broker;
use crate::commands::admin::{TOKEN_VARIABLE, log_level};
use crate::commands::running::{address, get};
use crate::commands::{SOON, finish, lifetide, wait_for};
use crate::trial::{SLOTS, Trial};

/// In everything personal below, and nowhere else.
const MARK: &str = "marker7f3a";
const KEY: &str = "zoe-marker7f3a";
/// Of `http.admin_token`: no person, and as little to be found.
const TOKEN: &str = "token-marker7f3a";

/// A value with `KEY` as its customer, unless it says otherwise itself.
fn track(event: &str, properties: &str) -> String {
    format!(
        r#"{{"type":"track","event":"{event}","messageId":"m-{MARK}-{}","userId":"{KEY}","timestamp":"2026-01-01T12:00:00Z","context":{{"traits":{{"email":"{MARK}@example.com"}}}},"properties":{{{properties}}}}}"#,
        properties.len()
    )
}

fn good() -> Vec<String> {
    let identify = |traits: &str| {
        format!(
            r#"{{"type":"identify","userId":"{KEY}","timestamp":"2026-01-01T11:00:00Z","traits":{{"email":"{MARK}@example.com",{traits}}}}}"#
        )
    };
    let order = r#""order_id":"o-marker7f3a","total":57.20,"currency":"USD""#;
    vec![
        identify(r#""first_name":"Zoe marker7f3a","email_marketing_consent":true,"timezone":"Mars/marker7f3a","locale":"marker7f3a""#),
        identify(r#""email":"not-an-address-marker7f3a""#),
        identify(r#""birthday":"marker7f3a","phone":"marker7f3a""#),
        track(
            "Product Added",
            r#""cart_id":"c-marker7f3a","product_id":"p-marker7f3a","name":"For marker7f3a","price":20,"quantity":1,"currency":"USD""#,
        ),
        track("Order Completed", order),
        track("Order Completed", order),
        track("Order Refunded", r#""order_id":"never-marker7f3a","total":5,"currency":"USD""#),
        track("Email Bounced", r#""email":"marker7f3a@example.com","bounce_type":"marker7f3a""#),
        track("Consent Changed", r#""channel":"email","status":"subscribed","source":"marker7f3a""#),
        track("marker7f3a@example.com did something", ""),
        track("Cart Abandoned", r#""cart_id":"c-marker7f3a","url":"https://example.com/?who=marker7f3a""#),
    ]
}

fn bad() -> Vec<Vec<u8>> {
    let order = |properties: &str| track("Order Completed", &format!(r#""order_id":"o2-marker7f3a",{properties}"#)).into_bytes();
    let at = |time: &str| track("Order Completed", r#""total":1,"currency":"USD""#).replace("2026-01-01T12:00:00Z", time).into_bytes();
    vec![
        b"marker7f3a@example.com".to_vec(),
        format!(r#"{{"userId":"{KEY}","email":"{MARK}@exam"#).into_bytes(),
        [format!(r#"{{"userId":"{KEY}"#).as_bytes(), b"\xff\xfe\"}"].concat(),
        format!(r#"{{"type":"identify","userId":"{KEY}","userId":"{KEY}"}}"#).into_bytes(),
        format!(r#"["{KEY}"]"#).into_bytes(),
        format!(r#"{{"type":"identify","traits":{{"email":"{MARK}@example.com"}}}}"#).into_bytes(),
        format!(r#"{{"type":"identify","userId":"another-{MARK}","traits":{{}}}}"#).into_bytes(),
        format!(r#"{{"type":"identify","userId":"{}","traits":{{}}}}"#, MARK.repeat(200)).into_bytes(),
        order(r#""total":{"marker7f3a":"marker7f3a"},"currency":"USD""#),
        order(r#""total":"marker7f3a","currency":"USD""#),
        order(r#""total":-5,"currency":"USD","coupon":"marker7f3a""#),
        order(r#""total":5,"currency":"marker7f3a""#),
        order(r#""total":99999999999999999999999,"currency":"USD","note":"marker7f3a""#),
        track("Order Completed", r#""total":5,"currency":"USD""#).into_bytes(),
        at("marker7f3a"),
        at("9999-12-31T00:00:00Z"),
        order(&format!(r#""total":5,"currency":"USD","note":"{}""#, MARK.repeat(20_000))),
        Vec::new(),
    ]
}

/// Sends each value to the partition of its key, or to the next one.
fn send(trial: &Trial, key: Option<&[u8]>, values: &[Vec<u8>], partition_off: u32) {
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", broker::bootstrap()).set("message.max.bytes", "16777216").create().unwrap();
    let topic = format!("{}.carts", trial.name);
    let partition = (key.map_or(0, |key| partition_of(key, SLOTS)) + partition_off) % SLOTS;
    for value in values {
        let headers =
            OwnedHeaders::new().insert(Header { key: "traceparent", value: Some(MARK) }).insert(Header { key: MARK, value: Some(MARK) });
        let mut record = BaseRecord::<[u8], [u8]>::to(&topic).payload(value).partition(partition as i32).headers(headers);
        record.key = key;
        producer.send(record.timestamp(1_767_268_800_000)).map_err(|(why, _)| why).unwrap();
    }
    producer.flush(Duration::from_secs(30)).unwrap();
}

fn assert_nobody(where_from: &str, text: &str) {
    let found: Vec<&str> = text.lines().filter(|line| line.to_lowercase().contains(MARK)).take(3).collect();
    assert!(found.is_empty(), "a person is in {where_from}: {found:#?}");
}

#[test]
fn nobody_is_to_be_found_in_logs_metrics_and_health() {
    let mut trial = Trial::new(
        "privacy",
        &["log.level=\"debug\"", "kafka.properties.debug=\"all\"", "commit.max_records=3", "input.max_record_bytes=100000"],
    );
    trial.environment = vec![("RUST_LOG", "trace".to_owned()), (TOKEN_VARIABLE, TOKEN.to_owned())];
    trial.create_topics();
    let good: Vec<Vec<u8>> = good().into_iter().map(String::into_bytes).collect();
    send(&trial, Some(KEY.as_bytes()), &good, 0);
    send(&trial, Some(KEY.as_bytes()), &bad(), 0);
    send(&trial, None, &good[..1], 0);
    send(&trial, Some(format!("{MARK}\u{0}").repeat(90).as_bytes()), &good[..1], 0);
    send(&trial, Some(&[MARK.as_bytes(), b"\xff\xfe"].concat()), &good[..1], 0);

    let mut process = trial.start("a", 0);
    let address = address(&mut process);
    wait_for("everything to be read", SOON, || (trial.lag() == 0).then_some(()));
    for path in ["/metrics", "/readyz", "/livez"] {
        assert_nobody(path, &get(&address, path).1);
    }
    for (token, expected) in [(TOKEN, 409), ("token-marker7f3a-and-more", 401)] {
        let (status, answer) = log_level(&address, token, Some("info"));
        assert_eq!(status, expected, "{answer}");
        assert_nobody("an answer to an admin", &answer);
    }
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    let log = fs::read_to_string(&process.log).unwrap();
    assert!(log.contains("DEBUG librdkafka") && log.contains("slot restored"), "not everything was said");
    assert!(log.contains("admin actions refused"), "the guess was not told");
    assert_nobody("the log", &log);

    let written = trial.written();
    assert!(written["transitions"].contains_key(KEY) && written["clv"].contains_key(KEY), "nothing came of the good records");
    let letters: Vec<_> = written["dlq"].values().flatten().collect();
    let reasons: BTreeSet<&str> = letters.iter().filter_map(|letter| letter["reason"].as_str()).collect();
    assert!(letters.len() >= bad().len() + 3 && reasons.len() >= 15, "{} dead letters for {reasons:?}", letters.len());

    // what stops a worker is said too, on its way back from the changelog
    send(&trial, Some(KEY.as_bytes()), &good[..1], 1);
    let stopped = finish(&mut trial.command(&["run", "--set", "instance.id=\"a\""]), SOON);
    assert_eq!(stopped.code, Some(1), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("belongs in partition"));
    assert_nobody("the log of a worker that stopped", &stopped.stderr);
}

/// A panic says what the `Debug` of its values says. These hold the secrets; the guard of the admin actions has no `Debug`, and keeps a
/// digest only.
#[test]
fn a_panic_over_settings_tells_no_secret() {
    let (secret, key, key_as_bytes) = (TOKEN, "5ec2e7005ec2e7005ec2e7005ec2e700", "94, 194, 231, 0");
    let secrets = ["sasl.password", "ssl.key.password", "ssl.key.pem", "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config"];
    let mut sets: Vec<String> = secrets.iter().map(|key| format!("kafka.properties.\"{key}\"=\"{secret}\"")).collect();
    sets.push(format!("http.admin_token=\"{secret}\""));
    sets.push(format!("customers.erasure_key=\"{key}\""));
    let config = crate::settings::config(&sets);
    let kafka = lifetide::cli::rules::kafka_settings(&config);
    let rules = lifetide::cli::rules::worker_rules(&config, SLOTS, 1);
    let values: [(&str, &dyn Debug); 3] = [("shop.purchases", &config), ("sasl.password", &kafka), ("commit_interval_ms", &rules)];
    for (part, value) in values {
        let payload = catch_unwind(AssertUnwindSafe(|| panic!("{value:?}"))).unwrap_err();
        let said = payload.downcast::<String>().unwrap();
        assert!(said.contains(part), "it does not say what it is about: {said}");
        assert!(!said.contains(key) && !said.contains(key_as_bytes), "the key is in a panic");
        assert_nobody("a panic", &said);
    }
}

#[test]
fn a_line_that_replay_cannot_read_is_named_by_its_number_alone() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let cases = [
        ("events", format!(r#"{{"topic":"shop.carts","timestamp_ms":"{MARK}","value":{{}}}}"#), "line 1: a recorded record has a field"),
        ("events", format!(r#"{{"topic":"shop.carts","key":["{MARK}"],"value":{{}}}}"#), "line 1: a recorded record has a field"),
        ("cdnow", format!("{MARK} 19970101"), "line 1: expected customer, date, amount: a column"),
        ("csv", format!("customer,date,amount\n{MARK},someday,5"), "line 2: expected customer, date, amount: the date"),
    ];
    for (number, (format, text, expected)) in cases.into_iter().enumerate() {
        let input = folder.join(format!("privacy-{}-{number}.txt", std::process::id()));
        fs::write(&input, text).unwrap();
        let outcome =
            finish(lifetide(&["replay", "--format", format, "--output"]).arg(input.with_extension("out")).arg("--input").arg(&input), SOON);
        fs::remove_file(&input).unwrap();
        let _ = fs::remove_dir_all(input.with_extension("out"));
        assert!(outcome.code == Some(1) && outcome.stderr.contains(expected), "{}", outcome.stderr);
        assert_nobody("the error", &outcome.stderr);
    }
}
