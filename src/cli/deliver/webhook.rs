//! Signed requests to whoever sends: one POST for each action, connections kept by the client.
//!
//! No redirect is followed: a signed request goes where it was meant to. What fails before the request was written was not received; after
//! that it may have been. Answers are judged by their status alone and their bodies not read. Called by `office`.

use std::io::ErrorKind;
use std::time::Duration;

use ureq::{Agent, Error, Timeout};

use super::carrier::Carrier;
use crate::cli::http_client;
use crate::config::{self, BearerToken};
use crate::deliver::{Outcome, Parcel};

const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// For everything together; well below what a member of the group may stay silent.
const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// A kept connection that the receiver has closed meanwhile leaves a request in doubt; receivers keep them for longer than this.
const KEPT: Duration = Duration::from_secs(2);

pub struct Webhook {
    agent: Agent,
    authorization: Option<BearerToken>,
}

impl Webhook {
    pub fn new(settings: &config::Webhook) -> Webhook {
        let config = http_client::of_services(ANSWER_WAIT)
            .timeout_connect(Some(CONNECT_WAIT))
            .max_idle_age(KEPT)
            .user_agent(concat!("lifetide/", env!("CARGO_PKG_VERSION")))
            .build();
        Webhook { agent: config.new_agent(), authorization: settings.authorization.clone() }
    }
}

impl Carrier for Webhook {
    fn prepare(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn hand_over(&mut self, parcel: &Parcel) -> Outcome {
        let Parcel::Hook(hook) = parcel else { return Outcome::Unreachable("no request".to_owned()) };
        let mut request = self.agent.post(&hook.url);
        for (name, value) in &hook.headers {
            request = request.header(name, value);
        }
        if let Some(token) = &self.authorization {
            request = request.header("authorization", &token.0);
        }
        match request.send(hook.body.as_bytes()) {
            Ok(response) => by_status(response.status().as_u16()),
            Err(error) => by_error(&error),
        }
    }
}

fn by_status(status: u16) -> Outcome {
    let code = format!("http {status}");
    match status {
        200..=299 => Outcome::Sent,
        408 | 425 | 429 | 500..=599 => Outcome::Later(code),
        _ => Outcome::Rejected(code),
    }
}

fn by_error(error: &Error) -> Outcome {
    match error {
        Error::HostNotFound | Error::ConnectionFailed | Error::Tls(_) | Error::NativeTls(_) => {
            Outcome::Unreachable("http connection".to_owned())
        }
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => Outcome::Unreachable("http timeout".to_owned()),
        Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => Outcome::Unreachable("http connection".to_owned()),
        Error::Http(_) | Error::BadUri(_) | Error::RequireHttpsOnly(_) => Outcome::Rejected("http invalid request".to_owned()),
        Error::Timeout(_) => Outcome::Unknown("http timeout".to_owned()),
        _ => Outcome::Unknown("http connection".to_owned()),
    }
}
