//! What the HTTP API reaches in a running process: its committed state, the models in force, the rule by which keys go to slots, and who owns
//! the other slots. It answers nothing itself. Called by `process`.

use std::sync::Arc;

use super::owners::GroupOwners;
use crate::config::{Config, Partitioner, TimeMode};
use crate::engine::Committed;
use crate::http::{Api, Decisions, Guard, Health};
use crate::kafka;
use crate::worker::{Models, partition_of};

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

/// `slots`: partitions of each input topic.
#[allow(clippy::too_many_arguments, reason = "the parts of a process, each shared with others")]
pub fn api(
    config: &Config,
    settings: &kafka::Settings,
    slots: u32,
    guard: Guard,
    committed: &Arc<Committed>,
    health: &Arc<Health>,
    models: &Arc<Models>,
    decisions: &Arc<Decisions>,
) -> Api {
    let is_murmur2 = config.input.partitioner == Partitioner::Murmur2;
    let (own, models) = (Arc::new(config.engine.clone()), models.clone());
    Api {
        guard,
        instance_id: config.instance_id.clone(),
        committed: committed.clone(),
        health: health.clone(),
        slot_count: slots,
        slot_of: Box::new(move |key| is_murmur2.then(|| partition_of(key.as_bytes(), slots))),
        owners: Box::new(GroupOwners::new(settings, config.http.api_token.clone())),
        decisions: decisions.clone(),
        settings: Box::new(move || models.newer_than(0).map_or_else(|| own.clone(), |(_, newest)| newest)),
        is_event_time: config.time.mode == TimeMode::Event,
    }
}
