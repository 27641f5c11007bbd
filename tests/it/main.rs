//! The one test binary. Everything it needs it starts itself; see `broker` for Kafka.

mod broker;
mod exactly_once;
mod kafka_shell;
mod scenarios;
mod settings;
mod tidy;
mod trial;
mod worker_faults;
