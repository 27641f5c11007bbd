//! How a command ends: the one place that maps outcomes to exit codes.
//!
//! Codes 69 and 78 are those of `sysexits.h`, so that a supervisor can tell a broker that is away from a configuration nobody has mended
//! yet. It prints the error, and nothing of a success. Called by `cli::main` and by every subcommand for its error type.

use std::io;
use std::process::ExitCode;

use thiserror::Error;

use crate::config::ConfigError;

pub const HELP: &str = "Exit codes: 0 done, 1 failed, 2 usage, 69 Kafka unavailable, 78 bad configuration.";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done,
    Failed,
    Usage,
    KafkaUnavailable,
    BadConfiguration,
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::KafkaUnavailable => 69,
            Exit::BadConfiguration => 78,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug, Error)]
pub enum CommandError {
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// The problems have been shown on stdout, as the command's very result.
    #[error("the configuration has problems")]
    ConfigShown,
    /// The broker cannot be reached.
    #[error("kafka is unavailable: {0}")]
    KafkaUnavailable(String),
    #[error("{0}")]
    Failed(String),
    #[error("cannot write to stdout: {0}")]
    Stdout(#[from] io::Error),
}

impl CommandError {
    pub fn exit(&self) -> Exit {
        match self {
            CommandError::Config(_) | CommandError::ConfigShown => Exit::BadConfiguration,
            CommandError::KafkaUnavailable(_) => Exit::KafkaUnavailable,
            // `lifetide config show | head -1` has done what was wanted
            CommandError::Stdout(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            CommandError::Failed(_) | CommandError::Stdout(_) => Exit::Failed,
        }
    }
}

/// Says on stderr what went wrong, a line for each problem.
pub fn finish(outcome: Result<(), CommandError>) -> Exit {
    let Err(error) = outcome else {
        return Exit::Done;
    };
    let exit = error.exit();
    match error {
        CommandError::ConfigShown => {}
        _ if exit == Exit::Done => {}
        CommandError::Config(ConfigError(problems)) => {
            for problem in problems {
                eprintln!("error: {problem}");
            }
        }
        error => eprintln!("error: {error}"),
    }
    exit
}
