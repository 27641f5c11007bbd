//! Logs: on stderr, as text for people or a JSON object a line, times in UTC.
//!
//! What is logged holds no personal data: no keys, no values, no addresses of records; that is the duty of whoever logs. This file only
//! chooses level and form, and changes the level while the process runs if an admin or a reload asks. Called once by the commands that run for long.

use std::io::{IsTerminal, stderr};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::Subscriber;
use tracing_subscriber::reload;

use super::exit::CommandError;
use crate::config::{Log, LogFormat, LogLevel};
use crate::http::{self, LevelError};

/// Overrides `log.level` in tracing's own notation, by module: for those who hunt a mistake.
const FILTER_VARIABLE: &str = "RUST_LOG";

/// Puts another filter in force. What a filter disables costs a look at one number, also after a change: tracing asks a filter once for
/// each place that logs, and anew for all of them when it changes.
type Reload = Box<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>;

/// The level in force.
pub struct Level {
    /// `None` where `FILTER_VARIABLE` decides. Locked for the whole of a change, so that changes come one after the other.
    level: Option<Mutex<LogLevel>>,
    reload: Reload,
}

/// From here on events are written; a second call is a mistake of the caller and says so.
pub fn set_up(log: Log) -> Result<Arc<Level>, CommandError> {
    let directives = std::env::var(FILTER_VARIABLE).ok().filter(|given| !given.trim().is_empty());
    let filter = filter(log.level, directives.as_deref())?;
    let colour = stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let subscriber = Subscriber::builder().with_env_filter(filter).with_writer(stderr).log_internal_errors(false);
    let (reload, started): (Reload, _) = match log.format {
        LogFormat::Text => {
            let text = subscriber.with_ansi(colour).with_filter_reloading();
            let handle = text.reload_handle();
            (Box::new(move |filter| handle.reload(filter)), tracing::subscriber::set_global_default(text.finish()))
        }
        LogFormat::Json => {
            let json = subscriber.json().flatten_event(true).with_span_list(false).with_filter_reloading();
            let handle = json.reload_handle();
            (Box::new(move |filter| handle.reload(filter)), tracing::subscriber::set_global_default(json.finish()))
        }
    };
    started.map_err(|error| CommandError::Failed(error.to_string()))?;
    Ok(Arc::new(Level { level: directives.is_none().then(|| Mutex::new(log.level)), reload }))
}

/// The given directives, or our own events from `level` on, those of libraries from warnings on.
fn filter(level: LogLevel, directives: Option<&str>) -> Result<EnvFilter, CommandError> {
    let directives = directives.map_or_else(|| format!("warn,lifetide={}", level.as_str()), str::to_string);
    EnvFilter::try_new(&directives).map_err(|error| CommandError::Failed(format!("{FILTER_VARIABLE}: {error}")))
}

impl Level {
    /// As a configuration that was read again says it; where `FILTER_VARIABLE` decides, that goes on deciding.
    pub fn follow(&self, wanted: LogLevel) -> Result<(), LevelError> {
        self.level.as_ref().map_or(Ok(()), |level| self.change(level, wanted, "log level changed by the configuration"))
    }

    fn change(&self, level: &Mutex<LogLevel>, new: LogLevel, words: &str) -> Result<(), LevelError> {
        let filter = filter(new, None).map_err(|error| LevelError::Failed(error.to_string()))?;
        let mut old = level.lock().unwrap_or_else(PoisonError::into_inner);
        let tell = || tracing::info!(from = old.as_str(), to = new.as_str(), "{words}");
        // said while the one that shows more is in force
        if *old > new {
            tell();
        }
        (self.reload)(filter).map_err(|error| LevelError::Failed(error.to_string()))?;
        if *old <= new {
            tell();
        }
        *old = new;
        Ok(())
    }
}

impl http::LogLevel for Arc<Level> {
    fn get(&self) -> Result<&'static str, LevelError> {
        let level = self.level.as_ref().ok_or(LevelError::Overridden(FILTER_VARIABLE))?;
        Ok(level.lock().unwrap_or_else(PoisonError::into_inner).as_str())
    }

    fn set(&self, wanted: &str) -> Result<&'static str, LevelError> {
        let level = self.level.as_ref().ok_or(LevelError::Overridden(FILTER_VARIABLE))?;
        let Some((_, new)) = LogLevel::WORDS.iter().find(|(word, _)| *word == wanted) else {
            let words: Vec<&str> = LogLevel::WORDS.iter().map(|(word, _)| *word).collect();
            return Err(LevelError::Unknown(words.join(", ")));
        };
        self.change(level, *new, "log level changed by an admin action")?;
        Ok(new.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::LogLevel as _;

    #[test]
    fn directives_win_over_the_level() {
        assert_eq!(filter(LogLevel::Debug, None).unwrap().to_string(), "lifetide=debug,warn");
        assert_eq!(filter(LogLevel::Debug, Some("trace")).unwrap().to_string(), "trace");
        assert!(filter(LogLevel::Debug, Some("lifetide=loud")).is_err());
    }

    #[test]
    fn a_change_of_level_is_a_change_of_filter_and_is_remembered() {
        let (sender, filters) = std::sync::mpsc::channel();
        let reload: Reload = Box::new(move |filter| {
            sender.send(filter.to_string()).unwrap();
            Ok(())
        });
        let level = Arc::new(Level { level: Some(Mutex::new(LogLevel::Info)), reload });
        for word in ["debug", "debug", "error", "trace", "warn"] {
            assert_eq!((level.set(word), level.get()), (Ok(word), Ok(word)));
            assert_eq!(filters.recv().unwrap(), format!("lifetide={word},warn"));
        }
        for word in ["loud", "", "DEBUG", "lifetide=trace", "off"] {
            assert_eq!(level.set(word), Err(LevelError::Unknown("error, warn, info, debug, trace".to_string())));
        }
        assert_eq!((level.get(), filters.try_recv().is_err()), (Ok("warn"), true));
    }

    #[test]
    fn where_the_variable_decides_the_level_is_neither_told_nor_changed() {
        let level = Arc::new(Level { level: None, reload: Box::new(|_| unreachable!("nothing may change")) });
        assert_eq!(level.get(), Err(LevelError::Overridden("RUST_LOG")));
        assert_eq!(level.set("debug"), Err(LevelError::Overridden("RUST_LOG")));
        assert_eq!(level.follow(LogLevel::Debug), Ok(()));
    }
}
