//! One customer by id: everything held, their value, what each play has in mind for them, what they have been, and what was decided last.
//!
//! The row is copied under the lock and told outside of it. Where the customer's slot is another instance's, the answer is where to ask, or,
//! for whoever cannot go there, what that one answers; where nobody serves it just now, that it will be served. Called by `api`.

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::refusals::OfCustomer;
use super::{Api, Asked, Owner, Shared, json, problem, unavailable};
use crate::engine::{self, Portrait};
use crate::http::slots::SlotPhase;

type AskedId = Result<Path<String>, PathRejection>;
type AskedOfAnother = Result<Query<OfAnother>, QueryRejection>;

const NO_SUCH_QUESTION: &str = "a customer's id is UTF-8, percent-encoded; elsewhere is redirect or ask";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfAnother {
    /// Of a customer whom another instance has: where to ask it, or what it answers.
    #[param(default = "redirect")]
    elsewhere: Option<Elsewhere>,
}

#[derive(Deserialize, Clone, Copy, Default, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Elsewhere {
    #[default]
    Redirect,
    /// For pages, which may not go there.
    Ask,
}

/// One customer
///
/// All that is held, the value with its inputs, the open cart, and every play with what it waits for and the reasons why it would not
/// mail. `held.stage_history` tells the stages so far, `held.decisions` the last decisions with their reasons. Of an id that has become another one, `held.ties.moved_to` names that one. Redirects to the instance that has the customer, where
/// instances advertise their addresses, or asks it.
#[utoipa::path(
    get,
    path = "/api/customers/{customer_id}",
    operation_id = "customer",
    tag = "customers",
    params(("customer_id" = String, Path, min_length = 1, description = "The key of the customer's events"), OfAnother),
    responses(
        (status = 200, description = "The customer", body = Portrait<'static>, content_type = "application/json"),
        OfCustomer,
    ),
    security(("api_token" = [])),
)]
pub async fn one(State(shared): Asked, OriginalUri(uri): OriginalUri, id: AskedId, of_another: AskedOfAnother) -> Response {
    let (Ok(Path(id)), Ok(Query(OfAnother { elsewhere }))) = (id, of_another) else {
        return problem(StatusCode::BAD_REQUEST, NO_SUCH_QUESTION);
    };
    let api = &shared.api;
    if let Some((slot, row)) = find(api, &id) {
        return match engine::portrait(&id, slot, &row, &(api.settings)(), api.at_ms()) {
            Ok(text) => json(text),
            Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, &format!("the customer's row cannot be read: {error}")),
        };
    }
    missing(&shared, &id, &uri, elsewhere.unwrap_or_default()).await
}

/// Of a customer who is not here.
async fn missing(shared: &Arc<Shared>, id: &str, uri: &Uri, wanted: Elsewhere) -> Response {
    let api = &shared.api;
    let Some(slot) = (api.slot_of)(id) else {
        return not_here(api);
    };
    if api.committed.holds(slot) {
        return nothing_held();
    }
    if let Some(phase) = api.health.slots().phase(slot) {
        let why = if phase == SlotPhase::Full { "not served: state.max_bytes is used up" } else { "being restored" };
        return unavailable(&format!("slot {slot} of this customer is {why}"));
    }
    let (path, place) = (uri.path().to_owned(), uri.path_and_query().map_or_else(String::new, ToString::to_string));
    let look = move |api: &Api| match (api.owners.owner_of(slot), wanted) {
        (Owner::At(address), Elsewhere::Ask) => answer_of(api, &address, &path, slot),
        (Owner::At(address), Elsewhere::Redirect) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, format!("{address}{place}"))]).into_response()
        }
        (Owner::Ourselves, _) => unavailable(&format!("slot {slot} of this customer is on its way to this instance")),
        (Owner::Unknown(why), _) => unavailable(&format!("slot {slot} of this customer is not here: {why}")),
    };
    shared.look(look).await
}

/// What the instance that has the customer answers. It is asked for no other's answer, so that a question goes one way at most.
fn answer_of(api: &Api, address: &str, path: &str, slot: u32) -> Response {
    match api.owners.ask(address, path, &[]) {
        Ok((200, text)) => json(text),
        Ok((404, _)) => nothing_held(),
        Ok((status, _)) => unavailable(&format!("slot {slot} of this customer is at {address}, which answers with status {status}")),
        Err(why) => unavailable(&format!("slot {slot} of this customer is at {address}, which does not answer: {why}")),
    }
}

fn find(api: &Api, id: &str) -> Option<(u32, Vec<u8>)> {
    let hash = engine::hash_of(id);
    let row = |slot: u32| Some((slot, api.committed.with_row(slot, hash, id, <[u8]>::to_vec)?));
    match (api.slot_of)(id) {
        Some(slot) => row(slot),
        None => api.held().into_iter().find_map(row),
    }
}

fn nothing_held() -> Response {
    problem(StatusCode::NOT_FOUND, "nothing is held about this customer")
}

/// Of a customer who is in none of the slots here, where nobody can say in which slot they would be.
fn not_here(api: &Api) -> Response {
    if api.held().len() == api.slot_count as usize {
        return nothing_held();
    }
    unavailable("the customer is in none of the slots of this instance, and producers partition by a rule of their own: ask the others")
}
