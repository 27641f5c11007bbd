//! Cart reminders: when they are due, what stops them, what takes them back.

use super::*;

use ContentsSource::{Abandoned, Viewed};

/// A shop with one reachable customer and this play.
fn shop_with(change: impl FnOnce(&mut Play)) -> Shop {
    let mut settings = settings();
    change(&mut settings.plays[0]);
    let mut shop = Shop::with(settings);
    shop.feed(&identified(0));
    shop.out.clear();
    shop
}

/// `kind/reason at event time` of each action.
fn dated(shop: &Shop) -> Vec<String> {
    shop.written(Topic::Actions)
        .iter()
        .map(|a| format!("{}/{} {}", text(a, "kind"), text(a, "reason"), &text(a, "event_time")[8..16]))
        .collect()
}

fn of_another_cart(mut event: Event<'static>) -> Event<'static> {
    match &mut event.kind {
        Kind::CartLine(line) => line.cart_id = Some("c-2".into()),
        Kind::CartContents(contents) | Kind::CartAbandoned(contents) => contents.cart_id = Some("c-2".into()),
        _ => unreachable!("a cart event"),
    }
    event
}

/// The same look at a cart that says what it is worth.
fn worth(mut event: Event<'static>) -> Event<'static> {
    if let Kind::CartContents(contents) = &mut event.kind {
        contents.value = Some(usd(500));
    }
    event
}

#[test]
fn what_was_decided_is_not_asked_again_by_records_that_come_very_late() {
    let first = || added(0, "a", 1);
    let second = |at| of_another_cart(added(at, "b", 1));
    let sends = vec!["send/cart_idle 01T01:00", "send/cart_idle 01T04:00"];
    let cases = [
        ("the first cart again", vec![first(), second(3 * HOUR), first()], vec![sends[0]]),
        ("after both were decided", vec![first(), second(3 * HOUR), identified(5 * HOUR), first()], sends.clone()),
        ("to and fro", vec![first(), second(3 * HOUR), identified(5 * HOUR), first(), second(3 * HOUR)], sends.clone()),
        ("in the same instant", vec![first(), identified(2 * HOUR), second(0), first()], vec![sends[0]]),
        ("an older one nobody knew", vec![second(3 * HOUR), identified(5 * HOUR), first()], vec![sends[1]]),
        (
            "left at the moment of a decision",
            vec![first(), second(HOUR), of_another_cart(contents(HOUR, Abandoned, None))],
            vec![sends[0], "send/cart_idle 01T02:00"],
        ),
        (
            "ordered in the same instant",
            vec![first(), identified(2 * HOUR), order(0, "o", usd(1)), first()],
            vec![sends[0], "cancel/order 01T00:00"],
        ),
        (
            "changed since",
            vec![second(3 * HOUR), identified(5 * HOUR), first(), added(6 * HOUR, "a", 1)],
            vec![sends[1], "send/cart_idle 01T07:00"],
        ),
        ("emptied and filled", vec![first(), removed(0, "a", 1), first()], vec![sends[0]]),
    ];
    for (name, events, expected) in cases {
        let mut shop = shop_with(|_| {});
        shop.feed_all(&events).until(DAY);
        assert_eq!(dated(&shop), expected, "{name}");
        let mut ids: Vec<String> = shop.written(Topic::Actions).iter().map(|a| text(a, "id").to_owned()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), expected.len(), "{name}");
    }
}

#[test]
fn a_decision_is_remembered_until_an_order_makes_it_idle_to_ask() {
    let mut shop = shop_with(|_| {});
    shop.feed_all(&[added(0, "a", 1), identified(2 * HOUR), order(HOUR, "o", usd(1))]);
    assert_eq!(shop.customer("u-1").plays[0].decided_ms, Some(T0 + HOUR));
    shop.feed(&order(HOUR + 1, "p", usd(1)));
    assert!(shop.customer("u-1").plays.is_empty());
}

#[test]
fn the_reminder_waits_from_the_last_change_and_comes_once() {
    let same = || Some(vec![product("a", Some(usd(1000)), 2)]);
    let cases = [
        ("left alone", vec![added(HOUR, "a", 2)], vec!["send/cart_idle 01T02:00"]),
        ("changed again", vec![added(HOUR, "a", 1), added(90 * MINUTE, "a", 1)], vec!["send/cart_idle 01T02:30"]),
        ("only looked at", vec![added(HOUR, "a", 2), contents(90 * MINUTE, Viewed, same())], vec!["send/cart_idle 01T02:00"]),
        ("changed after the reminder", vec![added(HOUR, "a", 1), added(3 * HOUR, "a", 1)], vec!["send/cart_idle 01T02:00"]),
        ("a late change moves nothing", vec![added(HOUR, "a", 1), added(MINUTE, "b", 1)], vec!["send/cart_idle 01T02:00"]),
        ("ordered in time", vec![added(HOUR, "a", 1), order(90 * MINUTE, "o", usd(1))], vec![]),
        ("emptied in time", vec![added(HOUR, "a", 1), removed(90 * MINUTE, "a", 1)], vec![]),
        (
            "emptied, then filled",
            vec![added(HOUR, "a", 1), removed(90 * MINUTE, "a", 1), added(2 * HOUR, "b", 1)],
            vec!["send/cart_idle 01T03:00"],
        ),
        ("a look without products is no change, whatever the value", vec![worth(contents(HOUR, Viewed, None))], vec![]),
        (
            "another cart is one, be it known by its value only",
            vec![of_another_cart(added(30 * MINUTE, "a", 1)), worth(contents(HOUR, Viewed, None))],
            vec!["send/cart_idle 01T02:00"],
        ),
        (
            "left, known by its value only",
            vec![worth(contents(HOUR, Viewed, None)), contents(70 * MINUTE, Abandoned, None)],
            vec!["send/cart_idle 01T01:10"],
        ),
        ("an upstream saw it left", vec![added(HOUR, "a", 1), contents(70 * MINUTE, Abandoned, None)], vec!["send/cart_idle 01T01:10"]),
        ("with its contents", vec![contents(70 * MINUTE, Abandoned, same())], vec!["send/cart_idle 01T01:10"]),
        ("left, but unknown", vec![contents(70 * MINUTE, Abandoned, None)], vec![]),
        ("left after the reminder", vec![added(HOUR, "a", 1), contents(3 * HOUR, Abandoned, None)], vec!["send/cart_idle 01T02:00"]),
    ];
    for (name, events, expected) in cases {
        let mut shop = shop_with(|_| {});
        shop.feed_all(&events).until(DAY);
        assert_eq!(dated(&shop), expected, "{name}");
    }
}

#[test]
fn a_send_that_is_out_is_taken_back_while_it_has_not_expired() {
    let cases = [
        (
            "by an order",
            vec![added(0, "a", 1), order(3 * HOUR, "o", usd(1))],
            true,
            vec!["send/cart_idle 01T01:00", "cancel/order 01T03:00"],
        ),
        (
            "by emptying",
            vec![added(0, "a", 1), removed(3 * HOUR, "a", 1)],
            true,
            vec!["send/cart_idle 01T01:00", "cancel/cart_emptied 01T03:00"],
        ),
        (
            "once only",
            vec![added(0, "a", 1), removed(3 * HOUR, "a", 1), order(4 * HOUR, "o", usd(1))],
            true,
            vec!["send/cart_idle 01T01:00", "cancel/cart_emptied 01T03:00"],
        ),
        ("too late", vec![added(0, "a", 1), order(25 * HOUR, "o", usd(1))], true, vec!["send/cart_idle 01T01:00"]),
        (
            "just in time",
            vec![added(0, "a", 1), order(25 * HOUR - 1, "o", usd(1))],
            true,
            vec!["send/cart_idle 01T01:00", "cancel/order 02T00:59"],
        ),
        ("not if the play does not want it", vec![added(0, "a", 1), order(3 * HOUR, "o", usd(1))], false, vec!["send/cart_idle 01T01:00"]),
        (
            "an order before the cart",
            vec![added(HOUR, "a", 1), added(3 * HOUR, "b", 1), order(2 * HOUR, "o", usd(1))],
            true,
            vec!["send/cart_idle 01T02:00"],
        ),
    ];
    for (name, events, wanted, expected) in cases {
        let mut shop = shop_with(|play| {
            play.cancel_on = CancelOn { order: wanted, cart_emptied: wanted, cart_filled: false, stage_left: false, refund: false }
        });
        shop.feed_all(&events).until(2 * DAY);
        assert_eq!(dated(&shop), expected, "{name}");
    }
}

#[test]
fn a_cancel_names_its_send_and_shows_the_cart() {
    let mut shop = shop_with(|_| {});
    shop.feed_all(&[added(0, "a", 1), order(3 * HOUR, "o", usd(1))]);
    let actions = shop.written(Topic::Actions);
    assert_eq!(actions[1]["cancels"], actions[0]["id"]);
    assert_ne!(actions[1]["id"], actions[0]["id"]);
    assert_eq!(
        (&actions[1]["cart"]["id"], &actions[1]["instance"], &actions[1]["step"]),
        (&Json::from("c-1"), &Json::from("c-1"), &Json::from(1))
    );
    assert_eq!(text(&actions[1]["cause"], "type"), "event");
}

#[test]
fn a_cart_id_used_again_after_an_order_is_another_cart() {
    let mut shop = shop_with(|_| {});
    shop.feed_all(&[added(0, "a", 1), order(3 * HOUR, "o", usd(1)), added(4 * HOUR, "a", 1)]).until(DAY);
    assert_eq!(dated(&shop), ["send/cart_idle 01T01:00", "cancel/order 01T03:00", "send/cart_idle 01T05:00"]);
    let actions = shop.written(Topic::Actions);
    assert_ne!(actions[0]["id"], actions[2]["id"]);
}

#[test]
fn another_cart_drops_what_waits_and_leaves_alone_what_is_out() {
    let other = |at| of_another_cart(added(at, "b", 1));
    let mut shop = shop_with(|_| {});
    shop.feed_all(&[added(0, "a", 1), other(30 * MINUTE)]).until(DAY);
    assert_eq!(dated(&shop), ["send/cart_idle 01T01:30"]);
    let mut shop = shop_with(|_| {});
    shop.feed_all(&[added(0, "a", 1), other(2 * HOUR), order(150 * MINUTE, "o", usd(1))]).until(DAY);
    assert_eq!(dated(&shop), ["send/cart_idle 01T01:00"]);
}

#[test]
fn later_steps_count_from_the_trigger_until_something_stops_them() {
    let three_steps = |play: &mut Play| {
        play.steps = [1, 6, 24].map(|hours| step(hours * HOUR, &format!("after_{hours}"))).to_vec();
    };
    let sends = ["send/cart_idle 01T01:00", "send/cart_idle 01T06:00", "send/cart_idle 02T00:00"];
    let cases = [
        ("all", vec![added(0, "a", 1)], sends.to_vec()),
        ("changes move nothing any more", vec![added(0, "a", 1), added(2 * HOUR, "a", 1)], sends.to_vec()),
        (
            "an order",
            vec![added(0, "a", 1), order(8 * HOUR, "o", usd(1))],
            vec![sends[0], sends[1], "cancel/order 01T08:00", "cancel/order 01T08:00"],
        ),
        (
            "emptied",
            vec![added(0, "a", 1), removed(2 * HOUR, "a", 1), added(3 * HOUR, "a", 1)],
            vec![sends[0], "cancel/cart_emptied 01T02:00"],
        ),
        (
            "a refusal",
            vec![added(0, "a", 1), states(2 * HOUR, ConsentStatus::Unsubscribed)],
            vec![sends[0], "cancel/unsubscribed 01T02:00"],
        ),
    ];
    for (name, events, expected) in cases {
        let mut shop = shop_with(three_steps);
        shop.feed_all(&events).until(3 * DAY);
        assert_eq!(dated(&shop), expected, "{name}");
    }
    let mut shop = shop_with(three_steps);
    shop.feed(&added(0, "a", 1));
    shop.until(3 * DAY);
    let steps: Vec<(u64, String)> =
        shop.written(Topic::Actions).iter().map(|a| (a["step"].as_u64().unwrap(), text(a, "template").to_owned())).collect();
    assert_eq!(steps, [(1, "after_1".to_owned()), (2, "after_6".to_owned()), (3, "after_24".to_owned())]);
}

/// A cart a day for some days, each closed by an order after its reminder.
fn carts_of_days(days: i64) -> Vec<Event<'static>> {
    (0..days).flat_map(|day| [added(day * DAY, "a", 1), order(day * DAY + 20 * HOUR, &format!("o-{day}"), usd(1))]).collect()
}

#[test]
fn a_cool_down_and_caps_bound_the_sends() {
    let kinds = |shop: &Shop| shop.actions().into_iter().filter(|a| !a.starts_with("cancel")).collect::<Vec<_>>();
    let mut shop = shop_with(|play| play.cool_down_ms = Some(2 * DAY));
    shop.feed_all(&carts_of_days(4));
    assert_eq!(kinds(&shop), ["send/cart_idle", "suppressed/cool_down", "send/cart_idle", "suppressed/cool_down"]);
    let mut shop = shop_with(|play| play.caps = vec![Cap { channel: Channel::Email, count: 2, window_ms: 3 * DAY }]);
    shop.feed_all(&carts_of_days(5));
    assert_eq!(kinds(&shop), ["send/cart_idle", "send/cart_idle", "suppressed/cap", "send/cart_idle", "send/cart_idle"]);
}

#[test]
fn a_cap_counts_the_sends_of_all_plays_and_plays_go_by_name() {
    let cap = || vec![Cap { channel: Channel::Email, count: 1, window_ms: DAY }];
    let plays = vec![Play { caps: cap(), ..play("z") }, Play { caps: cap(), ..play("a") }];
    let mut shop = Shop::with(Settings { plays, ..settings() });
    shop.feed_all(&[identified(0), added(0, "a", 1)]).until(DAY);
    let actions: Vec<String> = shop.written(Topic::Actions).iter().map(|a| format!("{} {}", text(a, "play"), text(a, "reason"))).collect();
    assert_eq!(actions, ["a cart_idle", "z cap"]);
    let noted: Vec<u16> =
        shop.out.notes().iter().filter_map(|n| if let Note::Action { play, .. } = n { Some(*play) } else { None }).collect();
    assert_eq!(noted, [1, 0], "places in the settings");
}

#[test]
fn quiet_hours_hold_without_a_word_and_ask_again() {
    let quiet = |play: &mut Play| {
        let time = |hour| jiff::civil::time(hour, 0, 0, 0);
        play.quiet = Some(QuietHours { from: time(21), until: time(8) });
    };
    let evening = 21 * HOUR;
    let cases = [
        ("held", vec![added(evening, "a", 1)], vec!["send/cart_idle 02T08:00"]),
        ("changed while held", vec![added(evening, "a", 1), added(31 * HOUR + MINUTE, "a", 1)], vec!["send/cart_idle 02T08:01"]),
        (
            "refused while held",
            vec![added(evening, "a", 1), states(30 * HOUR, ConsentStatus::Unsubscribed)],
            vec!["suppressed/unsubscribed 02T08:00"],
        ),
        ("ordered while held", vec![added(evening, "a", 1), order(30 * HOUR, "o", usd(1))], vec![]),
        (
            "refused at once",
            vec![states(HOUR, ConsentStatus::Unsubscribed), added(evening, "a", 1)],
            vec!["suppressed/unsubscribed 01T22:00"],
        ),
        ("by day", vec![added(10 * HOUR, "a", 1)], vec!["send/cart_idle 01T11:00"]),
    ];
    for (name, events, expected) in cases {
        let mut shop = shop_with(quiet);
        shop.feed_all(&events).until(3 * DAY);
        assert_eq!(dated(&shop), expected, "{name}");
    }
    let mut shop = shop_with(|play| {
        quiet(play);
        play.expires_ms = 4 * HOUR;
    });
    shop.feed(&added(evening, "a", 1));
    shop.until(3 * DAY);
    assert_eq!(dated(&shop), ["suppressed/stale 02T08:00"], "expired while held");
    assert_eq!(text(&shop.written(Topic::Actions)[0], "due_at"), "2026-01-01T22:00:00.000Z");
}

#[test]
fn a_back_fill_mails_nobody() {
    let cases = [(Some(25 * HOUR), "send/cart_idle"), (Some(25 * HOUR + 1), "suppressed/stale"), (None, "send/cart_idle")];
    for (wall, expected) in cases {
        let mut shop = shop_with(|_| {});
        shop.feed(&added(0, "a", 1));
        shop.tick(T0 + 2 * HOUR, wall.map(|at| T0 + at));
        assert_eq!(shop.actions(), [expected], "{wall:?}");
    }
    for (start, expected) in [(HOUR, "send/cart_idle"), (HOUR + 1, "suppressed/backfill")] {
        let mut shop = Shop::with(Settings { plays_not_before_ms: Some(T0 + start), ..settings() });
        shop.feed_all(&[identified(0), added(0, "a", 1)]).until(DAY);
        assert_eq!(shop.actions(), [expected]);
    }
}

#[test]
fn shadow_records_and_off_does_nothing() {
    for (mode, expected) in [(Mode::Shadow, vec!["suppressed/shadow"]), (Mode::Off, vec![])] {
        let mut shop = shop_with(|play| play.mode = mode);
        shop.feed(&added(0, "a", 1));
        shop.until(DAY);
        assert_eq!(shop.actions(), expected);
        assert!(mode == Mode::Shadow || shop.customer("u-1").plays.is_empty());
    }
}

#[test]
fn the_control_arm_is_a_stable_share_and_only_counts_who_would_have_been_mailed() {
    let ids: Vec<String> = (0..2000).map(|n| format!("u-{n}")).collect();
    let share_of = |settings: &Settings| {
        let mut shop = Shop::with(settings.clone());
        for id in &ids {
            shop.feed_all(&[
                Event { customer: id.as_str().into(), ..identified(0) },
                Event { customer: id.as_str().into(), ..added(0, "a", 1) },
            ]);
        }
        shop.until(DAY);
        let arms: Vec<bool> =
            shop.written(Topic::Actions).iter().map(|a| text(a, "arm") == "control" && text(a, "reason") == "control").collect();
        assert_eq!(arms.len(), 2000);
        arms
    };
    let mut settings = settings();
    settings.plays[0].control = 0.3;
    let arms = share_of(&settings);
    let count = arms.iter().filter(|c| **c).count();
    assert!((540..660).contains(&count), "{count} of 2000 at 0.3");
    settings.plays[0].name = "another".into();
    assert_ne!(share_of(&settings), arms, "independent from play to play");
    settings.plays[0].control = 0.0;
    settings.global_holdout = 1.0;
    assert!(share_of(&settings).iter().all(|c| *c));
    let mut shop = Shop::with(settings);
    shop.feed(&added(0, "a", 1));
    shop.until(DAY);
    assert_eq!(shop.actions(), ["suppressed/no_email"], "other reasons come first");
}

#[test]
fn a_play_taken_out_of_the_configuration_is_forgotten() {
    let mut shop = shop_with(|_| {});
    shop.feed(&added(0, "a", 1));
    shop.commit();
    let without = Settings { plays: Vec::new(), ..settings() };
    shop.slot = Slot::restored(3, Arc::new(without), Arc::clone(&shop.committed), Some(T0));
    shop.until(DAY);
    let dropped_off = Some(T0 + DAY + 10 * SECOND);
    assert_eq!((shop.actions().len(), shop.slot.next_deadline_ms()), (0, dropped_off), "the attempt to buy ends all the same");
    assert!(shop.customer("u-1").plays.is_empty());
}
