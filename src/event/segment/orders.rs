//! `Order Completed`, `Order Refunded`, `Order Cancelled`. Refuses an order without id, value or currency: money that is not certain is
//! not counted. The order's products are not looked at, whatever they hold; duplicates and unmatched refunds are the engine's matter.
//! Called by `segment` alone.

use super::fields::Properties;
use crate::event::{Currency, DecodeRules, Kind, Order, OrderValue, Reason, Refund, Reject, json};

/// An order; its value is the one field the rules choose, and no other stands in for it.
pub(super) fn completed<'a>(properties: &Properties<'a>, rules: &DecodeRules) -> Result<Kind<'a>, Reject> {
    let (value_name, value) = match rules.order_value {
        OrderValue::Total => ("total", properties.total),
        OrderValue::Revenue => ("revenue", properties.revenue),
        OrderValue::Subtotal => ("subtotal", properties.subtotal),
    };
    let order_id = json::required_id("order_id", properties.order_id)?;
    let value = value.given().ok_or_else(|| json::missing(value_name))?;
    let currency = required_currency(properties, rules)?;
    Ok(Kind::OrderCompleted(Order {
        order_id,
        checkout_id: json::id("checkout_id", properties.checkout_id)?,
        cart_id: json::id("cart_id", properties.cart_id)?,
        value: json::money(value_name, value, currency)?,
        salesperson_id: json::name("salesperson_id", properties.salesperson_id)?,
    }))
}

/// A refund; without a `total` it gives back all that remains, and needs no currency.
pub(super) fn refunded<'a>(properties: &Properties<'a>, rules: &DecodeRules) -> Result<Kind<'a>, Reject> {
    let order_id = json::required_id("order_id", properties.order_id)?;
    let amount = match properties.total.given() {
        None => None,
        Some(total) => Some(json::money("total", total, required_currency(properties, rules)?)?),
    };
    Ok(Kind::OrderRefunded(Refund { order_id, refund_id: json::id("refund_id", properties.refund_id)?, amount }))
}

/// A cancelled order.
pub(super) fn cancelled<'a>(properties: &Properties<'a>) -> Result<Kind<'a>, Reject> {
    Ok(Kind::OrderCancelled { order_id: json::required_id("order_id", properties.order_id)? })
}

pub(super) fn required_currency(properties: &Properties, rules: &DecodeRules) -> Result<Currency, Reject> {
    json::currency(properties.currency, rules.default_currency)?
        .ok_or_else(|| Reject::new(Reason::MissingCurrency, "currency is missing and there is no default"))
}
