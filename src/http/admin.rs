//! Admin actions: requests that change the process while it runs, behind one guard.
//!
//! Whoever asks for anything below `/admin/`, be it there or not, must bring the token of `http.admin_token`: see `access`.
//! What the actions do is not known here: `cli` hands in what they need. Called by `routes`.

mod log_level;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;

use super::access::Guard;
use super::problem::problem;

pub use log_level::{LevelError, LogLevel};

/// An admin action is a few words; nobody gets memory for more.
const BODY_BYTES_MAX: usize = 1024;

/// Where admin actions live.
const PREFIX: &str = "/admin";

/// Who may ask for admin actions, and what these reach in the rest of the process.
pub struct Admin {
    guard: Guard,
    log_level: Box<dyn LogLevel>,
}

impl Admin {
    /// Without a token, admin actions are off. For `tell_refusals` see `Guard`.
    pub fn new(token: Option<&str>, log_level: Box<dyn LogLevel>, tell_refusals: Box<dyn Fn(u64) + Send + Sync>) -> Admin {
        Admin { guard: Guard::new("admin actions", "http.admin_token", token, tell_refusals), log_level }
    }
}

/// Adds the admin actions to the other routes, and puts the guard before all of them: it goes by the path alone, so that no route below
/// `PREFIX` can be added beside it.
pub fn with_admin(routes: Router, admin: Admin) -> Router {
    let admin = Arc::new(admin);
    let actions = Router::new()
        .route("/admin/log-level", get(log_level::show).put(log_level::change))
        .method_not_allowed_fallback(async || problem(StatusCode::METHOD_NOT_ALLOWED, "only GET, HEAD and PUT are answered here"))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Arc::clone(&admin));
    routes.merge(actions).layer(middleware::from_fn_with_state(admin, guard))
}

async fn guard(State(admin): State<Arc<Admin>>, request: Request, next: Next) -> Response {
    let is_admin = request.uri().path().strip_prefix(PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    match is_admin.then(|| admin.guard.refusal(request.headers())).flatten() {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}
