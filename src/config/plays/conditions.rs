//! `plays.<name>.when`: conditions over amounts, numbers and words, each field with the tests that mean something for it.
//!
//! Words are checked against those there are, so that a misspelt one is found at the start and not by its silence. Called by `plays`.

use toml::Value;

use super::super::layers::Entry;
use super::super::problem::nearest;
use super::super::values::{amounts, expected};
use super::Names;
use super::trigger::{known_table, unknown};
use crate::clv::rfm::{self, Segment};
use crate::engine::{Condition, MoneyField, Test, WordField};

const CONDITIONS_MAX: usize = 8;
const WORDS_MAX: usize = 64;
const WORD_BYTES_MAX: usize = 64;
pub const MONEY: [(&str, MoneyField); 3] =
    [("cart.value", MoneyField::CartValue), ("historic.net", MoneyField::HistoricNet), ("future.value", MoneyField::FutureValue)];
const ORDERS: &str = "orders";
const ALIVE: &str = "p_alive";
const WORDS: [(&str, WordField); 9] = [
    ("stage", WordField::Stage),
    ("segment", WordField::Segment),
    ("flag", WordField::Flag),
    ("value_band", WordField::ValueBand),
    ("tier", WordField::Tier),
    ("channel", WordField::Channel),
    ("locale", WordField::Locale),
    ("region", WordField::Region),
    ("customer_type", WordField::CustomerType),
];
/// Channels that no rule names.
const OTHER_CHANNELS: [&str; 2] = ["other", "unknown"];

pub fn conditions(entry: &Entry, names: &Names<'_>) -> Result<Vec<Condition>, String> {
    let array = entry.value.as_array().filter(|array| array.len() <= CONDITIONS_MAX);
    let array = array.ok_or_else(|| {
        let what = format!("at most {CONDITIONS_MAX} conditions such as");
        expected(&format!("{what} [{{ field = \"cart.value\", ge = {{ USD = 2000 }} }}]"), &entry.value)
    })?;
    array.iter().map(|value| condition_of(value, names)).collect()
}

/// One condition as people type it: `segment = "at_risk"`, `p_alive < 0.4`, `historic.net >= { USD = 2000 }`, or the table of a play.
pub fn parse(text: &str, names: &Names<'_>) -> Result<Condition, String> {
    let (field, rest) = text.split_at(text.find(['=', '<', '>', '{']).unwrap_or(text.len()));
    let table = match rest.get(..2).unwrap_or_default() {
        _ if rest.starts_with('{') => text.to_owned(),
        ">=" => format!("{{ field = \"{}\", ge = {} }}", field.trim(), &rest[2..]),
        _ if rest.starts_with('<') => format!("{{ field = \"{}\", lt = {} }}", field.trim(), &rest[1..]),
        _ if rest.starts_with('=') => format!("{{ field = \"{}\", in = [{}] }}", field.trim(), &rest[1..]),
        _ => return Err(format!("`{text}` is no condition such as segment = \"at_risk\" or p_alive < 0.4")),
    };
    let read: toml::Table =
        format!("condition = {table}").parse().map_err(|_| format!("`{text}` cannot be read: words stand in quotes"))?;
    condition_of(&read["condition"], names)
}

pub fn condition_of(value: &Value, names: &Names<'_>) -> Result<Condition, String> {
    let table = known_table(value, &["field", "ge", "lt", "in"])?;
    let field = table.get("field").ok_or("a condition has no field")?;
    let name = field.as_str().ok_or_else(|| expected("the name of a field in quotes", field))?;
    if let Some((_, field)) = MONEY.into_iter().find(|(known, _)| *known == name) {
        let (test, limit) = limit(table, name, "minor units by currency, such as { USD = 2000 }")?;
        return Ok(Condition::Money { field, test, minor: amounts(limit, 0)? });
    }
    if let Some((_, field)) = WORDS.into_iter().find(|(known, _)| *known == name) {
        return Ok(Condition::Word { field, among: words(table, name, field, names)? });
    }
    match name {
        ORDERS => {
            let (test, limit) = limit(table, name, "a whole number, such as 3")?;
            let count = limit.as_integer().and_then(|count| u32::try_from(count).ok());
            let count = count.ok_or_else(|| format!("{name}: {}", expected("a whole number, not negative", limit)))?;
            Ok(Condition::Orders { test, count })
        }
        ALIVE => {
            let (test, limit) = limit(table, name, "a probability, such as 0.4")?;
            let share = limit.as_float().filter(|share| (0.0..=1.0).contains(share));
            let share = share.ok_or_else(|| format!("{name}: {}", expected("a probability from 0.0 to 1.0", limit)))?;
            Ok(Condition::Alive { test, share })
        }
        _ => Err(unknown_field(name)),
    }
}

fn unknown_field(name: &str) -> String {
    let fields = || MONEY.iter().map(|(name, _)| *name).chain([ORDERS, ALIVE]).chain(WORDS.iter().map(|(name, _)| *name));
    match nearest(name, fields()) {
        Some(meant) => format!("unknown field `{name}`, did you mean `{meant}`?"),
        None => format!("unknown field `{name}`, expected one of {}", fields().collect::<Vec<_>>().join(", ")),
    }
}

/// The one of `ge` and `lt` there is.
pub fn limit<'a>(table: &'a toml::Table, name: &str, what: &str) -> Result<(Test, &'a Value), String> {
    match (table.get("ge"), table.get("lt"), table.get("in")) {
        (Some(limit), None, None) => Ok((Test::AtLeast, limit)),
        (None, Some(limit), None) => Ok((Test::LessThan, limit)),
        _ => Err(format!("{name} takes one of ge and lt, with {what}")),
    }
}

fn words(table: &toml::Table, name: &str, field: WordField, names: &Names<'_>) -> Result<Vec<String>, String> {
    let form = || format!("{name} takes in, with 1 to {WORDS_MAX} words, such as in = [\"…\"]");
    if table.contains_key("ge") || table.contains_key("lt") {
        return Err(form());
    }
    let words = table.get("in").and_then(Value::as_array).filter(|words| (1..=WORDS_MAX).contains(&words.len())).ok_or_else(form)?;
    let words: Option<Vec<String>> = words.iter().map(|word| word.as_str().map(str::to_owned)).collect();
    let words = words.filter(|words| words.iter().all(|word| !word.is_empty() && word.len() <= WORD_BYTES_MAX)).ok_or_else(form)?;
    let known: Vec<&str> = match field {
        WordField::Stage => names.stages.iter().map(|entry| entry.stage.as_str()).collect(),
        WordField::Segment => Segment::ALL.map(Segment::as_str).to_vec(),
        WordField::Channel => names.channels.iter().map(|rule| rule.channel.as_str()).chain(OTHER_CHANNELS).collect(),
        WordField::Flag => rfm::FLAGS.map(|(flag, _)| flag).to_vec(),
        WordField::ValueBand => names.value_bands.iter().map(|band| band.name.as_str()).collect(),
        WordField::Tier => names.tiers.iter().map(|tier| tier.name.as_str()).collect(),
        // any there may be
        WordField::Locale | WordField::Region | WordField::CustomerType => return Ok(words),
    };
    match words.iter().find(|word| !known.contains(&word.as_str())) {
        Some(word) => Err(unknown(name, word, known)),
        None => Ok(words),
    }
}
