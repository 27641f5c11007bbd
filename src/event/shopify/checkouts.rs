//! Shopify's checkouts: the whole contents of a cart on its way to an order, with the link that leads back to it.
//!
//! A completed checkout says nothing: its order does. A cart is known by its `cart_token`, which the order repeats, else by the checkout's
//! own token. Called by `shopify` alone.

use super::super::forms::{Decimal, Moment, Number, Quantity, Word};
use super::super::frame::Frame;
use super::super::value::{Field, Nested};
use super::super::{CartContents, ContentsSource, Currency, Event, Kind, Product, Reason, Reject, json};
use super::CustomerFields;
use serde::Deserialize;
use utoipa::ToSchema;

/// The whole contents of a cart on its way to an order.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, bound(deserialize = "'de: 'a"))]
#[schema(as = Checkout)]
pub(super) struct Fields<'a> {
    #[schema(value_type = Number)]
    token: Field<'a>,
    /// Which cart it is; without it the token.
    #[schema(value_type = Option<Number>)]
    cart_token: Field<'a>,
    #[schema(value_type = Option<Word>)]
    email: Field<'a>,
    #[schema(value_type = Option<CustomerFields>)]
    customer: Nested<CustomerFields<'a>>,
    #[schema(value_type = Option<Word>)]
    customer_locale: Field<'a>,
    #[schema(value_type = Option<Moment>)]
    created_at: Field<'a>,
    #[schema(value_type = Option<Moment>)]
    updated_at: Field<'a>,
    /// It says nothing more: its order does.
    #[schema(value_type = Option<Moment>)]
    completed_at: Field<'a>,
    #[schema(value_type = Option<Word>)]
    currency: Field<'a>,
    /// The cart's value.
    #[schema(value_type = Option<Decimal>)]
    subtotal_price: Field<'a>,
    /// The way back to it.
    #[schema(value_type = Option<Word>)]
    abandoned_checkout_url: Field<'a>,
    #[schema(value_type = Option<Vec<Line>>)]
    line_items: Field<'a>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, bound(deserialize = "'de: 'a"))]
#[schema(as = CheckoutLine)]
struct Line<'a> {
    #[schema(value_type = Option<Number>)]
    product_id: Field<'a>,
    #[schema(value_type = Option<Number>)]
    variant_id: Field<'a>,
    #[schema(value_type = Option<Number>)]
    sku: Field<'a>,
    #[schema(value_type = Option<Word>)]
    title: Field<'a>,
    #[schema(value_type = Option<Decimal>)]
    price: Field<'a>,
    #[schema(value_type = Option<Quantity>)]
    quantity: Field<'a>,
}

pub(super) fn read<'a>(frame: &Frame<'a, '_>, text: &'a str) -> Result<Event<'a>, Reject> {
    let fields: Fields = json::unusual_object("record", text)?;
    super::check_customer(frame, fields.customer.fields.id)?;
    let token = json::required_id("token", fields.token)?;
    let created = json::text("created_at", fields.created_at)?;
    let updated = json::text("updated_at", fields.updated_at)?.or_else(|| created.clone());
    let id = super::state_id("checkout", &token, updated.as_deref().unwrap_or_default());
    let at_ms = json::moment("updated_at", fields.updated_at, 0)?.or(json::moment("created_at", fields.created_at, 0)?);
    let is_new = match frame.shopify_topic.as_deref() {
        Some(topic) => topic == "checkouts/create",
        None => created == updated,
    };
    let (name, source) = match is_new {
        true => ("Checkout Started", ContentsSource::CheckoutStarted),
        false => ("Cart Updated", ContentsSource::Updated),
    };
    let kind = match fields.completed_at.given() {
        Some(_) => Kind::Unknown,
        None => Kind::CartContents(contents(frame, &fields, source)?),
    };
    let event = frame.event(name.into(), Some(id), at_ms, kind)?;
    Ok(super::with_traits(event, super::traits(fields.email, &fields.customer, fields.customer_locale)))
}

fn contents<'a>(frame: &Frame<'a, '_>, fields: &Fields<'a>, source: ContentsSource) -> Result<CartContents<'a>, Reject> {
    let token = json::required_id("token", fields.token)?;
    let currency = json::currency(fields.currency, frame.rules.default_currency)?;
    let value = fields.subtotal_price.given().zip(currency);
    Ok(CartContents {
        cart_id: json::id("cart_token", fields.cart_token)?.or_else(|| Some(token.clone())),
        checkout_id: Some(token),
        source,
        url: json::url("abandoned_checkout_url", fields.abandoned_checkout_url)?,
        products: products(fields.line_items, currency)?,
        value: value.map(|(value, currency)| json::money("subtotal_price", value, currency)).transpose()?,
    })
}

fn products<'a>(lines: Field<'a>, currency: Option<Currency>) -> Result<Option<Vec<Product<'a>>>, Reject> {
    let Some(value) = lines.given() else { return Ok(None) };
    let elements = json::elements("line_items", value, Reason::TooManyProducts)?;
    let one = |(index, element): (usize, &'a str)| {
        let place = format!("line_items[{index}]");
        product(&json::unusual_object(&place, element)?, currency).map_err(|reject| reject.inside(&place))
    };
    elements.into_iter().enumerate().map(one).collect::<Result<_, _>>().map(Some)
}

/// A product; what the shop made up on the spot has a name alone.
fn product<'a>(line: &Line<'a>, currency: Option<Currency>) -> Result<Product<'a>, Reject> {
    let sku = json::id("sku", line.sku)?;
    let name = json::name("title", line.title)?;
    let product_id = json::id("product_id", line.product_id)?.or(json::id("variant_id", line.variant_id)?);
    let product_id = product_id.or_else(|| sku.clone()).or_else(|| name.clone()).ok_or_else(|| json::missing("product_id"))?;
    let price = line.price.given().zip(currency);
    Ok(Product {
        product_id,
        sku,
        name,
        url: None,
        image_url: None,
        price: price.map(|(price, currency)| json::money("price", price, currency)).transpose()?,
        quantity: json::quantity("quantity", line.quantity)?,
    })
}
