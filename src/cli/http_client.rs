//! How this program asks others over HTTP: its own instances, and services of other people. What both have in common stands here once.
//!
//! It sends nothing and judges no answer. Called by `health`, `owners`, `top`, `registry` and `deliver`.

use std::time::Duration;

use ureq::config::ConfigBuilder;
use ureq::http::Response;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::typestate::AgentScope;
use ureq::{Agent, Body, Error};

/// Of instances of lifetide: whatever proxy others are asked through, these are not, for a token is for nobody in between.
pub fn of_instances(answer_wait: Duration) -> ConfigBuilder<AgentScope> {
    Agent::config_builder().timeout_global(Some(answer_wait)).proxy(None)
}

/// Of services: by the certificates the machine trusts, with every status as an answer, and never sent on to elsewhere.
pub fn of_services(answer_wait: Duration) -> ConfigBuilder<AgentScope> {
    let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(RootCerts::PlatformVerifier).build();
    Agent::config_builder().tls_config(tls).http_status_as_error(false).max_redirects(0).timeout_global(Some(answer_wait))
}

/// The body as text; one of more bytes is an error.
pub fn text(response: &mut Response<Body>, bytes_max: u64) -> Result<String, Error> {
    response.body_mut().with_config().limit(bytes_max).read_to_string()
}
