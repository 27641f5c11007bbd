//! What calls look like, as JSON Schema: what is around the properties, and those of each event.
//!
//! It says what to send, and is stricter than the reader where that forgives: what fits is never refused for its form (a test sends both
//! through), but a trait of a wrong type or an empty id, which the reader takes for not given, does not fit. Whether the ids are the record's
//! key, and what the configuration asks for, no schema can say. Called by `cli::schema` through `event`.

mod shapes;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use super::noted;
use crate::schema::Described;
use shapes::{
    Bare, Call, CartContents, CartLine, ConsentChanged, ConsentStated, CostRecorded, EmailBounced, EmailHeard, Event, Looked, OfOrder,
    OrderCompleted, OrderRefunded, PointsEarned, PointsRedeemed, ReferralConverted, RewardRedeemed, SubscriptionCancelled,
    SubscriptionPaid, Survey, Ticket, Way,
};

/// A cost may be of nobody.
const COST: &str = super::costs::EVENT;

/// The types of properties, each with the events that have them.
const EVENTS: [(&str, &[&str]); 24] = [
    ("OrderCompleted", &["Order Completed"]),
    ("OrderRefunded", &["Order Refunded"]),
    ("OfOrder", &["Order Cancelled", "Order Shipped", "Order Delivered"]),
    ("EmailHeard", &["Email Delivered", "Email Opened", "Email Link Clicked", "Email Marked as Spam"]),
    ("EmailBounced", &["Email Bounced"]),
    ("ConsentStated", &["Subscribed", "Unsubscribed"]),
    ("ConsentChanged", &["Consent Changed"]),
    ("CartLine", &["Product Added", "Product Removed", "Wishlist Product Added to Cart"]),
    ("CartContents", &["Cart Viewed", "Cart Updated", "Checkout Started", "Cart Abandoned"]),
    ("CostRecorded", &[COST]),
    ("Looked", &["Product Viewed", "Product List Viewed"]),
    ("Looked", &noted::OF_PRODUCT),
    ("Survey", &["Survey Answered"]),
    ("Ticket", &["Support Ticket Opened", "Support Ticket Resolved"]),
    ("Call", &["Call Logged"]),
    ("PointsEarned", &["Points Earned"]),
    ("PointsRedeemed", &["Points Redeemed"]),
    ("RewardRedeemed", &["Reward Redeemed"]),
    ("SubscriptionPaid", &["Subscription Started", "Subscription Payment"]),
    ("SubscriptionCancelled", &["Subscription Cancelled"]),
    ("ReferralConverted", &["Referral Converted"]),
    ("Bare", &["Customer Erased", "Referral Sent", "Loyalty Enrolled"]),
    ("Bare", &noted::OTHERS),
    (
        "Way",
        &[
            "Signed Up",
            "Products Compared",
            "Checkout Step Viewed",
            "Checkout Step Completed",
            "Payment Info Entered",
            "Coupon Applied",
            "Review Submitted",
            "Product Reviewed",
        ],
    ),
];

/// The names of `track` that have a meaning.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    EVENTS.into_iter().flat_map(|(_, events)| events.iter().copied())
}

/// The schema of a call, with that of each event's properties.
pub fn schema() -> Value {
    let described = Described::of::<Event>()
        .and::<OrderCompleted>()
        .and::<OrderRefunded>()
        .and::<OfOrder>()
        .and::<EmailHeard>()
        .and::<EmailBounced>()
        .and::<ConsentStated>()
        .and::<ConsentChanged>()
        .and::<CartLine>()
        .and::<CartContents>()
        .and::<CostRecorded>()
        .and::<Looked>()
        .and::<Ticket>()
        .and::<Call>()
        .and::<Survey>()
        .and::<PointsEarned>()
        .and::<PointsRedeemed>()
        .and::<RewardRedeemed>()
        .and::<SubscriptionPaid>()
        .and::<SubscriptionCancelled>()
        .and::<ReferralConverted>()
        .and::<Way>()
        .and::<Bare>();
    let any_of = |names: [&str; 3]| json!(names.map(given));
    let named = any_of(["product_id", "sku", "name"]);
    let described = described
        .with("OrderCompleted", "anyOf", any_of(["total", "revenue", "subtotal"]))
        .with("Product", "anyOf", named.clone())
        .with("CartLine", "anyOf", named)
        .with("RewardRedeemed", "anyOf", json!([given("value"), given("points")]));
    let rules = rules(|shape| ["required", "anyOf"].iter().any(|keyword| described.says(shape, keyword)));
    let described = described.with("Event", "allOf", rules);
    described.document("an event of a customer: a call as Segment and RudderStack send it")
}

/// That a field is there, and not `null`.
fn given(name: &str) -> Value {
    json!({ "required": [name], "properties": { name: { "not": { "type": "null" } } } })
}

/// What holds for some calls only: who they are of, and what their properties are. `needs`: whether properties of a type must be there.
fn rules(needs: impl Fn(&str) -> bool) -> Value {
    let is = |field: &str, value: Value| json!({ "properties": { field: value }, "required": [field] });
    let of_somebody = json!({ "anyOf": [given("userId"), given("anonymousId")] });
    let mut rules = vec![
        json!({ "if": is("type", json!({ "const": "track" })), "then": is("event", json!({ "type": "string", "minLength": 1 })) }),
        json!({ "if": is("event", json!({ "const": COST })), "else": of_somebody }),
    ];
    for (shape, events) in EVENTS {
        let mut properties = json!({ "properties": { "properties": { "$ref": format!("#/$defs/{shape}") } } });
        if needs(shape) {
            properties["required"] = json!(["properties"]);
        }
        rules.push(json!({
            "if": { "properties": { "type": { "const": "track" }, "event": { "enum": events } }, "required": ["type", "event"] },
            "then": properties,
        }));
    }
    Value::Array(rules)
}
