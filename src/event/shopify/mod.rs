//! Shopify's webhooks: orders, refunds, checkouts, customers and what they agree to.
//!
//! Which kind it is says the header `X-Shopify-Topic`, where it came along; else the fields do. All money is *shop money*, the shop's own
//! currency, also where the customer paid in another: orders of one shop add up only in one. The key is Shopify's customer id, as number
//! or as `gid://shopify/Customer/…`; guests have none inside. Refuses what is of none of these kinds. Called by `foreign` alone.

mod checkouts;
mod customers;
mod orders;
mod refunds;

use super::forms::{Number, Word, form, of};
use super::frame::Frame;
use super::limits::{MAX_EMAIL_BYTES, MAX_LOCALE_BYTES};
use super::told::Told;
use super::value::{Field, Nested};
use super::{Currency, Event, Reason, Reject, Text, Traits, json};
use crate::schema::Described;
use serde::Deserialize;
use serde_json::json as value;
use utoipa::openapi::{RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// What tells one kind from another.
#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Shape<'a> {
    refund_line_items: Field<'a>,
    abandoned_checkout_url: Field<'a>,
    financial_status: Field<'a>,
    customer_id: Field<'a>,
    email_marketing_consent: Field<'a>,
}

/// A customer as other objects show one.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, bound(deserialize = "'de: 'a"))]
#[schema(as = CustomerShown)]
struct CustomerFields<'a> {
    #[schema(value_type = Option<Number>)]
    id: Field<'a>,
    #[schema(value_type = Option<Word>)]
    email: Field<'a>,
    #[schema(value_type = Option<Word>)]
    first_name: Field<'a>,
}

enum Object {
    Order,
    Refund,
    Checkout,
    Customer,
    Consent,
    /// Of a kind that has no meaning here.
    Other,
}

form!(
    /// A webhook of Shopify's. Which kind it is says the header `X-Shopify-Topic`; without it the fields do. Webhooks of other topics say nothing.
    Webhook,
    of([Type::Object])
);

pub(super) fn schema() -> serde_json::Value {
    let kinds = ["Order", "Refund", "Checkout", "Customer", "ConsentOfCustomer"];
    Described::of::<Webhook>()
        .and::<orders::Fields<'_>>()
        .and::<refunds::Fields<'_>>()
        .and::<checkouts::Fields<'_>>()
        .and::<customers::Fields<'_>>()
        .and::<customers::ConsentFields<'_>>()
        .with("Order", "required", value!(["id", "financial_status"]))
        .with("Refund", "required", value!(["id", "order_id", "refund_line_items"]))
        .with("Checkout", "required", value!(["token", "abandoned_checkout_url"]))
        .with("Customer", "required", value!(["id", "email_marketing_consent"]))
        .with("ConsentOfCustomer", "required", value!(["customer_id", "email_marketing_consent"]))
        .with("Webhook", "anyOf", value!(kinds.map(|kind| value!({ "$ref": format!("#/$defs/{kind}") }))))
        .document("a webhook of Shopify")
}

pub(super) fn read<'a>(frame: &Frame<'a, '_>, text: &'a str) -> Result<Told<'a>, Reject> {
    let object = match frame.shopify_topic.as_deref() {
        Some(topic) => of_topic(topic),
        None => of_shape(&json::unusual_object("record", text)?)?,
    };
    match object {
        Object::Order => orders::read(frame, text),
        Object::Refund => refunds::read(frame, text),
        Object::Checkout => checkouts::read(frame, text).map(Told::One),
        Object::Customer => customers::updated(frame, text).map(Told::One),
        Object::Consent => customers::consented(frame, text).map(Told::One),
        Object::Other => Ok(Told::nothing()),
    }
}

fn of_topic(topic: &str) -> Object {
    match topic.split_once('/') {
        Some((_, "delete" | "redact" | "data_request")) => Object::Other,
        Some(("orders", _)) => Object::Order,
        Some(("refunds", _)) => Object::Refund,
        Some(("checkouts", _)) => Object::Checkout,
        Some(("customers", _)) => Object::Customer,
        Some(("customers_email_marketing_consent", _)) => Object::Consent,
        _ => Object::Other,
    }
}

fn of_shape(shape: &Shape<'_>) -> Result<Object, Reject> {
    let has = |field: Field<'_>| field.given().is_some();
    Ok(if has(shape.refund_line_items) {
        Object::Refund
    } else if has(shape.abandoned_checkout_url) {
        Object::Checkout
    } else if has(shape.financial_status) {
        Object::Order
    } else if has(shape.customer_id) && has(shape.email_marketing_consent) {
        Object::Consent
    } else if has(shape.email_marketing_consent) {
        Object::Customer
    } else {
        return Err(json::missing("X-Shopify-Topic"));
    })
}

/// Refuses what is another customer's.
fn check_customer(frame: &Frame<'_, '_>, id: Field<'_>) -> Result<(), Reject> {
    let id = json::text("customer.id", id)?;
    let is_global = |id: &str| frame.customer.strip_prefix("gid://shopify/Customer/") == Some(id);
    match id.as_deref() {
        Some(id) if is_global(id) => Ok(()),
        id => frame.check_customer(id),
    }
}

/// What an order or a checkout says of the person; forgiving as all traits are.
fn traits<'a>(email: Field<'a>, customer: &Nested<CustomerFields<'a>>, locale: Field<'a>) -> Traits<'a> {
    let text = |field: Field<'a>| json::text("trait", field).ok().flatten();
    let customer = &customer.fields;
    Traits {
        email: text(email).or_else(|| text(customer.email)).filter(|email| email.len() <= MAX_EMAIL_BYTES),
        first_name: text(customer.first_name).map(json::shorten),
        locale: text(locale).filter(|locale| locale.len() <= MAX_LOCALE_BYTES),
        ..Traits::default()
    }
}

/// The shop's currency.
fn currency(frame: &Frame<'_, '_>, code: Field<'_>) -> Result<Currency, Reject> {
    json::currency(code, frame.rules.default_currency)?
        .ok_or_else(|| Reject::new(Reason::MissingCurrency, "currency is missing and there is no default"))
}

/// The id of an object's state: the same object may be sent once for each of its changes.
fn state_id<'a>(kind: &str, id: &str, state: &str) -> Text<'a> {
    format!("shopify/{kind}/{id}/{state}").into()
}

/// An event with what it tells of the person.
fn with_traits<'a>(event: Event<'a>, traits: Traits<'a>) -> Event<'a> {
    Event { traits, ..event }
}
