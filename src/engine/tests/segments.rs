//! Segments in the stream: who moves when, by what, and what the records say.

use super::*;
use crate::clv::rfm::Rfm;

/// Recency 10, 20, 40, 80 days; 2, 3, 4, 5 purchases; 10 to 100 dollars.
fn settings_with_cuts() -> Settings {
    let mut settings = settings();
    let spend = BTreeMap::from([("USD".to_owned(), [10.0, 20.0, 50.0, 100.0])]);
    settings.value.parameters.rfm =
        Some(Rfm { version: "cuts-1".into(), recency_days: [10.0, 20.0, 40.0, 80.0], orders: [2.0, 3.0, 4.0, 5.0], spend });
    settings
}

/// `from/to/reason` on the track `rfm`.
fn moves(shop: &Shop) -> Vec<String> {
    let of_track = shop.written(Topic::Transitions).into_iter().filter(|record| record["track"] == "rfm");
    of_track.map(|r| format!("{}/{}/{}", r["from"].as_str().unwrap_or("-"), text(&r, "to"), text(&r, "reason"))).collect()
}

#[test]
fn orders_move_a_customer_up_and_silence_down_at_its_own_moment() {
    let mut shop = Shop::with(settings_with_cuts());
    for day in 0..5 {
        shop.feed(&order(day * DAY, &format!("o-{day}"), usd(3000)));
    }
    assert_eq!(
        moves(&shop),
        ["-/potential_loyalist/order", "potential_loyalist/others/order", "others/loyal/order", "loyal/champions/order"]
    );
    let clv = shop.written(Topic::Clv);
    assert_eq!((&clv[4]["segment"], &clv[0]["segment"]), (&Json::from("champions"), &Json::from("potential_loyalist")));
    shop.out.clear();
    // within a tenth beyond the cut nothing happens
    shop.until((4 + 11) * DAY - SECOND);
    assert!(moves(&shop).is_empty() && shop.written(Topic::Clv).is_empty());
    shop.until((4 + 44) * DAY + SECOND);
    assert_eq!(moves(&shop), ["champions/loyal/silence"]);
    shop.until((4 + 90) * DAY);
    assert_eq!(moves(&shop), ["champions/loyal/silence", "loyal/at_risk/silence"]);
    let last = shop.written(Topic::Transitions).into_iter().rfind(|record| record["track"] == "rfm").unwrap();
    assert_eq!(last["cause"], serde_json::json!({"type": "deadline", "deadline": "recency", "due_at": last["event_time"]}));
    // each fall of a score tells the value anew, whether or not it moves the segment
    let causes: Vec<Json> = shop.written(Topic::Clv).iter().map(|record| record["cause"]["deadline"].clone()).collect();
    assert_eq!(causes.iter().filter(|cause| *cause == "recency").count(), 4, "{causes:?}");
}

#[test]
fn events_of_others_and_mails_move_nobody() {
    let mut shop = Shop::with(settings_with_cuts());
    shop.feed(&order(0, "o-1", usd(3000)));
    shop.out.clear();
    for day in 1..40 {
        shop.feed(&email(day * HOUR, EmailSignal::Opened));
        shop.feed(&Event { customer: format!("u-{day}-other").into(), ..order(day * HOUR, "o-1", usd(9000)) });
    }
    assert!(shop.written(Topic::Transitions).iter().all(|record| record["track"] != "rfm" || record["customer_id"] != "u-1"));
}

#[test]
fn a_refund_scores_anew_and_who_has_no_order_left_has_no_segment() {
    let mut shop = Shop::with(settings_with_cuts());
    shop.feed_all(&[order(0, "o-1", usd(9000)), order(DAY, "o-2", usd(9000)), order(2 * DAY, "o-3", usd(9000))]);
    assert_eq!(moves(&shop).last().unwrap(), "others/loyal/order");
    shop.feed(&refund(3 * DAY, "o-3", None));
    assert_eq!(moves(&shop).last().unwrap(), "loyal/others/refund");
    shop.feed_all(&[refund(3 * DAY, "o-2", None), refund(3 * DAY, "o-1", None)]);
    assert_eq!(shop.customer("u-1").scores, None);
    assert_eq!(shop.written(Topic::Clv).last().unwrap()["segment"], Json::Null);
}

#[test]
fn both_readings_of_promising_are_told_while_they_hold() {
    let told = |shop: &Shop| -> Vec<[bool; 2]> {
        let flags = |record: Json| ["promising_rfm", "frequent_low_value"].map(|name| record.get(name).is_some_and(|value| value == true));
        shop.written(Topic::Clv).into_iter().map(flags).collect()
    };
    // bought once, for little: promising once the first days are over, until 40 days and a tenth have passed
    let mut shop = Shop::with(settings_with_cuts());
    shop.feed(&order(0, "o-1", usd(500)));
    shop.until(90 * DAY);
    let [first, recent, still, late, ..] = told(&shop)[..] else { panic!("{:?}", told(&shop)) };
    assert_eq!([first, recent, still, late], [[false, false], [true, false], [true, false], [false, false]]);
    // buys often, and small things
    let mut shop = Shop::with(settings_with_cuts());
    for day in 0..5 {
        shop.feed(&order(day * DAY, &format!("o-{day}"), usd(300)));
    }
    assert_eq!(told(&shop), [[false, false], [false, false], [false, false], [false, true], [false, true]]);
    shop.feed(&order(5 * DAY, "o-5", usd(9000)));
    assert_eq!(told(&shop).last(), Some(&[false, false]));
}

#[test]
fn a_currency_without_cut_points_has_no_segment() {
    let mut shop = Shop::with(settings_with_cuts());
    shop.feed(&order(0, "o-1", money(9000, "EUR")));
    assert!(moves(&shop).is_empty());
    assert_eq!(shop.written(Topic::Clv)[0]["segment"], Json::Null);
}
