//! What made the engine write a record: an event, named by its place in Kafka, a deadline, or another value model.
//! It holds no customer. Written into every record by the files beside it.

use super::json::Json;
use super::schema::fields;
use super::time::Time;

use utoipa::openapi::{OneOfBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

#[derive(Debug, Clone, Copy)]
pub enum CauseRecord<'a> {
    Event {
        event: &'a str,
        topic: &'a str,
        partition: u32,
        offset: i64,
    },
    Deadline {
        /// The play, or `at_risk`, `lapsed`.
        deadline: &'a str,
        due_at: Time,
    },
    /// A value model came into force.
    Model {
        name: &'a str,
        version: &'a str,
    },
}

impl PartialSchema for CauseRecord<'_> {
    fn schema() -> RefOr<Schema> {
        let event = [("event", Type::String), ("topic", Type::String), ("partition", Type::Integer), ("offset", Type::Integer)];
        let choices = OneOfBuilder::new()
            .item(fields("event", "an event, by its place in Kafka", &event))
            .item(fields("deadline", "a deadline: of a play, or of a stage", &[("deadline", Type::String), ("due_at", Type::String)]))
            .item(fields("model", "a value model came into force", &[("model", Type::String), ("version", Type::String)]));
        choices.description(Some("What made lifetide write this record.")).into()
    }
}

impl ToSchema for CauseRecord<'_> {}

impl Json for CauseRecord<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            CauseRecord::Event { event, topic, partition, offset } => {
                out.extend_from_slice(br#"{"type":"event","event":"#);
                event.write(out);
                out.extend_from_slice(br#","topic":"#);
                topic.write(out);
                out.extend_from_slice(br#","partition":"#);
                partition.write(out);
                out.extend_from_slice(br#","offset":"#);
                offset.write(out);
            }
            CauseRecord::Deadline { deadline, due_at } => {
                out.extend_from_slice(br#"{"type":"deadline","deadline":"#);
                deadline.write(out);
                out.extend_from_slice(br#","due_at":"#);
                due_at.write(out);
            }
            CauseRecord::Model { name, version } => {
                out.extend_from_slice(br#"{"type":"model","model":"#);
                name.write(out);
                out.extend_from_slice(br#","version":"#);
                version.write(out);
            }
        }
        out.push(b'}');
    }
}
