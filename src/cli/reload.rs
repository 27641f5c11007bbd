//! Reads the configuration again while `run` works: at SIGHUP, and with `--watch` when a file has changed.
//!
//! The same layers are read and checked as at the start. What is wrong, or cannot change while it works, is named with file, line and key,
//! and then nothing changes; else all of it comes into force, for each worker between two of its transactions. Environment and arguments of
//! a process never change, so it is the files that matter. Called by `run`.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use xxhash_rust::xxh3::xxh3_64;

use super::exit::CommandError;
use super::logs::Level;
use super::rulebook::Rulebook;
use super::settings::SettingsArgs;
use crate::config::{Config, ConfigError};
use crate::metrics::Metrics;

/// Between two looks at the files. Their content is read: what Kubernetes mounts is a link to a link, which no watch of a folder follows.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// SIGHUP, heard from the moment this is made: until somebody listens it would end the process.
pub struct Hangups {
    runtime: Runtime,
    signal: Signal,
    /// Where the process was started from a terminal; if that goes away, SIGHUP means what it always meant.
    has_terminal: bool,
}

impl Hangups {
    pub fn listen() -> Result<Hangups, CommandError> {
        let failed = |error: std::io::Error| CommandError::Failed(format!("cannot listen for signals: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let signal = {
            let _entered = runtime.enter();
            signal(SignalKind::hangup()).map_err(failed)?
        };
        Ok(Hangups { runtime, signal, has_terminal: stderr().is_terminal() })
    }

    fn is_cut_off(&self) -> bool {
        self.has_terminal && !stderr().is_terminal()
    }
}

/// What a reload reads, and what it reaches.
pub struct Reload {
    pub arguments: SettingsArgs,
    pub rulebook: Arc<Rulebook>,
    pub level: Arc<Level>,
    pub metrics: Arc<Metrics>,
    /// Stop signals so far.
    pub stops: Arc<AtomicUsize>,
}

/// Reloads from now on, on a thread of its own that ends with the process.
pub fn start(hangups: Hangups, reload: Reload, watch: Option<FileWatch>) -> Result<(), CommandError> {
    let spawned = std::thread::Builder::new().name("reload".into()).spawn(move || follow(hangups, &reload, watch));
    spawned.map(drop).map_err(|error| CommandError::Failed(format!("cannot start a thread: {error}")))
}

fn follow(mut hangups: Hangups, reload: &Reload, mut watch: Option<FileWatch>) {
    loop {
        let signal = &mut hangups.signal;
        let is_signalled = hangups.runtime.block_on(async { tokio::time::timeout(LOOK_EVERY, signal.recv()).await.is_ok() });
        if is_signalled && hangups.is_cut_off() {
            reload.stops.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let has_changed = watch.as_mut().is_some_and(|watch| watch.look(&reload.arguments));
        if is_signalled || has_changed {
            reload.tell(reload.read());
        }
    }
}

impl Reload {
    /// The changed keys, none of them if nothing has changed.
    fn read(&self) -> Result<Vec<String>, ConfigError> {
        let next = self.arguments.read()?;
        let former = self.rulebook.config();
        let changed = former.changes_to(&next)?;
        if !changed.is_empty() {
            self.apply(&former, next).map_err(ConfigError::of_text)?;
        }
        Ok(changed)
    }

    fn apply(&self, former: &Config, next: Config) -> Result<(), String> {
        let (before, now) = (former.log.level, next.log.level);
        self.rulebook.take_config(next)?;
        // an admin's choice stays until the configuration says something new
        if before != now
            && let Err(error) = self.level.follow(now)
        {
            tracing::warn!("the log level stays as it was: {error:?}");
        }
        Ok(())
    }

    fn tell(&self, outcome: Result<Vec<String>, ConfigError>) {
        let word = match &outcome {
            Ok(changed) if changed.is_empty() => {
                tracing::info!("configuration read again: nothing has changed");
                "unchanged"
            }
            Ok(changed) => {
                tracing::info!(changed = changed.join(", "), "configuration read again and in force");
                "applied"
            }
            Err(ConfigError(problems)) => {
                problems.iter().for_each(|problem| tracing::error!("configuration read again and refused: {problem}"));
                "refused"
            }
        };
        self.metrics.record_reload(word);
    }
}

/// Tells when files have changed and are no longer being written.
pub struct FileWatch {
    /// Of the contents that were read last.
    read: u64,
    /// Of the contents of the last look.
    seen: u64,
}

impl FileWatch {
    /// To be made before the files are read: what changes in between is a change.
    pub fn new(arguments: &SettingsArgs) -> FileWatch {
        let seen = hash_of_files(arguments);
        FileWatch { read: seen, seen }
    }

    /// True once for each change: when two looks in a row have seen the same.
    fn look(&mut self, arguments: &SettingsArgs) -> bool {
        self.settle(hash_of_files(arguments))
    }

    fn settle(&mut self, now: u64) -> bool {
        let is_settled = std::mem::replace(&mut self.seen, now) == now;
        is_settled && std::mem::replace(&mut self.read, now) != now
    }
}

/// A file that cannot be read is another content than all it may have.
fn hash_of_files(arguments: &SettingsArgs) -> u64 {
    let (files, problems) = arguments.texts();
    xxh3_64(format!("{files:?} {problems:?}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_and_not_while_it_is_being_written() {
        let mut watch = FileWatch { read: 1, seen: 1 };
        let told: Vec<bool> = [1, 2, 3, 3, 3, 3, 1, 1, 2, 1, 1].into_iter().map(|now| watch.settle(now)).collect();
        assert_eq!(told, [false, false, false, true, false, false, false, true, false, false, false]);
    }
}
