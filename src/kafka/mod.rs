//! The shell over librdkafka: bytes, offsets, partitions, transactions. It decides nothing and knows no event.
//!
//! `settings` (what the configuration says) -> `client` (what librdkafka is told, and why) -> `consumer` and `producer`, which implement
//! the worker's two seams (`worker::source`, `worker::transaction`). `group` follows the consumer group, `member` and `assignment` are what members tell of themselves and were given, `queue` and `message` wrap the C
//! calls that move records, `changelog` reads a slot's log back, `visitor` looks at a group without joining it, `topic_scan` reads
//! a topic once, `models` follows the value models, `feed` puts records into the inputs, `failure` sorts errors by what they mean for a transaction, `rights` and `sample` look at what a doctor asks. `topics`
//! decides what the cluster should hold, `admin` looks and creates.
//!
//! Every `unsafe` of the crate is in this room, each with the invariant it rests on. Used by `worker` (through the seams) and `cli`.

pub mod admin;
mod assignment;
mod changelog;
mod client;
mod consumer;
mod deadline;
mod delivery;
mod failure;
mod feed;
mod group;
mod member;
mod message;
mod models;
mod observer;
mod offsets;
mod produce;
mod producer;
mod queue;
mod retire;
mod rights;
mod sample;
pub mod settings;
mod topic_scan;
pub mod topics;
mod trim;
mod visitor;
mod wake;

pub use client::transactional_id;
pub use consumer::Consumer;
pub use feed::{FeedRecord, Feeder};
pub use message::Message;
pub use models::{ModelsTopic, Published};
pub use observer::{Member, Observer};
pub use producer::{Encoders, Producer};
pub use rights::{Allowed, Operation, Rights, try_transaction};
pub use sample::{Sampled, sample};
pub use settings::{OutputNames, Settings};
pub use topic_scan::TopicScan;
pub use visitor::Visitor;
