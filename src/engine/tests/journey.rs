//! What customers do besides buying: stages before the first order, tickets, orders on their way, what service costs, and the funnel.

use proptest::prelude::*;
use proptest::sample::select;

use super::cells::totals;
use super::properties::{amount, short_id};
use super::*;
use crate::engine::journey::TICKETS_MAX;
use crate::event::{Answer, Interaction, InteractionKind};

pub fn any_interaction() -> impl Strategy<Value = Interaction<'static>> {
    let subject = prop_oneof![short_id("o", 0..40), short_id("t", 0..12)];
    (select(InteractionKind::ALL.to_vec()), subject, proptest::option::weighted(0.2, amount()), proptest::option::of(short_id("s", 0..3)))
        .prop_map(|(kind, subject, cost, salesperson_id)| {
            let answer = (kind == InteractionKind::SurveyAnswered).then(|| Answer {
                survey_id: "v".into(),
                question_id: "source".into(),
                answer_id: subject.clone(),
            });
            Interaction { kind, subject: Some(subject), cost, salesperson_id, answer }
        })
}

pub fn did(at: i64, kind: InteractionKind, subject: Option<&'static str>) -> Event<'static> {
    let interaction = Interaction { kind, subject: subject.map(Into::into), cost: None, salesperson_id: None, answer: None };
    event(at, kind.event_name(), Kind::Interaction(interaction))
}

/// Where they have heard of the shop.
pub fn heard(at: i64, answer: &'static str) -> Event<'static> {
    let answer = Answer { survey_id: "v".into(), question_id: "source".into(), answer_id: answer.into() };
    let kind = InteractionKind::SurveyAnswered;
    let told = Interaction { kind, subject: None, cost: None, salesperson_id: None, answer: Some(answer) };
    event(at, kind.event_name(), Kind::Interaction(told))
}

#[test]
fn who_signs_up_is_new_until_the_first_order_or_for_a_while() {
    let mut shop = Shop::new();
    shop.feed(&did(0, InteractionKind::SignedUp, None));
    shop.until(14 * DAY - 1);
    assert_eq!(shop.stages(), ["onboarding/signed_up"]);
    shop.until(15 * DAY);
    let over = shop.written(Topic::Transitions).pop().unwrap();
    assert_eq!((text(&over, "to"), text(&over, "reason")), ("visitor", "onboarding_timeout"));
    assert_eq!((text(&over["cause"], "deadline"), text(&over, "event_time")), ("onboarding", "2026-01-15T00:00:00.000Z"));

    let mut shop = Shop::new();
    shop.feed_all(&[identified(0), did(1, InteractionKind::SignedUp, None), order(DAY, "a", usd(1))]);
    shop.until(20 * DAY);
    assert_eq!(shop.stages(), ["lead/first_seen", "onboarding/signed_up", "first_time/order"]);
}

#[test]
fn who_signed_up_long_ago_or_twice_is_new_from_the_earliest_time_on() {
    let mut shop = Shop::new();
    shop.feed_all(&[identified(30 * DAY), did(10 * DAY, InteractionKind::SignedUp, None)]);
    assert_eq!(shop.stages(), ["lead/first_seen"], "two weeks are over");
    let mut shop = Shop::new();
    shop.feed_all(&[did(5 * DAY, InteractionKind::SignedUp, None), did(0, InteractionKind::SignedUp, None)]);
    shop.until(14 * DAY);
    assert_eq!(shop.stages(), ["onboarding/signed_up", "visitor/onboarding_timeout"]);
}

#[test]
fn views_and_comparisons_make_somebody_consider_until_they_order() {
    let viewed = |at| did(at, InteractionKind::ProductViewed, None);
    let mut shop = Shop::new();
    shop.feed_all(&[viewed(0), did(1, InteractionKind::ProductListViewed, None), viewed(2)]);
    assert_eq!(shop.stages(), ["visitor/first_seen"]);
    shop.feed_all(&[viewed(3), order(DAY, "a", usd(1)), viewed(2 * DAY)]);
    assert_eq!(shop.stages()[1..], ["consideration/considering", "first_time/order"]);

    let mut shop = Shop::new();
    shop.feed_all(&[did(0, InteractionKind::SignedUp, None), did(1, InteractionKind::ProductsCompared, None)]);
    shop.until(30 * DAY);
    assert_eq!(shop.stages(), ["onboarding/signed_up", "consideration/considering"], "being new does not end it");
}

#[test]
fn an_order_on_its_way_is_told_once_and_in_order() {
    let shipped = |at, id| did(at, InteractionKind::OrderShipped, Some(id));
    let delivered = |at, id| did(at, InteractionKind::OrderDelivered, Some(id));
    let mut shop = Shop::new();
    shop.feed_all(&[order(0, "a", usd(1)), shipped(DAY, "a"), shipped(DAY + 1, "a"), delivered(2 * DAY, "a"), shipped(3 * DAY, "a")]);
    // an order that was never said to be shipped, and late news of another
    shop.feed_all(&[delivered(5 * DAY, "b"), shipped(4 * DAY, "c")]);
    let told = shop.written(Topic::Transitions);
    let moves: Vec<(&str, &str)> =
        told.iter().filter(|t| text(t, "track") == "fulfilment").map(|t| (text(t, "from"), text(t, "to"))).collect();
    assert_eq!(moves, [("placed", "shipped"), ("shipped", "delivered"), ("placed", "delivered")]);
}

#[test]
fn tickets_are_open_until_resolved_whatever_comes_first() {
    let opened = |at, id| did(at, InteractionKind::TicketOpened, Some(id));
    let resolved = |at, id| did(at, InteractionKind::TicketResolved, Some(id));
    let mut shop = Shop::new();
    shop.feed_all(&[resolved(0, "t-1"), opened(1, "t-1"), opened(2, "t-2"), opened(3, "t-2")]);
    assert_eq!(shop.customer("u-1").journey.unwrap().open_tickets.len(), 1);
    shop.feed(&resolved(4, "t-2"));
    assert!(shop.customer("u-1").journey.unwrap().open_tickets.is_empty());
    for id in ["a", "b", "c", "d", "e", "f", "g", "h", "i"] {
        shop.feed(&opened(5, id));
    }
    assert_eq!(shop.customer("u-1").journey.unwrap().open_tickets.len(), TICKETS_MAX);
}

#[test]
fn service_is_a_cost_and_told_by_who_closed_the_sale() {
    let mut shop = Shop::new();
    let mut sale = order(0, "a", usd(10_000));
    let Kind::OrderCompleted(details) = &mut sale.kind else { unreachable!() };
    details.salesperson_id = Some("s-1".into());
    let mut call = did(DAY, InteractionKind::CallLogged, None);
    let Kind::Interaction(details) = &mut call.kind else { unreachable!() };
    (details.cost, details.salesperson_id) = (Some(usd(400)), Some("s-2".into()));
    let stranger = Event { customer: "u-2".into(), ..call.clone() };
    shop.feed_all(&[sale, call, stranger]);
    let historic = &shop.written(Topic::Clv).pop().unwrap()["historic"][0];
    assert_eq!((historic["net_of_refunds"]["minor"].as_i64(), historic["contribution"]["minor"].as_i64()), (Some(10_000), Some(9_600)));
    let cells = totals(&mut shop);
    assert_eq!(cells["service_cost|currency=USD,salesperson=s-1|2026-01"], 400);
    assert_eq!(cells["service_cost|currency=USD,salesperson=s-2|2026-01"], 400, "nobody closed a sale");
    assert_eq!(cells["customers_closed|salesperson=s-1|2026-01"], 1);
    assert_eq!(cells["cost|channel=unknown,currency=USD,kind=service|2026-01"], 800);
}

#[test]
fn answers_are_counted_by_survey_question_and_answer() {
    let mut shop = Shop::new();
    for (at, answer) in ["price", "price", "friend"].into_iter().enumerate() {
        let mut answered = did(at as i64, InteractionKind::SurveyAnswered, None);
        let Kind::Interaction(details) = &mut answered.kind else { unreachable!() };
        details.answer = Some(Answer { survey_id: "v".into(), question_id: "why".into(), answer_id: answer.into() });
        shop.feed(&answered);
    }
    let cells = totals(&mut shop);
    assert_eq!(cells["survey_answers|answer=price,question=why,survey=v|2026-01"], 2);
    assert_eq!(cells["survey_answers|answer=friend,question=why,survey=v|2026-01"], 1);
}

#[test]
fn the_funnel_counts_who_is_where_who_moved_and_how_long_they_had_stayed() {
    let mut shop = Shop::new();
    shop.feed_all(&[identified(0), order(3 * DAY, "a", usd(1)), Event { customer: "u-2".into(), ..identified(4 * DAY) }]);
    let cells = totals(&mut shop);
    let expected = [
        ("customers_in_stage|stage=first_time|all", 1),
        ("customers_in_stage|stage=lead|all", 1),
        ("stage_entries|channel=unknown,from=lead,to=first_time|2026-01", 1),
        ("stage_entries|channel=unknown,from=none,to=lead|2026-01", 2),
        ("stage_stays|from=lead,to=first_time|2026-01", 1),
    ];
    for (key, count) in expected {
        assert_eq!(cells.get(key), Some(&count), "{key}: {cells:?}");
    }
    assert_eq!(cells["leads|channel=unknown|all"], 2);
    // a channel that is heard of later has won both the lead and the customer
    shop.feed(&super::cells::from(event(4 * DAY, "Page", Kind::Unknown), "email"));
    let moved = totals(&mut shop);
    let of_channel = |name: &str, start: &str| ["unknown", "email"].map(|channel| moved[&format!("{name}|channel={channel}|{start}")]);
    assert_eq!((of_channel("leads", "all"), of_channel("customers_acquired", "2026-01")), ([1, 1], [0, 1]));
    // who is forgotten, or goes by themselves, is nowhere
    let visitor = Event { customer: "x".into(), identity: Identity::Anonymous, ..event(5 * DAY, "Page", Kind::Unknown) };
    shop.feed_all(&[event(5 * DAY, "Customer Erased", Kind::Erased), visitor]);
    shop.until(100 * DAY);
    let cells = totals(&mut shop);
    assert_eq!(cells["customers_in_stage|stage=first_time|all"], 0);
    assert_eq!(cells["customers_in_stage|stage=visitor|all"], 0);
}

#[test]
fn rows_of_old_versions_know_nothing_of_it() {
    let mut shop = Shop::new();
    shop.slot = Slot::new(3, Arc::new(settings()), Arc::clone(&shop.committed)).with_row_version(RowVersion::from_number(2).unwrap());
    let outcome = shop.feed(&did(0, InteractionKind::SignedUp, None));
    assert_eq!(outcome, Outcome::Ignored);
    assert_eq!(shop.stages(), ["visitor/first_seen"]);
}
