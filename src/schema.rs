//! JSON Schemas (draft 2020-12) made from the types that are written and read: descriptions are the comments of their fields.
//!
//! The types say it in OpenAPI 3.1, for the HTTP API, by utoipa (schemars would be a second derive for each type, and a second truth); its schemas are those of the draft, but for where others are looked up and for what
//! `Option` means: here a field is required if the encoder always writes it, and an object has no field that is not described. It knows no
//! type itself. Called by `engine::record`, `event`, `deliver::mark` and `config`; printed by `cli::schema`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

pub const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";
const OF_OPENAPI: &str = "#/components/schemas/";
const OF_DRAFT: &str = "#/$defs/";
/// How wide a number is in Rust says nothing about JSON.
const WIDTHS: [&str; 4] = ["int32", "int64", "float", "double"];

/// What an encoder writes of a struct.
pub trait Written {
    /// In every record; a `None` is `null`.
    const ALWAYS: &'static [&'static str];
    /// A `None` is not there.
    const RARELY: &'static [&'static str];
}

/// A type that is described, and those it is made of.
pub struct Described {
    root: String,
    definitions: BTreeMap<String, Value>,
}

impl Described {
    pub fn of<T: ToSchema>() -> Described {
        let mut found = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut found);
        let read = |schema| serde_json::to_value(schema).expect("invariant: a schema is texts and numbers");
        let definitions = found.into_iter().map(|(name, schema)| (name, adapted(read(schema)))).collect();
        Described { root: T::name().into_owned(), definitions }
    }

    /// Which fields of one of the types are always there, and that there are no others.
    pub fn written<T: ToSchema + Written>(mut self) -> Described {
        let definition = self.definitions.get_mut(T::name().as_ref());
        if let Some(definition) = definition.and_then(Value::as_object_mut) {
            definition.insert("required".to_owned(), json!(T::ALWAYS));
            if let Some(fields) = definition.get_mut("properties").and_then(Value::as_object_mut) {
                fields.iter_mut().filter(|(name, _)| T::RARELY.contains(&name.as_str())).for_each(|(_, field)| without_null(field));
            }
        }
        self
    }

    /// A keyword more for one of the types.
    pub fn with(mut self, name: &str, keyword: &str, value: Value) -> Described {
        if let Some(definition) = self.definitions.get_mut(name).and_then(Value::as_object_mut) {
            definition.insert(keyword.to_owned(), value);
        }
        self
    }

    /// Whether a type has a keyword that says something.
    pub fn says(&self, name: &str, keyword: &str) -> bool {
        self.definitions
            .get(name)
            .and_then(|definition| definition.get(keyword))
            .and_then(Value::as_array)
            .is_some_and(|all| !all.is_empty())
    }

    /// Fields that only other writers of the type leave empty.
    pub fn filled(mut self, name: &str, fields: &[&str]) -> Described {
        let properties = self.definitions.get_mut(name).and_then(|definition| definition.get_mut("properties"));
        if let Some(properties) = properties.and_then(Value::as_object_mut) {
            for (_, field) in properties.iter_mut().filter(|(name, _)| fields.contains(&name.as_str())) {
                without_null(field);
                if let Some(field) = field.as_object_mut() {
                    field.remove("description");
                }
            }
        }
        self
    }

    /// Another type, and those it is made of.
    pub fn and<T: ToSchema>(mut self) -> Described {
        self.definitions.extend(Described::of::<T>().definitions);
        self
    }

    /// The document: the first type, with the others below `$defs`. Objects are closed but for those that say what else they hold.
    pub fn closed(mut self, title: &str) -> Value {
        self.definitions.values_mut().for_each(close);
        self.document(title)
    }

    /// The document, in which objects may hold more than is described.
    pub fn document(mut self, title: &str) -> Value {
        let root = self.definitions.remove(&self.root);
        let mut document = Map::from_iter([("$schema".to_owned(), json!(DRAFT)), ("title".to_owned(), json!(title))]);
        document.extend(root.as_ref().and_then(Value::as_object).cloned().unwrap_or_default());
        if !self.definitions.is_empty() {
            document.insert("$defs".to_owned(), Value::Object(self.definitions.into_iter().collect()));
        }
        Value::Object(document)
    }
}

/// As the draft has it, with words for people who do not read Rust.
fn adapted(mut schema: Value) -> Value {
    each_object(&mut schema, &mut |object| {
        if let Some(Value::String(target)) = object.get_mut("$ref") {
            *target = target.replacen(OF_OPENAPI, OF_DRAFT, 1);
        }
        if let Some(Value::String(text)) = object.get_mut("description") {
            *text = text.replace('\n', " ").replace("`None`", "`null`").replace("`Some(true)`", "`true`");
        }
        // that it may be absent is said by `required`
        if object.get("default").is_some_and(Value::is_null) {
            object.remove("default");
        }
        let is_width = |format: &Value| format.as_str().is_some_and(|format| WIDTHS.contains(&format));
        if object.get("format").is_some_and(is_width) {
            object.remove("format");
        }
    });
    schema
}

fn close(schema: &mut Value) {
    each_object(schema, &mut |object| {
        if object.contains_key("properties") && !object.contains_key("additionalProperties") {
            object.insert("additionalProperties".to_owned(), json!(false));
        }
    });
}

/// Calls for the schema and every one inside. A field may have the name of a keyword, so names of fields are stepped over.
fn each_object(schema: &mut Value, visit: &mut dyn FnMut(&mut Map<String, Value>)) {
    let Some(object) = schema.as_object_mut() else { return };
    for (keyword, inside) in object.iter_mut() {
        match (keyword.as_str(), inside) {
            ("properties" | "$defs", Value::Object(named)) => named.values_mut().for_each(|schema| each_object(schema, visit)),
            ("oneOf" | "anyOf" | "allOf" | "prefixItems", Value::Array(all)) => {
                all.iter_mut().for_each(|schema| each_object(schema, visit))
            }
            ("items" | "additionalProperties" | "propertyNames" | "if" | "then" | "else" | "not", schema) => each_object(schema, visit),
            _ => {}
        }
    }
    visit(object);
}

/// Of a field that is left out instead.
fn without_null(schema: &mut Value) {
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        let kept: Vec<&Value> = choices.iter().filter(|choice| choice["type"] != "null").collect();
        if let [only] = kept[..] {
            *schema = only.clone();
        }
    }
    if let Some(Value::Array(kinds)) = schema.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = &kinds[..] {
            schema["type"] = only.clone();
        }
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace("`null`", "absent");
    }
}

/// As text, for people, too.
pub fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}
