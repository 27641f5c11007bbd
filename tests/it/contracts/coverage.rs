//! Which fields that a schema describes were seen in records, and in which ways: what never occurs is not known to be true.
//!
//! A field is named by the type it is of. Beside each field that may be absent, or `null`, stands whether it was. Used by `records`.

use std::collections::BTreeSet;

use serde_json::Value;

pub struct Coverage {
    schema: Value,
    seen: BTreeSet<String>,
}

impl Coverage {
    pub fn of(schema: Value) -> Coverage {
        Coverage { schema, seen: BTreeSet::new() }
    }

    /// A record that is as described.
    pub fn see(&mut self, record: &Value) {
        let root = self.schema.clone();
        self.visit("", &root, record);
    }

    fn visit(&mut self, owner: &str, schema: &Value, value: &Value) {
        if let Some(name) = schema["$ref"].as_str().and_then(|target| target.strip_prefix("#/$defs/")) {
            let definition = self.schema["$defs"][name].clone();
            return self.visit(name, &definition, value);
        }
        for choice in schema["oneOf"].as_array().into_iter().flatten() {
            if self.fits(choice, value) {
                self.visit(owner, choice, value);
            }
        }
        for item in value.as_array().into_iter().flatten() {
            self.visit(owner, &schema["items"], item);
        }
        let Some(properties) = schema["properties"].as_object().filter(|_| value.is_object()) else { return };
        for (name, inner) in properties {
            let field = format!("{owner}.{name}");
            let way = match value.get(name) {
                None => format!("{field} absent"),
                Some(Value::Null) => format!("{field} null"),
                Some(inside) => {
                    self.visit(owner, inner, inside);
                    field
                }
            };
            self.seen.insert(way);
        }
    }

    /// Whether a value is of the kind of a choice, as far as choices differ.
    fn fits(&self, choice: &Value, value: &Value) -> bool {
        let named = choice["$ref"].as_str().and_then(|target| target.strip_prefix("#/$defs/"));
        let choice = named.map_or(choice, |name| &self.schema["$defs"][name]);
        let tag = choice["properties"]["type"]["enum"][0].as_str();
        let has = |name: &Value| name.as_str().is_some_and(|name| value.get(name).is_some());
        match choice["type"].as_str() {
            Some("null") => value.is_null(),
            Some("integer") => value.is_i64(),
            Some("object") => choice["required"].as_array().into_iter().flatten().all(has) && tag.is_none_or(|tag| value["type"] == tag),
            _ => value.is_string() || value.is_array(),
        }
    }

    /// What is described and was never so.
    pub fn unseen(&self) -> Vec<String> {
        let mut wanted = BTreeSet::new();
        want("", &self.schema, &mut wanted);
        for (name, definition) in self.schema["$defs"].as_object().into_iter().flatten() {
            want(name, definition, &mut wanted);
        }
        wanted.difference(&self.seen).cloned().collect()
    }
}

fn want(owner: &str, schema: &Value, wanted: &mut BTreeSet<String>) {
    for choice in schema["oneOf"].as_array().into_iter().flatten() {
        want(owner, choice, wanted);
    }
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        wanted.insert(format!("{owner}.{name}"));
        if !required.contains(&name.as_str()) {
            wanted.insert(format!("{owner}.{name} absent"));
        }
        let kinds = inner["type"].as_array().into_iter().flatten();
        let choices = inner["oneOf"].as_array().into_iter().flatten().map(|choice| &choice["type"]);
        if kinds.chain(choices).any(|kind| kind == "null") {
            wanted.insert(format!("{owner}.{name} null"));
        }
    }
}
