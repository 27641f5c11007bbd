//! lifetide
pub mod cli;
pub mod clock;
pub mod clv;
pub mod config;
pub mod engine;
pub mod event;
pub mod http;
pub mod kafka;
pub mod metrics;
pub mod worker;
