//! What is answered:
//!   /         the live page: see `page`
//!   /metrics  Prometheus text format 0.0.4
//!   /livez    200 while every worker goes through its loop, else 503 and which does not: restart me
//!   /readyz   200 when everything written has been read, else 503 and why: do not count on me yet
//!   /api/     customers, figures, plays, slots and models: see `api`
//!   /admin/   actions that change the process, for those who have the token: see `admin`
//! Whatever else is asked is a problem in the form of RFC 9457. Nothing here depends on Kafka being there. Called by `Server`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::admin::{self, Admin};
use super::api::{self, Api};
use super::health::Health;
use super::page;
use super::problem::problem;
use crate::clock;
use crate::metrics::Metrics;

const EXPOSITION_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
const TEXT_TYPE: &str = "text/plain; charset=utf-8";

#[derive(Clone)]
struct Shared {
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    /// `None`: there are no customers here.
    api: Option<Arc<api::Shared>>,
}

pub fn router(metrics: Arc<Metrics>, health: Arc<Health>, api: Api, admin: Admin) -> Router {
    let api = api::Shared::new(api);
    let watched = watched(Shared { metrics, health, api: Some(Arc::clone(&api)) });
    admin::with_admin(with_problems(watched.merge(page::routes()).merge(api::routes(api))), admin)
}

/// Metrics and health alone.
pub fn probes(metrics: Arc<Metrics>, health: Arc<Health>) -> Router {
    with_problems(watched(Shared { metrics, health, api: None }))
}

fn watched(shared: Shared) -> Router {
    Router::new().route("/metrics", get(exposition)).route("/livez", get(live)).route("/readyz", get(ready)).with_state(shared)
}

fn with_problems(routes: Router) -> Router {
    routes
        .fallback(async |uri: Uri| problem(StatusCode::NOT_FOUND, &format!("there is nothing at {}", uri.path())))
        .method_not_allowed_fallback(async || problem(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered"))
}

async fn exposition(State(shared): State<Shared>) -> Response {
    let alive = shared.health.alive(clock::monotonic_ms());
    shared.metrics.set_workers_alive(alive as u64);
    shared.metrics.set_state(shared.health.state());
    // a look at all regions takes a while, and whoever asks for the state of health shall not wait for it
    if let Some(api) = shared.api
        && let Ok(figures) = tokio::task::spawn_blocking(move || api.figures()).await
    {
        shared.metrics.set_figures(&figures);
    }
    ([(header::CONTENT_TYPE, EXPOSITION_TYPE)], shared.metrics.exposition()).into_response()
}

async fn live(State(shared): State<Shared>) -> Response {
    probe("alive", &shared.health.stuck(clock::monotonic_ms()))
}

async fn ready(State(shared): State<Shared>) -> Response {
    probe("ready", &shared.health.hindrances())
}

pub fn probe(good: &str, complaints: &[String]) -> Response {
    if complaints.is_empty() {
        return text(StatusCode::OK, format!("{good}\n"));
    }
    text(StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", complaints.join("\n")))
}

fn text(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, TEXT_TYPE)], body).into_response()
}
