//! Dead letters for people and for programs.
//!
//! Keys and values are any bytes: as text they are shown with what a terminal would obey made visible, in JSON as a string where they are
//! UTF-8, else as hexadecimal digits. It prints nothing itself. Used by `dlq`.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::letter::Letter;
use crate::cli::instant;

pub const HEADING: &str = "refused at                reason                    bytes  sent again                id  key";

/// A key of more characters is cut in a list.
const KEY_CHARS_MAX: usize = 60;

/// One line of a list.
pub fn line(letter: &Letter, replayed_ms: Option<i64>) -> String {
    let sent = replayed_ms.map_or("-".to_owned(), instant);
    let bytes = letter.value_bytes.map_or("-".to_owned(), |bytes| bytes.to_string());
    let key: String = letter.key.as_deref().map_or("-".to_owned(), |key| visible(key).chars().take(KEY_CHARS_MAX).collect());
    format!("{:<25} {:<21} {bytes:>9}  {sent:<25} {}  {key}", instant(letter.refused_ms), letter.reason, letter.origin)
}

/// One JSON object of a list.
pub fn summary(letter: &Letter, replayed_ms: Option<i64>) -> Value {
    let mut object = Map::new();
    object.insert("id".into(), letter.id().into());
    object.insert("topic".into(), letter.origin.topic.as_str().into());
    object.insert("partition".into(), letter.origin.partition.into());
    object.insert("offset".into(), letter.origin.offset.into());
    object.insert("refused_at".into(), instant(letter.refused_ms).into());
    object.insert("record_time".into(), letter.record_ms.map(instant).into());
    object.insert("reason".into(), letter.reason.as_str().into());
    object.insert("stage".into(), letter.stage.as_str().into());
    object.insert("detail".into(), letter.detail.as_str().into());
    put_bytes(&mut object, "key", letter.key.as_deref());
    object.insert("value_bytes".into(), letter.value_bytes.into());
    object.insert("lacks".into(), letter.lacks.into());
    object.insert("replayed_at".into(), replayed_ms.map(instant).into());
    object.into()
}

/// `name` as text, or `name_hex` where it is no UTF-8.
fn put_bytes(object: &mut Map<String, Value>, name: &str, bytes: Option<&[u8]>) {
    let text = bytes.map(std::str::from_utf8);
    match text {
        None => object.insert(name.to_owned(), Value::Null),
        Some(Ok(text)) => object.insert(name.to_owned(), text.into()),
        Some(Err(_)) => object.insert(format!("{name}_hex"), hex(bytes.unwrap_or_default()).into()),
    };
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // writing to a string cannot fail
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Everything, as one JSON object.
pub fn whole_json(letter: &Letter, value: Option<&[u8]>, replayed_ms: Option<i64>) -> Value {
    let mut whole = summary(letter, replayed_ms);
    let headers: Vec<Value> = letter
        .headers
        .iter()
        .map(|(name, value)| {
            let mut header = Map::from_iter([("name".to_owned(), name.as_str().into())]);
            put_bytes(&mut header, "value", Some(value));
            header.into()
        })
        .collect();
    if let Some(object) = whole.as_object_mut() {
        object.insert("headers".into(), json!(headers));
        put_bytes(object, "value", value);
    }
    whole
}

/// Everything, for people; the value comes last, below an empty line.
pub fn whole_text(letter: &Letter, value: Option<&[u8]>, replayed_ms: Option<i64>) -> String {
    let mut rows = vec![
        ("id", letter.id()),
        ("refused at", instant(letter.refused_ms)),
        ("reason", format!("{} ({})", letter.reason, letter.stage)),
        ("detail", visible(letter.detail.as_bytes())),
        ("record time", letter.record_ms.map_or("-".to_owned(), instant)),
        ("key", letter.key.as_deref().map_or("-".to_owned(), visible)),
        ("sent again", replayed_ms.map_or("-".to_owned(), instant)),
    ];
    rows.extend(letter.lacks.map(|what| ("lacks", what.to_owned())));
    rows.extend(letter.headers.iter().map(|(name, value)| ("header", format!("{}={}", visible(name.as_bytes()), visible(value)))));
    let rows: String = rows.iter().map(|(name, value)| format!("{name:<12} {value}\n")).collect();
    format!("{rows}\n{}\n", value.map_or("(no value)".to_owned(), visible))
}

/// Text without what a terminal would obey; bytes that are no text as escapes.
fn visible(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Err(_) => bytes.escape_ascii().to_string(),
        Ok(text) => text.chars().fold(String::with_capacity(text.len()), |mut shown, char| {
            match char {
                '\n' | '\t' => shown.push(char),
                char if char.is_control() => shown.extend(char.escape_default()),
                char => shown.push(char),
            }
            shown
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shown_commands_a_terminal() {
        assert_eq!(visible("Zoë\n\u{1b}[2J\u{9b}".as_bytes()), "Zoë\n\\u{1b}[2J\\u{9b}");
        assert_eq!(visible(b"\xff\x1ba"), "\\xff\\x1ba");
    }

    #[test]
    fn bytes_in_json_are_text_or_digits() {
        let mut object = Map::new();
        put_bytes(&mut object, "key", Some(b"ann"));
        put_bytes(&mut object, "value", Some(b"\xff\x00"));
        put_bytes(&mut object, "none", None);
        assert_eq!(Value::from(object), json!({"key": "ann", "value_hex": "ff00", "none": null}));
    }
}
