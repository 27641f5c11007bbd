//! What made the engine write a record: an event, named by its place in Kafka, a deadline, or another value model.
//! It holds no customer. Written into every record by the files beside it.

use super::json::Json;
use super::time::Time;

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
