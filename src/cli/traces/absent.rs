//! Traces in a program that was built without them: nothing is drawn, and whoever asked for it hears so.
//! It stands in for `spans`, call for call. Called by `process`.

use super::{are_wanted, variable};
use crate::cli::exit::CommandError;
use crate::config::Config;
use crate::worker::{Now, Report, TraceRules};

pub struct Traces;

impl Traces {
    pub fn from_environment(_: &Config) -> Result<Traces, CommandError> {
        if are_wanted(variable) {
            tracing::warn!(
                "the environment asks for traces, but this lifetide is built without them: `cargo build --release --features otel`"
            );
        }
        Ok(Traces)
    }

    pub fn rules(&self) -> TraceRules {
        TraceRules::default()
    }

    pub fn draw(&self, _: usize, _: &Report, _: Now) {}

    pub fn finish(&self) {}
}
