//! Every record of the stories and of a generated day as Avro, read again with the committed schemas by the reader of Avro's own project.
//!
//! `same` is what `commands::registry` compares by, too.

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use lifetide::avro::Encoder;
use serde_json::{Value, json};

use super::records::told;
use super::text;
use crate::scenarios::story::TOPICS;

const FRAME_BYTES: usize = 5;

pub fn schema(topic: &str) -> Value {
    serde_json::from_str(&text(&format!("docs/schemas/{topic}.avsc"))).unwrap()
}

/// The id and the record of a framed value.
pub fn read(schema: &Schema, framed: &[u8]) -> (u32, Value) {
    let (frame, mut rest) = framed.split_at(FRAME_BYTES);
    assert_eq!(frame[0], 0, "magic");
    let value = GenericDatumReader::builder(schema).build().unwrap().read_value(&mut rest).unwrap();
    assert!(rest.is_empty(), "{} bytes are left", rest.len());
    (u32::from_be_bytes(frame[1..].try_into().unwrap()), value.try_into().unwrap())
}

/// Whether a record says what its JSON said: what is absent there is null, and 1 may be 1.0.
pub fn same(json: &Value, read: &Value) -> bool {
    match (json, read) {
        (Value::Object(json), Value::Object(read)) => {
            json.keys().all(|name| read.contains_key(name))
                && read.iter().all(|(name, value)| json.get(name).map_or(value.is_null(), |json| same(json, value)))
        }
        (Value::Array(json), Value::Array(read)) => json.len() == read.len() && json.iter().zip(read).all(|(json, read)| same(json, read)),
        (Value::Number(json), Value::Number(read)) if read.is_f64() => json.as_f64() == read.as_f64(),
        (json, read) => json == read,
    }
}

#[test]
fn every_record_is_the_same_behind_avro() {
    let told = told();
    for (topic, output) in TOPICS.into_iter().filter(|(topic, _)| *topic != "dlq") {
        let avro = schema(topic);
        let (encoder, parsed) = (Encoder::new(&avro, 7).unwrap(), Schema::parse(&avro).unwrap());
        let mut count = 0;
        for (name, told) in &told {
            for (key, record) in told.records(output).iter().filter(|(_, record)| *record != json!({ "value": null })) {
                let framed =
                    encoder.encode(record.to_string().as_bytes()).unwrap_or_else(|why| panic!("{name}: {topic} {key}: {why}\n{record}"));
                let (id, found) = read(&parsed, &framed);
                assert!(id == 7 && same(record, &found), "{name}: {topic} {key}:\n{record}\n{found}");
                count += 1;
            }
        }
        assert!(count > 20, "{count} records of {topic}");
    }
}

#[test]
fn records_that_differ_are_not_the_same() {
    let json = json!({ "a": null, "b": 1, "c": [{ "d": "x" }] });
    assert!(same(&json, &json!({ "a": null, "b": 1.0, "c": [{ "d": "x", "e": null }], "f": null })));
    let others = [
        json!({ "b": 1, "c": [{ "d": "x" }] }),
        json!({ "a": null, "b": 2.0, "c": [{ "d": "x" }] }),
        json!({ "a": null, "b": 1, "c": [] }),
        json!({ "a": null, "b": 1, "c": [{ "d": "x" }], "f": 0 }),
        json!({ "a": null, "b": null, "c": [{ "d": "x" }] }),
    ];
    for other in others {
        assert!(!same(&json, &other), "{other}");
    }
}
