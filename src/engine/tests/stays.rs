//! The history of stages: remembered by the one place where they change, bounded, told in words, and of two who become one the beginning.

use super::relay::{Net, VISITOR, event_of, of};
use super::*;
use crate::engine::record::held::held;
use crate::engine::row::{self, RowVersion};
use crate::engine::stays::{STAYS_MAX, Stay};

/// `stage since..until` as it is told, in days and hours after `T0`.
fn told(customer: &Customer) -> Vec<String> {
    let told: Json = serde_json::from_str(&held("u-1", customer, None, &settings())).unwrap();
    let at = |time: &Json| {
        let hours = time.as_str().map(|text| (text.parse::<jiff::Timestamp>().unwrap().as_millisecond() - T0) / HOUR);
        hours.map_or("now".to_owned(), |hours| format!("{}d{}h", hours / 24, hours % 24))
    };
    let all = told["stage_history"].as_array().unwrap().iter();
    all.map(|stay| format!("{} {}..{}", text(stay, "stage"), at(&stay["since"]), at(&stay["until"]))).collect()
}

#[test]
fn the_stages_a_customer_has_been_in_are_told_with_their_times_and_the_present_one_last() {
    let mut shop = Shop::new();
    shop.feed(&identified(0));
    assert!(shop.customer("u-1").stays.is_empty(), "who never moved has no history");
    assert_eq!(told(&shop.customer("u-1")), ["lead 0d0h..now"]);
    shop.feed_all(&[order(HOUR, "a", usd(1_000)), order(2 * DAY, "b", usd(1_000))]);
    assert_eq!(told(&shop.customer("u-1")), ["lead 0d0h..0d1h", "first_time 0d1h..2d0h", "repeat 2d0h..now"]);
    // what is told is what was written
    let written = shop.written(Topic::Transitions);
    let of_stage = written.iter().filter(|record| record["track"] == "lifecycle").map(|record| text(record, "to")).collect::<Vec<_>>();
    assert_eq!(of_stage, ["lead", "first_time", "repeat"]);
}

#[test]
fn the_oldest_of_many_stages_is_forgotten() {
    let mut shop = Shop::new();
    for n in 0..STAYS_MAX as i64 {
        // an order, and all of it given back
        shop.feed_all(&[order(n * DAY, &format!("{n}"), usd(1_000)), refund(n * DAY + HOUR, &format!("{n}"), None)]);
    }
    let told = told(&shop.customer("u-1"));
    assert_eq!(
        (told.len(), told[0].as_str(), told[STAYS_MAX].as_str()),
        (STAYS_MAX + 1, "visitor 3d1h..4d0h", "visitor 7d1h..now"),
        "{told:?}"
    );
}

#[test]
fn rows_of_old_versions_have_no_place_for_it_and_raised_ones_begin_with_what_is_known() {
    let mut shop = Shop::new();
    shop.slot = Slot::new(3, Arc::new(settings()), Arc::clone(&shop.committed)).with_row_version(RowVersion::newest_up_to(2));
    shop.feed_all(&[identified(0), order(HOUR, "a", usd(1_000))]);
    assert!(shop.customer("u-1").stays.is_empty());
    assert!(shop.slot.raise_row_version(RowVersion::NEWEST));
    shop.feed(&order(2 * DAY, "b", usd(1_000)));
    assert_eq!(told(&shop.customer("u-1")), ["repeat 2d0h..now"], "since when they had been what they were, nobody knows");
}

#[test]
fn what_a_visitor_was_before_they_were_known_begins_the_history_of_the_customer() {
    let mut net = Net::new();
    net.feed(&Event { identity: Identity::Anonymous, ..of(VISITOR, event_of(0, Kind::Unknown), "m-0") });
    net.feed(&of("ann", event_of(DAY, Kind::Joined { former_id: VISITOR.into(), is_identify: true }), "m-1"));
    net.deliver_all();
    net.feed(&of("ann", order(2 * DAY, "o-1", usd(100)), "m-2"));
    let history = ["visitor 0d0h..1d0h", "lead 1d0h..2d0h", "first_time 2d0h..now"];
    assert_eq!(told(&net.shop.customer("ann")), history);
    assert!(net.shop.customer(VISITOR).stays.is_empty(), "what is left of the visitor is where they have gone");

    // another browser of somebody known was never a stage of theirs
    net.feed(&Event { identity: Identity::Anonymous, ..of("browser-2", event_of(3 * DAY, Kind::Unknown), "m-3") });
    net.feed(&of("ann", event_of(4 * DAY, Kind::Joined { former_id: "browser-2".into(), is_identify: true }), "m-4"));
    net.deliver_all();
    assert_eq!(told(&net.shop.customer("ann")), history);
}

#[test]
fn of_two_histories_the_customer_s_own_is_the_last_to_be_forgotten() {
    let stay = |stage, at| Stay { stage, since_ms: T0 + at };
    let theirs: Vec<Stay> = (0..STAYS_MAX as i64).map(|n| stay(Stage::VISITOR, n)).chain([stay(Stage::LEAD, 100)]).collect();
    let own = vec![stay(Stage::LEAD, 50), stay(Stage::FIRST_TIME, 60)];
    let mut customer = Customer { stage: Some(Stage::REPEAT), stage_since_ms: Some(T0 + 70), stays: own.clone(), ..Customer::default() };
    crate::engine::stays::unite(&mut customer, &theirs);
    assert_eq!(customer.stays, [&theirs[2..STAYS_MAX], &own].concat());
    let mut row = Vec::new();
    row::encode(&customer, RowVersion::NEWEST, i64::MAX, &mut row);
    assert_eq!(read_row(&row).unwrap().stays, customer.stays);
}
