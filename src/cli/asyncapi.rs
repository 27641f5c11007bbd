//! The topics as a contract: an AsyncAPI 3 document with their names, keys, headers and settings, and the schemas of what they carry.
//!
//! Names and settings are those that `topics plan` shows for the shipped configuration, so the two cannot disagree; the schemas lie beside
//! the document, in `docs/schemas`. Called by `schema`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::deliver::TOPIC as DELIVERIES;
use super::rules::kafka_settings;
use super::schema::Name;
use crate::config::{Config, ConfigError, Sources};
use crate::kafka::topics::{self, TopicFacts, TopicPlan};

/// Of AsyncAPI's bindings for Kafka.
const BINDING: &str = "0.5.0";
/// Shown for nobody's cluster in particular: all slots' topics have as many partitions as the inputs.
const ANY_PARTITIONS: u32 = 1;
const HEADERS: &str = "OutputHeaders";

/// A topic's part in the contract.
struct Part {
    /// Last part of an output's name; an input has none.
    name: &'static str,
    what: &'static str,
    key: &'static str,
    /// `None`: internal, and nobody else's to read.
    value: Option<Name>,
}

const OUTPUTS: [Part; 9] = [
    Part {
        name: "transitions",
        what: "Changes of stage, segment, value band, tier and of the latest order's place.",
        key: "the customer's id",
        value: Some(Name::Transitions),
    },
    Part {
        name: "clv",
        what: "The value of a customer: of each key the latest counts. A tombstone: the customer was erased or is another one now.",
        key: "the customer's id",
        value: Some(Name::Clv),
    },
    Part { name: "actions", what: "What plays decided: send, cancel, suppressed.", key: "the customer's id", value: Some(Name::Actions) },
    Part {
        name: "aggregates",
        what: "Figures over all customers of a slot: of each key the latest counts, and slots are added up.",
        key: "name|dims|window_start|slot",
        value: Some(Name::Aggregates),
    },
    Part {
        name: "dlq",
        what: "What was refused: key and value untouched, the record's own headers, and behind them the reason.",
        key: "the refused record's own",
        value: Some(Name::Dlq),
    },
    Part {
        name: "deliveries",
        what: "What `deliver` has done about an action, before and after each attempt: of each key the latest counts. A tombstone: the action has \
               expired a week ago.",
        key: "the action's id",
        value: Some(Name::Deliveries),
    },
    Part { name: "changelog", what: "Internal: the state.", key: "internal", value: None },
    Part { name: "relay", what: "Internal: what customers mean for each other.", key: "the customer it is for", value: None },
    Part { name: "models", what: "Internal: the value models in force. One partition.", key: "internal", value: None },
];

/// The document, for the shipped configuration.
pub fn document() -> Result<Value, ConfigError> {
    let nothing = |_: &str| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    let sources = Sources { files: &[], environment: &[], sets: &[], host_name: Some("lifetide"), read_file: &nothing };
    let config = Config::read(&sources)?;
    let mut plans = topics::plan(&kafka_settings(&config), &[], ANY_PARTITIONS);
    // made by `deliver`, beside the actions
    let of_delivery = kafka_settings(&config).of_delivery(&config.output.topic(DELIVERIES));
    let facts = plans.iter().map(|plan| TopicFacts { name: plan.name.clone(), partitions: plan.partitions, configs: BTreeMap::new() });
    plans.extend(topics::plan_deliveries(&of_delivery, &facts.collect::<Vec<_>>()));
    let (mut channels, mut operations) = (Map::new(), Map::new());
    for plan in &plans {
        let output = OUTPUTS.iter().find(|part| config.output.topic(part.name) == plan.name);
        let name = output.map_or(plan.name.replace('.', "_"), |part| part.name.to_owned());
        let carried: Vec<&str> = match output {
            Some(part) => part.value.iter().map(|value| value.as_str()).collect(),
            None => Name::inputs().map(Name::as_str).collect(),
        };
        channels.insert(name.clone(), channel(plan, output, &carried));
        if !carried.is_empty() {
            let action = if output.is_some() { "send" } else { "receive" };
            let channel = format!("#/channels/{name}");
            let messages: Vec<Value> = carried.iter().map(|message| json!({ "$ref": format!("{channel}/messages/{message}") })).collect();
            operations
                .insert(format!("{action}_{name}"), json!({ "action": action, "channel": { "$ref": channel }, "messages": messages }));
        }
    }
    let messages: Map<String, Value> = OUTPUTS.iter().filter_map(|part| Some((part.value?.as_str().to_owned(), message(part)?))).collect();
    let inputs = Name::inputs().map(|name| (name.as_str().to_owned(), input(name)));
    let messages: Map<String, Value> = inputs.chain(messages).collect();
    Ok(json!({
        "asyncapi": "3.1.0",
        "info": {
            "title": "lifetide", "version": env!("CARGO_PKG_VERSION"),
            "description": "What goes into lifetide and comes out of it. Topics are named as in the shipped configuration (`input.topics`, \
                            `output.prefix`). Read with `isolation.level=read_committed`; know a record again by its `id`; take fields \
                            and words you do not know for additions of a later version.",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages, "schemas": { HEADERS: headers() } },
    }))
}

fn channel(plan: &TopicPlan, output: Option<&Part>, carried: &[&str]) -> Value {
    let what = output.map_or("What customers do: any kind of event on any input.", |part| part.what);
    let configs: Map<String, Value> = plan.configs.iter().map(|(key, value)| ((*key).to_owned(), setting(key, value))).collect();
    let mut binding = json!({ "topic": plan.name, "bindingVersion": BINDING });
    if !configs.is_empty() {
        binding["topicConfiguration"] = Value::Object(configs);
    }
    // all others have as many as the inputs
    if output.is_some_and(|part| part.name == "models") {
        binding["partitions"] = json!(plan.partitions);
    }
    let messages: Map<String, Value> =
        carried.iter().map(|name| ((*name).to_owned(), json!({ "$ref": format!("#/components/messages/{name}") }))).collect();
    json!({ "address": plan.name, "description": what, "messages": messages, "bindings": { "kafka": binding } })
}

/// A setting as the binding has it: numbers as numbers, the policy as a list.
fn setting(key: &str, value: &str) -> Value {
    match (key, value.parse::<i64>()) {
        ("cleanup.policy", _) => json!([value]),
        (_, Ok(number)) => json!(number),
        _ => json!(value),
    }
}

fn input(name: Name) -> Value {
    let (title, summary, id) = match name {
        Name::Event => {
            ("an event of a customer", "A call as Segment and RudderStack send it.", "the customer's id: `userId`, else `anonymousId`")
        }
        Name::Cloudevents => ("a CloudEvent", "An envelope around any of the others.", "the customer's id"),
        Name::Shopify => ("a webhook of Shopify", "As it comes; the header X-Shopify-Topic may say which it is.", "Shopify's customer id"),
        _ => ("a webhook of a mail provider", "As it comes.", "the customer's id"),
    };
    json!({ "title": title, "summary": summary, "payload": schema(name), "bindings": { "kafka": key(id) } })
}

/// `None`: internal.
fn message(part: &Part) -> Option<Value> {
    let name = part.value?;
    let mut message = json!({ "title": format!("a record of {}", part.name), "bindings": { "kafka": key(part.key) } });
    match name {
        Name::Dlq => message["headers"] = schema(name),
        Name::Deliveries => message["payload"] = schema(name),
        _ => {
            message["headers"] = json!({ "$ref": format!("#/components/schemas/{HEADERS}") });
            message["payload"] = schema(name);
        }
    }
    Some(message)
}

fn schema(name: Name) -> Value {
    json!({ "$ref": format!("schemas/{}.json", name.as_str()) })
}

fn key(what: &str) -> Value {
    json!({ "key": { "type": "string", "description": what }, "bindingVersion": BINDING })
}

fn headers() -> Value {
    json!({
        "type": "object",
        "description": "A tombstone has no content-type.",
        "properties": {
            "content-type": { "type": "string", "const": "application/json" },
            "lifetide-id": { "type": "string", "description": "the `id` of the value" },
            "traceparent": { "type": "string", "description": "the W3C trace context of the event that caused the record; where it had none, that of the transaction's span, if spans are drawn" },
            "tracestate": { "type": "string", "description": "the rest of that trace context, where the event had one" },
        },
        "required": ["lifetide-id"],
    })
}
