//! What the value of a key looks like, as JSON Schema, beside how it is read: the one is asked of the very thing that does the other.
//!
//! A plain function is as the type it makes. What only the rest of the configuration can tell (names of stages, rising delays) no form
//! says. Used by `keys` and `values`; put together by `schema`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use jiff::tz::TimeZone;
use lettre::message::Mailbox;
use serde_json::{Value, json};

use super::BearerToken;
use super::layers::Entry;
use crate::deliver::WebhookSecret;
use crate::engine::{
    CancelOn, Cap, ChannelRule, Condition, Counted, CustomerFlag, Level, QuietHours, STAGE_ENTRIES_MAX, STEPS_MAX, StageGraph, StageMoment,
    Step, Trigger,
};
use crate::event::Currency;

/// From a value as it is written to what it means.
pub trait Convert<T> {
    fn read(&self, entry: &Entry) -> Result<T, String>;
    fn form(&self) -> Value;
}

impl<T: Formed, F: Fn(&Entry) -> Result<T, String>> Convert<T> for F {
    fn read(&self, entry: &Entry) -> Result<T, String> {
        self(entry)
    }

    fn form(&self) -> Value {
        T::form()
    }
}

/// What is written in one form wherever it stands.
pub trait Formed {
    fn form() -> Value;
}

macro_rules! formed {
    ($($of:ty => $form:expr;)+) => {
        $(impl Formed for $of {
            fn form() -> Value {
                $form
            }
        })+
    };
}

formed! {
    bool => json!({ "type": "boolean" });
    String => text();
    Vec<String> => json!({ "type": "array", "items": text() });
    BearerToken => text();
    WebhookSecret => text();
    [u8; 16] => json!({ "type": "string", "pattern": "^[0-9A-Fa-f]{32}$" });
    Mailbox => json!({ "type": "string", "pattern": "@" });
    SocketAddr => json!({ "type": "string", "pattern": ":[0-9]+$" });
    TimeZone => text();
    Currency => json!({ "type": "string", "pattern": "^[A-Z]{3}$" });
    BTreeMap<Currency, i64> => amounts();
    QuietHours => json!({ "type": "string", "pattern": "^[0-9]{1,2}:[0-9]{2}-[0-9]{1,2}:[0-9]{2}$" });
    CancelOn => list(json!({ "type": "string", "enum": ["order", "cart_emptied", "cart_filled", "stage_left", "refund"] }));
    Vec<Cap> => closed(json!({ "email": { "type": "string", "pattern": "^[1-8]/" } }), &[]);
    Vec<ChannelRule> => list(channel_rule());
    Vec<Level> => list(closed(json!({ "name": level(), "spend": amounts() }), &["name", "spend"]));
    Option<Trigger> => trigger();
    Vec<Step> => json!({ "type": "array", "items": step(), "minItems": 1, "maxItems": STEPS_MAX });
    Vec<Condition> => list(condition(&PLAY_NUMBERS, &PLAY_WORDS));
    StageGraph => json!({ "type": "array", "items": stage(), "minItems": 1, "maxItems": STAGE_ENTRIES_MAX });
}

/// Fields of `when`, but for money, which is the same for all.
const PLAY_NUMBERS: [&str; 2] = ["orders", "p_alive"];
const PLAY_WORDS: [&str; 9] = ["stage", "segment", "flag", "value_band", "tier", "channel", "locale", "region", "customer_type"];
const STAGE_WORDS: [&str; 4] = ["channel", "locale", "region", "customer_type"];

fn text() -> Value {
    json!({ "type": "string" })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn closed(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

pub fn duration() -> Value {
    json!({ "type": "string", "pattern": r"^([0-9]+(\.[0-9]+)? ?(ms|s|m|h|d|w) ?)+$" })
}

pub fn amounts() -> Value {
    let minor = json!({ "type": "integer", "minimum": 0 });
    json!({
        "type": "object", "description": "Whole minor units by currency.", "minProperties": 1,
        "patternProperties": { "^[A-Z]{3}$": minor }, "additionalProperties": false,
    })
}

fn level() -> Value {
    json!({ "type": "string", "pattern": "^[a-z0-9_-]{1,32}$" })
}

fn channel_rule() -> Value {
    let pattern = json!({ "anyOf": [text(), { "type": "array", "items": text(), "minItems": 1 }] });
    closed(json!({ "source": pattern, "medium": pattern, "referrer": pattern, "channel": level() }), &["channel"])
}

fn trigger() -> Value {
    let one = |key: &str, form: Value| closed(json!({ key: form }), &[key]);
    let named = ["stage", "event", "band", "tier", "segment"].map(|key| one(key, json!({ "type": "string", "minLength": 1 })));
    let fixed = [one("cart", json!({ "const": "idle" })), one("date", json!({ "enum": ["birthday", "next_order"] }))];
    json!({ "oneOf": fixed.into_iter().chain(named).collect::<Vec<_>>() })
}

fn step() -> Value {
    let name = json!({ "type": "string", "minLength": 1, "maxLength": 200 });
    let templates = json!({ "type": "array", "items": name, "minItems": 2, "maxItems": 8, "uniqueItems": true });
    let keys = json!({ "delay": duration(), "template": name, "templates": templates, "offer": name, "offer_ttl": duration() });
    let mut step = closed(keys, &["delay"]);
    step["oneOf"] = json!([{ "required": ["template"] }, { "required": ["templates"] }]);
    step["dependentRequired"] = json!({ "offer": ["offer_ttl"], "offer_ttl": ["offer"] });
    step
}

/// One test of one field, in the shape that the field asks for.
fn condition(numbers: &[&str], words: &[&str]) -> Value {
    let field = |names: Value| json!({ "enum": names });
    let limit = |names: Value, limit: Value| {
        let mut form = closed(json!({ "field": field(names), "ge": limit, "lt": limit }), &["field"]);
        form["oneOf"] = json!([{ "required": ["ge"] }, { "required": ["lt"] }]);
        form
    };
    let among =
        closed(json!({ "field": field(json!(words)), "in": { "type": "array", "items": text(), "minItems": 1 } }), &["field", "in"]);
    let money = limit(json!(["cart.value", "historic.net", "future.value"]), amounts());
    json!({ "oneOf": [money, limit(json!(numbers), json!({ "type": "number", "minimum": 0 })), among] })
}

fn stage() -> Value {
    let counted: Vec<&str> = Counted::WORDS.iter().map(|(word, _)| *word).chain(PLAY_NUMBERS).collect();
    let mut form = condition(&counted, &STAGE_WORDS);
    let moments = StageMoment::WORDS.map(|(word, _)| word);
    let flags = CustomerFlag::WORDS.map(|(word, _)| word);
    let more = |form: &mut Value, choice: Value| form["oneOf"].as_array_mut().into_iter().for_each(|all| all.push(choice.clone()));
    let mut since = closed(json!({ "field": { "enum": moments }, "ge": duration(), "lt": duration() }), &["field"]);
    since["oneOf"] = json!([{ "required": ["ge"] }, { "required": ["lt"] }]);
    more(&mut form, since);
    let is = json!({ "field": { "const": "is" }, "in": { "type": "array", "items": { "enum": flags }, "minItems": 1 } });
    more(&mut form, closed(is, &["field", "in"]));
    let keys = json!({ "name": level(), "when": { "type": "array", "items": form, "maxItems": 8 }, "gone": { "type": "boolean" } });
    closed(keys, &["name"])
}
