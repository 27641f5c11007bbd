//! What customers do besides buying: each name has its kind, and what it is about must be told.

use super::{decode_with, kind, money, rules, track};
use crate::event::{Answer, Interaction, InteractionKind, Item, Kind, Reason};

fn read(event: &str, properties: &str) -> Interaction<'static> {
    match kind(event, properties) {
        Kind::Interaction(interaction) => interaction,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_name_has_its_kind_and_its_label() {
    let all = r#"{"order_id":"o-1","ticket_id":"t-1","survey_id":"v","question_id":"q","answer_id":"a"}"#;
    for expected in InteractionKind::ALL {
        let read = kind(expected.event_name(), all);
        assert_eq!(read.label(), expected.event_name());
        assert!(matches!(read, Kind::Interaction(interaction) if interaction.kind == expected));
    }
}

#[test]
fn the_rest_of_the_spec_is_known_and_synonyms_mean_what_they_are() {
    let noted = "Products Searched,Product List Filtered,Promotion Viewed,Promotion Clicked,Product Clicked,Order Updated,Coupon Entered,\
        Coupon Denied,Coupon Removed,Product Added to Wishlist,Product Removed from Wishlist,Product Shared,Cart Shared";
    for name in noted.split(',') {
        // whatever is in it: nothing of it is read
        for properties in [r#"{"product_id":"p-1","order_id":7}"#, "{}", "7"] {
            assert_eq!(kind(name, properties), Kind::Noted(name));
        }
    }
    let reviewed = read("Product Reviewed", r#"{"product_id":"p-1","review_body":"good"}"#);
    assert_eq!(reviewed.kind, InteractionKind::ReviewSubmitted);
    let line = r#"{"product_id":"p-1","quantity":2,"wishlist_id":"w-1"}"#;
    assert_eq!(kind("Wishlist Product Added to Cart", line), kind("Product Added", line));
    let text = track("Product Reviewed", "{}");
    assert_eq!(decode_with(&text, &rules()).unwrap().name, "Product Reviewed", "as it was sent");
}

#[test]
fn a_click_and_a_wish_tell_of_taste_as_a_look_does() {
    for name in ["Product Viewed", "Product Clicked", "Product Added to Wishlist", "Wishlist Product Added to Cart"] {
        let text = track(name, r#"{"product_id":"boot","category":"shoes"}"#);
        let items = decode_with(&text, &rules()).unwrap().items;
        assert_eq!(items, [Item { product_id: Some("boot".into()), category: Some("shoes".into()) }], "{name}");
    }
    assert_eq!(decode_with(&track("Product Shared", r#"{"product_id":"boot"}"#), &rules()).unwrap().items, []);
}

#[test]
fn what_it_is_about_who_served_and_what_it_cost_are_read() {
    let ticket = read("Support Ticket Opened", r#"{"ticket_id":7,"salesperson_id":"s-1","cost":"2.5","currency":"USD"}"#);
    assert_eq!(
        (ticket.subject.as_deref(), ticket.salesperson_id.as_deref(), ticket.cost),
        (Some("7"), Some("s-1"), Some(money(250, "USD")))
    );
    assert_eq!(read("Order Shipped", r#"{"order_id":"o-1","cost":-1}"#).subject.as_deref(), Some("o-1"));
    let answer = Answer { survey_id: "v".into(), question_id: "q".into(), answer_id: "a".into() };
    assert_eq!(read("Survey Answered", r#"{"survey_id":"v","question_id":"q","answer_id":"a","text":"free"}"#).answer, Some(answer));
    let Kind::OrderCompleted(order) = kind("Order Completed", r#"{"order_id":"o","total":1,"currency":"USD","salesperson_id":"s-1"}"#)
    else {
        panic!("an order");
    };
    assert_eq!(order.salesperson_id.as_deref(), Some("s-1"));
}

#[test]
fn without_what_it_is_about_it_is_refused() {
    let cases = [
        ("Order Shipped", "{}", Reason::MissingField),
        ("Order Delivered", r#"{"order_id":{}}"#, Reason::WrongType),
        ("Support Ticket Opened", "{}", Reason::MissingField),
        ("Support Ticket Resolved", r#"{"ticket_id":""}"#, Reason::MissingField),
        ("Survey Answered", r#"{"survey_id":"v","question_id":"q"}"#, Reason::MissingField),
        ("Call Logged", r#"{"cost":5}"#, Reason::MissingCurrency),
        ("Call Logged", r#"{"cost":-5,"currency":"USD"}"#, Reason::NegativeAmount),
        ("Signed Up", "7", Reason::WrongType),
    ];
    for (event, properties, reason) in cases {
        let refused = decode_with(&track(event, properties), &rules()).map(|event| event.kind.label()).unwrap_err();
        assert_eq!(refused.reason, reason, "{event} {properties}");
    }
}
