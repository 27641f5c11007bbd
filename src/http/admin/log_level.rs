//! `/admin/log-level`: how much the process says of itself, read with GET and changed with PUT, until it ends.
//!
//! Question and answer have one form, `{"level":"debug"}`. It knows nothing of how logs are written: see `LogLevel`. A body is refused
//! without a word of it, since nobody knows what was sent by mistake. Called by `admin`, behind its guard.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;

use super::{Admin, BODY_BYTES_MAX, problem};

/// A body of some bytes comes with its head, or the client has gone.
const BODY_WAIT: Duration = Duration::from_secs(2);

/// The level of lifetide's own log lines, in the words of `log.level`.
pub trait LogLevel: Send + Sync {
    fn get(&self) -> Result<&'static str, LevelError>;
    /// From now on this level; returns it.
    fn set(&self, level: &str) -> Result<&'static str, LevelError>;
}

/// Why a level was not told or not changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LevelError {
    /// The words there are.
    #[error("level must be one of {0}")]
    Unknown(String),
    /// What decides instead.
    #[error("{0} decides what is logged: start the process without it")]
    Overridden(&'static str),
    #[error("the level cannot be changed: {0}")]
    Failed(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    level: String,
}

pub async fn show(State(admin): State<Arc<Admin>>) -> Response {
    answer(admin.log_level.get())
}

pub async fn change(State(admin): State<Arc<Admin>>, request: Request) -> Response {
    let body = match tokio::time::timeout(BODY_WAIT, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => body,
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return problem(rejection.status(), &format!("a body has {BODY_BYTES_MAX} bytes at most"));
        }
        Ok(Err(_)) => return problem(StatusCode::BAD_REQUEST, "the body ended early"),
        Err(_) => return problem(StatusCode::REQUEST_TIMEOUT, &format!("the body did not come within {} s", BODY_WAIT.as_secs())),
    };
    match serde_json::from_slice::<Change>(&body) {
        Ok(change) => answer(admin.log_level.set(&change.level)),
        Err(_) => problem(StatusCode::BAD_REQUEST, "expected a body such as {\"level\":\"debug\"}"),
    }
}

fn answer(level: Result<&'static str, LevelError>) -> Response {
    match level {
        Ok(level) => ([(header::CONTENT_TYPE, "application/json")], json!({ "level": level }).to_string()).into_response(),
        Err(error) => problem(status(&error), &error.to_string()),
    }
}

fn status(error: &LevelError) -> StatusCode {
    match error {
        LevelError::Unknown(_) => StatusCode::BAD_REQUEST,
        LevelError::Overridden(_) => StatusCode::CONFLICT,
        LevelError::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
