//! `channels`: which campaigns and referrers belong to which channel, and which questions ask for one.
//!
//! A list of tables, replaced as a whole: the first rule all of whose patterns agree names the channel. A pattern is a text or a list of
//! texts, `"*"` anything told. Called by `check`.

use toml::Value;

use super::layers::Entry;
use super::values::{self, expected};
use crate::engine::{ChannelRule, Pattern};

/// Rules are tried one by one for each event that tells of a campaign.
const RULES_MAX: usize = 64;
const WORDS_MAX: usize = 64;
/// One for each survey that a shop has had, and looked through for each answer.
const QUESTIONS_MAX: usize = 16;
/// Channels stand in rows and in keys of cells.
const CHANNEL_BYTES_MAX: usize = 32;
const WORD_BYTES_MAX: usize = 256;

pub fn rules(entry: &Entry) -> Result<Vec<ChannelRule>, String> {
    let rules = entry.value.as_array().ok_or_else(|| expected("a list of rules", &entry.value))?;
    if rules.len() > RULES_MAX {
        return Err(format!("expected at most {RULES_MAX} rules, got {}", rules.len()));
    }
    rules.iter().map(rule).collect()
}

/// `channels.source_questions`
pub fn questions(entry: &Entry) -> Result<Vec<String>, String> {
    let questions = values::texts(entry)?;
    let is_good = |question: &String| (1..=WORD_BYTES_MAX).contains(&question.len());
    if questions.len() > QUESTIONS_MAX || !questions.iter().all(is_good) {
        return Err(format!("expected at most {QUESTIONS_MAX} ids of questions, each of 1 to {WORD_BYTES_MAX} bytes"));
    }
    Ok(questions)
}

fn rule(value: &Value) -> Result<ChannelRule, String> {
    let table = value.as_table().ok_or_else(|| expected("a rule such as { medium = [\"email\"], channel = \"email\" }", value))?;
    if let Some(key) = table.keys().find(|key| !["source", "medium", "referrer", "channel"].contains(&key.as_str())) {
        return Err(format!("a rule has source, medium, referrer and channel, not `{key}`"));
    }
    let channel = table.get("channel").and_then(Value::as_str).unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    if channel.is_empty() || channel.len() > CHANNEL_BYTES_MAX || !channel.bytes().all(is_plain) {
        return Err(expected(&format!("a channel of at most {CHANNEL_BYTES_MAX} of the characters a-z, 0-9, _ and - in each rule"), value));
    }
    let pattern = |name: &str| table.get(name).map(pattern).transpose();
    Ok(ChannelRule { source: pattern("source")?, medium: pattern("medium")?, referrer: pattern("referrer")?, channel: channel.to_owned() })
}

fn pattern(value: &Value) -> Result<Pattern, String> {
    if value.as_str() == Some("*") {
        return Ok(Pattern::Any);
    }
    let words: Option<Vec<String>> = match value {
        Value::String(word) => Some(vec![word.clone()]),
        Value::Array(words) => words.iter().map(|word| word.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    let is_good = |word: &String| !word.is_empty() && word.len() <= WORD_BYTES_MAX && word != "*";
    words
        .filter(|words| (1..=WORDS_MAX).contains(&words.len()) && words.iter().all(is_good))
        .map(Pattern::OneOf)
        .ok_or_else(|| expected("a text, a list of texts or \"*\"", value))
}
