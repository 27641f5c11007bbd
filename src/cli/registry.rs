//! The schema registry: `run` tells it the schemas of the outputs before the first record, and learns the ids that records begin with.
//!
//! A schema that is there already keeps its id, so every process and every start learns the same. What the registry does not take, mostly a
//! schema that does not go with the former ones, ends the start. It never changes what a registry demands. Called by `run`.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;
use ureq::Agent;

use super::exit::CommandError;
use super::http_client;
use super::schema::Name;
use crate::avro::{AvroError, Encoder};
use crate::config::{Config, SchemaRegistry};
use crate::kafka::Encoders;
use crate::worker::transaction::OutputTopic;

/// For each answer: a registry reads its schemas from memory.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// An id, or what is wrong with a schema.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
const CONTENT_TYPE: &str = "application/vnd.schemaregistry.v1+json";

const TOPICS: [(Name, OutputTopic); 4] = [
    (Name::Transitions, OutputTopic::Transitions),
    (Name::Clv, OutputTopic::Clv),
    (Name::Actions, OutputTopic::Actions),
    (Name::Aggregates, OutputTopic::Aggregates),
];

#[derive(Debug, Error)]
pub enum RegistryError {
    #[error("the schema registry at {address} cannot be asked: {why}")]
    Unreachable { address: String, why: String },
    #[error("the schema registry refuses {subject} ({status}): {answer}")]
    Refused { subject: String, status: u16, answer: String },
    #[error("the schema registry gives no id for {subject}: {answer}")]
    NoId { subject: String, answer: String },
    #[error("the schema of {subject} is none: {why}")]
    Schema { subject: String, why: AvroError },
}

#[derive(Deserialize)]
struct Registered {
    id: u32,
}

/// Of the outputs that the configuration wants as Avro.
pub fn encoders(config: &Config) -> Result<Encoders, CommandError> {
    let Some(registry) = &config.output.registry else { return Ok(Encoders::default()) };
    let agent = http_client::of_services(ANSWER_WAIT).build().new_agent();
    let mut encoders = Vec::new();
    for (name, topic) in TOPICS {
        let Some(schema) = name.avro() else { continue };
        let subject = format!("{}-value", config.output.topic(name.as_str()));
        let encoder = register(&agent, registry, &subject, &schema).map_err(|error| CommandError::Failed(error.to_string()))?;
        encoders.push((topic, encoder));
    }
    Ok(Arc::from(encoders))
}

fn register(agent: &Agent, registry: &SchemaRegistry, subject: &str, schema: &Value) -> Result<Encoder, RegistryError> {
    let SchemaRegistry { address, login } = registry;
    let mut request = agent.post(format!("{address}/subjects/{subject}/versions")).header("content-type", CONTENT_TYPE);
    if let Some(login) = login {
        request = request.header("authorization", format!("Basic {}", BASE64_STANDARD.encode(&login.0)));
    }
    let body = json!({ "schema": schema.to_string() }).to_string();
    let unreachable = |error: ureq::Error| RegistryError::Unreachable { address: address.clone(), why: error.to_string() };
    let mut response = request.send(body).map_err(unreachable)?;
    let answer = http_client::text(&mut response, ANSWER_BYTES_MAX).map_err(unreachable)?;
    let subject = subject.to_owned();
    if !response.status().is_success() {
        return Err(RegistryError::Refused { subject, status: response.status().as_u16(), answer });
    }
    let Ok(Registered { id }) = serde_json::from_str(&answer) else { return Err(RegistryError::NoId { subject, answer }) };
    tracing::info!(subject, id, "the schema is registered");
    Encoder::new(schema, id).map_err(|why| RegistryError::Schema { subject, why })
}
