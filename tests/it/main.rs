//! The one test binary. Everything it needs it starts itself; see `broker` for Kafka.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "what a test shares with others is test code too: it may panic, wait with a deadline, and say what it does"
)]

mod api;
mod broker;
mod chaos;
mod commands;
mod contracts;
mod demo;
mod dependencies;
mod deploy;
mod erasure;
mod exactly_once;
mod formats;
mod fuzz;
mod generated_day;
mod golden;
mod instructions;
mod kafka_shell;
mod live_page;
mod model;
mod negative_control;
mod overload;
mod pass_on;
mod population;
mod privacy;
mod python;
mod restore_progress;
mod rfm;
mod scenarios;
mod scored_with;
mod security;
mod settings;
mod several_events;
mod simulation;
mod spans;
mod standby;
mod tidy;
mod traces;
mod trial;
mod ways_out;
mod worker_claims;
mod worker_clock;
mod worker_models;
mod worker_refusals;
mod worker_unwritable;
mod worker_world;
