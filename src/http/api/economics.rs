//! What customers cost and are worth, over the slots of all instances: ratios of figures, taken last.
//!
//! The sums and ratios are the engine's. Called by `api`.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::everywhere::{Wanted, gather};
use super::figures::{raw, unwritable};
use super::refusals::Busy;
use super::{Api, Asked, answer};
use crate::engine::{ECONOMICS_CELLS, EconomicsRecord, economics, economics_row};

/// What customers cost and are worth, added over the slots named.
#[derive(Serialize, ToSchema)]
pub struct Economics {
    slots: BTreeSet<u32>,
    /// Of all instances together.
    slot_count: u32,
    /// Why slots are missing.
    missing: Vec<String>,
    /// In order of what they are told by.
    #[schema(value_type = Vec<EconomicsRecord>)]
    rows: Vec<Box<RawValue>>,
}

/// What customers cost and are worth
///
/// Cost of winning a customer, CLV:CAC, the most that winning one may cost, the value of a lead: by channel, by month of the first order, by all
/// that costs are told by; and the cost of serving a customer by salesperson. As `lifetide report --about economics` shows it.
#[utoipa::path(
    get,
    path = "/api/economics",
    operation_id = "economics",
    tag = "figures",
    responses(
        (status = 200, description = "The figures", body = Economics),
        Busy,
    ),
    security(("api_token" = [])),
)]
pub async fn all(State(shared): Asked) -> Response {
    shared.look(told).await
}

fn told(api: &Api) -> Response {
    let gathered = gather(api, &Wanted { names: &ECONOMICS_CELLS, after: "", limit: None });
    let rows = economics(&gathered.totals.values(), &(api.settings)());
    match raw(rows.iter().map(economics_row)) {
        Ok(rows) => answer(&Economics { slots: gathered.slots, slot_count: api.slot_count, missing: gathered.missing, rows }),
        Err(error) => unwritable(&error),
    }
}
