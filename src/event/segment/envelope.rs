//! What every Segment call has around its properties: type, name, ids, time. Refuses a call without them, one whose ids are not the
//! record's key, and one whose time is out of bounds; gives the name no meaning.
//! Called by `segment` alone.

use super::costs;
use super::fields::Envelope;
use crate::event::json;
use crate::event::limits::{MAX_CUSTOMER_ID_BYTES, MAX_QUOTE_BYTES, cut};
use crate::event::value::Field;
use crate::event::{Identity, Kind, Reason, Reject, Text, time};

impl<'a> Envelope<'a> {
    /// `track`, `identify`, …
    pub(super) fn call(&self) -> Result<Text<'a>, Reject> {
        json::name("type", self.r#type)?.ok_or_else(|| json::missing("type"))
    }

    /// The name of a `track` call.
    pub(super) fn event(&self) -> Result<Text<'a>, Reject> {
        json::name("event", self.event)?.ok_or_else(|| json::missing("event"))
    }

    /// Which of the call's ids the record key is.
    pub(super) fn identity(&self, customer: &str) -> Result<Identity, Reject> {
        let user_id = json::text("userId", self.user_id)?;
        if user_id.as_deref() == Some(customer) {
            return Ok(Identity::Known);
        }
        if user_id.is_none() && self.is_cost() {
            return Ok(Identity::Nobody);
        }
        let anonymous_id = json::text("anonymousId", self.anonymous_id)?;
        if anonymous_id.as_deref() == Some(customer) {
            return Ok(Identity::Anonymous);
        }
        match user_id.or(anonymous_id) {
            None => Err(Reject::new(Reason::MissingCustomer, "userId and anonymousId are missing")),
            Some(id) => Err(Reject::new(
                Reason::KeyMismatch,
                format!("key {} is not the id {}", cut(customer, MAX_QUOTE_BYTES), cut(&id, MAX_QUOTE_BYTES)),
            )),
        }
    }

    /// A cost without a `userId` is of nobody, whatever else it is keyed by.
    fn is_cost(&self) -> bool {
        self.event().is_ok_and(|event| event == costs::EVENT) && self.call().is_ok_and(|call| call == "track")
    }

    /// What the call says of another id of the same person, in the field of this name. Only a `userId` can take another id in; who is called
    /// by an id that no record can have is nobody.
    pub(super) fn joined(&self, name: &str, field: Field<'a>, identity: Identity, customer: &str) -> Option<Kind<'a>> {
        let former_id = json::text(name, field).ok().flatten().filter(|id| id.len() <= MAX_CUSTOMER_ID_BYTES && **id != *customer);
        let is_identify = name == "anonymousId";
        former_id.filter(|id| identity == Identity::Known && !id.is_empty()).map(|former_id| Kind::Joined { former_id, is_identify })
    }

    /// The event's time: its `timestamp`, else that of what is around it, else the record's, clamped and bounded.
    pub(super) fn time_ms(
        &self,
        envelope_ms: Option<i64>,
        record_ms: Option<i64>,
        max_skew_ms: i64,
        wall_ms: Option<i64>,
    ) -> Result<i64, Reject> {
        let stated_ms = match self.timestamp.given() {
            None => envelope_ms,
            Some(value) => {
                let text = json::string("timestamp", value)?.ok_or_else(|| json::wrong_type("timestamp", &value.written(), "text"))?;
                Some(time::parse_rfc3339(&text).map_err(|reason| json::refusal(reason, "timestamp", &text))?)
            }
        };
        time::event_time(stated_ms, record_ms, max_skew_ms, wall_ms)
    }
}
