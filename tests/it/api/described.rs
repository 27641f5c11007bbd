//! Whether an answer is what `docs/openapi.json` says: types, required fields, and no field that is not described.

use serde_json::{Map, Value, json};

pub struct Described(Value);

impl Described {
    pub fn new(text: &str) -> Described {
        Described(serde_json::from_str(text).unwrap())
    }

    pub fn check(&self, path: &str, status: u16, answer: &Value) {
        let content = &self.0["paths"][path]["get"]["responses"][status.to_string()]["content"];
        let content = content.as_object().unwrap_or_else(|| panic!("{path} {status} is not described"));
        let schema = &content.values().next().unwrap()["schema"];
        if let Err(why) = self.fits(schema, answer) {
            panic!("{path} {status}: {why}\n{answer}");
        }
    }

    /// Of a stream of events, whose `data` is JSON of what this name describes.
    pub fn check_event(&self, path: &str, name: &str, data: &Value) {
        let text = Value::String(data.to_string());
        self.check(path, 200, &json!({ "data": text }));
        if let Err(why) = self.fits(&json!({ "$ref": format!("#/components/schemas/{name}") }), data) {
            panic!("{path}: {why}\n{data}");
        }
    }

    fn fits(&self, schema: &Value, value: &Value) -> Result<(), String> {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.strip_prefix("#/components/schemas/").unwrap();
            let schema = &self.0["components"]["schemas"][name];
            assert!(schema.is_object(), "{name} is not described");
            return self.fits(schema, value).map_err(|why| format!("{name}: {why}"));
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let fitting = choices.iter().filter(|choice| self.fits(choice, value).is_ok()).count();
            let whys = || choices.iter().filter_map(|choice| self.fits(choice, value).err()).collect::<Vec<_>>().join(" / ");
            return if fitting == 1 { Ok(()) } else { Err(format!("fits {fitting} choices: {}", whys())) };
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(all) => all.iter().map(|one| one.as_str().unwrap()).collect(),
            _ => return Err(format!("no type in {schema}")),
        };
        if !types.iter().any(|kind| is_of(kind, value)) {
            return Err(format!("{value} is none of {types:?}"));
        }
        if let Some(words) = schema["enum"].as_array()
            && !words.contains(value)
        {
            return Err(format!("{value} is none of {words:?}"));
        }
        match value {
            Value::Array(items) if schema["prefixItems"].is_array() => {
                let each = schema["prefixItems"].as_array().into_iter().flatten();
                items.iter().zip(each).try_for_each(|(item, schema)| self.fits(schema, item))
            }
            Value::Array(items) => items.iter().try_for_each(|item| self.fits(&schema["items"], item)),
            Value::Object(fields) => self.has_fields(schema, fields),
            _ => Ok(()),
        }
    }

    fn has_fields(&self, schema: &Value, fields: &Map<String, Value>) -> Result<(), String> {
        let required = schema["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap());
        for name in required {
            if !fields.contains_key(name) {
                return Err(format!("{name} is missing"));
            }
        }
        // whatever it has, as records of topics
        if schema["properties"].is_null() && schema["additionalProperties"].is_null() {
            return Ok(());
        }
        for (name, value) in fields {
            let own = [&schema["properties"][name], &schema["additionalProperties"]].into_iter().find(|own| own.is_object());
            let own = own.ok_or_else(|| format!("{name} is not described"))?;
            self.fits(own, value).map_err(|why| format!("{name}: {why}"))?;
        }
        Ok(())
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}
