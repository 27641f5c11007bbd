//! The one test binary. Everything it needs it starts itself; see `broker` for Kafka.

mod broker;
mod commands;
mod demo;
mod exactly_once;
mod kafka_shell;
mod negative_control;
mod scenarios;
mod settings;
mod tidy;
mod trial;
