//! Admin actions: requests that change the process while it runs, and the one guard they all pass.
//!
//! Whoever asks for anything below `/admin/`, be it there or not, must bring the token of `http.admin_token`:
//!   403  no token is configured, so admin actions are off
//!   401  no token came with the request, or a wrong one
//! Nothing of a request is read before that but its head, and nothing of the token is in an answer or told to `tell_refusals`.
//! What the actions do is not known here: `cli` hands in what they need. Called by `routes`.

mod log_level;
mod refusals;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::problem::problem;
use crate::clock;
use refusals::Refusals;
use token::Token;

pub use log_level::{LevelError, LogLevel};

/// An admin action is a few words; nobody gets memory for more.
const BODY_BYTES_MAX: usize = 1024;

/// Where admin actions live.
const PREFIX: &str = "/admin";

/// Who may ask for admin actions, and what these reach in the rest of the process.
pub struct Admin {
    token: Option<Token>,
    log_level: Box<dyn LogLevel>,
    refusals: Refusals,
    tell_refusals: Box<dyn Fn(u64) + Send + Sync>,
}

impl Admin {
    /// Without a token, admin actions are off. `tell_refusals` is called about once a minute and for every thousand, with the number of requests
    /// that brought no token or a wrong one since the call before.
    pub fn new(token: Option<&str>, log_level: Box<dyn LogLevel>, tell_refusals: Box<dyn Fn(u64) + Send + Sync>) -> Admin {
        Admin { token: token.map(Token::new), log_level, refusals: Refusals::default(), tell_refusals }
    }

    /// `None` for who may go on.
    fn refusal(&self, headers: &HeaderMap) -> Option<Response> {
        let Some(token) = &self.token else {
            return Some(problem(StatusCode::FORBIDDEN, "admin actions are off: http.admin_token turns them on"));
        };
        if bearer(headers).is_some_and(|given| token.is(given)) {
            return None;
        }
        if let Some(requests) = self.refusals.count(clock::monotonic_ms()) {
            (self.tell_refusals)(requests);
        }
        let detail = "admin actions need the header `Authorization: Bearer` with the token of http.admin_token";
        Some(([(header::WWW_AUTHENTICATE, "Bearer")], problem(StatusCode::UNAUTHORIZED, detail)).into_response())
    }
}

/// What is said to be the token. Of two such headers neither counts: they may have been read differently on the way here.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(only), None) = (given.next(), given.next()) else {
        return None;
    };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
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
    match is_admin.then(|| admin.refusal(request.headers())).flatten() {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}
