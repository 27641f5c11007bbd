//! What a row holds of a customer's way beside orders, mails and carts, in words.
//!
//! Nothing is left out; ids are shown as the fingerprints that are kept. Part of `held`.

use super::Hex;
use crate::engine::journey::{Journey, Parcel};
use crate::engine::record::action::told;
use crate::engine::record::json::json_object;
use crate::engine::record::time::Time;
use crate::event::InteractionKind;

pub(super) struct HeldJourney<'a> {
    signed_up_at: Option<Time>,
    latest_at: Time,
    counts: Vec<HeldCount>,
    open_tickets: Vec<Hex>,
    parcel: Option<HeldParcel>,
    salesperson: Option<&'a str>,
}

json_object!(HeldJourney<'_> { signed_up_at, latest_at, counts, open_tickets, parcel, salesperson });

struct HeldCount {
    event: &'static str,
    count: u32,
}

json_object!(HeldCount { event, count });

struct HeldParcel {
    order: Hex,
    state: &'static str,
    at: Time,
}

json_object!(HeldParcel { order, state, at });

pub(super) fn held(journey: &Journey) -> HeldJourney<'_> {
    let counts = InteractionKind::ALL.into_iter().map(|kind| HeldCount { event: kind.event_name(), count: journey.count(kind) });
    let parcel = |parcel: &Parcel| HeldParcel { order: Hex(parcel.order), state: parcel.state(), at: Time(parcel.at_ms) };
    HeldJourney {
        signed_up_at: journey.signed_up_ms.map(Time),
        latest_at: Time(journey.latest_ms),
        counts: counts.filter(|told| told.count > 0).collect(),
        open_tickets: journey.open_tickets.iter().copied().map(Hex).collect(),
        parcel: journey.parcel.as_ref().map(parcel),
        salesperson: told(&journey.salesperson),
    }
}
