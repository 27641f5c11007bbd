//! The description of the API, made from the very types that are answered: OpenAPI 3.1.
//!
//! `docs/openapi.json` is this text, and a test tells when it is not. Called by `api`, which serves it.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, OpenApi as Described};
use utoipa::{Modify, OpenApi};

use super::customers::Elsewhere;
use super::everywhere::Scope;
use super::live::Picture;
use super::refusals::Guarded;
use super::{customers, economics, figures, live, lookup, process};
use crate::http::problem::Problem;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "lifetide",
        description = "What a running lifetide holds: customers, figures, plays, slots and models, as committed. Questions about customers and \
                       figures need the token of `http.api_token`. Errors have the form of RFC 9457.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact(),
    ),
    servers((url = "/")),
    tags(
        (name = "customers", description = "One customer, or those with one address"),
        (name = "figures", description = "All customers together, and what plays brought"),
        (name = "process", description = "Slots, lag, models"),
    ),
    paths(
        customers::one,
        lookup::by_email,
        figures::aggregates,
        figures::plays,
        economics::all,
        live::live,
        process::slots,
        process::models
    ),
    components(schemas(Problem<'static>, Scope, Elsewhere, Picture)),
    modifiers(&Token, &Guarded),
)]
struct Document;

struct Token;

impl Modify for Token {
    fn modify(&self, described: &mut Described) {
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("the token of `http.api_token`")).build();
        described.components.get_or_insert_with(Components::new).add_security_scheme("api_token", SecurityScheme::Http(token));
    }
}

/// As JSON, to be read by people, too.
pub fn text() -> String {
    let mut text = Document::openapi().to_pretty_json().expect("invariant: a description is texts and numbers");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_description_is_that_of_the_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
        let (committed, described) = (std::fs::read_to_string(path).unwrap_or_default(), super::text());
        if committed != described {
            // of this run alone: another one on the machine may be of other code
            let present = std::env::temp_dir().join(format!("lifetide-openapi-{}.json", std::process::id()));
            std::fs::write(&present, &described).unwrap();
            let line = committed.lines().zip(described.lines()).position(|(a, b)| a != b).map_or(0, |place| place + 1);
            panic!("docs/openapi.json differs from line {line} on: if the change is meant, cp {} docs/openapi.json", present.display());
        }
    }
}
