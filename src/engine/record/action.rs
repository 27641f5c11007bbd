//! The value of an `actions` record (`contracts.md` 5): what to send, what not to send after all, or why nothing is sent.
//! Fields and their form, nothing else: what goes in is gathered by `actions`.

use serde::{Serialize, Serializer};

use super::cause::CauseRecord;
use super::id::OutputId;
use super::money::Amount;
use super::time::Time;
use crate::engine::cart::{Cart, Line};

#[derive(Debug, Serialize)]
pub struct ActionRecord<'a> {
    pub id: OutputId,
    pub kind: &'static str,
    pub play: &'a str,
    pub play_version: &'a str,
    /// Counted from 1.
    pub step: u32,
    pub template: &'a str,
    pub instance: &'a str,
    pub channel: &'static str,
    pub arm: &'static str,
    pub due_at: Time,
    pub expires_at: Time,
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
    pub stage: Option<&'static str>,
    pub value_band: Option<&'a str>,
    pub segment: Option<&'a str>,
    pub affinity: [&'a str; 0],
    pub offer: Option<&'a str>,
    pub event_time: Time,
    pub cause: CauseRecord<'a>,
}

#[derive(Debug, Serialize)]
pub struct ConsentRecord<'a> {
    pub status: &'static str,
    pub source: &'a str,
    pub at: Time,
}

#[derive(Debug, Serialize)]
pub struct CartRecord<'a> {
    pub id: &'a str,
    pub url: Option<&'a str>,
    pub currency: Option<&'a str>,
    pub value: Option<Amount>,
    pub lines: Lines<'a>,
}

#[derive(Debug)]
pub struct Lines<'a>(&'a [Line]);

#[derive(Serialize)]
struct LineRecord<'a> {
    product_id: &'a str,
    sku: Option<&'a str>,
    name: Option<&'a str>,
    url: Option<&'a str>,
    image_url: Option<&'a str>,
    price: Option<Amount>,
    quantity: u32,
}

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|l| LineRecord {
            product_id: &l.product_id,
            sku: told(&l.sku),
            name: told(&l.name),
            url: told(&l.url),
            image_url: told(&l.image_url),
            price: l.price.map(Amount::from),
            quantity: l.quantity,
        }))
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
