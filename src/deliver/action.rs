//! A record of the topic `actions`, as far as delivery needs it; the rest stays JSON for templates.
//!
//! It judges nothing: an action that cannot be read is an error with the field's name, never its value. Used by `queue` and whoever reads
//! the topic.

use jiff::Timestamp;
use serde_json::Value;

/// An output's id: a hash of 128 bits in hexadecimal digits. It becomes part of headers and of record keys.
const ID_DIGITS: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Send,
    Cancel,
    /// `suppressed`, and whatever else is not for us.
    Other,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    pub id: String,
    pub kind: Kind,
    pub play: String,
    pub template: String,
    /// The send that a `cancel` takes back.
    pub cancels: Option<String>,
    /// Unix milliseconds; a send is pointless from then on.
    pub expires_at_ms: i64,
    pub email: Option<String>,
    pub locale: Option<String>,
    /// The whole record, an object.
    pub fields: Value,
    /// The trace context of the record's headers, as headers of a request: names and values.
    pub trace: Vec<(String, String)>,
}

impl Action {
    /// The message names what is missing or wrong.
    pub fn read(value: &[u8]) -> Result<Action, String> {
        let fields: Value = serde_json::from_slice(value).map_err(|_| "not JSON".to_owned())?;
        let text = |name: &str| fields[name].as_str().map(str::to_owned);
        let needed = |name: &str| text(name).ok_or_else(|| format!("no {name}"));
        let kind = match needed("kind")?.as_str() {
            "send" => Kind::Send,
            "cancel" => Kind::Cancel,
            _ => Kind::Other,
        };
        let expires_at: Timestamp = needed("expires_at")?.parse().map_err(|_| "expires_at is no time".to_owned())?;
        let action = Action {
            id: id(needed("id")?)?,
            kind,
            play: needed("play")?,
            template: needed("template")?,
            cancels: text("cancels").map(id).transpose()?,
            expires_at_ms: expires_at.as_millisecond(),
            email: text("email"),
            locale: text("locale"),
            fields,
            trace: Vec::new(),
        };
        if kind == Kind::Cancel && action.cancels.is_none() {
            return Err("no cancels".to_owned());
        }
        Ok(action)
    }
}

fn id(text: String) -> Result<String, String> {
    let is_id = text.len() == ID_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id { Ok(text) } else { Err("an id is not 32 hexadecimal digits".to_owned()) }
}
