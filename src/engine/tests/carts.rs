//! Carts: what each event does to the contents, and when an order closes them.

use super::*;
use crate::engine::plays::REMINDED_MAX;

use CartDelta::{Added, Removed};
use ContentsSource::{Abandoned, CheckoutStarted, Updated, Viewed};

/// `product×quantity` of the open cart's lines.
fn lines(customer: &Customer) -> Vec<String> {
    customer.cart.iter().flat_map(|c| &c.lines).map(|l| format!("{}×{}", l.product_id, l.quantity)).collect()
}

fn products(list: &[(&str, u32)]) -> Option<Vec<Product<'static>>> {
    Some(list.iter().map(|(id, quantity)| product(id, Some(usd(1000)), *quantity)).collect())
}

/// The same event for another cart; `None`: for none in particular.
pub fn of_cart(id: Option<&'static str>, mut event: Event<'static>) -> Event<'static> {
    match &mut event.kind {
        Kind::CartLine(line) => line.cart_id = id.map(Into::into),
        Kind::CartContents(contents) | Kind::CartAbandoned(contents) => contents.cart_id = id.map(Into::into),
        _ => unreachable!("a cart event"),
    }
    event
}

/// The same event stating a value.
fn stating(minor: i64, mut event: Event<'static>) -> Event<'static> {
    match &mut event.kind {
        Kind::CartContents(contents) | Kind::CartAbandoned(contents) => contents.value = Some(usd(minor)),
        _ => unreachable!("a contents event"),
    }
    event
}

#[test]
fn deltas_add_up_and_contents_replace() {
    let cases = [
        ("adding", vec![added(0, "a", 1), added(1, "b", 2), added(2, "a", 3)], vec!["a×4", "b×2"]),
        ("removing stops at nothing", vec![added(0, "a", 1), added(0, "b", 1), removed(1, "a", 5)], vec!["b×1"]),
        ("removing the unknown", vec![added(0, "a", 1), removed(1, "b", 1)], vec!["a×1"]),
        ("contents replace", vec![added(0, "a", 1), contents(1, Viewed, products(&[("b", 2), ("c", 1)]))], vec!["b×2", "c×1"]),
        ("equal products are merged", vec![contents(0, Updated, products(&[("b", 2), ("c", 0), ("b", 1)]))], vec!["b×3"]),
        ("a view without products changes nothing", vec![added(0, "a", 1), contents(1, Viewed, None)], vec!["a×1"]),
        ("empty contents", vec![added(0, "a", 1), contents(1, Updated, products(&[]))], vec![]),
        ("another cart replaces", vec![added(0, "a", 1), of_cart(Some("c-2"), added(1, "b", 1))], vec!["b×1"]),
        ("even by a removal", vec![added(0, "a", 1), of_cart(Some("c-2"), removed(1, "b", 1))], vec![]),
        ("no cart id means the open one", vec![added(0, "a", 1), of_cart(None, added(1, "b", 1))], vec!["a×1", "b×1"]),
        ("adding nothing", vec![added(0, "a", 0)], vec![]),
    ];
    for (name, events, expected) in cases {
        let mut shop = Shop::new();
        shop.feed_all(&events);
        assert_eq!(lines(&shop.customer("u-1")), expected, "{name}");
    }
}

#[test]
fn a_cart_without_id_is_named_by_its_first_change() {
    let mut shop = Shop::new();
    shop.feed_all(&[of_cart(None, added(5, "a", 1)), of_cart(None, added(9, "a", 1))]);
    let cart = shop.customer("u-1").cart.unwrap();
    assert_eq!((cart.id, cart.last_change_ms), (format!("auto-{}", T0 + 5), T0 + 9));
}

#[test]
fn what_does_not_fit_is_folded_into_the_last_line() {
    let mut shop = Shop::new();
    for number in 0..23 {
        shop.feed(&added(number, &format!("p-{number}"), 2));
    }
    let cart = shop.customer("u-1").cart.unwrap();
    let last = cart.lines.last().unwrap();
    assert_eq!((cart.lines.len(), last.product_id.as_str(), last.quantity, last.price), (20, "other", 8, None));
    assert_eq!(cart.value(), None, "the folded line has no price");
}

#[test]
fn all_that_does_not_fit_is_one_line_also_after_another_has_gone() {
    let mut shop = Shop::new();
    for number in 0..22 {
        shop.feed(&added(number, &format!("p-{number}"), 2));
    }
    shop.feed_all(&[removed(30, "p-3", 2), added(31, "p-30", 1), added(32, "p-31", 1)]);
    let lines = lines(&shop.customer("u-1"));
    assert_eq!(lines[18..], ["other×7", "p-30×1"]);
}

#[test]
fn the_value_is_the_lines_sum_else_what_the_shop_stated() {
    let line_of = |id: &str, price: Option<Money>, quantity| line(0, Added, product(id, price, quantity));
    let stated = || stating(777, contents(0, Viewed, None));
    let cases = [
        ("all priced", vec![line_of("a", Some(usd(1000)), 2), line_of("b", Some(usd(50)), 1), stated()], Some(2050)),
        ("one without price", vec![line_of("a", Some(usd(1000)), 2), line_of("b", None, 1), stated()], Some(777)),
        ("one without price, nothing stated", vec![line_of("a", Some(usd(1000)), 2), line_of("b", None, 1)], None),
        ("two currencies", vec![line_of("a", Some(usd(1000)), 2), line_of("b", Some(money(1, "EUR")), 1), stated()], None),
        ("no lines", vec![stated()], Some(777)),
        ("beyond 64 bits", vec![line_of("a", Some(usd(i64::MAX)), 2)], None),
    ];
    for (name, events, expected) in cases {
        let mut shop = Shop::new();
        shop.feed_all(&events);
        assert_eq!(shop.customer("u-1").cart.unwrap().value().map(|v| v.minor), expected, "{name}");
    }
}

#[test]
fn an_order_closes_the_cart_if_it_came_later_or_names_it() {
    let naming = |at: i64, cart_id: Option<&'static str>, checkout_id: Option<&'static str>, id: &'static str| {
        let order = Order {
            order_id: id.into(),
            checkout_id: checkout_id.map(Into::into),
            cart_id: cart_id.map(Into::into),
            value: usd(100),
            salesperson_id: None,
        };
        event(at, "Order Completed", Kind::OrderCompleted(order))
    };
    let mut checkout = contents(HOUR, CheckoutStarted, products(&[("a", 1)]));
    let Kind::CartContents(started) = &mut checkout.kind else { unreachable!() };
    started.checkout_id = Some("k-1".into());
    let cases = [
        ("later", naming(2 * HOUR, None, None, "o"), true),
        ("at the same moment", naming(HOUR, None, None, "o"), true),
        ("earlier, naming nothing", naming(0, None, None, "o"), false),
        ("earlier, another cart", naming(0, Some("c-9"), None, "o"), false),
        ("earlier, this cart", naming(0, Some("c-1"), None, "o"), true),
        ("earlier, this checkout", naming(0, None, Some("k-1"), "o"), true),
        ("earlier, the checkout's id as the order's", naming(0, None, None, "k-1"), true),
    ];
    for (name, order, closes) in cases {
        let mut shop = Shop::new();
        shop.feed_all(&[checkout.clone(), order]);
        assert_eq!(shop.customer("u-1").cart.is_none(), closes, "{name}");
    }
}

#[test]
fn cart_events_older_than_the_last_order_are_late() {
    let mut shop = Shop::new();
    shop.feed_all(&[order(HOUR, "o", usd(100)), refund(2 * HOUR, "o", None)]);
    assert_eq!(shop.feed(&added(HOUR - 1, "a", 1)), Outcome::Late);
    let late = Event { traits: identified(0).traits, ..added(HOUR - 1, "a", 1) };
    assert_eq!(shop.feed(&late), Outcome::Late);
    assert_eq!(shop.feed(&added(HOUR, "a", 1)), Outcome::Applied);
    let customer = shop.customer("u-1");
    assert_eq!(
        (lines(&customer), customer.contact.email.as_str(), shop.counted(Counter::LateCart)),
        (vec!["a×1".to_owned()], "u-1@example.com", 2)
    );
}

#[test]
fn names_and_pictures_are_learned_without_being_a_change() {
    let mut shop = Shop::new();
    shop.feed(&added(0, "a", 1));
    let named = Product { name: Some("Shoe".into()), ..product("a", Some(usd(1000)), 1) };
    shop.feed(&contents(MINUTE, Viewed, Some(vec![named])));
    let cart = shop.customer("u-1").cart.unwrap();
    assert_eq!((cart.lines[0].name.as_str(), cart.last_change_ms), ("Shoe", T0));
}

/// The same event about no cart in particular.
fn nameless(mut event: Event<'static>) -> Event<'static> {
    match &mut event.kind {
        Kind::CartContents(contents) | Kind::CartAbandoned(contents) => contents.cart_id = None,
        Kind::CartLine(line) => line.cart_id = None,
        _ => {}
    }
    event
}

#[test]
fn events_that_say_nothing_open_no_cart_or_one_that_reminds_nobody() {
    for event in [
        removed(0, "a", 1),
        contents(0, Viewed, None),
        contents(0, Updated, products(&[])),
        stating(0, contents(0, Viewed, None)),
        stating(5, contents(0, Abandoned, None)),
    ] {
        let mut shop = Shop::new();
        shop.feed(&nameless(event.clone()));
        assert!(shop.customer("u-1").cart.is_none(), "{:?}", event.kind);
        let mut shop = Shop::new();
        shop.feed(&event);
        shop.until(MINUTE);
        assert_eq!(shop.slot.next_deadline_ms(), None, "{:?}", event.kind);
    }
    let mut shop = Shop::new();
    shop.feed(&line(0, Removed, product("a", None, 1)));
    shop.until(MINUTE);
    assert_eq!(shop.slot.next_deadline_ms(), None);
}

#[test]
fn a_cart_is_decided_about_once_however_often_its_customer_comes_back_to_it() {
    let add_to = |at, id: &'static str| of_cart(Some(id), added(at, "a", 1));
    let hours = |shop: &Shop| shop.written(Topic::Actions).iter().map(|r| text(r, "instance").to_owned()).collect::<Vec<_>>();
    let mut shop = Shop::new();
    shop.feed_all(&[identified(0), add_to(0, "c-1"), add_to(2 * HOUR, "c-2"), add_to(4 * HOUR, "c-1"), add_to(6 * HOUR, "c-2")]);
    shop.until(8 * HOUR);
    assert_eq!(hours(&shop), ["c-1", "c-2"]);
    // an upstream's word, and a further change, are about the same cart
    shop.feed(&of_cart(Some("c-1"), contents(9 * HOUR, Abandoned, products(&[("a", 1)]))));
    shop.until(11 * HOUR);
    assert_eq!(hours(&shop).len(), 2);
    // of the two that which was ordered may come again
    shop.feed_all(&[order(12 * HOUR, "o", usd(100)), add_to(13 * HOUR, "c-2"), add_to(15 * HOUR, "c-1")]);
    shop.until(17 * HOUR);
    assert_eq!(hours(&shop), ["c-1", "c-2", "c-1"]);
    assert_eq!(shop.customer("u-1").reminded.len(), 2);
}

#[test]
fn an_order_that_names_a_cart_that_was_left_for_another_frees_it() {
    let add_to = |at, id: &'static str| of_cart(Some(id), added(at, "a", 1));
    let naming = |cart_id: &'static str| {
        let order = Order { order_id: "o".into(), checkout_id: None, cart_id: Some(cart_id.into()), value: usd(100), salesperson_id: None };
        event(5 * HOUR, "Order Completed", Kind::OrderCompleted(order))
    };
    for (ordered, instances) in [("c-1", vec!["c-1", "c-2", "c-1"]), ("c-9", vec!["c-1", "c-2"])] {
        let mut shop = Shop::new();
        shop.feed_all(&[identified(0), add_to(0, "c-1"), add_to(2 * HOUR, "c-2")]);
        shop.until(4 * HOUR);
        shop.feed_all(&[naming(ordered), add_to(6 * HOUR, "c-1")]);
        shop.until(8 * HOUR);
        let told = shop.written(Topic::Actions);
        let sent: Vec<&str> = told.iter().filter(|r| r["kind"] == "send").map(|r| text(r, "instance")).collect();
        assert_eq!(sent, instances, "{ordered}");
    }
}

#[test]
fn the_last_carts_decided_about_are_remembered_and_a_former_one_may_come_again() {
    let ids: Vec<&'static str> = (0..=REMINDED_MAX).map(|n| &*format!("c-{n}").leak()).collect();
    let add_to = |at, id: &'static str| of_cart(Some(id), added(at, "a", 1));
    for (forgotten, instances) in [(1, REMINDED_MAX + 1), (0, REMINDED_MAX + 2)] {
        let mut shop = Shop::new();
        shop.feed(&identified(0));
        shop.feed_all(&ids.iter().enumerate().map(|(n, id)| add_to(n as i64 * DAY, id)).collect::<Vec<_>>());
        shop.feed(&add_to(40 * DAY, ids[forgotten]));
        shop.until(50 * DAY);
        assert_eq!(shop.written(Topic::Actions).len(), instances, "{forgotten}");
        assert_eq!(shop.customer("u-1").reminded.len(), REMINDED_MAX);
    }
}
