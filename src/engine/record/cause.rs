//! What made the engine write a record: an event, named by its place in Kafka, or a deadline.
//! It holds no customer. Written into every record by the files beside it.

use serde::Serialize;

use super::time::Time;

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
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
}
