//! The process itself: its slots and how far behind they are, and the value models in force. Nothing of it is about a customer.
//!
//! Open to whoever reaches the server, as metrics are. Called by `api`.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Asked, answer};
use crate::engine::Settings;
use crate::http::slots::SlotLine;

/// The slots of this instance.
#[derive(Serialize, ToSchema)]
pub struct InstanceSlots<'a> {
    instance_id: &'a str,
    slots: Vec<SlotLine>,
    /// Of all instances together: partitions of each input topic.
    slot_count: u32,
}

/// Slots and their lag
#[utoipa::path(
    get,
    path = "/api/slots",
    operation_id = "slots",
    tag = "process",
    responses((status = 200, description = "The slots of this instance", body = InstanceSlots<'static>)),
)]
pub async fn slots(State(shared): Asked) -> Response {
    let api = &shared.api;
    answer(&InstanceSlots { instance_id: &api.instance_id, slots: api.health.slots().all(), slot_count: api.slot_count })
}

/// The value models in force, and what the slots of this instance have been scored with.
#[derive(Serialize, ToSchema)]
pub struct ModelsInForce {
    /// Of the parameter file.
    name: String,
    version: String,
    /// Whether the parameters come from this shop's own customers.
    fitted: bool,
    /// What orders are counted by.
    purchase_model: &'static str,
    /// Currencies whose amounts have a model; in others a customer's own mean stands for one.
    spend_currencies: Vec<String>,
    /// Customers the fit has seen.
    buyers: Option<u64>,
    /// Days between the fit's first and last event.
    history_days: Option<u64>,
    /// What expected orders and values are multiplied by.
    seasonal_factor: Option<f64>,
    /// Whether customers get segments.
    has_segments: bool,
    margin: Option<f64>,
    discount_monthly: f64,
    slots: Vec<ScoredSlot>,
}

#[derive(Serialize, ToSchema)]
struct ScoredSlot {
    slot: u32,
    /// `null` while it is not running.
    scored_with: Option<String>,
}

/// Value models in force
#[utoipa::path(
    get,
    path = "/api/models",
    operation_id = "models",
    tag = "process",
    responses((status = 200, description = "The models", body = ModelsInForce)),
)]
pub async fn models(State(shared): Asked) -> Response {
    let scored = |line: SlotLine| ScoredSlot { slot: line.slot, scored_with: line.size.map(|size| size.scored_with) };
    let slots = shared.api.health.slots().all().into_iter().map(scored).collect();
    answer(&in_force(&(shared.api.settings)(), slots))
}

fn in_force(settings: &Settings, slots: Vec<ScoredSlot>) -> ModelsInForce {
    let (value, parameters) = (&settings.value, &settings.value.parameters);
    ModelsInForce {
        name: parameters.name.clone(),
        version: parameters.version.clone(),
        fitted: parameters.fitted,
        purchase_model: parameters.purchase.name(),
        spend_currencies: parameters.spend.keys().cloned().collect(),
        buyers: parameters.buyers,
        history_days: parameters.history_days,
        seasonal_factor: parameters.seasonal_factor(),
        has_segments: parameters.rfm.is_some(),
        margin: value.margin,
        discount_monthly: value.horizon.discount_monthly,
        slots,
    }
}
