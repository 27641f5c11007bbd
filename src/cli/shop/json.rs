//! Writes JSON objects field by field, in the order given, with amounts as exact decimals.
//!
//! A map of values would sort the fields and send money through a float; a type per event would be longer than the events. Knows nothing of
//! what it writes. Used by the other files of `shop` alone.

/// An amount in minor units and how many of its digits stand behind the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) minor: i64,
    pub(super) digits: u32,
}

impl Amount {
    fn to_text(self) -> String {
        if self.digits == 0 {
            return self.minor.to_string();
        }
        let unit = 10_i64.pow(self.digits);
        let sign = if self.minor < 0 { "-" } else { "" };
        let (whole, rest) = ((self.minor / unit).abs(), (self.minor % unit).abs());
        format!("{sign}{whole}.{rest:0width$}", width = self.digits as usize)
    }
}

/// An object under construction: `{"a":1,"b":2` without the closing brace.
#[derive(Debug, Clone)]
pub(super) struct JsonObject {
    open: String,
}

impl JsonObject {
    pub(super) fn new() -> JsonObject {
        JsonObject { open: String::from("{") }
    }

    /// `value` is JSON already.
    pub(super) fn raw(mut self, name: &str, value: &str) -> JsonObject {
        if self.open.len() > 1 {
            self.open.push(',');
        }
        self.open.push_str(&quoted(name));
        self.open.push(':');
        self.open.push_str(value);
        self
    }

    pub(super) fn text(self, name: &str, value: &str) -> JsonObject {
        self.raw(name, &quoted(value))
    }

    pub(super) fn text_if(self, name: &str, value: Option<&str>) -> JsonObject {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    pub(super) fn number(self, name: &str, value: u64) -> JsonObject {
        self.raw(name, &value.to_string())
    }

    pub(super) fn amount(self, name: &str, value: Amount) -> JsonObject {
        self.raw(name, &value.to_text())
    }

    pub(super) fn object(self, name: &str, value: JsonObject) -> JsonObject {
        self.raw(name, &value.finish())
    }

    pub(super) fn list(self, name: &str, values: Vec<JsonObject>) -> JsonObject {
        let texts: Vec<String> = values.into_iter().map(JsonObject::finish).collect();
        self.raw(name, &format!("[{}]", texts.join(",")))
    }

    pub(super) fn finish(mut self) -> String {
        self.open.push('}');
        self.open
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("invariant: any text is a JSON string")
}
