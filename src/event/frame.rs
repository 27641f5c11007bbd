//! What holds around a foreign record's data: whose it is, and which id and time stand in where the data has none of its own.
//!
//! Makes the events of all formats but Segment's, so that key, ids and times are checked in one place. Refuses what is about another
//! customer, an id that is too long, and a time out of bounds. Called by `foreign` and by the files of the formats.

use super::limits::{MAX_ID_BYTES, MAX_QUOTE_BYTES, cut};
use super::{DecodeRules, Event, Identity, Kind, Reason, Reject, Text, Traits, time};

#[derive(Debug, Clone)]
pub(super) struct Frame<'a, 'r> {
    /// The record key.
    pub(super) customer: &'a str,
    pub(super) record_ms: Option<i64>,
    pub(super) rules: &'r DecodeRules,
    pub(super) wall_ms: Option<i64>,
    /// Of the envelope, and within an array with the element's number behind it.
    pub(super) id: Option<String>,
    /// Of the envelope.
    pub(super) at_ms: Option<i64>,
    /// What Shopify calls the kind of a webhook (`orders/paid`), which only a header says.
    pub(super) shopify_topic: Option<String>,
}

impl<'a> Frame<'a, '_> {
    /// The data must be about the customer of the key: `inside` is an id it gives itself.
    pub(super) fn check_customer(&self, inside: Option<&str>) -> Result<(), Reject> {
        match inside {
            Some(id) if id != self.customer => Err(Reject::new(
                Reason::KeyMismatch,
                format!("key {} is not the id {}", cut(self.customer, MAX_QUOTE_BYTES), cut(id, MAX_QUOTE_BYTES)),
            )),
            _ => Ok(()),
        }
    }

    /// An event of the customer. `own_id` and `own_ms`: what the data says itself.
    pub(super) fn event(&self, name: Text<'a>, own_id: Option<Text<'a>>, own_ms: Option<i64>, kind: Kind<'a>) -> Result<Event<'a>, Reject> {
        let message_id = own_id.or_else(|| self.id.clone().map(Into::into));
        if let Some(id) = message_id.as_deref().filter(|id| id.len() > MAX_ID_BYTES) {
            let told = format!("id: {} bytes, at most {MAX_ID_BYTES} are allowed: {}", id.len(), cut(id, MAX_QUOTE_BYTES));
            return Err(Reject::new(Reason::TooLong, told));
        }
        let time_ms = time::event_time(own_ms.or(self.at_ms), self.record_ms, self.rules.max_skew_ms, self.wall_ms)?;
        Ok(Event {
            customer: self.customer.into(),
            identity: Identity::Known,
            time_ms,
            name,
            message_id,
            traits: Traits::default(),
            touch: None,
            items: Vec::new(),
            address: None,
            kind,
        })
    }

    /// The frame of one element of an array.
    pub(super) fn of_element(&self, index: usize) -> Self {
        Frame { id: self.id.as_ref().map(|id| format!("{id}#{index}")), ..self.clone() }
    }
}
