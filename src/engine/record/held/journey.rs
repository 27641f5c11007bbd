//! What a row holds of a customer's way beside orders, mails and carts, in words.
//!
//! Nothing is left out; ids are shown as the fingerprints that are kept. Part of `held`.

use super::Hex;
use crate::clv::shared_minor;
use crate::engine::costs::CostSum;
use crate::engine::journey::{Journey, Parcel};
use crate::engine::record::action::told;
use crate::engine::record::json::json_object;
use crate::engine::record::likes::{CountRecord, counts};
use crate::engine::record::money::Amount;
use crate::engine::record::time::Time;
use crate::event::CostKind;

#[derive(utoipa::ToSchema)]
pub(super) struct HeldJourney<'a> {
    signed_up_at: Option<Time>,
    latest_at: Time,
    counts: Vec<CountRecord>,
    open_tickets: Vec<Hex>,
    parcel: Option<HeldParcel>,
    salesperson: Option<&'a str>,
    source: Option<&'a str>,
    /// What serving them has cost for each ticket and call, by currency; empty: there was none, or none that cost.
    cost_per_contact: Vec<Amount>,
}

json_object!(HeldJourney<'_> { signed_up_at, latest_at, counts, open_tickets, parcel, salesperson, source, cost_per_contact });

#[derive(utoipa::ToSchema)]
struct HeldParcel {
    order: Hex,
    state: &'static str,
    at: Time,
}

json_object!(HeldParcel { order, state, at });

pub(super) fn held<'a>(journey: &'a Journey, costs: &[CostSum]) -> HeldJourney<'a> {
    let contacts = i128::from(journey.contacts());
    let per_contact = |sum: &CostSum| {
        let minor = sum.minor[CostKind::Service as usize];
        Some(Amount { minor: shared_minor(minor, contacts).filter(|_| minor != 0)?, currency: sum.currency })
    };
    let parcel = |parcel: &Parcel| HeldParcel { order: Hex(parcel.order), state: parcel.state(), at: Time(parcel.at_ms) };
    HeldJourney {
        signed_up_at: journey.signed_up_ms.map(Time),
        latest_at: Time(journey.latest_ms),
        counts: counts(journey),
        open_tickets: journey.open_tickets.iter().copied().map(Hex).collect(),
        parcel: journey.parcel.as_ref().map(parcel),
        salesperson: told(&journey.salesperson),
        source: journey.source.as_ref().map(|source| source.answer.as_str()),
        cost_per_contact: costs.iter().filter_map(per_contact).collect(),
    }
}
