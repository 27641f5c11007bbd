//! What the HTTP API reaches in a running process: its committed state, the settings in force, the rule by which keys go to slots, and who owns
//! the other slots. It answers nothing itself. Called by `process`.

use std::sync::Arc;

use super::owners::GroupOwners;
use super::process::Shared;
use crate::config::{Config, Partitioner, TimeMode};
use crate::http::{Api, Guard};
use crate::worker::partition_of;

/// What is guarded, and the key that has the token.
const GUARDED: (&str, &str) = ("questions about customers and figures", "http.api_token");

/// By the token of the configuration.
pub fn guard(config: &Config) -> Guard {
    let token = config.http.api_token.as_ref().map(|token| token.0.as_str());
    let tell = |requests| tracing::warn!(requests, "questions to the API refused: no token or a wrong one");
    Guard::new(GUARDED.0, GUARDED.1, token, Box::new(tell))
}

/// Everybody may ask: of a shop that is made up.
pub fn open_guard() -> Guard {
    Guard::open(GUARDED.0, GUARDED.1)
}

pub(super) fn api(shared: &Shared, guard: Guard) -> Api {
    let (config, slots) = (&shared.config, shared.slots);
    let is_murmur2 = config.input.partitioner == Partitioner::Murmur2;
    let (own, in_force) = (Arc::new(config.engine.clone()), shared.in_force.clone());
    Api {
        guard,
        instance_id: config.instance_id.clone(),
        committed: shared.committed.clone(),
        health: shared.health.clone(),
        slot_count: slots,
        slot_of: Box::new(move |key| is_murmur2.then(|| partition_of(key.as_bytes(), slots))),
        owners: Box::new(GroupOwners::new(&shared.settings, config.http.api_token.clone())),
        settings: Box::new(move || in_force.newer_than(0).map_or_else(|| own.clone(), |(_, newest)| newest.settings)),
        is_event_time: config.time.mode == TimeMode::Event,
    }
}
