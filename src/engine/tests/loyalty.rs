//! The loyalty programme: points earned, spent and gone, what rewards cost, and what members are worth beside others.

use proptest::prelude::*;
use proptest::sample::select;

use super::cells::{flushed, named, of, stored};
use super::properties::amount;
use super::*;
use crate::engine::loyalty::EXPIRIES_MAX;
use crate::event;
use crate::event::LoyaltyKind;

pub fn any_loyalty() -> impl Strategy<Value = event::Loyalty> {
    let expires_ms = proptest::option::of((0..300i64).prop_map(|days| T0 + days * DAY));
    (select(LoyaltyKind::ALL.to_vec()), 0..2000u32, proptest::option::weighted(0.2, amount()), expires_ms)
        .prop_map(|(kind, points, reward, expires_ms)| event::Loyalty { kind, points, reward, expires_ms })
}

fn told(at: i64, kind: LoyaltyKind, points: u32) -> Event<'static> {
    let loyalty = event::Loyalty { kind, points, reward: None, expires_ms: None };
    event(at, kind.event_name(), Kind::Loyalty(loyalty))
}

fn earned(at: i64, points: u32, expires: i64) -> Event<'static> {
    let loyalty = event::Loyalty { kind: LoyaltyKind::PointsEarned, points, reward: None, expires_ms: Some(T0 + expires) };
    event(at, "Points Earned", Kind::Loyalty(loyalty))
}

fn rewarded(at: i64, cost: Money) -> Event<'static> {
    let loyalty = event::Loyalty { kind: LoyaltyKind::RewardRedeemed, points: 0, reward: Some(cost), expires_ms: None };
    event(at, "Reward Redeemed", Kind::Loyalty(loyalty))
}

fn points(shop: &mut Shop) -> u64 {
    shop.customer("u-1").loyalty.unwrap().points()
}

#[test]
fn points_are_spent_before_they_expire_and_gone_when_they_do() {
    let mut shop = Shop::new();
    shop.feed_all(&[told(0, LoyaltyKind::PointsEarned, 100), earned(HOUR, 50, 20 * DAY), earned(HOUR, 30, 10 * DAY)]);
    assert_eq!(points(&mut shop), 180);
    shop.feed(&told(DAY, LoyaltyKind::PointsRedeemed, 40));
    let loyalty = *shop.customer("u-1").loyalty.unwrap();
    assert_eq!((loyalty.lasting, loyalty.expiring), (100, vec![Expiring { expires_ms: T0 + 20 * DAY, points: 40 }]));
    shop.until(20 * DAY - 1);
    assert_eq!(points(&mut shop), 140);
    shop.until(20 * DAY);
    assert_eq!(points(&mut shop), 100);
    assert_eq!(named(&flushed(&mut shop), "points").pop(), Some(("points_outstanding||all", 100)));
    assert_eq!(shop.slot.next_deadline_ms(), None, "points that last are waited for by nobody");
}

#[test]
fn more_points_than_there_are_cannot_be_spent() {
    let mut shop = Shop::new();
    shop.feed_all(&[told(0, LoyaltyKind::PointsEarned, 10), told(1, LoyaltyKind::PointsRedeemed, 25)]);
    assert_eq!((points(&mut shop), shop.counted(Counter::PointsOverdrawn)), (0, 1));
    shop.feed(&earned(5 * DAY, 40, 4 * DAY));
    assert_eq!(points(&mut shop), 0, "they were over before they came");
}

#[test]
fn beyond_eight_ends_points_stay_until_the_latest() {
    let mut shop = Shop::new();
    for day in 1..=10 {
        shop.feed(&earned(0, 1, day * DAY));
    }
    let expiring = shop.customer("u-1").loyalty.unwrap().expiring;
    assert_eq!((expiring.len(), expiring.last().unwrap()), (EXPIRIES_MAX, &Expiring { expires_ms: T0 + 10 * DAY, points: 3 }));
    shop.until(9 * DAY);
    assert_eq!(points(&mut shop), 3);
}

#[test]
fn a_reward_is_a_cost_of_the_customer() {
    let mut shop = Shop::new();
    shop.feed_all(&[order(0, "a", usd(10_000)), rewarded(DAY, usd(700)), order(2 * DAY, "b", usd(1))]);
    let records = shop.written(Topic::Clv);
    let contribution = |record: &Json| record["historic"][0]["contribution"]["minor"].as_i64();
    assert_eq!(records.iter().map(contribution).collect::<Vec<_>>(), [Some(10_000), Some(9_300), Some(9_301)]);
    assert_eq!((text(&records[1]["cause"], "event"), records[1]["npv"]["value"]["minor"].as_i64()), ("Reward Redeemed", Some(9_300)));
    assert_eq!(named(&flushed(&mut shop), "cost"), [("cost|channel=unknown,currency=USD,kind=reward|2026-01", 700)]);
}

#[test]
fn members_and_others_are_told_apart_from_the_day_they_join() {
    let mut shop = Shop::new();
    shop.feed_all(&[order(0, "a", usd(5000)), of("u-2", order(0, "b", usd(700)))]);
    let cells = flushed(&mut shop);
    assert_eq!(named(&cells, "loyalty_customers"), [("loyalty_customers|currency=USD,member=no|all", 2)]);
    let all = named(&cells, "loyalty_clv")[0].1;
    shop.feed(&told(DAY, LoyaltyKind::Enrolled, 0));
    let cells = flushed(&mut shop);
    let customers = [("loyalty_customers|currency=USD,member=no|all", 1), ("loyalty_customers|currency=USD,member=yes|all", 1)];
    assert_eq!(named(&cells, "loyalty_customers"), customers);
    let sums = named(&cells, "loyalty_clv");
    assert!(sums[1].1 > 5000 && sums[0].1 < sums[1].1, "{sums:?}");
    assert_eq!(sums[0].1 + sums[1].1, all);
    shop.feed(&told(DAY, LoyaltyKind::PointsEarned, 5));
    shop.feed(&event(2 * DAY, "Customer Erased", Kind::Erased));
    let cells = flushed(&mut shop);
    assert_eq!(named(&cells, "points").pop(), Some(("points_outstanding||all", 0)));
    assert_eq!(named(&cells, "loyalty_customers"), [("loyalty_customers|currency=USD,member=yes|all", 0)]);
}

#[test]
fn the_same_message_counts_once_and_who_has_points_is_a_member_since_the_first() {
    let mut shop = Shop::new();
    let message = Event { message_id: Some("m-1".into()), ..told(5, LoyaltyKind::PointsEarned, 10) };
    shop.feed_all(&[message.clone(), message, told(3, LoyaltyKind::Enrolled, 0)]);
    let loyalty = shop.customer("u-1").loyalty.unwrap();
    assert_eq!((loyalty.points(), loyalty.since_ms), (10, T0 + 3));
}

#[test]
fn rows_of_old_versions_know_no_programme() {
    let mut shop = Shop::new();
    shop.slot = Slot::new(3, Arc::new(settings()), Arc::clone(&shop.committed)).with_row_version(RowVersion::from_number(2).unwrap());
    shop.feed(&order(0, "a", usd(5000)));
    assert_eq!(shop.feed(&rewarded(1, usd(5))), Outcome::Ignored);
    assert_eq!((shop.written(Topic::Clv).len(), stored(&mut shop).len()), (1, 0));
}
