//! Stages and their reasons, deadline by deadline.

use super::*;

#[test]
fn a_life_from_visitor_to_loyal() {
    let mut shop = Shop::new();
    shop.feed_all(&[event(0, "Page", Kind::Unknown), identified(HOUR)]);
    for day in 1..8 {
        shop.feed(&order(day * DAY, &format!("o-{day}"), usd(1000)));
    }
    assert_eq!(shop.stages(), ["visitor/first_seen", "lead/identified", "first_time/order", "repeat/order", "loyal/order"]);
    let loyal = &shop.written(Topic::Transitions)[4];
    assert_eq!((text(loyal, "from"), text(loyal, "event_time")), ("repeat", "2026-01-07T00:00:00.000Z"), "with the fifth repeat day");
}

#[test]
fn orders_of_one_day_are_one_purchase() {
    let mut shop = Shop::new();
    shop.feed_all(&[order(0, "a", usd(1)), order(DAY - 1, "b", usd(1)), order(DAY, "c", usd(1))]);
    assert_eq!(shop.stages(), ["first_time/order", "repeat/order"]);
}

#[test]
fn silence_makes_at_risk_and_lapsed_at_the_exact_moments() {
    // MBG/NBD, x = 0: P(alive) is 0.5 after 13.004692404 weeks and 0.3 after 90.4 weeks (reference/clv.md 1.2)
    let mut shop = Shop::new();
    shop.feed(&order(0, "a", usd(1000)));
    let week = 7 * DAY;
    let at_risk_ms = (13.004692404 * week as f64) as i64;
    shop.until(at_risk_ms - MINUTE);
    assert_eq!(shop.stages().len(), 1);
    shop.until(at_risk_ms + MINUTE);
    assert_eq!(shop.stages()[1..], ["at_risk/silence"]);
    shop.until(731 * DAY);
    let transitions = shop.written(Topic::Transitions);
    let cases = [(1, "at_risk", 0.5), (2, "lapsed", 0.3)];
    for (number, stage, threshold) in cases {
        let record = &transitions[number];
        assert_eq!((text(record, "to"), text(&record["cause"], "deadline")), (stage, stage));
        assert_eq!(record["cause"]["due_at"], record["event_time"]);
        assert!((record["p_alive"].as_f64().unwrap() - threshold).abs() < 1e-9);
    }
    let clv = &shop.written(Topic::Clv)[0];
    assert_eq!(clv["lapse_at"], transitions[2]["event_time"]);
}

#[test]
fn frequent_buyers_are_not_at_risk_before_the_shortest_silence_and_all_lapse_after_the_longest() {
    let mut settings = settings();
    settings.lifecycle = lifecycle(&StageBounds { lapsed_below: 0.01, ..BOUNDS });
    let mut shop = Shop::with(settings);
    for day in 0..6 {
        shop.feed(&order(day * DAY, &format!("o-{day}"), usd(1000)));
    }
    shop.out.clear();
    shop.until(2000 * DAY);
    let moments: Vec<String> =
        shop.written(Topic::Transitions).iter().map(|t| format!("{} {}", text(t, "to"), &text(t, "event_time")[..10])).collect();
    assert_eq!(moments[0], "at_risk 2026-02-05", "30 days after the last order");
    let mut patient = super::settings();
    patient.lifecycle = lifecycle(&StageBounds { lapsed_below: 0.000_001, ..BOUNDS });
    let mut shop = Shop::with(patient);
    shop.feed(&order(0, "o", usd(1000)));
    shop.until(2000 * DAY);
    let lapsed = shop.written(Topic::Transitions).pop().unwrap();
    assert_eq!((text(&lapsed, "to"), &text(&lapsed, "event_time")[..10]), ("lapsed", "2028-01-01"), "730 days");
}

#[test]
fn an_order_while_lapsed_reactivates_until_the_next_order_on_a_later_day() {
    let mut shop = Shop::new();
    shop.feed(&order(0, "a", usd(1000)));
    shop.until(800 * DAY).feed_all(&[order(800 * DAY, "b", usd(1)), order(800 * DAY + HOUR, "c", usd(1)), order(801 * DAY, "d", usd(1))]);
    assert_eq!(shop.stages(), ["first_time/order", "at_risk/silence", "lapsed/silence", "reactivated/reactivated", "repeat/order"]);
    let cycles: Vec<u64> = shop.written(Topic::Transitions).iter().map(|t| t["cycle"].as_u64().unwrap()).collect();
    assert_eq!(cycles, [1, 1, 1, 2, 2]);
}

#[test]
fn reactivated_customers_can_fall_silent_again() {
    let mut shop = Shop::new();
    shop.feed(&order(0, "a", usd(1000)));
    shop.feed(&order(800 * DAY, "b", usd(1000)));
    shop.until(4000 * DAY);
    // one repeat after so long a pause: P(alive) stays above a half for more than two years
    assert_eq!(shop.stages()[3..], ["reactivated/reactivated", "lapsed/silence"]);
}

#[test]
fn an_order_leaves_at_risk_for_the_stage_of_its_count() {
    let mut shop = Shop::new();
    shop.feed_all(&[order(0, "a", usd(1000)), order(100 * DAY, "b", usd(1000))]);
    assert_eq!(shop.stages(), ["first_time/order", "at_risk/silence", "repeat/order"]);
}

#[test]
fn refunds_lead_downwards() {
    let mut shop = Shop::new();
    shop.feed_all(&[
        identified(0),
        order(0, "a", usd(100)),
        order(DAY, "b", usd(100)),
        refund(2 * DAY, "b", None),
        refund(2 * DAY, "a", None),
    ]);
    assert_eq!(shop.stages(), ["lead/first_seen", "first_time/order", "repeat/order", "first_time/refund", "lead/refund"]);
    let last = shop.written(Topic::Transitions).pop().unwrap();
    assert!(last["p_alive"].is_null());
    assert_eq!(last["value"]["amount"], "0.00");
}

#[test]
fn anonymous_rows_go_after_ninety_days_without_an_event() {
    let anonymous = |at: i64| Event { identity: Identity::Anonymous, ..added(at, "p", 1) };
    let mut shop = Shop::new();
    shop.feed_all(&[anonymous(0), anonymous(10 * DAY)]).until(100 * DAY - 1);
    shop.commit();
    assert_eq!(shop.committed.size(3).0, 1);
    shop.until(100 * DAY);
    assert_eq!(shop.counted(Counter::AnonymousExpired), 1);
    shop.slot.seal();
    assert_eq!(shop.slot.changes().map(|c| (c.id.to_owned(), c.row.is_none())).collect::<Vec<_>>(), [("u-1".to_owned(), true)]);
    shop.slot.publish();
    assert_eq!((shop.committed.size(3).0, shop.slot.timers()), (0, 0));
    assert_eq!(shop.feed(&anonymous(101 * DAY)), Outcome::Applied, "and may come back as somebody new");
    assert_eq!(shop.stages(), ["visitor/first_seen", "visitor/first_seen"]);
}

#[test]
fn an_expired_customer_may_return_in_the_same_transaction() {
    let anonymous = |event: Event<'static>| Event { identity: Identity::Anonymous, ..event };
    let other = Event { customer: "u-2".into(), ..order(90 * DAY, "o", usd(1)) };
    let mut shop = Shop::new();
    shop.feed_all(&[anonymous(refund(0, "o-1", None)), other, anonymous(order(90 * DAY, "o-1", usd(100)))]);
    let clv = shop.written(Topic::Clv).pop().unwrap();
    assert_eq!(clv["historic"][0]["orders"], 1, "the refund held for the first life is forgotten");
}

#[test]
fn customers_with_an_address_an_order_or_a_user_id_stay() {
    let anonymous = |event: Event<'static>| Event { identity: Identity::Anonymous, ..event };
    for first in [anonymous(identified(0)), anonymous(order(0, "o", usd(1))), event(0, "Page", Kind::Unknown)] {
        let mut shop = Shop::new();
        shop.feed(&first);
        shop.until(100 * DAY);
        assert_eq!(shop.counted(Counter::AnonymousExpired), 0, "{}", first.name);
    }
}
