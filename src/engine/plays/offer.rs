//! Offers: granted with the first send that carries one, once for each customer and play, and shown again while they hold.
//!
//! The shop mints the code for a grant; it knows the grant by its id, which is the same however often it is told. A grant outlives the
//! instance, so that nobody earns another by lapsing again. Called by `steps` before a send, and by `actions`.

use xxhash_rust::xxh3::xxh3_64;

use super::PlayState;
use crate::engine::record::action::OfferRecord;
use crate::engine::record::id::OutputId;
use crate::engine::record::time::Time;
use crate::engine::settings::{Offer, Play, Step};

/// What a customer was granted by a play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// A hash of the offer's id: another offer in the configuration is not the one that was granted.
    pub offer: u64,
    pub expires_ms: i64,
}

pub(super) fn grant(state: &mut PlayState, step: &Step, at_ms: i64) {
    if let (None, Some(offer)) = (state.grant, &step.offer) {
        state.grant = Some(Grant { offer: key(offer), expires_ms: at_ms.saturating_add(offer.ttl_ms) });
    }
}

/// What a send of the step says of its offer; `None`: there is none, it is another than was granted, or it holds no longer.
pub fn shown<'a>(state: &PlayState, customer_id: &str, play: &'a Play, step: &'a Step, at_ms: i64) -> Option<OfferRecord<'a>> {
    let (offer, grant) = (step.offer.as_ref()?, state.grant?);
    let holds = grant.offer == key(offer) && grant.expires_ms > at_ms;
    let grant_id = OutputId::of_grant(customer_id, &play.name, &offer.id);
    holds.then_some(OfferRecord { id: &offer.id, grant_id, expires_at: Time(grant.expires_ms) })
}

fn key(offer: &Offer) -> u64 {
    xxh3_64(offer.id.as_bytes())
}
