//! Avro for outputs: a record's schema from its description in JSON Schema, and its bytes from the JSON that the engine wrote.
//!
//! An object whose choices differ by `type` becomes one record with the fields of all, so that sinks with columns can take it; words of
//! closed lists stay texts, since lists grow. Whole numbers are longs: what does not fit is an error, never another number. It knows no
//! record itself, no registry and no Kafka. Schemas are made by `cli::schema`, values by `kafka`.

use std::collections::BTreeSet;

use apache_avro::Schema;
use apache_avro::types::Value as AvroValue;
use apache_avro::writer::datum::GenericDatumWriter;
use serde_json::{Map, Value, json};
use thiserror::Error;

const NAMESPACE: &str = "lifetide";
const DEFINITION: &str = "#/$defs/";
/// Of Confluent's wire format, the one that registries and sinks share.
const MAGIC: u8 = 0;

#[derive(Debug, Error)]
pub enum AvroError {
    #[error("{0}")]
    Schema(Box<apache_avro::Error>),
    /// The reason is not told, as it quotes values: they are of people.
    #[error("it does not fit its Avro schema, whose whole numbers have 64 bits")]
    Record,
}

/// Writes the values of one topic.
pub struct Encoder {
    schema: Schema,
    /// The schema's, in the registry.
    id: u32,
}

impl Encoder {
    /// `schema` as `schema` makes it, `id` as the registry gave it.
    pub fn new(schema: &Value, id: u32) -> Result<Encoder, AvroError> {
        Ok(Encoder { schema: Schema::parse(schema).map_err(|why| AvroError::Schema(Box::new(why)))?, id })
    }

    /// A zero, the schema's id in four bytes, and the record.
    pub fn encode(&self, json: &[u8]) -> Result<Vec<u8>, AvroError> {
        let mut framed = vec![MAGIC];
        framed.extend(self.id.to_be_bytes());
        framed.extend(encode(&self.schema, json)?);
        Ok(framed)
    }
}

fn encode(schema: &Schema, json: &[u8]) -> Result<Vec<u8>, AvroError> {
    let value: Value = serde_json::from_slice(json).map_err(|_| AvroError::Record)?;
    let record = AvroValue::try_from(value).and_then(|value| value.resolve(schema));
    let written = record.and_then(|record| GenericDatumWriter::builder(schema).build()?.write_value_to_vec(record));
    written.map_err(|_| AvroError::Record)
}

/// The Avro schema of a described record, under this name.
pub fn schema(name: &str, described: &Value) -> Value {
    Names { described, defined: BTreeSet::new() }.of(name, described)
}

/// Each type is defined where it is met first and named from there on.
struct Names<'a> {
    described: &'a Value,
    defined: BTreeSet<String>,
}

impl Names<'_> {
    /// `name`: of what the schema describes, should it need one.
    fn of(&mut self, name: &str, schema: &Value) -> Value {
        if let Some(target) = schema["$ref"].as_str().and_then(|target| target.strip_prefix(DEFINITION)) {
            let described = self.described;
            return self.of(target, &described["$defs"][target]);
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            return match together(choices) {
                Some(object) => self.record(name, &object, schema),
                None => self.union(name, choices),
            };
        }
        match (&schema["type"], &schema["properties"]) {
            (Value::Array(kinds), _) => {
                let choices: Vec<Value> = kinds.iter().map(|kind| json!({ "type": kind })).collect();
                self.union(name, &choices)
            }
            (_, Value::Object(_)) => self.record(name, schema, schema),
            (Value::String(kind), _) => match kind.as_str() {
                "object" => json!({ "type": "map", "values": self.of(name, &schema["additionalProperties"]) }),
                "array" => json!({ "type": "array", "items": self.of(name, &schema["items"]) }),
                "integer" => json!("long"),
                "number" => json!("double"),
                other => json!(other),
            },
            // the parser of schemas refuses it
            _ => Value::Null,
        }
    }

    /// With null in front, where it is among the choices: a default must be of the first.
    fn union(&mut self, name: &str, choices: &[Value]) -> Value {
        let mut kinds: Vec<Value> = choices.iter().map(|choice| self.of(name, choice)).collect();
        kinds.sort_by_key(|kind| kind != "null");
        Value::Array(kinds)
    }

    fn record(&mut self, name: &str, object: &Value, told: &Value) -> Value {
        if !self.defined.insert(name.to_owned()) {
            return json!(format!("{NAMESPACE}.{name}"));
        }
        let required: BTreeSet<&str> = object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = object["properties"].as_object().into_iter().flatten();
        let fields: Vec<Value> = properties.map(|(field, schema)| self.field(field, schema, required.contains(field.as_str()))).collect();
        let mut record = json!({ "type": "record", "name": name, "namespace": NAMESPACE, "fields": fields });
        tell(&mut record, told);
        record
    }

    fn field(&mut self, name: &str, schema: &Value, is_always_there: bool) -> Value {
        let kind = match self.of(name, schema) {
            Value::Array(kinds) if is_always_there || kinds.first() == Some(&json!("null")) => Value::Array(kinds),
            Value::Array(kinds) => Value::Array([json!("null")].into_iter().chain(kinds).collect()),
            kind if is_always_there => kind,
            kind => json!(["null", kind]),
        };
        let is_nullable = kind.get(0) == Some(&json!("null"));
        let mut field = json!({ "name": name, "type": kind });
        if is_nullable {
            field["default"] = Value::Null;
        }
        let choices = schema["oneOf"].as_array().into_iter().flatten();
        tell(&mut field, [schema].into_iter().chain(choices).find(|told| told["description"].is_string()).unwrap_or(schema));
        field
    }
}

fn tell(of: &mut Value, schema: &Value) {
    if schema["description"].is_string() {
        of["doc"] = schema["description"].clone();
    }
}

/// Objects that differ by `type` as one object: what they do not share may be absent.
fn together(choices: &[Value]) -> Option<Value> {
    let is_tagged = |choice: &Value| choice["properties"]["type"]["enum"].is_array();
    if !choices.iter().all(is_tagged) {
        return None;
    }
    let mut properties = Map::new();
    for (name, schema) in choices.iter().filter_map(|choice| choice["properties"].as_object()).flatten() {
        properties.insert(name.clone(), schema.clone());
    }
    let has = |choice: &Value, name: &String| choice["required"].as_array().is_some_and(|all| all.contains(&json!(name)));
    let shared: Vec<&String> = properties.keys().filter(|name| choices.iter().all(|choice| has(choice, name))).collect();
    let required = json!(shared);
    Some(json!({ "type": "object", "properties": properties, "required": required }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As descriptions are: one that is named, one of two kinds, one that may be absent, one that may be null.
    fn described() -> Value {
        let tagged = |tag: &str, field: &str| {
            let properties = json!({ "type": { "type": "string", "enum": [tag] }, field: { "type": "string" } });
            json!({ "type": "object", "properties": properties, "required": ["type", field] })
        };
        let amount = json!({ "type": "object", "properties": { "minor": { "type": "integer" } }, "required": ["minor"] });
        json!({
            "type": "object",
            "properties": {
                "cause": { "oneOf": [tagged("event", "topic"), tagged("deadline", "due_at")] },
                "first": { "$ref": "#/$defs/Amount", "description": "told" },
                "second": { "oneOf": [{ "$ref": "#/$defs/Amount" }, { "type": "null" }] },
                "third": { "type": ["number", "null"] },
            },
            "required": ["cause", "first", "third"],
            "$defs": { "Amount": amount },
        })
    }

    #[test]
    fn a_description_becomes_records_unions_and_defaults() {
        let field = |name: &str| json!({ "name": name, "type": ["null", "string"], "default": null });
        let cause = json!([field("due_at"), field("topic"), { "name": "type", "type": "string" }]);
        let amount = json!({
            "type": "record", "name": "Amount", "namespace": "lifetide", "fields": [{ "name": "minor", "type": "long" }],
        });
        let wanted = json!({
            "type": "record", "name": "Told", "namespace": "lifetide",
            "fields": [
                { "name": "cause", "type": { "type": "record", "name": "cause", "namespace": "lifetide", "fields": cause } },
                { "name": "first", "type": amount, "doc": "told" },
                { "name": "second", "type": ["null", "lifetide.Amount"], "default": null },
                { "name": "third", "type": ["null", "double"], "default": null },
            ],
        });
        assert_eq!(schema("Told", &described()), wanted);
    }

    #[test]
    fn values_stand_behind_the_frame_and_what_does_not_fit_is_refused_untold() {
        let encoder = Encoder::new(&schema("Told", &described()), 258).unwrap();
        let json = |minor: &str| format!(r#"{{"cause":{{"type":"event","topic":"a"}},"first":{{"minor":{minor}}},"third":null}}"#);
        // the frame; no due_at, "a" and "event"; -1; nothing; nothing
        let wanted = b"\0\0\0\x01\x02\x00\x02\x02a\x0aevent\x01\0\0";
        assert_eq!(encoder.encode(json("-1").as_bytes()).unwrap(), wanted);
        assert!(encoder.encode(json("9223372036854775807").as_bytes()).is_ok());
        for strange in ["9223372036854775808", "170141183460469231731687303715884105727", "1.5", "\"secret\""] {
            let error = encoder.encode(json(strange).as_bytes()).unwrap_err();
            assert!(matches!(error, AvroError::Record) && !error.to_string().contains("secret"), "{strange}: {error}");
        }
        assert!(encoder.encode(b"{}").is_err() && encoder.encode(b"{").is_err());
    }
}
