//! The guard before what not everybody may ask: one token for each kind of question.
//!
//!   403  no token is configured, so these questions are off
//!   401  no token came with the request, or a wrong one
//! Nothing of a request is read before that but its head, and nothing of the token is in an answer or told to `tell_refusals`. Called by
//! `admin` and `api`.

mod refusals;
mod token;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::problem::problem;
use crate::clock;
use refusals::Refusals;
use token::Token;

/// Who may ask.
enum Who {
    Nobody,
    Bearer(Token),
    Everybody,
}

pub struct Guard {
    who: Who,
    /// What is guarded, in the plural.
    what: &'static str,
    /// The key of the configuration that has the token.
    key: &'static str,
    refusals: Refusals,
    tell_refusals: Box<dyn Fn(u64) + Send + Sync>,
}

impl Guard {
    /// Without a token, nobody may ask. `tell_refusals` is called about once a minute and for every thousand, with the number of requests
    /// that brought no token or a wrong one since the call before.
    pub fn new(what: &'static str, key: &'static str, token: Option<&str>, tell_refusals: Box<dyn Fn(u64) + Send + Sync>) -> Guard {
        let who = token.map_or(Who::Nobody, |token| Who::Bearer(Token::new(token)));
        Guard { who, what, key, refusals: Refusals::default(), tell_refusals }
    }

    /// Lets everybody in: of what is made up.
    pub fn open(what: &'static str, key: &'static str) -> Guard {
        Guard { who: Who::Everybody, what, key, refusals: Refusals::default(), tell_refusals: Box::new(|_| ()) }
    }

    /// `None` for who may go on.
    pub fn refusal(&self, headers: &HeaderMap) -> Option<Response> {
        let token = match &self.who {
            Who::Everybody => return None,
            Who::Nobody => return Some(problem(StatusCode::FORBIDDEN, &format!("{} are off: {} turns them on", self.what, self.key))),
            Who::Bearer(token) => token,
        };
        if bearer(headers).is_some_and(|given| token.is(given)) {
            return None;
        }
        if let Some(requests) = self.refusals.count(clock::monotonic_ms()) {
            (self.tell_refusals)(requests);
        }
        let detail = format!("{} need the header `Authorization: Bearer` with the token of {}", self.what, self.key);
        Some(([(header::WWW_AUTHENTICATE, "Bearer")], problem(StatusCode::UNAUTHORIZED, &detail)).into_response())
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
