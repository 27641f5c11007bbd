//! Logs: on stderr, as text for people or a JSON object a line, times in UTC.
//!
//! What is logged holds no personal data: no keys, no values, no addresses of records; that is the duty of whoever logs. This file only
//! chooses level and form. Called once by the commands that run for long.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::Subscriber;

use super::exit::CommandError;
use crate::config::{Log, LogFormat, LogLevel};

/// Overrides `log.level` in tracing's own notation, by module: for those who hunt a mistake.
const FILTER_VARIABLE: &str = "RUST_LOG";

/// From here on events are written; a second call is a mistake of the caller and says so.
pub fn set_up(log: Log) -> Result<(), CommandError> {
    let filter = filter(log.level, std::env::var(FILTER_VARIABLE).ok().as_deref())?;
    let colour = stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let subscriber = Subscriber::builder().with_env_filter(filter).with_writer(stderr);
    let started = match log.format {
        LogFormat::Text => tracing::subscriber::set_global_default(subscriber.with_ansi(colour).finish()),
        LogFormat::Json => tracing::subscriber::set_global_default(subscriber.json().flatten_event(true).with_span_list(false).finish()),
    };
    started.map_err(|error| CommandError::Failed(error.to_string()))
}

/// Our own events from `level` on, those of libraries from warnings on.
fn filter(level: LogLevel, directives: Option<&str>) -> Result<EnvFilter, CommandError> {
    let directives = match directives {
        Some(given) if !given.trim().is_empty() => given.to_string(),
        _ => format!("warn,lifetide={}", word(level)),
    };
    EnvFilter::try_new(&directives).map_err(|error| CommandError::Failed(format!("{FILTER_VARIABLE}: {error}")))
}

fn word(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_wins_over_the_level_unless_it_is_empty() {
        assert_eq!(filter(LogLevel::Debug, None).unwrap().to_string(), "lifetide=debug,warn");
        assert_eq!(filter(LogLevel::Debug, Some(" ")).unwrap().to_string(), "lifetide=debug,warn");
        assert_eq!(filter(LogLevel::Debug, Some("trace")).unwrap().to_string(), "trace");
        assert!(filter(LogLevel::Debug, Some("lifetide=loud")).is_err());
    }
}
