//! The API: questions about customers, figures, plays, slots and models, answered from committed state.
//!
//! It locks one region of rows for one look and never waits for a worker. What says anything of the shop (customers, figures, plays) needs the
//! token of `http.api_token`; slots, models and the description of it all are open, as metrics are. Looks that go over many regions run on
//! threads of their own, a few at a time. What a row means is the engine's. Called by `routes`.

mod customers;
mod document;
mod economics;
mod everywhere;
mod figures;
mod gauges;
mod live;
mod lookup;
mod process;
mod refusals;
mod spread;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::access::Guard;
use super::health::Health;
use super::problem::problem;
use crate::engine::{Committed, Settings};
use crate::metrics::FigureReport;
use live::Live;

pub use document::text as openapi;

/// Looks over many regions, or at the group, at one time; more are refused, and may ask again.
pub const LOOKS_MAX: usize = 4;

/// What is known of who owns a slot that is not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Another instance, at this address (`http://host:port`).
    At(String),
    /// This very process, which does not serve it yet.
    Ourselves,
    /// Why.
    Unknown(String),
}

/// Who owns the slots that are not here.
pub trait Owners: Send + Sync {
    /// May wait for the group's coordinator, so it is asked on a thread that may.
    fn owner_of(&self, slot: u32) -> Owner;

    /// Where the other instances answer that have slots; an error says why nobody can be asked. May wait as well.
    fn others(&self) -> Result<Vec<String>, String>;

    /// What another instance answers to a GET with our token, status and body; else why it does not. Waits, for a bounded time.
    fn ask(&self, address: &str, path: &str, query: &[(&str, &str)]) -> Result<(u16, String), String>;
}

/// From a key to its slot.
pub type SlotOf = dyn Fn(&str) -> Option<u32> + Send + Sync;

/// What the API reaches in the rest of the process.
pub struct Api {
    pub guard: Guard,
    /// Of this instance.
    pub instance_id: String,
    pub committed: Arc<Committed>,
    pub health: Arc<Health>,
    /// Partitions of each input topic.
    pub slot_count: u32,
    /// The slot a customer's key lies in; `None`: producers partition by a rule of their own.
    pub slot_of: Box<SlotOf>,
    pub owners: Box<dyn Owners>,
    /// In force.
    pub settings: Box<dyn Fn() -> Arc<Settings> + Send + Sync>,
    /// Time stands still without events: customers are told as of their own now.
    pub is_event_time: bool,
}

pub struct Shared {
    api: Api,
    looks: Arc<Semaphore>,
    /// Those for other instances: were they among the others, instances could wait for each other in a circle.
    looks_for_others: Arc<Semaphore>,
    live: Live,
}

type Asked = State<Arc<Shared>>;

/// The routes below `/api/`.
pub fn routes(shared: Arc<Shared>) -> Router {
    let guarded = Router::new()
        .route("/api/customers", get(lookup::by_email))
        .route("/api/customers/{customer_id}", get(customers::one))
        .route("/api/aggregates", get(figures::aggregates))
        .route("/api/plays", get(figures::plays))
        .route("/api/economics", get(economics::all))
        .route("/api/live", get(live::live))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&shared), guard));
    let document = document::text();
    Router::new()
        .route("/api/openapi.json", get(async || json(document)))
        .route("/api/slots", get(process::slots))
        .route("/api/models", get(process::models))
        .merge(guarded)
        .layer(middleware::map_response(uncached))
        .with_state(shared)
}

async fn guard(State(shared): Asked, request: Request, next: Next) -> Response {
    match shared.api.guard.refusal(request.headers()) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

/// Every answer is about this moment, and some are about persons.
async fn uncached(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}

fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

fn answer(value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => json(text),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, &format!("the answer cannot be written: {error}")),
    }
}

/// Cannot be answered now; ask again in a moment.
fn unavailable(detail: &str) -> Response {
    ([(header::RETRY_AFTER, "1")], problem(StatusCode::SERVICE_UNAVAILABLE, detail)).into_response()
}

impl Shared {
    pub fn new(api: Api) -> Arc<Shared> {
        let semaphore = || Arc::new(Semaphore::new(LOOKS_MAX));
        Arc::new(Shared { api, looks: semaphore(), looks_for_others: semaphore(), live: Live::default() })
    }

    /// Some of the figures, as metrics.
    pub fn figures(&self) -> FigureReport {
        gauges::report(&self.api)
    }

    /// Answers what takes a while.
    async fn look(self: &Arc<Shared>, look: impl FnOnce(&Api) -> Response + Send + 'static) -> Response {
        self.run(|shared| look(&shared.api)).await.unwrap_or_else(|refusal| refusal)
    }

    /// Answers another instance.
    async fn look_for_another(self: &Arc<Shared>, look: impl FnOnce(&Api) -> Response + Send + 'static) -> Response {
        self.run_under(&self.looks_for_others, |shared| look(&shared.api)).await.unwrap_or_else(|refusal| refusal)
    }

    /// Runs what takes a while on a thread that may; an error is the answer to whoever asked.
    async fn run<T: Send + 'static>(self: &Arc<Shared>, look: impl FnOnce(&Shared) -> T + Send + 'static) -> Result<T, Response> {
        self.run_under(&self.looks, look).await
    }

    async fn run_under<T: Send + 'static>(
        self: &Arc<Shared>,
        looks: &Arc<Semaphore>,
        look: impl FnOnce(&Shared) -> T + Send + 'static,
    ) -> Result<T, Response> {
        let Ok(permit) = Arc::clone(looks).try_acquire_owned() else {
            return Err(unavailable("as many questions of this kind as are answered at one time are being answered"));
        };
        let shared = Arc::clone(self);
        // the look goes on when its client has gone, and counts for as long
        let counted = move || {
            let _permit = permit;
            look(&shared)
        };
        let broken = "a broken invariant ended the question; this is a defect of lifetide";
        tokio::task::spawn_blocking(counted).await.map_err(|_| problem(StatusCode::INTERNAL_SERVER_ERROR, broken))
    }
}

impl Api {
    /// The slots whose rows are all here.
    fn held(&self) -> BTreeSet<u32> {
        self.committed.slots()
    }

    /// As of when customers are told; an earlier moment than their own now means that one.
    fn at_ms(&self) -> i64 {
        if self.is_event_time { i64::MIN } else { crate::clock::wall_ms() }
    }
}
