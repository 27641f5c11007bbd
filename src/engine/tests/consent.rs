//! Consent and addresses as they decide over a reminder: each case ends with an idle cart and the action it led to.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::engine::audience::member;
use crate::event::{Birthday, Text};

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
    use ConsentRule::{DoubleOptIn, None, OptIn, SoftOptIn};
    let known = || with_email("u-1@example.com");
    let confirms =
        |at| event(at, "Consent Changed", Kind::Consent(ConsentChange { status: Subscribed, source: Option::None, double_opt_in: true }));
    let cases = [
        (OptIn, vec![known(), states(1, Subscribed)], "send/cart_idle"),
        (OptIn, vec![known()], "suppressed/no_consent"),
        (OptIn, vec![known(), states(1, Pending)], "suppressed/consent_pending"),
        (OptIn, vec![known(), states(1, Subscribed), states(2, Unsubscribed)], "suppressed/unsubscribed"),
        (OptIn, vec![known(), states(1, Subscribed), email(2, Complaint)], "suppressed/complained"),
        (OptIn, vec![known(), order(1, "o", usd(1))], "suppressed/no_consent"),
        (DoubleOptIn, vec![known(), states(1, Subscribed)], "suppressed/consent_pending"),
        (DoubleOptIn, vec![known(), states(1, Subscribed), confirms(2)], "send/cart_idle"),
        (DoubleOptIn, vec![known(), confirms(1), states(2, Unsubscribed)], "suppressed/unsubscribed"),
        (DoubleOptIn, vec![known(), order(1, "o", usd(1))], "suppressed/no_consent"),
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

/// An event of a mail provider about an address.
fn about(address: &'static str, event: Event<'static>) -> Event<'static> {
    Event { address: Some(address.into()), ..event }
}

#[test]
fn a_refusal_about_another_address_is_about_that_one_alone() {
    let new = |at: i64| Event { time_ms: T0 + at, ..with_email("new@example.com") };
    let known = || vec![with_email("u-1@example.com"), states(1, Subscribed)];
    let refusals = || {
        [
            (email(2, HardBounce), "suppressed/bounced"),
            (email(2, Complaint), "suppressed/complained"),
            (states(2, Unsubscribed), "suppressed/unsubscribed"),
        ]
    };
    for (refusal, reason) in refusals() {
        let after = |events: Vec<Event<'static>>| reminder_after(ConsentRule::OptIn, known().into_iter().chain(events).collect());
        let case = format!("{refusal:?}");
        assert_eq!(after(vec![about("U-1@Example.com", refusal.clone())]), reason, "the known one in other letters, {case}");
        assert_eq!(after(vec![about("new@example.com", refusal.clone())]), "send/cart_idle", "{case}");
        assert_eq!(after(vec![about("new@example.com", refusal.clone()), new(3)]), reason, "{case}");
        assert_eq!(after(vec![new(1), about("new@example.com", refusal.clone())]), reason, "{case}");
        let back = Event { time_ms: T0 + 4, ..with_email("u-1@example.com") };
        assert_eq!(after(vec![about("new@example.com", refusal.clone()), new(3), back]), "send/cart_idle", "{case}");
        let again = if reason == "suppressed/bounced" { reason } else { "send/cart_idle" };
        for subscribed in [about("NEW@example.com", states(5, Subscribed)), states(5, Subscribed)] {
            assert_eq!(after(vec![about("new@example.com", refusal.clone()), new(3), subscribed]), again, "{case}");
        }
        let before = about("new@example.com", states(1, Subscribed));
        assert_eq!(after(vec![about("new@example.com", refusal.clone()), new(3), before]), reason, "an older word, {case}");
        let elsewhere = about("u-1@example.com", states(5, Subscribed));
        assert_eq!(after(vec![about("new@example.com", refusal), new(3), elsewhere]), reason, "of another address, {case}");
    }
}

#[test]
fn signs_of_reading_count_whatever_the_address_and_soft_bounces_do_not() {
    let soft = |at: i64| about("old@example.com", email(at, SoftBounce));
    let events = vec![with_email("u-1@example.com"), states(1, Subscribed), soft(2), soft(3), soft(4)];
    assert_eq!(reminder_after(ConsentRule::OptIn, events), "send/cart_idle");
    let subscribed_elsewhere = vec![with_email("u-1@example.com"), about("old@example.com", states(1, Subscribed))];
    assert_eq!(reminder_after(ConsentRule::OptIn, subscribed_elsewhere), "suppressed/no_consent");
}

#[test]
fn the_oldest_of_too_many_addresses_is_forgotten() {
    let mut events = vec![with_email("u-1@example.com"), states(1, Subscribed)];
    let addresses = ["a@example.com", "b@example.com", "c@example.com", "d@example.com", "e@example.com"];
    events.extend(addresses.into_iter().zip(2..).map(|(address, at)| about(address, email(at, HardBounce))));
    for (address, expected) in addresses.into_iter().zip(["send/cart_idle"].into_iter().chain(["suppressed/bounced"; 4])) {
        let new = Event { time_ms: T0 + 20, ..with_email(address) };
        assert_eq!(reminder_after(ConsentRule::OptIn, events.iter().cloned().chain([new]).collect()), expected, "{address}");
    }
}

#[test]
fn an_audience_tells_what_was_refused_about_the_address_before_it_was_known() {
    let refusals = [
        (email(2, HardBounce), Some(("subscribed", "event")), true),
        (email(2, Complaint), Some(("unsubscribed", "complaint")), false),
        (states(2, Unsubscribed), Some(("unsubscribed", "address")), false),
    ];
    for (refusal, consent, has_bounced) in refusals {
        let mut shop = Shop::new();
        shop.feed_all(&[about("u-1@example.com", refusal.clone()), states(3, Subscribed)]);
        shop.feed(&Event { time_ms: T0 + 4, ..with_email("u-1@example.com") });
        let mut customer = shop.customer("u-1");
        let member = member(&mut customer, &[], &shop.settings, T0 + 5).unwrap();
        assert_eq!((member.consent.map(|(status, source, _)| (status, source)), member.has_bounced), (consent, has_bounced), "{refusal:?}");
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

pub fn any_status() -> impl Strategy<Value = ConsentStatus> {
    select(vec![ConsentStatus::Subscribed, ConsentStatus::Unsubscribed, ConsentStatus::Pending])
}

pub fn any_traits() -> impl Strategy<Value = Traits<'static>> {
    let consent = proptest::option::weighted(0.3, any_status());
    let email = proptest::option::of(select(vec!["a@example.com", "a@example.com", "b@example.com", "not an address"]));
    let zone = proptest::option::weighted(0.2, select(vec!["Europe/Berlin", "America/New_York"]));
    let region = proptest::option::weighted(0.1, select(vec!["Bavaria", "Hokkaido"]));
    let birthday = proptest::option::weighted(0.1, select(vec![(2, 29), (7, 1)]));
    (email, zone, consent, region, birthday).prop_map(|(email, zone, consent, region, birthday)| Traits {
        email: email.map(Into::into),
        first_name: None,
        locale: None,
        time_zone: zone.map(Into::into),
        region: region.map(Into::into),
        customer_type: None,
        birthday: birthday.and_then(|(month, day)| Birthday::new(month, day)),
        consent: consent.map(|status| TraitConsent { status, double_opt_in: false, at_ms: None }),
    })
}

/// What mail providers say an event is about.
pub fn any_address() -> impl Strategy<Value = Option<Text<'static>>> {
    proptest::option::of(select(vec!["a@example.com", "A@Example.com", "b@example.com", "gone@example.com"]).prop_map(Text::from))
}
