//! The value of a `transitions` record (`contracts.md` 3).
//! Fields and their form, nothing else: what goes in is decided by `transitions`.

use super::cause::CauseRecord;
use super::id::OutputId;
use super::json::json_object;
use super::money::Amount;
use super::schema;
use super::time::Time;

/// A customer has come into another stage, segment, band or tier, or their order into another place.
#[derive(Debug, utoipa::ToSchema)]
pub struct TransitionRecord<'a> {
    pub id: OutputId,
    pub customer_id: &'a str,
    #[schema(schema_with = schema::tracks)]
    pub track: &'static str,
    /// `None`: the customer's first on this track, or one whose name is no longer known.
    pub from: Option<&'a str>,
    /// `none`: in no band, tier or segment any more; `merged`: the customer has become another.
    pub to: &'a str,
    #[schema(schema_with = schema::reasons_of_transitions)]
    pub reason: &'static str,
    /// How often the customer has come back after lapsing.
    pub cycle: u32,
    pub cause: CauseRecord<'a>,
    /// `None` without orders.
    pub p_alive: Option<f64>,
    /// Net of refunds, in the primary currency; `None` without orders.
    pub value: Option<Amount>,
    pub event_time: Time,
}

json_object!(TransitionRecord<'_> { id, customer_id, track, from, to, reason, cycle, cause, p_alive, value, event_time });
