//! Plays that a stage or an event begins: once for each entry or event, from its own moment, and never for what was not applied.

use super::*;
use crate::event::{Loyalty, LoyaltyKind};

/// A shop with one play that begins so, and its steps after so long.
pub fn shop_of(trigger: Trigger, delays_ms: &[i64], change: impl FnOnce(&mut Play)) -> Shop {
    let steps = delays_ms.iter().enumerate().map(|(number, delay_ms)| step(*delay_ms, &format!("mail_{}", number + 1))).collect();
    let cancel_on = CancelOn { order: false, cart_emptied: false, cart_filled: false, stage_left: false, refund: false };
    let mut play = Play { trigger, steps, cancel_on, ..play("p") };
    change(&mut play);
    Shop::with(Settings { plays: vec![play], ..settings() })
}

/// `kind/reason instance day-and-hour` of each action.
fn told(shop: &Shop) -> Vec<String> {
    let line = |a: &Json| format!("{}/{} {} {}", text(a, "kind"), text(a, "reason"), text(a, "instance"), &text(a, "event_time")[8..16]);
    shop.written(Topic::Actions).iter().map(line).collect()
}

fn named(mut event: Event<'static>, message_id: &'static str) -> Event<'static> {
    event.message_id = Some(message_id.into());
    event
}

fn of_stage(stage: Stage) -> Trigger {
    Trigger::StageEntered(stage)
}

fn of_event(name: &str) -> Trigger {
    Trigger::EventSeen(name.into())
}

#[test]
fn a_stage_play_begins_with_each_entry_and_bears_its_cycle_and_moment() {
    let mut shop = shop_of(of_stage(Stage::FIRST_TIME), &[HOUR, 2 * DAY], |_| {});
    shop.feed_all(&[identified(0), order(HOUR, "o", usd(1)), added(2 * HOUR, "a", 1)]).until(3 * DAY);
    let instance = format!("first_time:1:{}", T0 + HOUR);
    assert_eq!(told(&shop), [format!("send/stage_entered {instance} 01T02:00"), format!("send/stage_entered {instance} 03T01:00")]);
    let first = &shop.written(Topic::Actions)[0];
    assert_eq!((text(first, "due_at"), text(first, "template")), ("2026-01-01T02:00:00.000Z", "mail_1"));
    assert_eq!((text(&first["cause"], "deadline"), &first["cart"]), ("p", &Json::Null));
    assert_eq!(shop.written(Topic::Actions)[1]["cart"]["id"], "c-1", "a cart is shown if there is one");

    shop.out.clear();
    shop.feed_all(&[refund(4 * DAY, "o", None), order(5 * DAY, "q", usd(1))]).until(6 * DAY);
    assert_eq!(told(&shop), [format!("send/stage_entered first_time:1:{} 06T01:00", T0 + 5 * DAY)], "entered again");
}

#[test]
fn the_first_sight_of_a_customer_is_an_entry_and_no_delay_is_the_very_moment() {
    let mut shop = shop_of(of_stage(Stage::LEAD), &[0], |_| {});
    shop.feed(&identified(HOUR));
    shop.until(HOUR);
    assert_eq!(told(&shop), [format!("send/stage_entered lead:1:{} 01T01:00", T0 + HOUR)]);
    let sent = &shop.written(Topic::Actions)[0];
    assert_eq!((sent["cart"].is_null(), text(sent, "stage"), text(sent, "due_at")), (true, "lead", "2026-01-01T01:00:00.000Z"));
}

#[test]
fn silence_begins_a_play_in_each_life() {
    let mut shop = shop_of(of_stage(Stage::LAPSED), &[0], |_| {});
    shop.feed_all(&[identified(0), order(0, "o", usd(1))]).until(1000 * DAY);
    shop.feed(&order(1000 * DAY, "q", usd(1)));
    shop.until(3000 * DAY);
    let transitions = shop.written(Topic::Transitions);
    let entries: Vec<String> = transitions
        .iter()
        .filter(|t| text(t, "to") == "lapsed")
        .map(|t| (text(t, "event_time").parse::<jiff::Timestamp>().unwrap().as_millisecond(), &t["cycle"]))
        .map(|(at_ms, cycle)| format!("lapsed:{cycle}:{at_ms}"))
        .collect();
    let instances: Vec<String> = shop.written(Topic::Actions).iter().map(|a| text(a, "instance").to_owned()).collect();
    assert_eq!((instances.len(), &instances), (2, &entries));
    assert!(entries[0].contains(":1:") && entries[1].contains(":2:"), "{entries:?}");
}

#[test]
fn leaving_the_stage_ends_a_play_that_says_so() {
    for (stage_left, expected) in [(true, vec!["send", "cancel"]), (false, vec!["send", "send"])] {
        let mut shop = shop_of(of_stage(Stage::LEAD), &[HOUR, 5 * HOUR], |play| play.cancel_on.stage_left = stage_left);
        shop.feed_all(&[identified(0), order(2 * HOUR, "o", usd(1))]).until(DAY);
        let actions = shop.written(Topic::Actions);
        assert_eq!(actions.iter().map(|a| text(a, "kind")).collect::<Vec<_>>(), expected);
        if stage_left {
            assert_eq!((text(&actions[1], "reason"), &actions[1]["cancels"]), ("stage_left", &actions[0]["id"]));
            assert_eq!(actions[1]["instance"], actions[0]["instance"]);
        }
    }
    // silence, too, leads out of a stage
    let mut shop = shop_of(of_stage(Stage::AT_RISK), &[0], |play| {
        play.cancel_on.stage_left = true;
        play.expires_ms = 2000 * DAY;
    });
    shop.feed_all(&[identified(0), order(0, "o", usd(1))]).until(1000 * DAY);
    let actions = shop.written(Topic::Actions);
    assert_eq!(shop.actions(), ["send/stage_entered", "cancel/stage_left"]);
    assert_eq!((&actions[1]["cancels"], text(&actions[1]["cause"], "type")), (&actions[0]["id"], "deadline"));
    assert_ne!(actions[1]["id"], actions[0]["id"]);
}

#[test]
fn an_event_begins_a_play_by_its_name_and_is_its_instance() {
    let play = || shop_of(of_event("Order Completed"), &[0], |_| {});
    let mut shop = play();
    shop.feed_all(&[identified(0), named(order(HOUR, "o", usd(1)), "m-1"), order(2 * HOUR, "q", usd(1))]).until(DAY);
    assert_eq!(told(&shop), ["send/event_seen m-1 01T01:00", "send/event_seen shop.events/3/2 01T02:00"]);

    let repeated = [
        ("its message again", vec![named(order(HOUR, "o", usd(1)), "m-1"), named(order(HOUR, "o", usd(1)), "m-1")]),
        ("its order again", vec![named(order(HOUR, "o", usd(1)), "m-1"), order(2 * HOUR, "o", usd(1))]),
        ("others beside it", vec![named(order(HOUR, "o", usd(1)), "m-1"), added(2 * HOUR, "a", 1), refund(3 * HOUR, "o", None)]),
        ("one that comes late", vec![named(order(HOUR, "o", usd(1)), "m-1"), identified(2 * HOUR), order(HOUR, "q", usd(1))]),
    ];
    for (name, events) in repeated {
        let mut shop = play();
        shop.feed(&identified(0));
        shop.feed_all(&events).until(DAY);
        assert_eq!(told(&shop), ["send/event_seen m-1 01T01:00"], "{name}");
    }
}

#[test]
fn a_name_without_a_meaning_and_a_late_cart_begin_nothing() {
    for (name, event) in [("Something", event(2 * HOUR, "Something", Kind::Unknown)), ("Product Added", added(HOUR, "a", 1))] {
        let mut shop = shop_of(of_event(name), &[0], |_| {});
        shop.feed_all(&[identified(0), order(90 * MINUTE, "o", usd(1)), event]).until(DAY);
        assert_eq!(told(&shop), [] as [&str; 0], "{name}");
    }
}

#[test]
fn what_is_no_younger_than_the_last_order_begins_nothing_that_an_order_ends() {
    let seen = |at: i64| event(at, "Something Seen", Kind::Identify);
    for (name, ends, events, expected) in [
        ("older, after it", true, vec![order(HOUR, "o", usd(1)), seen(HOUR - SECOND)], 0),
        ("older, before it", true, vec![seen(HOUR - SECOND), order(HOUR, "o", usd(1))], 0),
        ("as old, after it", true, vec![order(HOUR, "o", usd(1)), seen(HOUR)], 0),
        ("as old, before it", true, vec![seen(HOUR), order(HOUR, "o", usd(1))], 0),
        ("younger", true, vec![order(HOUR, "o", usd(1)), seen(HOUR + 1)], 1),
        ("no order ends it", false, vec![order(HOUR, "o", usd(1)), seen(HOUR - SECOND)], 1),
    ] {
        let mut shop = shop_of(of_event("Something Seen"), &[4 * HOUR], |play| play.cancel_on.order = ends);
        shop.feed(&identified(0));
        shop.feed_all(&events).until(DAY);
        assert_eq!(shop.actions().len(), expected, "{name}");
    }
    // an order ends what other orders have begun, not what it begins itself
    for (first, second, expected) in [(HOUR, 2 * HOUR, "01T06:00"), (2 * HOUR, HOUR, "01T05:00"), (HOUR, HOUR, "01T05:00")] {
        let mut shop = shop_of(of_event("Order Completed"), &[4 * HOUR], |play| play.cancel_on.order = true);
        shop.feed_all(&[identified(0), order(first, "a", usd(1)), order(second, "b", usd(1))]).until(DAY);
        assert_eq!(told(&shop).len(), 1);
        assert!(told(&shop)[0].ends_with(expected), "{first} {second}");
    }
}

#[test]
fn while_an_instance_runs_another_event_changes_nothing() {
    let mut shop = shop_of(of_event("Order Completed"), &[HOUR, DAY], |_| {});
    let orders =
        [named(order(0, "a", usd(1)), "m-1"), named(order(2 * HOUR, "b", usd(1)), "m-2"), named(order(2 * DAY, "c", usd(1)), "m-3")];
    shop.feed(&identified(0));
    shop.feed_all(&orders).until(5 * DAY);
    let expected = ["m-1 01T01:00", "m-1 02T00:00", "m-3 03T01:00", "m-3 04T00:00"];
    assert_eq!(told(&shop), expected.map(|line| format!("send/event_seen {line}")));
}

#[test]
fn an_order_ends_what_waits_and_takes_back_what_is_out_but_begins_its_own() {
    let mut shop = shop_of(of_event("Order Completed"), &[HOUR, 5 * HOUR], |play| play.cancel_on.order = true);
    shop.feed(&identified(0));
    shop.feed_all(&[named(order(0, "a", usd(1)), "m-1"), named(order(2 * HOUR, "b", usd(1)), "m-2")]).until(DAY);
    let expected =
        ["send/event_seen m-1 01T01:00", "cancel/order m-1 01T02:00", "send/event_seen m-2 01T03:00", "send/event_seen m-2 01T07:00"];
    assert_eq!(told(&shop), expected);
}

#[test]
fn what_lies_in_the_past_mails_nobody() {
    for (wall, expected) in [(25 * HOUR, "send/event_seen"), (25 * HOUR + 1, "suppressed/stale")] {
        let mut shop = shop_of(of_event("Order Completed"), &[HOUR], |_| {});
        shop.feed_all(&[identified(0), order(0, "o", usd(1))]);
        shop.tick(T0 + HOUR, Some(T0 + wall));
        assert_eq!(shop.actions(), [expected]);
    }
    let mut shop = shop_of(of_stage(Stage::LEAD), &[0], |_| {});
    let late = Settings { plays_not_before_ms: Some(T0 + 1), ..shop.settings.clone() };
    shop.slot.change_settings(Arc::new(late));
    shop.feed(&identified(0));
    shop.until(0);
    assert_eq!(shop.actions(), ["suppressed/backfill"]);
}

#[test]
fn erasure_takes_back_what_is_out_and_drops_what_waits() {
    let mut shop = shop_of(of_stage(Stage::LEAD), &[0, DAY], |_| {});
    shop.feed(&identified(0));
    shop.feed(&event(HOUR, "Customer Erased", Kind::Erased));
    shop.until(5 * DAY);
    assert_eq!(shop.actions(), ["send/stage_entered", "cancel/erased"]);
    assert_eq!(shop.written(Topic::Actions)[1]["instance"], "");
}

#[test]
fn nothing_is_kept_of_an_instance_that_is_over_but_what_it_decided() {
    let mut shop = shop_of(of_stage(Stage::LEAD), &[0], |_| {});
    shop.feed(&identified(0));
    shop.until(HOUR);
    assert_eq!(shop.customer("u-1").plays[0].out.len(), 1);
    shop.feed(&email(2 * DAY, EmailSignal::Opened));
    let state = &shop.customer("u-1").plays[0];
    assert_eq!((state.phase, state.instance.as_str(), state.out.len(), state.decided_ms), (Phase::Idle, "", 0, Some(T0)));
}

#[test]
fn rows_of_old_versions_begin_no_such_play() {
    let mut shop = shop_of(of_stage(Stage::LEAD), &[0], |_| {});
    let empty = Slot::new(3, Arc::new(shop.settings.clone()), Arc::clone(&shop.committed));
    shop.slot = empty.with_row_version(RowVersion::OLDEST);
    shop.feed(&identified(0));
    shop.until(DAY);
    assert_eq!(shop.actions(), [] as [&str; 0]);
}

#[test]
fn a_play_that_is_given_another_kind_of_trigger_drops_what_waits() {
    let mut shop = shop_of(of_stage(Stage::LEAD), &[HOUR], |_| {});
    shop.feed_all(&[identified(0), added(0, "a", 1)]);
    shop.commit();
    let carts = Settings { plays: vec![play("p")], ..settings() };
    shop.slot = Slot::restored(3, Arc::new(carts), Arc::clone(&shop.committed), Some(T0));
    shop.until(DAY);
    assert_eq!(shop.actions(), [] as [&str; 0]);
    shop.feed(&added(DAY, "b", 1));
    shop.until(2 * DAY);
    assert_eq!(shop.actions(), ["send/cart_idle"]);
}

/// An `identify` call that tells a birthday, too.
pub fn born(at: i64, month: i8, day: i8) -> Event<'static> {
    let event = identified(at);
    let traits = Traits { birthday: crate::event::Birthday::new(month, day), ..event.traits.clone() };
    Event { traits, ..event }
}

#[test]
fn a_birthday_begins_whatever_else_is_due_at_its_midnight() {
    let mut shop = shop_of(Trigger::Birthday, &[HOUR], |_| {});
    let earned = Loyalty { kind: LoyaltyKind::PointsEarned, points: 5, reward: None, expires_ms: Some(T0 + DAY) };
    shop.feed_all(&[born(0, 1, 2), event(HOUR, "Points Earned", Kind::Loyalty(earned))]).until(3 * DAY);
    assert_eq!(told(&shop), ["send/birthday birthday:2026 02T01:00"]);
}

#[test]
fn who_corrects_a_birthday_has_one_a_year_all_the_same() {
    let mut shop = shop_of(Trigger::Birthday, &[0], |_| {});
    shop.feed_all(&[born(0, 2, 1)]).until(50 * DAY);
    shop.feed_all(&[born(50 * DAY, 7, 1)]).until(300 * DAY);
    shop.feed_all(&[born(300 * DAY, 12, 20)]).until(800 * DAY);
    assert_eq!(told(&shop), ["send/birthday birthday:2026 01T00:00", "send/birthday birthday:2027 20T00:00"]);
    assert!(shop.written(Topic::Actions)[1]["event_time"].as_str().unwrap().starts_with("2027-12-20"));
}

#[test]
fn two_orders_of_one_moment_are_not_answered_by_mails_of_one_name() {
    let mut shop = shop_of(Trigger::NextOrderDue, &[0], |_| {});
    shop.feed_all(&[identified(0), order(DAY, "a", usd(1))]).until(1_000 * DAY);
    shop.feed(&order(DAY, "b", usd(1)));
    shop.until(3_000 * DAY);
    let instances: Vec<String> = shop.written(Topic::Actions).iter().map(|record| text(record, "instance").to_owned()).collect();
    assert_eq!(instances.len(), 2);
    assert_ne!(instances[0], instances[1]);
}
