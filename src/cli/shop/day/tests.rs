//! What a generated day promises: the same seed gives the same bytes, everything of the input contract is in it, and who is joined or
//! credited is quiet when others tell of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{DAY_MS, HOUR_MS, QUIET_FROM_HOUR, TIES_FROM_HOUR, TIES_UNTIL_HOUR, day};
use crate::cli::shop::ShopRecord;

const START_MS: i64 = 1_767_225_600_000; // 2026-01-01

fn parsed(record: &ShopRecord) -> Option<Value> {
    serde_json::from_slice(&record.value).ok()
}

fn name_of(event: &Value) -> Option<&str> {
    event["event"].as_str().or(event["type"].as_str())
}

#[test]
fn a_seed_gives_the_same_day_and_another_seed_another() {
    let records = day(7, 300, START_MS);
    assert!(day(7, 300, START_MS) == records);
    assert!(day(8, 300, START_MS) != records);
}

#[test]
fn records_are_sent_in_order_within_the_day() {
    let records = day(3, 2_000, START_MS);
    assert!(records.is_sorted_by_key(|record| record.timestamp_ms));
    assert!(records.iter().all(|record| (START_MS..START_MS + DAY_MS).contains(&record.timestamp_ms)));
    let customers: BTreeSet<_> = records.iter().filter_map(|record| record.key.as_deref()).collect();
    assert!(customers.len() > 1_700, "{} customers", customers.len());
}

#[test]
fn a_day_has_every_event_of_the_contract() {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for event in day(1, 4_000, START_MS).iter().filter_map(parsed) {
        *seen.entry(name_of(&event).unwrap_or("nameless").to_owned()).or_default() += 1;
    }
    let names = "identify,alias,Order Completed,Order Refunded,Order Cancelled,Product Added,Product Removed,Cart Viewed,Cart Updated,\
        Checkout Started,Cart Abandoned,Signed Up,Product Viewed,Product List Viewed,Products Compared,Checkout Step Viewed,\
        Checkout Step Completed,Payment Info Entered,Coupon Applied,Order Shipped,Order Delivered,Review Submitted,Survey Answered,\
        Support Ticket Opened,Support Ticket Resolved,Call Logged,Email Delivered,Email Opened,Email Link Clicked,Email Bounced,\
        Email Marked as Spam,Subscribed,Unsubscribed,Consent Changed,Cost Recorded,Loyalty Enrolled,Points Earned,Points Redeemed,\
        Reward Redeemed,Subscription Started,Subscription Payment,Subscription Cancelled,Referral Sent,Referral Converted,\
        Customer Erased,Wishlist Opened,Products Searched,Product List Filtered,Promotion Viewed,Promotion Clicked,Product Clicked,\
        Order Updated,Coupon Entered,Coupon Denied,Coupon Removed,Product Added to Wishlist,Product Removed from Wishlist,\
        Wishlist Product Added to Cart,Product Shared,Cart Shared,Product Reviewed";
    for name in names.split(',') {
        assert!(seen.get(name).is_some_and(|count| *count >= 5), "{name}: {:?}", seen.get(name));
    }
}

#[test]
fn a_day_has_records_twice_late_spoiled_and_of_nobody() {
    let records = day(1, 4_000, START_MS);
    let repeated = records.len() - records.iter().map(|record| &record.value).collect::<BTreeSet<_>>().len();
    let spoiled = records.iter().filter(|record| parsed(record).is_none()).count();
    let times = records.iter().filter_map(|record| Some((record.timestamp_ms, parsed(record)?["timestamp"].as_str()?.parse().ok()?)));
    let (mut late, mut former) = (0, 0);
    for (sent_ms, time) in times {
        let time: jiff::Timestamp = time;
        let lag_ms = sent_ms - time.as_millisecond();
        late += u32::from((60_000..600_000).contains(&lag_ms));
        former += u32::from(lag_ms >= DAY_MS);
    }
    let of_nobody = records.iter().filter_map(parsed).filter(|event| event["event"] == "Cost Recorded" && event["userId"].is_null());
    assert!(repeated > 100 && spoiled > 0 && late > 30 && former > 100 && of_nobody.count() >= 8, "{repeated} {spoiled} {late} {former}");
}

/// Ids of which another customer's event tells something, and who tells it.
fn tied(events: &[(i64, String, Value)]) -> BTreeSet<&str> {
    let mut tied = BTreeSet::new();
    for (_, key, event) in events {
        let others = [&event["previousId"], &event["anonymousId"], &event["properties"]["referrer_id"]];
        let is_tie = matches!(name_of(event), Some("alias" | "identify" | "Referral Converted"));
        for other in others.into_iter().filter_map(Value::as_str).filter(|other| is_tie && other != key) {
            tied.extend([other, key.as_str()]);
        }
    }
    tied
}

#[test]
fn whoever_is_joined_or_credited_is_quiet_meanwhile() {
    let records = day(5, 4_000, START_MS);
    let sound = records.iter().filter_map(|record| Some((record.timestamp_ms, record.key.clone()?, parsed(record)?)));
    let is_spoiled = |event: &Value| event["properties"]["total"] == 57.2 && event["properties"]["products"].is_null();
    let events: Vec<_> = sound.filter(|(_, _, event)| !is_spoiled(event)).collect();
    let tied = tied(&events);
    assert!(tied.len() > 300, "{} customers are tied", tied.len());
    for (sent_ms, key, event) in events.iter().filter(|(_, key, _)| tied.contains(key.as_str())) {
        let hour = (sent_ms - START_MS) / HOUR_MS;
        let is_tie = matches!(name_of(event), Some("alias" | "Referral Converted")) || !event["anonymousId"].is_null();
        let is_quiet = !(QUIET_FROM_HOUR..TIES_FROM_HOUR).contains(&hour);
        let is_in_time = !(TIES_FROM_HOUR..TIES_UNTIL_HOUR).contains(&hour) || is_tie;
        assert!(is_quiet && is_in_time, "{key} at {hour}: {event}");
    }
}
