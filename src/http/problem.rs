//! What went wrong with a request, in the form of RFC 9457: one shape for every error of the server.
//!
//! The detail is for people and quotes nothing that a client sent but a path. Used by everything that answers.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

pub const PROBLEM_TYPE: &str = "application/problem+json";

/// RFC 9457.
#[derive(Serialize, ToSchema)]
pub struct Problem<'a> {
    /// `about:blank`: the status says what kind it is.
    r#type: &'static str,
    title: &'static str,
    status: u16,
    /// For people.
    detail: &'a str,
}

pub fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("problem");
    let body = Problem { r#type: "about:blank", title, status: status.as_u16(), detail };
    let text = serde_json::to_string(&body).expect("invariant: texts and numbers have a JSON form");
    (status, [(header::CONTENT_TYPE, PROBLEM_TYPE)], text).into_response()
}
