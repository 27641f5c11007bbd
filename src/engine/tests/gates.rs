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
        let mut shop = shop_of(Trigger::StageEntered(Stage::Lead), &[0], |play| play.when = vec![condition]);
        shop.feed(&identified(0));
        shop.until(0);
        assert_eq!(shop.actions(), [expected], "{name}");
    }
}
