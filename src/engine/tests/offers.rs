//! Variants of a step and offers: each customer one template for ever, each customer one grant of a play.

use super::triggers::shop_of;
use super::*;

fn of_event() -> Trigger {
    Trigger::EventSeen("Email".into())
}

fn with_offer(step: &mut Step, id: &str, ttl_ms: i64) {
    step.offer = Some(Offer { id: id.into(), ttl_ms });
}

/// Of each action, the offer's id, grant and end.
fn offers(shop: &Shop) -> Vec<Option<[String; 3]>> {
    let told = |offer: &Json| ["id", "grant_id", "expires_at"].map(|field| text(offer, field).to_owned());
    shop.written(Topic::Actions).iter().map(|a| Some(&a["offer"]).filter(|offer| !offer.is_null()).map(told)).collect()
}

#[test]
fn each_customer_gets_one_of_several_templates_for_ever() {
    let templates_of = |salt: &str| {
        let mut shop = shop_of(of_event(), &[0, HOUR], |play| {
            play.steps.iter_mut().for_each(|step| step.templates = vec!["a".into(), "b".into()]);
            play.control = 0.5;
        });
        let salted = Settings { salt: salt.into(), ..shop.settings.clone() };
        shop.slot.change_settings(Arc::new(salted));
        for n in 0..400 {
            let id = format!("u-{n}");
            shop.feed_all(&[
                Event { customer: id.clone().into(), ..identified(0) },
                Event { customer: id.into(), ..email(0, EmailSignal::Opened) },
            ]);
        }
        shop.until(DAY);
        let actions = shop.written(Topic::Actions);
        actions.iter().map(|a| format!("{} {} {}", text(a, "template"), text(a, "arm"), a["step"])).collect::<Vec<String>>()
    };
    let drawn = templates_of("salt");
    let count = |told: &str| drawn.iter().filter(|line| *line == told).count();
    for told in ["a treatment 1", "b treatment 1", "a control 1", "b control 1", "a treatment 2", "b treatment 2"] {
        assert!((70..130).contains(&count(told)), "{} of {told}", count(told));
    }
    assert_eq!(templates_of("salt"), drawn);
    assert_ne!(templates_of("pepper"), drawn);
}

#[test]
fn an_offer_is_granted_once_and_shown_while_it_holds() {
    let mut shop = shop_of(of_event(), &[0, DAY, 5 * DAY, 20 * DAY], |play| {
        [0, 2, 3].into_iter().for_each(|number: usize| with_offer(&mut play.steps[number], "WELCOME10", 14 * DAY));
    });
    shop.feed_all(&[identified(0), email(HOUR, EmailSignal::Opened)]).until(30 * DAY);
    let told = offers(&shop);
    let first = told[0].clone().unwrap();
    assert_eq!((first[0].as_str(), first[2].as_str()), ("WELCOME10", "2026-01-15T01:00:00.000Z"));
    assert_eq!(told, [Some(first.clone()), None, Some(first), None], "the second step has none, the last comes when it has expired");

    shop.out.clear();
    shop.feed(&email(40 * DAY, EmailSignal::Opened));
    shop.until(45 * DAY);
    assert_eq!(shop.actions().len(), 3);
    assert_eq!(offers(&shop), [None, None, None], "whoever comes again has had it");
}

#[test]
fn a_grant_is_of_its_customer_play_and_offer_and_needs_a_send() {
    let granted = |customer: &'static str, name: &str, offer: &str| {
        let mut shop = shop_of(of_event(), &[0], |play| {
            play.name = name.into();
            with_offer(&mut play.steps[0], offer, DAY);
        });
        let of = |event: Event<'static>| Event { customer: customer.into(), ..event };
        shop.feed_all(&[of(identified(0)), of(email(0, EmailSignal::Opened))]).until(0);
        offers(&shop)[0].clone().unwrap()[1].clone()
    };
    let id = granted("u-1", "p", "TEN");
    assert_eq!(granted("u-1", "p", "TEN"), id);
    for other in [granted("u-2", "p", "TEN"), granted("u-1", "q", "TEN"), granted("u-1", "p", "TWENTY")] {
        assert_ne!(other, id);
    }

    // refused first, then sent; and another offer in the configuration is no second grant
    let mut shop = shop_of(of_event(), &[0], |play| with_offer(&mut play.steps[0], "TEN", DAY));
    shop.feed_all(&[
        event(0, "identify", Kind::Identify),
        email(0, EmailSignal::Opened),
        identified(HOUR),
        email(HOUR, EmailSignal::Opened),
    ]);
    shop.until(HOUR);
    let told = offers(&shop);
    assert_eq!(
        (shop.actions().join(" "), told[0].is_none(), told[1].is_some()),
        ("suppressed/no_email send/event_seen".into(), true, true)
    );
    shop.commit();
    shop.out.clear();
    let mut other = shop.settings.clone();
    with_offer(&mut other.plays[0].steps[0], "TWENTY", DAY);
    shop.slot.change_settings(Arc::new(other));
    shop.feed(&email(2 * HOUR, EmailSignal::Opened));
    shop.until(2 * HOUR);
    assert_eq!((shop.actions().join(" "), offers(&shop)), ("send/event_seen".into(), vec![None]));
}

#[test]
fn a_cancel_tells_of_no_offer_and_rows_of_old_versions_grant_none() {
    let mut shop = Shop::new();
    let mut offering = shop.settings.clone();
    with_offer(&mut offering.plays[0].steps[0], "TEN", DAY);
    shop.slot.change_settings(Arc::new(offering.clone()));
    let events = [identified(0), added(0, "a", 1), order(2 * HOUR, "o", usd(1))];
    shop.feed_all(&events);
    assert_eq!(offers(&shop).iter().map(Option::is_some).collect::<Vec<_>>(), [true, false]);

    let mut old = Shop::with(offering.clone());
    old.slot = Slot::new(3, Arc::new(offering), Arc::clone(&old.committed)).with_row_version(RowVersion::OLDEST);
    old.feed_all(&events);
    assert_eq!((old.actions().len(), offers(&old)), (2, vec![None, None]));
}
