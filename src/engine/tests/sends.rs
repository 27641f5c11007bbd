//! What no order of events may bring about: a send over a cap, in quiet hours, without consent, after an order, or a second time.
//!
//! The events and settings are those of `properties`. What is checked is read from the records, as a mailer would, and held against the events
//! that had come by then.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::any_settings::any_settings;
use super::properties::{any_history, any_repeats, events, told_again};
use super::*;
use crate::engine::quiet::{quiet_until_ms, zone_of};

struct Send {
    customer: String,
    play: String,
    record: Json,
    at_ms: i64,
    /// Events that had been applied before.
    heard: usize,
}

impl Send {
    fn step(&self) -> usize {
        self.record["step"].as_u64().unwrap() as usize - 1
    }
}

fn moment_of(record: &Json, field: &str) -> i64 {
    text(record, field).parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

/// What is sent while the events come, and the events that were applied, by place.
fn live(settings: &Settings, events: &[Event<'static>]) -> (Vec<Send>, Vec<bool>) {
    let mut shop = Shop::with(settings.clone());
    let (mut sends, mut applied) = (Vec::new(), Vec::new());
    for heard in 0..=events.len() {
        match events.get(heard) {
            Some(event) => applied.push(shop.feed(event) == Outcome::Applied),
            None => drop(shop.until(4000 * DAY)),
        }
        let records = shop.written(Topic::Actions).into_iter().filter(|record| record["kind"] == "send");
        sends.extend(records.map(|record| {
            let (customer, play) = (text(&record, "customer_id").to_owned(), text(&record, "play").to_owned());
            Send { customer, play, at_ms: moment_of(&record, "event_time"), record, heard }
        }));
        shop.out.clear();
    }
    (sends, applied)
}

/// What is wrong with a send by itself.
fn fault(send: &Send, settings: &Settings) -> Option<&'static str> {
    let status = send.record["consent"]["status"].as_str();
    let is_allowed = match settings.consent {
        ConsentRule::DoubleOptIn | ConsentRule::OptIn => status == Some("subscribed"),
        ConsentRule::SoftOptIn => matches!(status, Some("subscribed") | None),
        ConsentRule::None => status != Some("unsubscribed"),
    };
    if !is_allowed || send.record["email"].is_null() {
        return Some("without consent or address");
    }
    let play = settings.plays.iter().find(|play| play.name == send.play).unwrap();
    let zone = zone_of(text(&send.record, "time_zone"), &settings.customer_zone);
    if play.quiet.is_some_and(|hours| quiet_until_ms(&hours, &zone, send.at_ms).is_some()) {
        return Some("in quiet hours");
    }
    (moment_of(&send.record, "expires_at") < send.at_ms).then_some("after it expired")
}

/// What the customer, or a mail server, had said about it. Of words about one address only that they lift a refusal is believed; rows of
/// visitors expire, so the word of somebody known is taken.
fn is_refused(send: &Send, events: &[Event<'static>], applied: &[bool]) -> bool {
    let heard: Vec<(usize, &Event<'_>)> = events.iter().enumerate().take(send.heard).filter(|(_, e)| e.customer == send.customer).collect();
    let names_address = |event: &Event<'_>| event.traits.email.as_deref().is_some_and(|email| !email.is_empty());
    heard.iter().any(|&(place, event)| {
        if !applied[place] || event.identity != Identity::Known || event.address.is_some() {
            return false;
        }
        let is_lifted = |(_, later): &(usize, &Event<'_>)| {
            let is_yes = matches!(&later.kind, Kind::Consent(change) if change.status != ConsentStatus::Unsubscribed);
            is_yes && later.time_ms > event.time_ms
        };
        match &event.kind {
            Kind::Consent(change) => change.status == ConsentStatus::Unsubscribed && !heard.iter().any(is_lifted),
            Kind::Email(told) if told.signal == EmailSignal::Complaint => !heard.iter().any(is_lifted),
            Kind::Email(told) if told.signal == EmailSignal::HardBounce && !names_address(event) => {
                let had_address = heard.iter().any(|(before, other)| *before < place && applied[*before] && names_address(other));
                had_address && !heard.iter().any(|(after, other)| *after > place && names_address(other))
            }
            _ => false,
        }
    })
}

/// Whether an order that should have ended the instance had come: one that is no older than what began it, or that came after its first mail.
fn is_after_order(send: &Send, first: &Send, play: &Play, events: &[Event<'static>], applied: &[bool]) -> bool {
    let begun_ms = moment_of(&send.record, "due_at") - play.steps[send.step()].delay_ms;
    let mut orders = events
        .iter()
        .enumerate()
        .take(send.heard)
        .filter(|(place, event)| applied[*place] && event.customer == send.customer && matches!(event.kind, Kind::OrderCompleted(_)));
    match &play.trigger {
        // an order from between two changes of a cart leaves it open: only the last change counts, and an upstream's word is none
        Trigger::CartIdle => {
            let due_ms = moment_of(&send.record, "due_at");
            let is_told = events.iter().any(|event| matches!(event.kind, Kind::CartAbandoned(_)) && event.time_ms == due_ms);
            send.step() == 0 && !is_told && orders.any(|(_, order)| order.time_ms > begun_ms)
        }
        Trigger::EventSeen(name) if name != "Order Completed" => orders.any(|(_, order)| order.time_ms >= begun_ms),
        _ => orders.any(|(place, _)| (first.heard..send.heard).contains(&place) && send.step() > first.step()),
    }
}

/// Orders of the customer that had been applied before.
fn orders_before(send: &Send, events: &[Event<'static>], applied: &[bool]) -> usize {
    let heard = events.iter().zip(applied).take(send.heard);
    let is_order = |event: &Event<'_>| event.customer == send.customer && matches!(event.kind, Kind::OrderCompleted(_));
    heard.filter(|(event, is_applied)| **is_applied && is_order(event)).count()
}

proptest! {
    #[test]
    fn no_send_is_unwanted_or_a_second_one_whatever_comes_in_which_order(history in any_history(), settings in any_settings(), again in any_repeats()) {
        let events = told_again(events(&history), again);
        let (sends, applied) = live(&settings, &events);
        let (mut ids, mut steps, mut grants) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        for send in &sends {
            prop_assert_eq!(fault(send, &settings), None, "{}", send.record);
            prop_assert!(!is_refused(send, &events, &applied), "{}", send.record);
            let play = settings.plays.iter().find(|play| play.name == send.play).unwrap();
            let is_of_instance = |other: &&Send| (&other.customer, &other.play, &other.record["instance"]) == (&send.customer, &send.play, &send.record["instance"]);
            let first = sends.iter().find(is_of_instance).unwrap();
            prop_assert!(!play.cancel_on.order || !is_after_order(send, first, play, &events, &applied), "{}", send.record);
            prop_assert!(ids.insert(text(&send.record, "id")), "{}", send.record);
            let of_play = (send.customer.as_str(), send.play.as_str());
            // what comes under the id of a cart that was ordered is another cart
            let orders = if play.trigger == Trigger::CartIdle { orders_before(send, &events, &applied) } else { 0 };
            let step = (of_play, text(&send.record, "instance"), orders, send.record["step"].as_u64());
            prop_assert!(steps.insert(step), "a second time: {}", send.record);
            if let Some(grant) = send.record["offer"]["grant_id"].as_str() {
                prop_assert_eq!(*grants.entry(of_play).or_insert(grant), grant);
            }
        }
        for cap in settings.plays.iter().flat_map(|play| &play.caps) {
            for last in &sends {
                let is_in = |send: &&Send| send.customer == last.customer && send.at_ms <= last.at_ms && send.at_ms > last.at_ms - cap.window_ms;
                prop_assert!(sends.iter().filter(is_in).count() <= cap.count as usize, "{}", last.record);
            }
        }
    }
}
