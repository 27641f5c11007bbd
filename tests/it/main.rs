//! The one test binary. Everything it needs it starts itself; see `broker` for Kafka.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "what a test shares with others is test code too: it may panic, wait with a deadline, and say what it does"
)]

mod broker;
mod commands;
mod demo;
mod exactly_once;
mod fuzz;
mod golden;
mod kafka_shell;
mod negative_control;
mod overload;
mod scenarios;
mod settings;
mod tidy;
mod trial;
mod worker_claims;
mod worker_clock;
mod worker_faults;
