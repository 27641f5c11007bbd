//! What a row holds of a customer's way beside orders, mails and carts, in words.
//!
//! Nothing is left out; ids are shown as the fingerprints that are kept. Part of `held`.

use super::Hex;
use crate::engine::journey::{Journey, Parcel};
use crate::engine::record::action::told;
use crate::engine::record::json::json_object;
use crate::engine::record::likes::{CountRecord, counts};
use crate::engine::record::time::Time;

#[derive(utoipa::ToSchema)]
pub(super) struct HeldJourney<'a> {
    signed_up_at: Option<Time>,
    latest_at: Time,
    counts: Vec<CountRecord>,
    open_tickets: Vec<Hex>,
    parcel: Option<HeldParcel>,
    salesperson: Option<&'a str>,
}

json_object!(HeldJourney<'_> { signed_up_at, latest_at, counts, open_tickets, parcel, salesperson });

#[derive(utoipa::ToSchema)]
struct HeldParcel {
    order: Hex,
    state: &'static str,
    at: Time,
}

json_object!(HeldParcel { order, state, at });

pub(super) fn held(journey: &Journey) -> HeldJourney<'_> {
    let parcel = |parcel: &Parcel| HeldParcel { order: Hex(parcel.order), state: parcel.state(), at: Time(parcel.at_ms) };
    HeldJourney {
        signed_up_at: journey.signed_up_ms.map(Time),
        latest_at: Time(journey.latest_ms),
        counts: counts(journey),
        open_tickets: journey.open_tickets.iter().copied().map(Hex).collect(),
        parcel: journey.parcel.as_ref().map(parcel),
        salesperson: told(&journey.salesperson),
    }
}
