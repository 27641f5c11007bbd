//! `schema`: what the records that go in and come out look like, and the configuration, as JSON Schema.
//!
//! `docs/schemas` holds the same texts, and a test tells when it does not. It reads nothing and knows no configuration: topics are named by
//! their last parts. Called by `cli::main`.

use std::io::{Write, stdout};

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::asyncapi;
use super::exit::CommandError;
use crate::avro;
use crate::config::{self, ConfigError};
use crate::deliver::schema_of_deliveries;
use crate::engine::record_schemas;
use crate::event::{self, Format};
use crate::schema::text;
use crate::worker::dead_letter;

/// JSON Schemas of events, of the topics' records and of the configuration
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Which one; without it, the names there are
    name: Option<Name>,
    /// As Avro; of transitions, clv, actions and aggregates
    #[arg(long, requires = "name")]
    avro: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// What goes in: a call as Segment and RudderStack send it
    Event,
    /// What goes in: CloudEvents, around any other
    Cloudevents,
    /// What goes in: events of Amazon SES
    Ses,
    /// What goes in: events of SendGrid's webhook
    Sendgrid,
    /// What goes in: webhooks of Mailgun
    Mailgun,
    /// What goes in: webhooks of Postmark
    Postmark,
    /// What goes in: webhooks of Shopify
    Shopify,
    /// Values of lifetide.transitions
    Transitions,
    /// Values of lifetide.clv
    Clv,
    /// Values of lifetide.actions
    Actions,
    /// Values of lifetide.aggregates
    Aggregates,
    /// Headers of lifetide.dlq, whose values are the refused records
    Dlq,
    /// Values of lifetide.deliveries, which `deliver` writes
    Deliveries,
    /// A configuration file
    Config,
    /// A parameter file of the value models
    Models,
    /// All topics, as AsyncAPI: names, keys, headers, settings
    Asyncapi,
}

impl Name {
    pub fn as_str(self) -> &'static str {
        match self {
            Name::Event => "event",
            Name::Cloudevents => "cloudevents",
            Name::Ses => "ses",
            Name::Sendgrid => "sendgrid",
            Name::Mailgun => "mailgun",
            Name::Postmark => "postmark",
            Name::Shopify => "shopify",
            Name::Transitions => "transitions",
            Name::Clv => "clv",
            Name::Actions => "actions",
            Name::Aggregates => "aggregates",
            Name::Dlq => "dlq",
            Name::Deliveries => "deliveries",
            Name::Config => "config",
            Name::Models => "models",
            Name::Asyncapi => "asyncapi",
        }
    }

    /// Of what goes in and is not Segment's.
    fn format(self) -> Option<Format> {
        match self {
            Name::Cloudevents => Some(Format::CloudEvents),
            Name::Ses => Some(Format::Ses),
            Name::Sendgrid => Some(Format::SendGrid),
            Name::Mailgun => Some(Format::Mailgun),
            Name::Postmark => Some(Format::Postmark),
            Name::Shopify => Some(Format::Shopify),
            _ => None,
        }
    }

    /// What goes in.
    pub fn inputs() -> impl Iterator<Item = Name> {
        Name::value_variants().iter().copied().filter(|name| *name == Name::Event || name.format().is_some())
    }

    fn schema(self) -> Result<Value, ConfigError> {
        if let Some(foreign) = self.format().and_then(event::schema_of_foreign) {
            return Ok(foreign);
        }
        Ok(match self {
            Name::Models => config::schema_of_models(),
            Name::Transitions => record_schemas::transitions(),
            Name::Clv => record_schemas::clv(),
            Name::Actions => record_schemas::actions(),
            Name::Aggregates => record_schemas::aggregates(),
            Name::Dlq => dead_letter::schema(),
            Name::Deliveries => schema_of_deliveries(),
            Name::Config => config::schema(),
            Name::Asyncapi => asyncapi::document()?,
            // the others are foreign, and told above
            Name::Event | Name::Cloudevents | Name::Ses | Name::Sendgrid | Name::Mailgun | Name::Postmark | Name::Shopify => {
                event::schema_of_event()
            }
        })
    }

    /// Of records that may be written as Avro.
    pub fn avro(self) -> Option<Value> {
        let (record, described) = match self {
            Name::Transitions => ("Transition", record_schemas::transitions()),
            Name::Clv => ("Clv", record_schemas::clv()),
            Name::Actions => ("Action", record_schemas::actions()),
            Name::Aggregates => ("Aggregate", record_schemas::aggregates()),
            _ => return None,
        };
        Some(avro::schema(record, &described))
    }
}

pub fn schema(arguments: &SchemaArgs) -> Result<(), CommandError> {
    let shown = match arguments.name {
        Some(name) if arguments.avro => {
            let schema = name.avro();
            text(&schema.ok_or_else(|| CommandError::Failed(format!("{} has no Avro schema", name.as_str())))?)
        }
        Some(name) => text(&name.schema()?),
        None => Name::value_variants().iter().map(|name| format!("{}\n", name.as_str())).collect(),
    };
    stdout().write_all(shown.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    fn schemas() -> impl Iterator<Item = (String, Value)> {
        let schemas = Name::value_variants().iter().filter(|name| **name != Name::Asyncapi);
        schemas.map(|name| (name.as_str().to_owned(), name.schema().unwrap()))
    }

    #[test]
    fn the_committed_schemas_are_those_of_the_code() {
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        // of this run alone: another one on the machine may be of other code
        let present = std::env::temp_dir().join(format!("lifetide-contracts-{}", std::process::id()));
        fs::create_dir_all(present.join("schemas")).unwrap();
        let documents = schemas().map(|(name, schema)| (format!("schemas/{name}.json"), schema));
        let documents: Vec<(String, Value)> = documents.chain([("asyncapi.json".to_owned(), Name::Asyncapi.schema().unwrap())]).collect();
        let avro = Name::value_variants().iter().filter_map(|name| Some((format!("schemas/{}.avsc", name.as_str()), name.avro()?)));
        let documents: Vec<(String, Value)> = documents.into_iter().chain(avro).collect();
        let mut differing = Vec::new();
        for (file, document) in &documents {
            let shown = text(document);
            fs::write(present.join(file), &shown).unwrap();
            if fs::read_to_string(committed.join(file)).unwrap_or_default() != shown {
                differing.push(file);
            }
        }
        if differing.is_empty() {
            fs::remove_dir_all(&present).unwrap();
        }
        assert!(differing.is_empty(), "{differing:?} differ: if the change is meant, cp -r {}/. docs/", present.display());
        let files = fs::read_dir(committed.join("schemas")).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let named = documents.iter().filter_map(|(file, _)| file.strip_prefix("schemas/")).map(str::to_owned);
        assert_eq!(files.collect::<BTreeSet<String>>(), named.collect::<BTreeSet<String>>());
    }

    #[test]
    fn schemas_are_schemas() {
        for (name, schema) in schemas() {
            jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(jsonschema::draft202012::new(&schema).is_ok(), "{name}");
        }
    }

    /// What `$ref`s of a document point to, outside of it.
    fn references(document: &Value) -> BTreeSet<String> {
        let inside = document.as_object().into_iter().flat_map(|object| object.values()).chain(document.as_array().into_iter().flatten());
        let own = document["$ref"].as_str().filter(|target| !target.starts_with('#')).map(str::to_owned);
        inside.flat_map(references).chain(own).collect()
    }

    #[test]
    fn every_schema_of_records_is_that_of_some_topic() {
        let document = Name::Asyncapi.schema().unwrap();
        let wanted: BTreeSet<String> =
            schemas().filter(|(name, _)| name != "config" && name != "models").map(|(name, _)| format!("schemas/{name}.json")).collect();
        assert_eq!(references(&document), wanted);
        let topics: Vec<&str> =
            document["channels"].as_object().unwrap().values().map(|channel| channel["address"].as_str().unwrap()).collect();
        assert!(topics.contains(&"shop.carts") && topics.contains(&"lifetide.clv") && topics.len() == 12, "{topics:?}");
        for channel in document["channels"].as_object().unwrap().values() {
            for message in channel["messages"].as_object().unwrap().values() {
                let target = message["$ref"].as_str().unwrap();
                assert!(document.pointer(&target[1..]).is_some(), "{target}");
            }
        }
    }
}
