//! Orders, refunds and money, also against a slow oracle that keeps everything.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// (orders, gross, refunds) in US dollars.
fn dollars(customer: &Customer) -> (u32, i128, i128) {
    let sum = customer.orders.sums.iter().find(|s| s.currency.code() == "USD").unwrap();
    (sum.orders, sum.gross_minor, sum.refunds_minor)
}

#[test]
fn refunds_take_what_is_left_and_a_full_one_undoes_the_order() {
    let cancelled = |at: i64, id: &'static str| event(at, "Order Cancelled", Kind::OrderCancelled { order_id: id.into() });
    let cases = [
        ("partly", vec![order(0, "o", usd(1000)), refund(1, "o", Some(usd(300)))], (1, 1000, 300), 2),
        (
            "in two parts",
            vec![order(0, "o", usd(1000)), refund(1, "o", Some(usd(300))), refund(2, "o", Some(usd(700)))],
            (0, 1000, 1000),
            3,
        ),
        (
            "no amount: all that is left",
            vec![order(0, "o", usd(1000)), refund(1, "o", Some(usd(300))), refund(2, "o", None)],
            (0, 1000, 1000),
            3,
        ),
        ("more than was paid", vec![order(0, "o", usd(1000)), refund(1, "o", Some(usd(1001)))], (0, 1000, 1000), 2),
        ("after it is gone", vec![order(0, "o", usd(1000)), refund(1, "o", None), refund(2, "o", Some(usd(1)))], (0, 1000, 1000), 2),
        ("nothing", vec![order(0, "o", usd(1000)), refund(1, "o", Some(usd(0)))], (1, 1000, 0), 1),
        ("a free order by nothing", vec![order(0, "o", usd(0)), refund(1, "o", Some(usd(0)))], (0, 0, 0), 2),
        ("a cancelled order", vec![order(0, "o", usd(1000)), cancelled(1, "o")], (0, 1000, 1000), 2),
        ("another currency", vec![order(0, "o", usd(1000)), refund(1, "o", Some(money(10, "EUR")))], (1, 1000, 0), 1),
        ("before the order", vec![refund(0, "o", Some(usd(400))), order(1, "o", usd(1000))], (1, 1000, 400), 1),
        ("cancelled before the order", vec![cancelled(0, "o"), order(1, "o", usd(1000))], (0, 1000, 1000), 1),
        ("two before the order", vec![refund(0, "o", Some(usd(400))), refund(0, "o", None), order(1, "o", usd(1000))], (0, 1000, 1000), 1),
    ];
    for (name, events, expected, records) in cases {
        let mut shop = Shop::new();
        shop.feed_all(&events);
        assert_eq!(shop.written(Topic::Clv).len(), records, "clv records, {name}");
        assert_eq!(dollars(&shop.customer("u-1")), expected, "{name}");
    }
}

#[test]
fn an_order_id_counts_once_while_it_is_kept() {
    let mut shop = Shop::new();
    assert_eq!(shop.feed(&order(0, "o", usd(1000))), Outcome::Applied);
    assert_eq!(shop.feed(&order(1, "o", usd(9999))), Outcome::Duplicate);
    shop.feed(&refund(2, "o", None));
    assert_eq!(shop.feed(&order(3, "o", usd(1000))), Outcome::Duplicate, "refunded, but kept");
    assert_eq!((shop.counted(Counter::OrderDuplicate), shop.written(Topic::Clv).len()), (2, 2));
}

#[test]
fn a_refund_id_and_a_message_id_count_once() {
    let refund_with = |at, message: &'static str, refund_id: &'static str| {
        let refund = Refund { order_id: "o".into(), refund_id: Some(refund_id.into()), amount: Some(usd(100)) };
        Event { message_id: Some(message.into()), ..event(at, "Order Refunded", Kind::OrderRefunded(refund)) }
    };
    let mut shop = Shop::new();
    shop.feed(&order(0, "o", usd(1000)));
    let outcomes = [("m-1", "r-1"), ("m-1", "r-2"), ("m-2", "r-1"), ("m-3", "m-3")].map(|(m, r)| shop.feed(&refund_with(1, m, r)));
    assert_eq!(outcomes, [Outcome::Applied, Outcome::Duplicate, Outcome::Duplicate, Outcome::Applied]);
    assert_eq!(dollars(&shop.customer("u-1")), (1, 1000, 200));
}

#[test]
fn a_fifth_held_refund_displaces_the_oldest() {
    let mut shop = Shop::new();
    for (at, id) in ["o-1", "o-2", "o-3", "o-4", "o-5"].into_iter().enumerate() {
        shop.feed(&refund(at as i64, id, None));
    }
    assert_eq!((shop.counted(Counter::RefundHeld), shop.counted(Counter::RefundUnmatched)), (5, 1));
    shop.feed_all(&[order(6, "o-1", usd(100)), order(7, "o-5", usd(100))]);
    assert_eq!(dollars(&shop.customer("u-1")), (1, 200, 100));
}

#[test]
fn a_refund_of_a_folded_order_is_money_only() {
    let mut shop = Shop::new();
    for day in 0..17 {
        shop.feed(&order(day * DAY, &format!("o-{day}"), usd(100)));
    }
    shop.feed_all(&[refund(17 * DAY, "o-0", Some(usd(60))), refund(17 * DAY, "o-0", None), refund(17 * DAY, "o-0", Some(usd(100_000)))]);
    let customer = shop.customer("u-1");
    assert_eq!(dollars(&customer), (17, 1700, 1700), "clamped to what is left of all");
    assert_eq!((customer.orders.purchases().unwrap().days, shop.counted(Counter::RefundUnmatched)), (17, 3));
    shop.feed(&refund(18 * DAY, "o-16", None));
    assert_eq!(dollars(&shop.customer("u-1")), (16, 1700, 1700), "never below zero");
}

#[test]
fn currencies_are_kept_apart_and_a_fifth_is_summed_nowhere() {
    let mut shop = Shop::new();
    for (at, code) in ["USD", "EUR", "JPY", "KWD", "GBP", "EUR"].into_iter().enumerate() {
        shop.feed(&order(at as i64 * DAY, &format!("o-{at}"), money(100, code)));
    }
    let customer = shop.customer("u-1");
    assert_eq!((customer.orders.sums.len(), shop.counted(Counter::CurrencyOverflow)), (4, 1));
    assert_eq!(customer.orders.purchases().unwrap().days, 6);
    assert_eq!(customer.orders.primary().unwrap().currency.code(), "EUR");
    let last = shop.written(Topic::Clv).pop().unwrap();
    let codes: Vec<&str> = last["historic"].as_array().unwrap().iter().map(|h| text(h, "currency")).collect();
    assert_eq!(codes, ["EUR", "JPY", "KWD", "USD"]);
}

#[test]
fn the_primary_currency_has_the_most_orders_then_the_latest() {
    let cases = [(vec!["USD", "EUR"], "EUR"), (vec!["USD", "EUR", "USD"], "USD"), (vec!["EUR", "USD", "USD", "EUR"], "EUR")];
    for (codes, expected) in cases {
        let mut shop = Shop::new();
        for (at, code) in codes.iter().enumerate() {
            shop.feed(&order(at as i64, &format!("o-{at}"), money(100, code)));
        }
        assert_eq!(shop.customer("u-1").orders.primary().unwrap().currency.code(), expected, "{codes:?}");
    }
    let mut shop = Shop::new();
    shop.feed_all(&[order(0, "a", usd(1)), order(1, "b", money(1, "EUR")), refund(2, "a", None), refund(3, "b", None)]);
    assert_eq!(shop.customer("u-1").orders.primary().unwrap().currency.code(), "EUR", "nothing counts: the latest order");
}

#[test]
fn without_counted_orders_there_is_no_future() {
    let mut shop = Shop::new();
    shop.feed_all(&[order(0, "o", usd(1000)), refund(DAY, "o", None)]);
    let last = shop.written(Topic::Clv).pop().unwrap();
    assert!(last["future"].is_null() && last["p_alive"].is_null() && last["lapse_at"].is_null() && last["inputs"].is_null());
    assert_eq!((&last["total"]["minor"], &last["historic"][0]["orders"]), (&Json::from(0), &Json::from(0)));
}

/// Every order there ever was: (time, value left, counts).
#[derive(Default)]
struct Oracle {
    orders: BTreeMap<u32, (i64, i64, bool)>,
    refunds: i128,
}

impl Oracle {
    fn days(&self) -> BTreeMap<i64, (i64, i64)> {
        let mut days: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        for (at, left, _) in self.orders.values().filter(|o| o.2) {
            let day = days.entry(at.div_euclid(DAY)).or_insert((*at, 0));
            *day = (day.0.min(*at), day.1 + left);
        }
        days
    }
}

proptest! {
    /// Orders come in order, a little late at most; refunds hit the last ones.
    #[test]
    fn sums_and_model_inputs_agree_with_an_oracle_that_keeps_everything(
        steps in proptest::collection::vec((0..2 * DAY, 0..3 * HOUR, 0..5000i64, proptest::option::weighted(0.3, (0..8u32, proptest::option::of(0..6000i64)))), 1..60)
    ) {
        let mut shop = Shop::new();
        let mut oracle = Oracle::default();
        let mut clock_ms = 0;
        for (number, (step_ms, late_ms, value, back)) in steps.into_iter().enumerate() {
            clock_ms += step_ms;
            let at_ms = (clock_ms - late_ms).max(0);
            let number = number as u32;
            shop.feed(&order(at_ms, &format!("o-{number}"), usd(value)));
            oracle.orders.insert(number, (T0 + at_ms, value, true));
            let Some((age, amount)) = back.filter(|(age, _)| *age <= number) else { continue };
            shop.feed(&refund(clock_ms, &format!("o-{}", number - age), amount.map(usd)));
            let (_, left, counts) = oracle.orders.get_mut(&(number - age)).unwrap();
            let applied = amount.unwrap_or(*left).min(*left);
            *left -= applied;
            *counts = *counts && *left > 0;
            oracle.refunds += i128::from(applied);
        }
        let customer = shop.customer("u-1");
        let counted = oracle.orders.values().filter(|o| o.2).count() as u32;
        let left: i128 = oracle.orders.values().map(|o| i128::from(o.1)).sum();
        prop_assert_eq!(dollars(&customer), (counted, left + oracle.refunds, oracle.refunds));
        let days = oracle.days();
        let purchases = customer.orders.purchases();
        prop_assert_eq!(purchases.map(|p| p.days as usize), Some(days.len()).filter(|n| *n > 0));
        if let Some(purchases) = purchases {
            let (first, last) = (days.values().next().unwrap(), days.values().last().unwrap());
            prop_assert_eq!((purchases.first_ms, purchases.last_ms), (first.0, last.0));
            let repeat: i64 = days.values().skip(1).map(|d| d.1).sum();
            let expected = (repeat > 0).then(|| repeat as f64 / (days.len() - 1) as f64);
            prop_assert_eq!(customer.orders.mean_repeat_minor(&purchases), expected);
        }
    }
}
