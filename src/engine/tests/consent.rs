//! Consent and addresses as they decide over a reminder: each case ends with an idle cart and the action it led to.

use super::*;

use ConsentStatus::{Pending, Subscribed, Unsubscribed};
use EmailSignal::{Complaint, HardBounce, SoftBounce};

fn with_email(address: &'static str) -> Event<'static> {
    Event { traits: Traits { email: Some(address.into()), ..Traits::default() }, ..event(0, "identify", Kind::Identify) }
}

fn reminder_after(rule: ConsentRule, events: Vec<Event<'static>>) -> String {
    let mut shop = Shop::with(Settings { consent: rule, ..settings() });
    shop.feed_all(&events).feed_all(&[added(DAY, "p", 1)]).until(2 * DAY);
    shop.actions().concat()
}

#[test]
fn the_consent_rule_decides() {
    use ConsentRule::{None, OptIn, SoftOptIn};
    let known = || with_email("u-1@example.com");
    let cases = [
        (OptIn, vec![known(), states(1, Subscribed)], "send/cart_idle"),
        (OptIn, vec![known()], "suppressed/no_consent"),
        (OptIn, vec![known(), states(1, Pending)], "suppressed/consent_pending"),
        (OptIn, vec![known(), states(1, Subscribed), states(2, Unsubscribed)], "suppressed/unsubscribed"),
        (OptIn, vec![known(), states(1, Subscribed), email(2, Complaint)], "suppressed/complained"),
        (OptIn, vec![known(), order(1, "o", usd(1))], "suppressed/no_consent"),
        (SoftOptIn, vec![known(), order(1, "o", usd(1))], "send/cart_idle"),
        (SoftOptIn, vec![known(), order(1, "o", usd(1)), refund(2, "o", Option::None)], "send/cart_idle"),
        (SoftOptIn, vec![known()], "suppressed/no_consent"),
        (SoftOptIn, vec![known(), order(1, "o", usd(1)), states(2, Unsubscribed)], "suppressed/unsubscribed"),
        (SoftOptIn, vec![known(), order(1, "o", usd(1)), states(2, Pending)], "suppressed/consent_pending"),
        (None, vec![known()], "send/cart_idle"),
        (None, vec![known(), states(1, Pending)], "send/cart_idle"),
        (None, vec![known(), states(1, Unsubscribed)], "suppressed/unsubscribed"),
        (None, vec![known(), email(1, Complaint)], "suppressed/complained"),
        (None, vec![known(), email(1, HardBounce)], "suppressed/bounced"),
    ];
    for (number, (rule, events, expected)) in cases.into_iter().enumerate() {
        assert_eq!(reminder_after(rule, events), expected, "case {number}, {rule:?}");
    }
}

#[test]
fn the_address_must_be_known_valid_and_reachable() {
    let bounce = |signal: EmailSignal, times: usize| (0..times).map(move |_| email(2, signal));
    let opted_in = |address: &'static str| vec![with_email(address), states(1, Subscribed)];
    let cases = [
        (vec![states(1, Subscribed)], "suppressed/no_email"),
        (opted_in("nobody"), "suppressed/invalid_email"),
        (opted_in("a@localhost"), "suppressed/invalid_email"),
        (opted_in("a@b@example.com"), "suppressed/invalid_email"),
        (opted_in("a b@example.com"), "suppressed/invalid_email"),
        (opted_in("Name <a@example.com>"), "suppressed/invalid_email"),
        (opted_in("first.last+tag@shop.example.com"), "send/cart_idle"),
        (opted_in("a@example.com").into_iter().chain(bounce(SoftBounce, 2)).collect(), "send/cart_idle"),
        (opted_in("a@example.com").into_iter().chain(bounce(SoftBounce, 3)).collect(), "suppressed/bounced"),
        (opted_in("a@example.com").into_iter().chain(bounce(HardBounce, 1)).collect(), "suppressed/bounced"),
    ];
    for (number, (events, expected)) in cases.into_iter().enumerate() {
        assert_eq!(reminder_after(ConsentRule::OptIn, events), expected, "case {number}");
    }
}
