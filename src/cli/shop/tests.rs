//! What the generated shop promises: the same seed gives the same bytes, and a long enough stream has everything of the input contract.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::json::{Amount, JsonObject};
use super::random::Random;
use super::{Shop, ShopRates, ShopRecord, ShopTopic, to_line};

const START_MS: i64 = 1_767_225_600_000; // 2026-01-01
const NO_FAULTS: ShopRates = ShopRates { duplicates: 0.0, late: 0.0, ahead: 0.0, malformed: 0.0, refunds: 0.05, cancellations: 0.01 };

fn shop(seed: u64) -> Shop {
    Shop::new(seed, 500, START_MS, 1000)
}

fn parsed(record: &ShopRecord) -> Option<Value> {
    serde_json::from_slice(&record.value).ok()
}

fn text<'a>(event: &'a Value, pointer: &str) -> Option<&'a str> {
    event.pointer(pointer).and_then(Value::as_str)
}

#[test]
fn the_random_numbers_are_those_of_splitmix64() {
    // Known outputs for this seed, from the algorithm's reference implementation.
    let mut random = Random::new(1_234_567);
    let numbers: Vec<u64> = (0..3).map(|_| random.next()).collect();
    assert_eq!(numbers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
}

#[test]
fn an_amount_is_written_as_an_exact_decimal() {
    for (minor, digits, written) in
        [(5720, 2, "57.20"), (5, 2, "0.05"), (-5, 2, "-0.05"), (-150, 2, "-1.50"), (1200, 0, "1200"), (1, 3, "0.001")]
    {
        let object = JsonObject::new().amount("a", Amount { minor, digits }).finish();
        assert_eq!(object, format!("{{\"a\":{written}}}"));
    }
}

#[test]
fn a_seed_gives_the_same_records_and_another_seed_gives_others() {
    let records: Vec<ShopRecord> = shop(7).take(5000).collect();
    assert!(shop(7).take(5000).eq(records.iter().cloned()));
    assert!(shop(8).take(5000).ne(records));
}

#[test]
fn a_shop_of_one_customer_goes_on() {
    let records: Vec<ShopRecord> = Shop::new(3, 1, START_MS, 10).with_rates(NO_FAULTS).take(2000).collect();
    assert_eq!(records.len(), 2000);
    assert_eq!(records.iter().filter_map(|record| record.key.as_deref()).collect::<BTreeSet<_>>().len(), 1);
}

#[test]
fn the_stream_ends_where_the_calendar_does() {
    let records = Shop::new(1, 10, START_MS, i64::MAX / 4).with_rates(NO_FAULTS).take(10).count();
    assert_eq!(records, 1);
}

#[test]
fn record_times_never_go_back_and_keys_name_the_customer() {
    let mut last_ms = START_MS;
    for record in shop(1).with_rates(NO_FAULTS).take(20_000) {
        assert!(record.timestamp_ms >= last_ms);
        last_ms = record.timestamp_ms;
        let event = parsed(&record).expect("no faults, so JSON");
        let id = text(&event, "/userId").or(text(&event, "/anonymousId"));
        assert_eq!(id, record.key.as_deref(), "{event}");
    }
}

#[test]
fn a_long_stream_has_every_event_of_the_contract() {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for event in shop(1).with_rates(NO_FAULTS).take(60_000).filter_map(|record| parsed(&record)) {
        let name = text(&event, "/event").or(text(&event, "/type")).expect("a name").to_owned();
        *seen.entry(name).or_default() += 1;
    }
    let expected = [
        ("identify", 500),
        ("Order Completed", 3000),
        ("Order Refunded", 100),
        ("Order Cancelled", 20),
        ("Email Delivered", 3000),
        ("Email Opened", 1500),
        ("Email Link Clicked", 500),
        ("Email Bounced", 100),
        ("Email Marked as Spam", 5),
        ("Unsubscribed", 20),
        ("Subscribed", 50),
        ("Consent Changed", 50),
        ("Product Added", 5000),
        ("Product Removed", 500),
        ("Cart Viewed", 500),
        ("Cart Updated", 500),
        ("Checkout Started", 3000),
        ("Cart Abandoned", 50),
        ("Product Viewed", 1000),
        ("Chat Window Opened", 50),
    ];
    for (name, at_least) in expected {
        assert!(seen.get(name).is_some_and(|count| *count >= at_least), "{name}: {:?} of {at_least}", seen.get(name));
    }
}

/// A name for people, and how to recognise it.
type Shape = (&'static str, fn(&Value) -> bool);

fn assert_all_found(shapes: &[Shape]) {
    let events: Vec<Value> = shop(1).with_rates(NO_FAULTS).take(60_000).filter_map(|record| parsed(&record)).collect();
    for (name, is_it) in shapes {
        assert!(events.iter().any(is_it), "no event with {name}");
    }
}

#[test]
fn a_long_stream_has_every_kind_of_person() {
    assert_all_found(&[
        ("consent as a flag", |e| e.pointer("/traits/email_marketing_consent").is_some_and(Value::is_boolean)),
        ("consent as a word", |e| e.pointer("/traits/email_marketing_consent").is_some_and(Value::is_string)),
        ("consent as an object", |e| e.pointer("/traits/email_marketing_consent").is_some_and(Value::is_object)),
        ("identify without consent", |e| e.get("traits").is_some_and(|t| t.get("email_marketing_consent").is_none())),
        ("identify without email", |e| e.get("traits").is_some_and(|t| t.get("email").is_none())),
        ("an invalid address", |e| text(e, "/traits/email").is_some_and(|email| !email.ends_with("@example.com") || email.contains(' '))),
        ("a changed address", |e| text(e, "/traits/email").is_some_and(|email| email.contains("+1@"))),
        ("a visitor with a null userId", |e| e.get("userId").is_some_and(Value::is_null)),
        ("a visitor without userId", |e| e.get("userId").is_none()),
        ("both ids", |e| text(e, "/userId").is_some() && text(e, "/anonymousId").is_some()),
        ("no time", |e| e.get("timestamp").is_none()),
        ("a time with an offset", |e| text(e, "/timestamp").is_some_and(|time| time.ends_with("+09:00"))),
    ]);
}

#[test]
fn a_long_stream_has_every_kind_of_order_and_mail() {
    assert_all_found(&[
        ("yen", |e| text(e, "/event") == Some("Order Completed") && text(e, "/properties/currency") == Some("JPY")),
        ("a refund with a total", |e| text(e, "/event") == Some("Order Refunded") && e.pointer("/properties/total").is_some()),
        ("a refund without total", |e| text(e, "/event") == Some("Order Refunded") && e.pointer("/properties/total").is_none()),
        ("a refund with an id", |e| text(e, "/properties/refund_id").is_some()),
        ("a soft bounce", |e| text(e, "/properties/bounce_type") == Some("soft")),
        ("a bounce of no kind", |e| text(e, "/event") == Some("Email Bounced") && e.pointer("/properties/bounce_type").is_none()),
        ("consent for another channel", |e| text(e, "/properties/channel") == Some("sms")),
    ]);
}

#[test]
fn a_long_stream_has_every_kind_of_cart() {
    assert_all_found(&[
        ("a cart without id", |e| text(e, "/event") == Some("Product Added") && e.pointer("/properties/cart_id").is_none()),
        ("a cart without prices", |e| e.pointer("/properties/products/0").is_some_and(|p| p.get("price").is_none())),
        ("an emptied cart", |e| e.pointer("/properties/products").and_then(Value::as_array).is_some_and(Vec::is_empty)),
        ("more lines than are kept", |e| e.pointer("/properties/products/20").is_some()),
        ("a look without products", |e| text(e, "/event") == Some("Cart Viewed") && e.pointer("/properties/products").is_none()),
    ]);
}

#[test]
fn some_refunds_come_before_their_order_and_some_orders_come_twice() {
    let mut completed = BTreeMap::new();
    let mut early = 0;
    for event in shop(1).with_rates(NO_FAULTS).take(100_000).filter_map(|record| parsed(&record)) {
        let Some(order_id) = text(&event, "/properties/order_id").map(str::to_owned) else {
            continue;
        };
        match text(&event, "/event") {
            Some("Order Completed") => *completed.entry(order_id).or_insert(0) += 1,
            Some("Order Refunded") if !completed.contains_key(&order_id) => early += 1,
            _ => {}
        }
    }
    assert!(early > 5, "{early} early refunds");
    assert!(completed.values().filter(|times| **times == 2).count() > 5);
}

#[test]
fn faults_come_at_their_rates() {
    let count = 200_000;
    let records: Vec<ShopRecord> =
        shop(5).with_rates(ShopRates { malformed: 0.005, ahead: 0.001, ..ShopRates::default() }).take(count).collect();
    let repeated = count - records.iter().map(|record| &record.value).collect::<BTreeSet<_>>().len();
    let (mut late, mut ahead) = (0, 0);
    for record in &records {
        let Some(event) = parsed(record) else {
            continue;
        };
        let Some(time) = text(&event, "/timestamp").and_then(|time| time.parse::<jiff::Timestamp>().ok()) else {
            continue;
        };
        let lag_ms = record.timestamp_ms - time.as_millisecond();
        late += u32::from((1..=600_000).contains(&lag_ms));
        ahead += u32::from((-7_200_000..0).contains(&lag_ms));
    }
    assert!((1800..2200).contains(&repeated), "{repeated} repeated");
    // Most repeats come within ten minutes of the event, which makes them late too.
    assert!((2000..2800).contains(&late), "{late} late");
    assert!((100..320).contains(&ahead), "{ahead} ahead");
}

#[test]
fn spoiled_records_are_wrong_in_all_eight_ways() {
    type Way = (&'static str, fn(&ShopRecord, Option<&Value>) -> bool);
    let ways: [Way; 8] = [
        ("truncated", |_, e| e.is_none()),
        ("wrong type", |_, e| e.and_then(|e| e.pointer("/properties/total")).is_some_and(Value::is_array)),
        ("no key", |r, _| r.key.is_none()),
        ("another's key", |r, _| r.key.as_ref().is_some_and(|key| key.starts_with("not-"))),
        ("unknown currency", |_, e| e.and_then(|e| text(e, "/properties/currency")) == Some("XQQ")),
        ("negative total", |_, e| e.and_then(|e| e.pointer("/properties/total")).and_then(Value::as_f64).is_some_and(|total| total < 0.0)),
        ("total not a number", |_, e| e.and_then(|e| text(e, "/properties/total")) == Some("NaN")),
        ("year 9999", |_, e| e.and_then(|e| text(e, "/timestamp")).is_some_and(|time| time.starts_with("9999"))),
    ];
    let rates = ShopRates { malformed: 1.0, duplicates: 0.0, ..ShopRates::default() };
    let mut counts = [0; 8];
    for record in shop(2).with_rates(rates).take(800) {
        let event = parsed(&record);
        let matching: Vec<usize> = (0..8).filter(|way| ways[*way].1(&record, event.as_ref())).collect();
        assert_eq!(matching.len(), 1, "{record:?} is wrong in {matching:?}");
        counts[matching[0]] += 1;
    }
    for (way, count) in counts.iter().enumerate() {
        assert!(*count > 50, "{} only {count} times", ways[way].0);
    }
}

#[test]
fn a_line_holds_the_event_or_the_raw_record() {
    let sound = ShopRecord { topic: ShopTopic::Carts, key: Some("u-\"1\"".into()), timestamp_ms: 5, value: br#"{"a":1.50}"#.to_vec() };
    assert_eq!(to_line(&sound, "shop."), r#"{"topic":"shop.carts","key":"u-\"1\"","timestamp_ms":5,"value":{"a":1.50}}"#);
    let cut = ShopRecord { topic: ShopTopic::Purchases, key: None, timestamp_ms: 6, value: br#"{"a":1"#.to_vec() };
    assert_eq!(to_line(&cut, ""), r#"{"topic":"purchases","key":null,"timestamp_ms":6,"value":"{\"a\":1"}"#);
}
