//! Erasure on the real broker: `lifetide erase` makes a customer unknown, in the outputs, in the state, and after one round in every byte of
//! the changelog; what comes late brings nobody back. That erasures survive crashes and takeovers, and that `replay` and the model in
//! Python agree, is tested with all else by `exactly_once` and `ways_out`, whose shops have erasures in them.

use std::time::{Duration, Instant};

use lifetide::cli::shop::{ShopRecord, ShopTopic};
use rdkafka::Message;
use serde_json::json;

use crate::trial::Trial;

/// One record in so many is followed by the erasure of its customer.
const ERASURE_EVERY: usize = 149;
const LONGEST: Duration = Duration::from_secs(120);
/// 2026-01-01T00:00:00Z
const START_MS: i64 = 1_767_225_600_000;

/// A shop in which now and then somebody is erased, in the middle of whatever they do, and their last record comes once more behind that.
pub fn with_erasures(shop: impl Iterator<Item = ShopRecord>) -> impl Iterator<Item = ShopRecord> {
    let mut records = 0;
    shop.flat_map(move |record| {
        records += 1;
        let Some(customer) = record.key.clone().filter(|_| records >= ERASURE_EVERY) else {
            return vec![record];
        };
        records = 0;
        let erasure = erasure(&customer, record.timestamp_ms);
        vec![record.clone(), erasure, record]
    })
}

fn time(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).unwrap().to_string()
}

fn call(customer: &str, at_ms: i64, kind: &str, event: &str, properties: serde_json::Value) -> ShopRecord {
    let name = format!("{customer}-{event}-{at_ms}");
    let mut body = json!({ "type": kind, "messageId": name, "userId": customer, "timestamp": time(at_ms) });
    body[if kind == "identify" { "traits" } else { "properties" }] = properties;
    if kind == "track" {
        body["event"] = json!(event);
    }
    ShopRecord { topic: ShopTopic::Purchases, key: Some(customer.to_owned()), timestamp_ms: at_ms, value: body.to_string().into_bytes() }
}

fn erasure(customer: &str, at_ms: i64) -> ShopRecord {
    call(customer, at_ms, "track", "Customer Erased", json!({}))
}

fn order(customer: &str, at_ms: i64) -> ShopRecord {
    let properties = json!({ "order_id": format!("o-{customer}-{at_ms}"), "total": 10, "currency": "USD" });
    call(customer, at_ms, "track", "Order Completed", properties)
}

/// All values still in the changelog, of open and aborted transactions, too, as one text.
fn changelog(trial: &Trial) -> Vec<u8> {
    let blocks = trial.records(&[format!("{}.out.changelog", trial.name)], "read_uncommitted");
    blocks.iter().flat_map(|block| [block.key().unwrap_or_default(), block.payload().unwrap_or_default()].concat()).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn wait_until_read(trial: &Trial, log: impl Fn() -> String) {
    let deadline = Instant::now() + LONGEST;
    while trial.lag() > 0 {
        assert!(Instant::now() < deadline, "lag {}\n{}", trial.lag(), log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_erased_customer_is_in_no_byte_of_the_changelog_and_stays_unknown() {
    let key = "customers.erasure_key=\"00112233445566778899aabbccddeeff\"";
    // every transaction may write the whole state again, so that a round is short
    let trial = Trial::new("erased", &["changelog.base_ratio=100", "commit.max_records=20", key]);
    trial.create_topics();
    let (customer, other) = ("erased-customer-7f3a", "other-customer-7f3a");
    let traits = |name: &str| json!({ "email": format!("{name}@example.com"), "first_name": "Forgetta", "email_marketing_consent": true });
    let early = [
        call(customer, START_MS, "identify", "identify", traits(customer)),
        order(customer, START_MS + 1_000),
        call(other, START_MS, "identify", "identify", json!({ "email": "other-7f3a@example.com" })),
    ];
    trial.load_records(early.into_iter());
    let mut process = trial.start("a", 0);
    wait_until_read(&trial, || process.log_tail());
    let secrets = [customer, "Forgetta"];
    let before = changelog(&trial);
    assert!(secrets.iter().all(|text| holds(&before, text)), "the test looks where it should");

    let erased = trial.command(&["erase", customer, "-o", "json"]).output().unwrap();
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
    wait_until_read(&trial, || process.log_tail());
    let deadline = Instant::now() + LONGEST;
    let now_ms = START_MS + 40_000;
    for round in 1.. {
        trial.load_records((0..40).map(|n| order(&format!("u-{n}"), now_ms + round * 1_000)));
        wait_until_read(&trial, || process.log_tail());
        let after = changelog(&trial);
        if !secrets.iter().any(|text| holds(&after, text)) {
            assert!(holds(&after, "other-7f3a@example.com"), "the others are still there");
            break;
        }
        assert!(Instant::now() < deadline, "after {round} rounds of traffic the changelog still has the customer");
    }
    // the order, perhaps what silence made of it until then, and the end
    let erased = trial.written()["clv"][customer].clone();
    assert!(erased.len() > 1 && erased.last() == Some(&json!({ "value": null })), "{erased:?}");

    // a restart, and an event from before: the mark came through the rounds
    assert_eq!(process.stop(LONGEST), Some(0), "{}", process.log_tail());
    trial.load_records([order(customer, START_MS + 2_000)].into_iter());
    let mut process = trial.start("a", 1);
    wait_until_read(&trial, || process.log_tail());
    assert_eq!(trial.written()["clv"][customer], erased);
    // a new life: the erasure was at the wall clock's time, and this is later
    let later_ms = lifetide::clock::wall_ms() + 60_000;
    trial.load_records([order(customer, later_ms)].into_iter());
    wait_until_read(&trial, || process.log_tail());
    let clv = trial.written()["clv"][customer].clone();
    assert_eq!((clv.len(), &clv[erased.len()]["historic"][0]["orders"]), (erased.len() + 1, &json!(1)), "{clv:?}");
    assert_eq!(process.stop(LONGEST), Some(0), "{}", process.log_tail());
}
