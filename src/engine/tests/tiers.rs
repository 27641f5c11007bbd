//! Tiers in the stream: up at once, down after grace at the very moment, and what a customer's spend is when orders grow old.

use super::*;
use crate::engine::orders::KEPT_MAX;
use crate::engine::tiers::MONTHS_MAX;

/// Silver at 200 dollars, gold at 500, within 100 days; 10 days of grace.
fn tiered() -> Settings {
    let tier = |name, minor| Level::new(name, BTreeMap::from([(usd(0).currency, minor)]));
    let tiers = vec![tier("silver", 20_000), tier("gold", 50_000)];
    Settings { loyalty: LoyaltyRules { tiers, window_ms: 100 * DAY, grace_ms: 10 * DAY }, ..settings() }
}

/// `from/to/reason` on the track `tier`.
fn moves(shop: &Shop) -> Vec<String> {
    let of_track = shop.written(Topic::Transitions).into_iter().filter(|record| record["track"] == "tier");
    of_track.map(|r| format!("{}/{}/{}", r["from"].as_str().unwrap_or("-"), text(&r, "to"), text(&r, "reason"))).collect()
}

#[test]
fn a_customer_rises_at_once_and_falls_after_grace_at_the_very_moment() {
    let mut shop = Shop::with(tiered());
    shop.feed_all(&[order(0, "a", usd(30_000)), order(5 * DAY, "b", usd(20_000)), order(50 * DAY, "c", usd(1_000))]);
    assert_eq!(moves(&shop), ["-/silver/tier_up", "silver/gold/tier_up"]);
    // the first order leaves the window after 100 days, the second, which held silver, 5 days later; each tier has its grace
    shop.until(110 * DAY - 1);
    assert_eq!(moves(&shop).len(), 2);
    shop.until(110 * DAY);
    assert_eq!(moves(&shop)[2..], ["gold/silver/tier_down"]);
    let fallen = shop.written(Topic::Transitions).into_iter().rfind(|record| record["track"] == "tier").unwrap();
    let at = "2026-04-21T00:00:00.000Z";
    assert_eq!(fallen["cause"], serde_json::json!({"type": "deadline", "deadline": "tier", "due_at": at}));
    assert_eq!(text(&fallen, "event_time"), at);
    shop.until(115 * DAY - 1);
    assert_eq!(moves(&shop).len(), 3);
    shop.until(115 * DAY);
    assert_eq!(moves(&shop)[3..], ["silver/none/tier_down"]);
}

#[test]
fn an_order_in_time_of_grace_keeps_the_tier() {
    let mut shop = Shop::with(tiered());
    shop.feed_all(&[order(0, "a", usd(25_000)), order(105 * DAY, "b", usd(20_000))]);
    shop.until(200 * DAY);
    assert_eq!(moves(&shop), ["-/silver/tier_up"]);
    shop.until(215 * DAY);
    assert_eq!(moves(&shop)[1..], ["silver/none/tier_down"]);
    shop.feed(&order(300 * DAY, "c", usd(90_000)));
    assert_eq!(moves(&shop)[2..], ["none/gold/tier_up"]);
}

#[test]
fn a_refund_begins_grace_and_without_grace_it_lowers_at_once() {
    let mut shop = Shop::with(tiered());
    shop.feed_all(&[order(0, "a", usd(30_000)), order(DAY, "b", usd(30_000)), refund(2 * DAY, "b", None)]);
    shop.until(12 * DAY - 1);
    assert_eq!(moves(&shop).len(), 2);
    shop.until(12 * DAY);
    assert_eq!(moves(&shop)[2..], ["gold/silver/tier_down"]);

    let mut strict = tiered();
    strict.loyalty.grace_ms = 0;
    let mut shop = Shop::with(strict);
    shop.feed_all(&[order(0, "a", usd(30_000)), refund(2 * DAY, "a", None)]);
    assert_eq!(moves(&shop), ["-/silver/tier_up", "silver/none/tier_down"]);
}

#[test]
fn spend_of_orders_beyond_those_kept_counts_by_month_and_can_be_given_back() {
    let mut shop = Shop::with(tiered());
    for number in 0..40 {
        shop.feed(&order(number * DAY, &format!("o-{number}"), usd(1_000)));
    }
    assert_eq!(moves(&shop), ["-/silver/tier_up"]);
    let customer = shop.customer("u-1");
    let tier = customer.tier.as_ref().unwrap();
    let older: i128 = tier.months.iter().map(|month| month.minor).sum();
    assert_eq!((customer.orders.kept.len(), older), (KEPT_MAX, 24_000));
    assert!(tier.months.len() <= MONTHS_MAX);
    // beyond those kept a refund has no order, but money
    shop.feed(&refund(41 * DAY, "o-0", Some(usd(1_000))));
    shop.feed(&refund(41 * DAY, "o-1", Some(usd(22_000))));
    let months = shop.customer("u-1").tier.unwrap().months;
    assert_eq!(months.iter().map(|month| month.minor).sum::<i128>(), 1_000);
    shop.until(51 * DAY);
    assert_eq!(moves(&shop)[1..], ["silver/none/tier_down"]);
}

#[test]
fn orders_of_many_months_take_bounded_room() {
    let mut settings = tiered();
    settings.loyalty.window_ms = 366 * DAY;
    let mut shop = Shop::with(settings);
    for number in 0..400 {
        let value = if number % 2 == 0 { usd(100) } else { money(100, "EUR") };
        shop.feed(&order(number * 2 * DAY, &format!("o-{number}"), value));
    }
    assert_eq!(shop.customer("u-1").tier.unwrap().months.len(), MONTHS_MAX);
}

#[test]
fn other_currencies_and_other_names_have_no_tier() {
    let mut shop = Shop::with(tiered());
    shop.feed(&order(0, "a", money(900_000, "EUR")));
    assert!(moves(&shop).is_empty() && shop.customer("u-1").tier.is_none());

    let mut shop = Shop::with(tiered());
    shop.feed(&order(0, "a", usd(25_000)));
    shop.commit();
    let mut renamed = tiered();
    renamed.loyalty.tiers[0] = Level::new("bronze", renamed.loyalty.tiers[0].at_least.clone());
    shop.slot.change_settings(Arc::new(renamed));
    shop.feed(&order(DAY, "b", usd(1)));
    assert_eq!(moves(&shop), ["-/silver/tier_up", "-/bronze/tier_up"]);
}

#[test]
fn the_export_says_how_far_it_is_to_the_next_tier() {
    let settings = tiered();
    let mut shop = Shop::with(settings.clone());
    shop.feed_all(&[order(0, "a", usd(23_000))]);
    let customer = shop.customer("u-1");
    let told: Json = serde_json::from_str(&held("u-1", &customer, None, &settings)).unwrap();
    let tier = &told["tier"];
    assert_eq!((text(tier, "tier"), text(tier, "next_tier")), ("silver", "gold"));
    assert_eq!((text(&tier["spend"], "amount"), text(&tier["to_next_tier"], "amount")), ("230.00", "270.00"));
    shop.feed_all(&[order(1, "b", usd(50_000))]);
    let told: Json = serde_json::from_str(&held("u-1", &shop.customer("u-1"), None, &settings)).unwrap();
    assert_eq!((text(&told["tier"], "tier"), &told["tier"]["to_next_tier"]), ("gold", &Json::Null));
}

#[test]
fn who_came_in_older_rows_is_in_a_tier_once_they_are_raised() {
    let mut shop = Shop::new();
    let older = Slot::new(3, Arc::new(tiered()), Arc::clone(&shop.committed));
    shop.slot = older.with_row_version(RowVersion::from_number(2).unwrap());
    shop.feed(&order(0, "a", usd(25_000)));
    shop.commit();
    assert!(moves(&shop).is_empty());
    shop.slot.raise_row_version(RowVersion::NEWEST);
    shop.commit();
    while shop.slot.rescore(10, &mut shop.out) == Progress::More {}
    assert_eq!(moves(&shop), ["-/silver/tier_up"]);
}
