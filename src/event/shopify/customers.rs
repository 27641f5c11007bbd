//! Shopify's customers, and what they agree to.
//!
//! A changed customer is an `identify`: its consent is a trait, which a refusal of the customer outweighs. A webhook about the consent itself
//! (`customers_email_marketing_consent/update`) is the customer's word. `not_subscribed` means never asked, and says nothing; no more do
//! states that are about the address alone. Called by `shopify` alone.

use super::super::forms::{Moment, Number, Word};
use super::super::frame::Frame;
use super::super::value::{Field, Nested, Value};
use super::super::{ConsentChange, Event, Kind, Reject, json, segment};
use super::CustomerFields;
use serde::Deserialize;
use utoipa::ToSchema;

/// A changed customer.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, bound(deserialize = "'de: 'a"))]
#[schema(as = Customer)]
pub(super) struct Fields<'a> {
    #[schema(value_type = Number)]
    id: Field<'a>,
    #[schema(value_type = Option<Word>)]
    email: Field<'a>,
    #[schema(value_type = Option<Word>)]
    first_name: Field<'a>,
    #[schema(value_type = Option<Moment>)]
    updated_at: Field<'a>,
    /// What the shop says of it; the customer's own refusal outweighs it.
    #[schema(value_type = Option<serde_json::Value>)]
    email_marketing_consent: Field<'a>,
}

/// The customer's own word about marketing mails.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, bound(deserialize = "'de: 'a"))]
#[schema(as = ConsentOfCustomer)]
pub(super) struct ConsentFields<'a> {
    #[schema(value_type = Number)]
    customer_id: Field<'a>,
    #[schema(value_type = Option<Word>)]
    email_address: Field<'a>,
    #[schema(value_type = Option<serde_json::Value>)]
    email_marketing_consent: Field<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Since<'a> {
    consent_updated_at: Field<'a>,
}

/// `customers/create`, `customers/update` and their kin.
pub(super) fn updated<'a>(frame: &Frame<'a, '_>, text: &'a str) -> Result<Event<'a>, Reject> {
    let fields: Fields = json::unusual_object("record", text)?;
    super::check_customer(frame, fields.id)?;
    let id = json::required_id("id", fields.id)?;
    let state = json::text("updated_at", fields.updated_at)?.unwrap_or_default();
    let id = super::state_id("customer", &id, &state);
    let event = frame.event("identify".into(), Some(id), json::moment("updated_at", fields.updated_at, 0)?, Kind::Identify)?;
    let seen = Nested { fields: CustomerFields { first_name: fields.first_name, ..CustomerFields::default() }, ..Nested::default() };
    let mut traits = super::traits(fields.email, &seen, Field::default());
    traits.consent = fields.email_marketing_consent.given().and_then(|consent| segment::consent_trait(consent, event.time_ms));
    Ok(super::with_traits(event, traits))
}

/// `customers_email_marketing_consent/update`
pub(super) fn consented<'a>(frame: &Frame<'a, '_>, text: &'a str) -> Result<Event<'a>, Reject> {
    let fields: ConsentFields = json::unusual_object("record", text)?;
    super::check_customer(frame, fields.customer_id)?;
    let told = fields.email_marketing_consent.given().ok_or_else(|| json::missing("email_marketing_consent"))?;
    let since = match told {
        Value::Json(written) if written.starts_with('{') => json::unusual_object("email_marketing_consent", written)?,
        _ => Since::default(),
    };
    let at_ms = json::moment("consent_updated_at", since.consent_updated_at, 0)?;
    let state = json::text("consent_updated_at", since.consent_updated_at)?;
    let id = state.zip(json::id("customer_id", fields.customer_id)?);
    let id = id.map(|(state, customer)| super::state_id("consent", &customer, &state));
    let event = frame.event("Consent Changed".into(), id, at_ms, Kind::Unknown)?;
    // the shop says what the customer's address is
    let traits = super::traits(fields.email_address, &Nested::default(), Field::default());
    let Some(consent) = segment::consent_trait(told, event.time_ms) else {
        return Ok(Event { traits, ..event });
    };
    let change = ConsentChange { status: consent.status, source: Some("shopify".into()), double_opt_in: consent.double_opt_in };
    Ok(Event { traits, kind: Kind::Consent(change), ..event })
}
