//! Orders, refunds and cancellations as read: ids, value, currency.
//! On the example of the order also what is skipped (fields that nobody needs, however deep or odd) and what is borrowed.
//! Refused orders stand in `rejects`.

use super::{currency, decode_with, kind, kind_with, money, rules, track};
use crate::event::{DecodeRules, Kind, Money, Order, OrderValue, Refund};
use std::borrow::Cow;

fn order(value: Money) -> Kind<'static> {
    Kind::OrderCompleted(Order { order_id: "o-1".into(), checkout_id: None, cart_id: None, value, salesperson_id: None })
}

#[test]
fn an_order_has_its_ids_and_its_value_in_minor_units() {
    let read = kind("Order Completed", r#"{"order_id":"o-1","checkout_id":"k-1","cart_id":77,"total":"57.20","currency":"usd"}"#);
    let expected = Order {
        order_id: "o-1".into(),
        checkout_id: Some("k-1".into()),
        cart_id: Some("77".into()),
        value: money(5720, "USD"),
        salesperson_id: None,
    };
    assert_eq!(read, Kind::OrderCompleted(expected));
}

#[test]
fn an_orders_value_is_the_field_the_rules_choose() {
    let properties = r#"{"order_id":"o-1","total":10,"revenue":9.5,"subtotal":"8","value":99,"currency":"EUR"}"#;
    let cases = [(OrderValue::Total, 1000), (OrderValue::Revenue, 950), (OrderValue::Subtotal, 800)];
    for (order_value, minor) in cases {
        let rules = DecodeRules { order_value, ..rules() };
        assert_eq!(kind_with("Order Completed", properties, &rules), order(money(minor, "EUR")), "{order_value:?}");
    }
}

#[test]
fn amounts_are_counted_in_the_digits_of_their_currency() {
    let cases = [
        (r#"{"order_id":"o-1","total":1500,"currency":"JPY"}"#, money(1500, "JPY")),
        (r#"{"order_id":"o-1","total":1.5,"currency":"KWD"}"#, money(1500, "KWD")),
        (r#"{"order_id":"o-1","total":59.969999999999995,"currency":"USD"}"#, money(5997, "USD")),
        (r#"{"order_id":"o-1","total":1.2e3,"currency":"USD"}"#, money(120_000, "USD")),
        (r#"{"order_id":"o-1","total":0,"currency":"USD"}"#, money(0, "USD")),
    ];
    for (properties, value) in cases {
        assert_eq!(kind("Order Completed", properties), order(value), "{properties}");
    }
}

#[test]
fn the_default_currency_stands_in_for_a_missing_one_only() {
    let rules = DecodeRules { default_currency: Some(currency("SEK")), ..rules() };
    for (properties, code) in [
        (r#"{"order_id":"o-1","total":1}"#, "SEK"),
        (r#"{"order_id":"o-1","total":1,"currency":null}"#, "SEK"),
        (r#"{"order_id":"o-1","total":1,"currency":""}"#, "SEK"),
        (r#"{"order_id":"o-1","total":1,"currency":"NOK"}"#, "NOK"),
    ] {
        assert_eq!(kind_with("Order Completed", properties, &rules), order(money(100, code)), "{properties}");
    }
}

#[test]
fn a_refund_without_a_total_needs_no_currency() {
    let full = Refund { order_id: "o-1".into(), refund_id: None, amount: None };
    assert_eq!(kind("Order Refunded", r#"{"order_id":"o-1"}"#), Kind::OrderRefunded(full));
    let part = Refund { order_id: "5".into(), refund_id: Some("r-1".into()), amount: Some(money(250, "USD")) };
    let read = kind("Order Refunded", r#"{"order_id":5,"refund_id":"r-1","total":2.5,"currency":"USD"}"#);
    assert_eq!(read, Kind::OrderRefunded(part));
}

#[test]
fn a_cancelled_order_is_its_id() {
    assert_eq!(kind("Order Cancelled", r#"{"order_id":"o-1","total":-5}"#), Kind::OrderCancelled { order_id: "o-1".into() });
}

#[test]
fn fields_that_a_kind_does_not_need_may_have_any_type() {
    let read = kind(
        "Order Completed",
        r#"{"order_id":"o-1","total":1,"currency":"USD","products":"none","quantity":-1,"sku":[],"price":{"a":1}}"#,
    );
    assert_eq!(read, order(money(100, "USD")));
}

#[test]
fn deep_nesting_is_skipped_without_recursion() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for place in ["coupon", "products", "sku"] {
        let properties = format!(r#"{{"order_id":"o-1","total":1,"currency":"USD","{place}":{deep}}}"#);
        assert_eq!(kind("Order Completed", &properties), order(money(100, "USD")));
    }
}

#[test]
fn text_without_escapes_is_borrowed_from_the_record() {
    let value = track("Order Completed", r#"{"order_id":"o-1","cart_id":"c\u002d1","total":1,"currency":"USD"}"#);
    let Kind::OrderCompleted(order) = decode_with(&value, &rules()).unwrap().kind else { panic!("no order") };
    assert!(matches!(order.order_id, Cow::Borrowed("o-1")));
    assert!(matches!(order.cart_id, Some(Cow::Owned(id)) if id == "c-1"));
}
