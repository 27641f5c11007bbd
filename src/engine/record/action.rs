//! The value of an `actions` record (`contracts.md` 5): what to send, what not to send after all, or why nothing is sent.
//! Fields and their form, nothing else: what goes in is gathered by `actions`.

use super::cause::CauseRecord;
use super::id::OutputId;
use super::json::{Json, json_object, write_all};
use super::likes::{CountRecord, LikingRecord};
use super::money::Amount;
use super::schema;
use super::time::Time;
use crate::engine::cart::{Cart, Line};
use crate::event::ConsentStatus;

/// What to send, what not to send after all, or why nothing is sent.
#[derive(Debug, utoipa::ToSchema)]
pub struct ActionRecord<'a> {
    /// Mailers send once by it.
    pub id: OutputId,
    #[schema(schema_with = schema::kinds)]
    pub kind: &'static str,
    pub play: &'a str,
    /// Of the play's rules: another one, other rules.
    pub play_version: &'a str,
    /// Counted from 1.
    pub step: u32,
    /// The mailer's name for the mail.
    pub template: &'a str,
    /// What began the play for this customer, such as a cart.
    pub instance: &'a str,
    /// `email`; later versions may serve others.
    pub channel: &'static str,
    #[schema(schema_with = schema::arms)]
    pub arm: &'static str,
    pub due_at: Time,
    /// Later it is pointless to send.
    pub expires_at: Time,
    #[schema(schema_with = schema::reasons_of_actions)]
    pub reason: &'static str,
    /// The send a `cancel` takes back.
    pub cancels: Option<OutputId>,
    pub customer_id: &'a str,
    pub email: Option<&'a str>,
    pub first_name: Option<&'a str>,
    pub locale: Option<&'a str>,
    pub time_zone: Option<&'a str>,
    pub consent: Option<ConsentRecord<'a>>,
    pub cart: Option<CartRecord<'a>>,
    pub stage: Option<&'a str>,
    pub value_band: Option<&'a str>,
    pub segment: Option<&'a str>,
    pub affinity: Vec<LikingRecord<'a>>,
    pub offer: Option<OfferRecord<'a>>,
    pub event_time: Time,
    pub cause: CauseRecord<'a>,
    /// How far the attempt to buy has come that goes on; `None`, as all below: there is none, and the field is not there.
    pub drop_off_step: Option<&'static str>,
    pub first_channel: Option<&'a str>,
    pub last_channel: Option<&'a str>,
    pub interactions: Option<Vec<CountRecord>>,
    pub loyalty: Option<LoyaltyRecord<'a>>,
}

json_object!(ActionRecord<'_> { id, kind, play, play_version, step, template, instance, channel, arm, due_at, expires_at, reason, cancels, customer_id, email, first_name, locale, time_zone, consent, cart, stage, value_band, segment, affinity, offer, event_time, cause; drop_off_step, first_channel, last_channel, interactions, loyalty });

/// What a customer has in the programme, and what is still missing.
#[derive(Debug, utoipa::ToSchema)]
pub struct LoyaltyRecord<'a> {
    pub points: Option<i128>,
    pub tier: Option<&'a str>,
    pub next_tier: Option<&'a str>,
    pub to_next_tier: Option<Amount>,
}

json_object!(LoyaltyRecord<'_> { points, tier, next_tier, to_next_tier });

/// A grant of an offer; the shop mints the code.
#[derive(Debug, utoipa::ToSchema)]
pub struct OfferRecord<'a> {
    pub id: &'a str,
    pub grant_id: OutputId,
    pub expires_at: Time,
}

json_object!(OfferRecord<'_> { id, grant_id, expires_at });

#[derive(Debug, utoipa::ToSchema)]
pub struct ConsentRecord<'a> {
    #[schema(schema_with = schema::consents)]
    pub status: &'static str,
    pub source: &'a str,
    pub at: Time,
}

json_object!(ConsentRecord<'_> { status, source, at });

#[derive(Debug, utoipa::ToSchema)]
pub struct CartRecord<'a> {
    pub id: &'a str,
    pub url: Option<&'a str>,
    pub currency: Option<&'a str>,
    pub value: Option<Amount>,
    pub lines: Lines<'a>,
}

json_object!(CartRecord<'_> { id, url, currency, value, lines });

#[derive(Debug, utoipa::ToSchema)]
#[schema(value_type = Vec<LineRecord>)]
pub struct Lines<'a>(&'a [Line]);

#[derive(utoipa::ToSchema)]
pub struct LineRecord<'a> {
    product_id: &'a str,
    sku: Option<&'a str>,
    name: Option<&'a str>,
    url: Option<&'a str>,
    image_url: Option<&'a str>,
    price: Option<Amount>,
    quantity: u32,
}

json_object!(LineRecord<'_> { product_id, sku, name, url, image_url, price, quantity });

impl Json for Lines<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        let lines = self.0.iter().map(|l| LineRecord {
            product_id: &l.product_id,
            sku: told(&l.sku),
            name: told(&l.name),
            url: told(&l.url),
            image_url: told(&l.image_url),
            price: l.price.map(Amount::from),
            quantity: l.quantity,
        });
        write_all(lines, out);
    }
}

impl<'a> CartRecord<'a> {
    /// `value` is the cart's.
    pub fn of(cart: &'a Cart, value: Option<&'a crate::event::Money>) -> CartRecord<'a> {
        CartRecord {
            id: &cart.id,
            url: told(&cart.url),
            currency: value.map(|v| v.currency.code()),
            value: value.map(|v| Amount::from(*v)),
            lines: Lines(&cart.lines),
        }
    }
}

/// Empty texts are unknown ones.
pub fn told(text: &str) -> Option<&str> {
    Some(text).filter(|t| !t.is_empty())
}

pub const fn status_text(status: ConsentStatus) -> &'static str {
    match status {
        ConsentStatus::Subscribed => "subscribed",
        ConsentStatus::Unsubscribed => "unsubscribed",
        ConsentStatus::Pending => "pending",
    }
}
