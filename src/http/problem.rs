//! What went wrong with a request, in the form of RFC 9457: one shape for every error of the server.
//!
//! The detail is for people and quotes nothing that a client sent but a path. Used by `routes` and `admin`.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

const PROBLEM_TYPE: &str = "application/problem+json";

pub fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("problem");
    let body = json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail });
    (status, [(header::CONTENT_TYPE, PROBLEM_TYPE)], body.to_string()).into_response()
}
