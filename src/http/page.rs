//! The live page: files that a browser shows, nothing else. What it shows it asks of the API, with the token where one is needed.
//!
//! No build step and nothing fetched from elsewhere: the files beside this one are the page, uPlot (MIT, `uplot.LICENSE`) among them. Called by
//! `routes`.

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// Nothing of anybody else is loaded or asked, and nobody frames the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Path, type and text.
const FILES: [(&str, &str, &str); 6] = [
    ("/", HTML, include_str!("page/index.html")),
    ("/page/style.css", CSS, include_str!("page/style.css")),
    ("/page/live.js", SCRIPT, include_str!("page/live.js")),
    ("/page/customer.js", SCRIPT, include_str!("page/customer.js")),
    ("/page/uplot.css", CSS, include_str!("page/uplot.css")),
    ("/page/uplot.js", SCRIPT, include_str!("page/uplot.js")),
];

pub fn routes() -> Router {
    FILES.into_iter().fold(Router::new(), |routes, (path, kind, text)| routes.route(path, get(async move || file(kind, text))))
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // another version of the program may be another page
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}
