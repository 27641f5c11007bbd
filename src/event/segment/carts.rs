//! Cart events: single lines (`Product Added`, `Product Removed`) and contents (`Cart Viewed`, `Cart Updated`, `Checkout Started`, `Cart
//! Abandoned`). A price without any currency is left out, since a cart may be shown without prices; a product without any id is refused,
//! and so are lists beyond `MAX_PRODUCTS`. Called by `segment` alone.

use super::fields::{ProductFields, Properties};
use crate::event::limits::MAX_PRODUCTS;
use crate::event::value::{Found, Nested, Value};
use crate::event::{CartContents, CartDelta, CartLine, ContentsSource, Currency, DecodeRules, Kind, Product, Reason, Reject, json, scan};
use serde::Deserialize;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use std::fmt;

/// `Product Added`, `Product Removed`.
pub(super) fn line<'a>(delta: CartDelta, properties: &Properties<'a>, rules: &DecodeRules) -> Result<Kind<'a>, Reject> {
    let own = ProductFields {
        product_id: properties.product_id,
        sku: properties.sku,
        name: properties.name,
        url: properties.url,
        image_url: properties.image_url,
        price: properties.price,
        currency: properties.currency,
        quantity: properties.quantity,
        category: properties.category,
    };
    let product = product(&own, rules.default_currency)?;
    Ok(Kind::CartLine(CartLine { cart_id: json::id("cart_id", properties.cart_id)?, delta, product }))
}

/// Whole contents; without `products` they only say that the cart was seen.
pub(super) fn contents<'a>(source: ContentsSource, properties: &Properties<'a>, rules: &DecodeRules) -> Result<CartContents<'a>, Reject> {
    let currency = json::currency(properties.currency, rules.default_currency)?;
    let checkout_id = match json::id("checkout_id", properties.checkout_id)? {
        None if source == ContentsSource::CheckoutStarted => json::id("order_id", properties.order_id)?,
        checkout_id => checkout_id,
    };
    Ok(CartContents {
        cart_id: json::id("cart_id", properties.cart_id)?,
        checkout_id,
        source,
        url: json::url("url", properties.url)?,
        products: properties.products.given().map(|value| products(value, currency)).transpose()?,
        value: properties.value.given().zip(currency).map(|(value, currency)| json::money("value", value, currency)).transpose()?,
    })
}

fn products<'a>(value: Value<'a>, currency: Option<Currency>) -> Result<Vec<Product<'a>>, Reject> {
    let Value::Json(written) = value else {
        return Err(json::wrong_type("products", &value.written(), "an array"));
    };
    let mut products = Vec::new();
    let plain = scan::objects(written, |fields| {
        products.push(product(fields, currency).ok()?);
        (products.len() <= MAX_PRODUCTS).then_some(())
    });
    if plain.is_some() { Ok(products) } else { unusual_products(written, currency) }
}

/// The same by serde, which finds what is wrong first.
#[cold]
fn unusual_products<'a>(written: &'a str, currency: Option<Currency>) -> Result<Vec<Product<'a>>, Reject> {
    if !written.starts_with('[') {
        return Err(json::wrong_type("products", written, "an array"));
    }
    let elements: Elements = serde_json::from_str(written).map_err(|e| Reject::new(Reason::InvalidJson, format!("products: {e}")))?;
    if elements.count > MAX_PRODUCTS {
        return Err(Reject::new(
            Reason::TooManyProducts,
            format!("products: {} elements, at most {MAX_PRODUCTS} are allowed", elements.count),
        ));
    }
    let mut products = Vec::with_capacity(elements.kept.len());
    for (index, element) in elements.kept.iter().enumerate() {
        let place = || format!("products[{index}]");
        if element.found != Found::Object {
            return Err(json::wrong_type(&place(), "what stands there", "an object"));
        }
        products.push(product(&element.fields, currency).map_err(|reject| reject.inside(&place()))?);
    }
    Ok(products)
}

/// A product whose price is in `currency` unless it names its own.
fn product<'a>(fields: &ProductFields<'a>, currency: Option<Currency>) -> Result<Product<'a>, Reject> {
    let sku = json::id("sku", fields.sku)?;
    let name = json::name("name", fields.name)?;
    let product_id = json::id("product_id", fields.product_id)?
        .or_else(|| sku.clone())
        .or_else(|| name.clone())
        .ok_or_else(|| json::missing("product_id"))?;
    let currency = json::currency(fields.currency, currency)?;
    Ok(Product {
        product_id,
        sku,
        name,
        url: json::url("url", fields.url)?,
        image_url: json::url("image_url", fields.image_url)?,
        price: fields.price.given().zip(currency).map(|(value, currency)| json::money("price", value, currency)).transpose()?,
        quantity: json::quantity("quantity", fields.quantity)?,
    })
}

/// The elements of an array: the first `MAX_PRODUCTS` of them, and the count of all.
struct Elements<'a> {
    kept: Vec<Nested<ProductFields<'a>>>,
    count: usize,
}

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ElementsVisitor)
    }
}

struct ElementsVisitor;

impl<'de> Visitor<'de> for ElementsVisitor {
    type Value = Elements<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Elements<'de>, A::Error> {
        let mut kept = Vec::new();
        while kept.len() < MAX_PRODUCTS {
            let Some(element) = array.next_element()? else {
                return Ok(Elements { count: kept.len(), kept });
            };
            kept.push(element);
        }
        let mut count = kept.len();
        while array.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Elements { kept, count })
    }
}
