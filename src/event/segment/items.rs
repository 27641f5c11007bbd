//! The products an event is about, for taste alone. Forgiving: what is of a wrong type or size is left out, and an oddity in a list ends it
//! there, since a bad category must not cost an order. Contents of carts are not looked at: each product in them was added before.
//! Called by `segment` alone.

use super::fields::{ProductFields, Properties};
use super::noted;
use crate::event::value::{Field, Value};
use crate::event::{CartDelta, CartLine, ITEMS_MAX, InteractionKind, Item, Kind, Text, json, scan};

pub(super) fn read<'a>(kind: &Kind<'a>, properties: &Properties<'a>) -> Vec<Item<'a>> {
    match kind {
        Kind::OrderCompleted(_) => listed(properties.products),
        Kind::CartLine(CartLine { delta: CartDelta::Added, .. }) => own(properties),
        Kind::Interaction(interaction) => match interaction.kind {
            InteractionKind::ProductViewed | InteractionKind::ProductListViewed => own(properties),
            _ => Vec::new(),
        },
        Kind::Noted(name) if noted::OF_PRODUCT.contains(name) => own(properties),
        _ => Vec::new(),
    }
}

fn own<'a>(properties: &Properties<'a>) -> Vec<Item<'a>> {
    item(properties.product_id, properties.sku, properties.category).into_iter().collect()
}

fn listed(products: Field<'_>) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    if let Some(Value::Json(written)) = products.given() {
        // it also gives up on what is out of the ordinary; what was read until then counts
        let _ = scan::objects(written, |fields: &ProductFields<'_>| {
            items.extend(item(fields.product_id, fields.sku, fields.category));
            (items.len() < ITEMS_MAX).then_some(())
        });
    }
    items
}

fn item<'a>(product_id: Field<'a>, sku: Field<'a>, category: Field<'a>) -> Option<Item<'a>> {
    let product_id = id(product_id).or_else(|| id(sku));
    let category = json::name("category", category).ok().flatten();
    (product_id.is_some() || category.is_some()).then_some(Item { product_id, category })
}

fn id(field: Field<'_>) -> Option<Text<'_>> {
    json::id("product_id", field).ok().flatten()
}
