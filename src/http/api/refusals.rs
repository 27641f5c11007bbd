//! How questions are refused, as the description tells it: each kind of question once, and the token once for all that need it.
//!
//! It refuses nothing itself: `access` and the questions do. Called by `document` and by what describes a question.

use std::collections::BTreeMap;

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::{Content, Header, OpenApi as Described, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, Modify};

use crate::http::problem::PROBLEM_TYPE;

type Refusals = BTreeMap<String, RefOr<Response>>;

/// Of questions about one customer.
pub struct OfCustomer;

impl IntoResponses for OfCustomer {
    fn responses() -> Refusals {
        let place = HeaderBuilder::new().schema(Header::default().schema).description(Some("Where to ask")).build();
        let elsewhere = ResponseBuilder::new().description("Another instance has the customer").header("location", place).build();
        let refusals = [(400, "The id is no text"), (404, "Nothing is held"), (503, "Nobody known serves the customer just now")];
        refusals.map(refusal).into_iter().chain([("307".to_owned(), elsewhere.into())]).collect()
    }
}

/// Of questions with parameters.
pub struct NoSuchQuestion;

impl IntoResponses for NoSuchQuestion {
    fn responses() -> Refusals {
        [(400, "No such question")].map(refusal).into()
    }
}

/// Of questions that go over many regions.
pub struct Busy;

impl IntoResponses for Busy {
    fn responses() -> Refusals {
        [(503, "Too many questions at one time")].map(refusal).into()
    }
}

fn refusal((status, why): (u16, &str)) -> (String, RefOr<Response>) {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let mut response = ResponseBuilder::new().description(why).content(PROBLEM_TYPE, content);
    if status == 503 {
        response = response.header("retry-after", Header::default());
    }
    (status.to_string(), response.build().into())
}

/// Whatever needs the token is refused without it.
pub struct Guarded;

impl Modify for Guarded {
    fn modify(&self, described: &mut Described) {
        let operations = described.paths.paths.values_mut().filter_map(|path| path.get.as_mut());
        for operation in operations.filter(|operation| operation.security.is_some()) {
            operation.responses.responses.extend([(401, "No token, or a wrong one"), (403, "No token is configured")].map(refusal));
        }
    }
}
