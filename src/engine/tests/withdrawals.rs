//! Who takes consent back, complains or cannot be reached: what is out is called back, and no later step follows.

use super::triggers::shop_of;
use super::*;

use ConsentStatus::{Pending, Subscribed, Unsubscribed};
use EmailSignal::{Complaint, HardBounce, SoftBounce};

/// A shop whose customer was sent the first of two mails, at `HOUR`.
fn reminded(consent: ConsentRule) -> Shop {
    let mut play = play("cart_recovery");
    play.steps.push(step(10 * HOUR, "cart_2"));
    let mut shop = Shop::with(Settings { consent, plays: vec![play], ..settings() });
    shop.feed_all(&[identified(0), states(1, Subscribed), added(1, "a", 1)]).until(HOUR + 1);
    shop
}

fn about(address: &'static str, event: Event<'static>) -> Event<'static> {
    Event { address: Some(address.into()), ..event }
}

fn by_trait(at: i64, status: ConsentStatus) -> Event<'static> {
    let traits = Traits { consent: Some(TraitConsent { status, double_opt_in: false, at_ms: None }), ..Traits::default() };
    Event { traits, ..event(at, "identify", Kind::Identify) }
}

#[test]
fn a_withdrawal_takes_back_what_is_out_and_ends_the_instance() {
    let soft = || (0..3).map(|_| email(2 * HOUR, SoftBounce)).collect::<Vec<_>>();
    let cases = [
        (vec![states(2 * HOUR, Unsubscribed)], "cancel/unsubscribed"),
        (vec![by_trait(2 * HOUR, Unsubscribed)], "cancel/unsubscribed"),
        (vec![email(2 * HOUR, Complaint)], "cancel/complained"),
        (vec![email(2 * HOUR, HardBounce)], "cancel/bounced"),
        (vec![about("U-1@example.com", email(2 * HOUR, HardBounce))], "cancel/bounced"),
        (soft(), "cancel/bounced"),
        (vec![states(2 * HOUR, Unsubscribed), email(3 * HOUR, Complaint)], "cancel/unsubscribed"),
        (vec![states(2 * HOUR, Unsubscribed), states(3 * HOUR, Subscribed)], "cancel/unsubscribed"),
        (vec![states(1, Unsubscribed)], "cancel/unsubscribed"),
    ];
    for rule in [ConsentRule::OptIn, ConsentRule::None] {
        for (events, cancel) in &cases {
            let mut shop = reminded(rule);
            shop.feed_all(events).until(2 * DAY);
            assert_eq!(shop.actions(), ["send/cart_idle", cancel], "{rule:?} {events:?}");
            let actions = shop.written(Topic::Actions);
            assert_eq!(actions[1]["cancels"], actions[0]["id"]);
        }
    }
}

#[test]
fn what_is_no_withdrawal_takes_nothing_back() {
    let cases = [
        ("two soft bounces", vec![email(2 * HOUR, SoftBounce), email(2 * HOUR, SoftBounce)], true),
        ("of another address", vec![about("old@example.com", email(2 * HOUR, HardBounce))], true),
        ("a complaint of another", vec![about("old@example.com", email(2 * HOUR, Complaint))], true),
        ("a word of another", vec![about("old@example.com", states(2 * HOUR, Unsubscribed))], true),
        ("overruled by a later word", vec![states(0, Unsubscribed)], true),
        ("a doubt", vec![states(2 * HOUR, Pending)], false),
    ];
    for (name, events, goes_on) in cases {
        let mut shop = reminded(ConsentRule::OptIn);
        shop.feed_all(&events).until(2 * DAY);
        let second = if goes_on { "send/cart_idle" } else { "suppressed/consent_pending" };
        assert_eq!(shop.actions(), ["send/cart_idle", second], "{name}");
    }
}

#[test]
fn only_what_has_not_expired_is_taken_back_and_a_cart_is_not_asked_about_again() {
    let mut shop = reminded(ConsentRule::OptIn);
    shop.until(10 * HOUR);
    shop.feed(&states(26 * HOUR, Unsubscribed));
    assert_eq!(shop.actions(), ["send/cart_idle", "send/cart_idle", "cancel/unsubscribed"]);
    assert_eq!(shop.written(Topic::Actions)[2]["step"], 2);
    shop.feed_all(&[states(27 * HOUR, Subscribed), added(28 * HOUR, "b", 1)]).until(4 * DAY);
    assert_eq!(shop.actions().len(), 3);
}

#[test]
fn plays_of_other_triggers_are_ended_too_and_a_first_step_that_waits_is_told_why() {
    let mut shop = shop_of(Trigger::StageEntered(Stage::LEAD), &[0, DAY], |_| {});
    shop.feed_all(&[identified(0), states(HOUR, Unsubscribed), states(2 * HOUR, Subscribed)]).until(5 * DAY);
    assert_eq!(shop.actions(), ["send/stage_entered", "cancel/unsubscribed"]);

    let mut shop = Shop::new();
    shop.feed_all(&[identified(0), added(1, "a", 1), states(2, Unsubscribed)]).until(DAY);
    assert_eq!(shop.actions(), ["suppressed/unsubscribed"]);
}
