//! What a customer likes and does, in words: for mails that address somebody as who they are, and for `state export`.
//! Fields and their form, nothing else. Used by `action` and `held`.

use super::json::json_object;
use crate::engine::affinity::{Affinity, HALF_LIFE_MS, Liking};
use crate::engine::journey::Journey;
use crate::event::InteractionKind;

/// A category or product, and how much of its weight is left at a moment.
#[derive(Debug, utoipa::ToSchema)]
pub struct LikingRecord<'a> {
    kind: &'static str,
    name: &'a str,
    weight: f64,
}

json_object!(LikingRecord<'_> { kind, name, weight });

/// Categories, then products, each from the strongest on.
pub fn likings(affinity: &Affinity, at_ms: i64) -> Vec<LikingRecord<'_>> {
    let weight = |liking: &Liking<'_>| liking.weight.strength(at_ms, HALF_LIFE_MS);
    affinity.likings().map(|liking| LikingRecord { kind: liking.kind.as_str(), name: liking.name, weight: weight(&liking) }).collect()
}

/// How often something was done.
#[derive(Debug, utoipa::ToSchema)]
pub struct CountRecord {
    event: &'static str,
    count: u32,
}

json_object!(CountRecord { event, count });

/// Of what was done at all.
pub fn counts(journey: &Journey) -> Vec<CountRecord> {
    let counts = InteractionKind::ALL.into_iter().map(|kind| CountRecord { event: kind.event_name(), count: journey.count(kind) });
    counts.filter(|told| told.count > 0).collect()
}
