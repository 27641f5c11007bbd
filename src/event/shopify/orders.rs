//! Shopify's orders. Whatever the webhook (`orders/create`, `orders/paid`, `orders/updated`), an order is completed once: it stops
//! reminders from when it was placed, paid or not, and is the same order when it is paid. One that was cancelled, or whose payment was voided
//! or ran out, is taken back. A test order is nobody's.
//!
//! Its value is what it was placed for (`total_price`, or `subtotal_price` for revenue and subtotal), not what is left after refunds
//! (`current_total_price`): refunds come as records of their own, and would count twice. Called by `shopify` alone.

use super::super::forms::{Decimal, Moment, Number, Word};
use super::super::frame::Frame;
use super::super::told::Told;
use super::super::value::{Field, Nested};
use super::super::{Event, ITEMS_MAX, Item, Kind, Order, OrderValue, Reason, Reject, Touch, json};
use super::CustomerFields;
use serde::Deserialize;
use utoipa::ToSchema;

/// Any webhook of `orders`, whatever has changed. All money is shop money.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, bound(deserialize = "'de: 'a"))]
#[schema(as = Order)]
pub(super) struct Fields<'a> {
    #[schema(value_type = Number)]
    id: Field<'a>,
    #[schema(value_type = Option<Word>)]
    email: Field<'a>,
    #[schema(value_type = Option<CustomerFields>)]
    customer: Nested<CustomerFields<'a>>,
    #[schema(value_type = Option<Word>)]
    customer_locale: Field<'a>,
    #[schema(value_type = Option<Moment>)]
    created_at: Field<'a>,
    #[schema(value_type = Option<Moment>)]
    processed_at: Field<'a>,
    /// Since when it is none.
    #[schema(value_type = Option<Moment>)]
    cancelled_at: Field<'a>,
    /// `voided` and `expired` take it back.
    #[schema(value_type = Option<Word>)]
    financial_status: Field<'a>,
    /// It is nobody's.
    #[schema(value_type = Option<bool>)]
    test: Field<'a>,
    #[schema(value_type = Option<Word>)]
    currency: Field<'a>,
    /// The order's value, for `total`.
    #[schema(value_type = Option<Decimal>)]
    total_price: Field<'a>,
    /// The order's value, for `revenue` and `subtotal`.
    #[schema(value_type = Option<Decimal>)]
    subtotal_price: Field<'a>,
    #[schema(value_type = Option<Number>)]
    checkout_token: Field<'a>,
    /// Closes that cart.
    #[schema(value_type = Option<Number>)]
    cart_token: Field<'a>,
    /// Where the customer came from.
    #[schema(value_type = Option<Word>)]
    referring_site: Field<'a>,
    /// For taste alone: `product_id` or `sku` of each line; oddities are passed over.
    #[schema(value_type = Option<serde_json::Value>)]
    line_items: Field<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Line<'a> {
    product_id: Field<'a>,
    sku: Field<'a>,
}

pub(super) fn read<'a>(frame: &Frame<'a, '_>, text: &'a str) -> Result<Told<'a>, Reject> {
    let fields: Fields = json::unusual_object("record", text)?;
    super::check_customer(frame, fields.customer.fields.id)?;
    if json::flag("test", fields.test)? {
        return Ok(Told::nothing());
    }
    let order_id = json::required_id("id", fields.id)?;
    let placed_ms = json::moment("processed_at", fields.processed_at, 0)?.or(json::moment("created_at", fields.created_at, 0)?);
    let traits = super::traits(fields.email, &fields.customer, fields.customer_locale);
    if let Some(cancelled_ms) = cancelled(frame, &fields)? {
        let id = super::state_id("order", &order_id, "cancelled");
        let event = frame.event("Order Cancelled".into(), Some(id), cancelled_ms, Kind::OrderCancelled { order_id })?;
        return Ok(Told::One(super::with_traits(event, traits)));
    }
    let id = super::state_id("order", &order_id, "completed");
    let event = frame.event("Order Completed".into(), Some(id), placed_ms, completed(frame, &fields)?)?;
    let referrer = json::url("referring_site", fields.referring_site).ok().flatten();
    let touch = referrer.map(|referrer| Touch { referrer: Some(referrer), ..Touch::default() });
    Ok(Told::One(Event { touch, items: items(fields.line_items), ..super::with_traits(event, traits) }))
}

fn completed<'a>(frame: &Frame<'a, '_>, fields: &Fields<'a>) -> Result<Kind<'a>, Reject> {
    let (name, value) = match frame.rules.order_value {
        OrderValue::Total => ("total_price", fields.total_price),
        OrderValue::Revenue | OrderValue::Subtotal => ("subtotal_price", fields.subtotal_price),
    };
    let value = value.given().ok_or_else(|| json::missing(name))?;
    Ok(Kind::OrderCompleted(Order {
        order_id: json::required_id("id", fields.id)?,
        checkout_id: json::id("checkout_token", fields.checkout_token)?,
        cart_id: json::id("cart_token", fields.cart_token)?,
        value: json::money(name, value, super::currency(frame, fields.currency)?)?,
        salesperson_id: None,
    }))
}

/// What was bought, for taste alone: an oddity must not cost an order.
fn items<'a>(lines: Field<'a>) -> Vec<Item<'a>> {
    let lines = lines.given().and_then(|lines| json::elements("line_items", lines, Reason::TooManyProducts).ok()).unwrap_or_default();
    let product = |line: &'a str| {
        let line: Line<'a> = json::unusual_object("line_items", line).ok()?;
        let id = |field| json::id("product_id", field).ok().flatten();
        let product_id = id(line.product_id).or_else(|| id(line.sku))?;
        Some(Item { product_id: Some(product_id), category: None })
    };
    lines.into_iter().filter_map(product).take(ITEMS_MAX).collect()
}

/// Since when the order is none: `None`, it is one; `Some(None)`, nobody says since when.
fn cancelled(frame: &Frame<'_, '_>, fields: &Fields<'_>) -> Result<Option<Option<i64>>, Reject> {
    if let Some(at_ms) = json::moment("cancelled_at", fields.cancelled_at, 0)? {
        return Ok(Some(Some(at_ms)));
    }
    let status = json::text("financial_status", fields.financial_status)?;
    let is_cancelled =
        frame.shopify_topic.as_deref() == Some("orders/cancelled") || matches!(status.as_deref(), Some("voided" | "expired"));
    Ok(is_cancelled.then_some(None))
}
