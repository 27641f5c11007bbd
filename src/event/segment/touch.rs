//! Where the customer came from: `context.campaign`, else `context.referrer`. Forgiving as traits are: what is of a wrong type or too long
//! was not told, since a bad campaign must not cost an order. Which channel that is, the engine says. Called by `segment` alone.

use super::fields::ContextFields;
use crate::event::limits::{MAX_NAME_BYTES, MAX_URL_BYTES};
use crate::event::value::{Field, Value};
use crate::event::{Text, Touch, json};
use serde::Deserialize;

/// The form of apps: what referred, with its url.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct ReferrerFields<'a> {
    url: Field<'a>,
}

pub(super) fn read<'a>(context: &ContextFields<'a>) -> Option<Touch<'a>> {
    let campaign = &context.campaign.fields;
    let (source, medium) = (text(campaign.source, MAX_NAME_BYTES), text(campaign.medium, MAX_NAME_BYTES));
    if source.is_some() || medium.is_some() {
        return Some(Touch { source, medium, referrer: None });
    }
    referrer(context.referrer).map(|referrer| Touch { referrer: Some(referrer), ..Touch::default() })
}

fn referrer(field: Field<'_>) -> Option<Text<'_>> {
    match field.given()? {
        Value::Json(written) if written.starts_with('{') => {
            let fields: ReferrerFields = json::unusual_object("referrer", written).ok()?;
            text(fields.url, MAX_URL_BYTES)
        }
        _ => text(field, MAX_URL_BYTES),
    }
}

fn text(field: Field<'_>, bytes_max: usize) -> Option<Text<'_>> {
    let text = json::string("context", field.given()?).ok().flatten()?;
    Some(text).filter(|text| (1..=bytes_max).contains(&text.len()))
}
