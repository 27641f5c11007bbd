//! The gates that look at more than consent and time: conditions, priority, margin.

use super::triggers::shop_of;
use super::*;

fn amounts(code: &str, minor: i64) -> BTreeMap<Currency, i64> {
    BTreeMap::from([(Currency::from_code(code).unwrap(), minor)])
}

fn money_is(field: MoneyField, test: Test, code: &str, minor: i64) -> Condition {
    Condition::Money { field, test, minor: amounts(code, minor) }
}

fn word_is(field: WordField, word: &str) -> Condition {
    Condition::Word { field, among: vec!["something else".into(), word.into()] }
}

/// What a play that begins with a click says of a customer with two orders of 10 and 20 dollars, a cart of 30, from a campaign.
fn answer(condition: Condition) -> String {
    let trigger = Trigger::EventSeen("Email".into());
    let mut shop = shop_of(trigger, &[0], |play| play.when = vec![condition]);
    let touch = Touch { medium: Some("cpc".into()), ..Touch::default() };
    let traits = Traits { locale: Some("de-AT".into()), ..Traits::default() };
    let campaign = Event { touch: Some(touch), traits, ..event(1, "Something", Kind::Unknown) };
    let orders = [order(0, "o", usd(1000)), order(7 * DAY, "q", usd(2000))];
    shop.feed_all(&[identified(0), campaign]).feed_all(&orders).feed_all(&[added(8 * DAY, "a", 3), email(9 * DAY, EmailSignal::Clicked)]);
    shop.until(10 * DAY);
    shop.actions().concat()
}

#[test]
fn conditions_hold_or_name_what_is_amiss() {
    use MoneyField::{CartValue, FutureValue, HistoricNet};
    use Test::{AtLeast, LessThan};
    use WordField::{Channel, Locale, Segment, Stage};
    let send = "send/event_seen";
    let (below, above) = ("suppressed/below_minimum", "suppressed/above_maximum");
    let (unlisted, other) = ("suppressed/no_threshold", "suppressed/condition");
    let cases = [
        (money_is(CartValue, AtLeast, "USD", 3000), send),
        (money_is(CartValue, AtLeast, "USD", 3001), below),
        (money_is(CartValue, LessThan, "USD", 3001), send),
        (money_is(CartValue, LessThan, "USD", 3000), above),
        (money_is(CartValue, LessThan, "EUR", 3000), unlisted),
        (money_is(HistoricNet, AtLeast, "USD", 3000), send),
        (money_is(HistoricNet, AtLeast, "USD", 3001), below),
        (money_is(FutureValue, AtLeast, "USD", 1), send),
        (money_is(FutureValue, LessThan, "USD", 1), above),
        (Condition::Orders { test: AtLeast, count: 2 }, send),
        (Condition::Orders { test: AtLeast, count: 3 }, below),
        (Condition::Orders { test: LessThan, count: 2 }, above),
        (Condition::Alive { test: AtLeast, share: 0.5 }, send),
        (Condition::Alive { test: LessThan, share: 0.5 }, above),
        (word_is(Stage, "repeat"), send),
        (word_is(Stage, "loyal"), other),
        (word_is(Segment, "champions"), other),
        (word_is(Channel, "paid_search"), send),
        (word_is(Channel, "unknown"), other),
        (word_is(Locale, "de"), send),
        (word_is(Locale, "en"), other),
    ];
    for (condition, expected) in cases {
        let name = format!("{condition:?}");
        assert_eq!(answer(condition), expected, "{name}");
    }
}

#[test]
fn what_is_not_known_of_a_customer_holds_no_condition() {
    let cases = [
        (money_is(MoneyField::CartValue, Test::LessThan, "USD", 1), "suppressed/no_threshold"),
        (money_is(MoneyField::HistoricNet, Test::LessThan, "USD", 1), "suppressed/no_threshold"),
        (money_is(MoneyField::FutureValue, Test::LessThan, "USD", 1), "suppressed/no_threshold"),
        (Condition::Orders { test: Test::LessThan, count: 1 }, "send/stage_entered"),
        (Condition::Alive { test: Test::LessThan, share: 1.0 }, "suppressed/condition"),
        (word_is(WordField::Channel, "unknown"), "send/stage_entered"),
        (word_is(WordField::Locale, "de"), "suppressed/condition"),
    ];
    for (condition, expected) in cases {
        let name = format!("{condition:?}");
        let mut shop = shop_of(Trigger::StageEntered(Stage::LEAD), &[0], |play| play.when = vec![condition]);
        shop.feed(&identified(0));
        shop.until(0);
        assert_eq!(shop.actions(), [expected], "{name}");
    }
}

/// Plays of the event `Email`, by name: priority, delay.
fn rivals(window_ms: i64, plays: &[(&str, u32, i64)]) -> Shop {
    let of = |(name, priority, delay_ms): &(&str, u32, i64)| Play {
        trigger: Trigger::EventSeen("Email".into()),
        steps: vec![step(*delay_ms, "t")],
        priority: *priority,
        ..play(name)
    };
    let plays = plays.iter().map(of).collect();
    let mut shop = Shop::with(Settings { plays, priority_window_ms: window_ms, ..settings() });
    shop.feed(&identified(0));
    shop.commit();
    shop
}

/// `play reason` of each action.
fn answers(shop: &Shop) -> Vec<String> {
    shop.written(Topic::Actions).iter().map(|a| format!("{} {}", text(a, "play"), text(a, "reason"))).collect()
}

#[test]
fn plays_due_at_one_moment_go_by_priority_then_by_name() {
    let mut shop = rivals(0, &[("a", 10, HOUR), ("c", 90, HOUR), ("b", 90, HOUR)]);
    shop.feed(&email(0, EmailSignal::Opened));
    shop.until(DAY);
    assert_eq!(answers(&shop), ["b event_seen", "c event_seen", "a event_seen"]);
}

#[test]
fn a_play_steps_back_for_one_of_higher_priority_before_and_after_it() {
    let sent = "event_seen";
    let cases = [
        ("the other was first", HOUR, 50, HOUR, 2 * HOUR - 1, ["high event_seen", "low priority"]),
        ("long ago", HOUR, 50, HOUR, 2 * HOUR, ["high event_seen", "low event_seen"]),
        ("the other comes soon", HOUR, 50, 2 * HOUR - 1, HOUR, ["low priority", "high event_seen"]),
        ("the other comes later", HOUR, 50, 2 * HOUR, HOUR, ["low event_seen", "high event_seen"]),
        ("at the same moment", HOUR, 50, HOUR, HOUR, ["high event_seen", "low priority"]),
        ("as dear as the other", HOUR, 90, HOUR, HOUR + 1, ["high event_seen", "low event_seen"]),
        ("nobody steps back", 0, 50, HOUR, HOUR, ["high event_seen", "low event_seen"]),
    ];
    for (name, window_ms, low, high_at, low_at, expected) in cases {
        let mut shop = rivals(window_ms, &[("high", 90, high_at), ("low", low, low_at)]);
        shop.feed(&email(0, EmailSignal::Opened));
        shop.until(DAY);
        assert_eq!(answers(&shop), expected, "{name} {sent}");
    }
}

#[test]
fn a_shadow_play_keeps_nobody_off_and_a_refused_one_only_while_it_waits() {
    let mut shop = rivals(HOUR, &[("high", 90, 2 * HOUR - 1), ("low", 50, HOUR)]);
    let mut shadow = shop.settings.clone();
    shadow.plays[0].mode = Mode::Shadow;
    shop.slot.change_settings(Arc::new(shadow));
    shop.feed(&email(0, EmailSignal::Opened));
    shop.until(DAY);
    assert_eq!(answers(&shop), ["low event_seen", "high shadow"]);
    let mut shop = rivals(HOUR, &[("high", 90, HOUR), ("low", 50, HOUR)]);
    let mut refused = shop.settings.clone();
    refused.plays[0].when = vec![word_is(WordField::Stage, "loyal")];
    shop.slot.change_settings(Arc::new(refused));
    shop.feed(&email(0, EmailSignal::Opened));
    shop.until(DAY);
    assert_eq!(answers(&shop), ["high condition", "low event_seen"]);
}

#[test]
fn nobody_is_mailed_at_a_loss() {
    let expected_of = |shop: &Shop| {
        let records = shop.written(Topic::Clv);
        records.last().unwrap()["future"]["expected_contribution"]["minor"].as_i64().unwrap()
    };
    let mailed = |cost: BTreeMap<Currency, i64>, margin: f64| {
        let mut shop = shop_of(Trigger::EventSeen("Order Completed".into()), &[0], |play| play.cost = cost);
        let mut settings = shop.settings.clone();
        settings.value.margin = Some(margin);
        shop.slot.change_settings(Arc::new(settings));
        shop.feed_all(&[identified(0), order(HOUR, "o", usd(5720))]).until(HOUR);
        (shop.actions().concat(), expected_of(&shop))
    };
    let (answer, expected) = mailed(BTreeMap::new(), 0.3);
    assert!(answer == "send/event_seen" && expected > 0);
    assert_eq!(mailed(amounts("USD", expected), 0.3).0, "send/event_seen", "the figure of the clv record");
    assert_eq!(mailed(amounts("USD", expected + 1), 0.3).0, "suppressed/margin");
    assert_eq!(mailed(amounts("USD", expected + 1), 0.4).0, "send/event_seen");
    assert_eq!(mailed(amounts("EUR", 1), 0.3).0, "suppressed/no_threshold");

    let mut shop = shop_of(Trigger::StageEntered(Stage::LEAD), &[0], |play| play.cost = amounts("USD", 1_000_000));
    shop.feed(&identified(0));
    shop.until(0);
    assert_eq!(shop.actions(), ["send/stage_entered"], "of who never ordered nothing is expected");
}

#[test]
fn a_cap_counts_what_was_sent_later_too() {
    let cap = |play: &mut Play| play.caps = vec![Cap { channel: Channel::Email, count: 1, window_ms: DAY }];
    let mut shop = shop_of(Trigger::EventSeen("Email".into()), &[HOUR], cap);
    let mut settings = shop.settings.clone();
    settings.plays.push(Play { trigger: Trigger::EventSeen("Order Completed".into()), ..settings.plays[0].clone() });
    settings.plays[1].name = "q".into();
    shop.slot.change_settings(Arc::new(settings));
    shop.feed_all(&[identified(0), order(5 * HOUR, "o", usd(1))]).until(6 * HOUR);
    shop.feed(&email(HOUR, EmailSignal::Opened));
    shop.until(DAY);
    assert_eq!(answers(&shop), ["q event_seen", "p cap"]);
}

#[test]
fn the_minimum_is_a_table_by_currency() {
    let euro = |at: i64| line(at, CartDelta::Added, product("e", Some(money(5000, "EUR")), 1));
    let unpriced = |at: i64| line(at, CartDelta::Added, product("u", None, 1));
    let cases = [
        (added(0, "a", 2), "send/cart_idle"),
        (added(0, "a", 1), "suppressed/below_minimum"),
        (euro(0), "suppressed/no_threshold"),
        (unpriced(0), "suppressed/no_threshold"),
    ];
    for (event, expected) in cases {
        let mut settings = settings();
        settings.plays[0].when = vec![money_is(MoneyField::CartValue, Test::AtLeast, "USD", 2000)];
        let mut shop = Shop::with(settings);
        shop.feed_all(&[identified(0), event]).until(DAY);
        assert_eq!(shop.actions(), [expected]);
    }
}
