//! What no order of events may bring about: a send over a cap, in quiet hours, without consent, or a second time.
//!
//! The events and settings are those of `properties`; what is checked is read from the records alone, as a mailer would.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::any_settings::any_settings;
use super::properties::{any_history, any_repeats, events, told_again};
use super::*;
use crate::engine::quiet::{quiet_until_ms, zone_of};

struct Send {
    customer: String,
    play: String,
    record: Json,
    at_ms: i64,
}

fn moment_of(record: &Json, field: &str) -> i64 {
    text(record, field).parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn sends(shop: &Shop) -> Vec<Send> {
    let records = shop.written(Topic::Actions).into_iter().filter(|record| record["kind"] == "send");
    let send = |record: Json| {
        let (customer, play) = (text(&record, "customer_id").to_owned(), text(&record, "play").to_owned());
        Send { customer, play, at_ms: moment_of(&record, "event_time"), record }
    };
    records.map(send).collect()
}

/// What is wrong with a send by itself.
fn fault(send: &Send, settings: &Settings) -> Option<&'static str> {
    let status = send.record["consent"]["status"].as_str();
    let is_allowed = match settings.consent {
        ConsentRule::OptIn => status == Some("subscribed"),
        ConsentRule::SoftOptIn => matches!(status, Some("subscribed") | None),
        ConsentRule::None => status != Some("unsubscribed"),
    };
    if !is_allowed || send.record["email"].is_null() {
        return Some("without consent or address");
    }
    let play = settings.plays.iter().find(|play| play.name == send.play).unwrap();
    let zone = zone_of(text(&send.record, "time_zone"), &settings.customer_zone);
    if play.quiet.is_some_and(|hours| quiet_until_ms(&hours, &zone, send.at_ms).is_some()) {
        return Some("in quiet hours");
    }
    (moment_of(&send.record, "expires_at") < send.at_ms).then_some("after it expired")
}

proptest! {
    #[test]
    fn no_send_is_unwanted_or_a_second_one_whatever_comes_in_which_order(history in any_history(), settings in any_settings(), again in any_repeats()) {
        let mut shop = Shop::with(settings.clone());
        shop.feed_all(&told_again(events(&history), again)).until(4000 * DAY);
        let sends = sends(&shop);
        let (mut ids, mut steps, mut grants) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        for send in &sends {
            prop_assert_eq!(fault(send, &settings), None, "{}", send.record);
            prop_assert!(ids.insert(text(&send.record, "id")), "{}", send.record);
            let of_play = (send.customer.as_str(), send.play.as_str());
            let of_cart = send.record["reason"] == "cart_idle";
            prop_assert!(of_cart || steps.insert((of_play, text(&send.record, "instance"), send.record["step"].as_u64())), "{}", send.record);
            if let Some(grant) = send.record["offer"]["grant_id"].as_str() {
                prop_assert_eq!(*grants.entry(of_play).or_insert(grant), grant);
            }
        }
        for cap in settings.plays.iter().flat_map(|play| &play.caps) {
            for last in &sends {
                let is_in = |send: &&Send| send.customer == last.customer && send.at_ms <= last.at_ms && send.at_ms > last.at_ms - cap.window_ms;
                prop_assert!(sends.iter().filter(is_in).count() <= cap.count as usize, "{}", last.record);
            }
        }
    }
}
