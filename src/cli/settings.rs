//! `--config` and `--set`, which every command that takes a configuration has, and the reading of what they name.
//!
//! The only place that opens configuration files and looks at the environment: `config` gets texts. Used by all subcommands.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use super::rules;
use crate::config::{Config, ConfigError, Problem, Sources, Text};

/// Nobody writes a configuration this long: a larger file is another file.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Where the configuration comes from.
#[derive(Debug, Clone, Default, Args)]
pub struct SettingsArgs {
    /// Configuration file (TOML); may be given more than once, later files win
    #[arg(long = "config", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// One key, such as kafka.group_id=shop; wins over files and environment
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
}

impl SettingsArgs {
    /// Files, environment and `--set`, checked. Every problem found is in the error.
    pub fn read(&self) -> Result<Config, ConfigError> {
        self.read_with(&[])
    }

    /// As `read`, with settings a command implies (`--models FILE` is `clv.models`); they win over all others.
    pub fn read_with(&self, implied: &[String]) -> Result<Config, ConfigError> {
        let (files, mut problems) = self.texts();
        let sets: Vec<String> = self.sets.iter().chain(implied).cloned().collect();
        let host_name = host_name();
        let read = Config::read(&Sources {
            files: &files,
            environment: &environment(),
            sets: &sets,
            host_name: host_name.as_deref(),
            read_file: &|path| read_text(Path::new(path)),
        });
        match &read {
            // librdkafka knows its own properties: what it refuses is found now, and not when a client is made
            Ok(config) => {
                let problem = |message| Problem { key: None, origin: None, message };
                problems.extend(rules::kafka_settings(config).problems().into_iter().map(problem));
            }
            Err(ConfigError(found)) => problems.extend(found.iter().cloned()),
        }
        if problems.is_empty() { read } else { Err(ConfigError(problems)) }
    }

    /// The files' contents, and which cannot be read.
    pub fn texts(&self) -> (Vec<Text>, Vec<Problem>) {
        let (mut texts, mut problems) = (Vec::new(), Vec::new());
        for path in &self.files {
            let name = path.display().to_string();
            match read_text(path) {
                Ok(text) => texts.push(Text { name, text }),
                Err(error) => {
                    problems.push(Problem { key: None, origin: None, message: format!("cannot read {name}: {error}") });
                }
            }
        }
        (texts, problems)
    }
}

/// Variables as text; what is not Unicode is no value of ours.
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}

fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if read as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("larger than {FILE_BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// As the kernel has it, else as POSIX's command says it.
fn host_name() -> Option<String> {
    let from_kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let from_command = || {
        let output = std::process::Command::new("uname").arg("-n").output().ok()?;
        String::from_utf8(output.stdout).ok()
    };
    let name = from_kernel.or_else(from_command)?.trim().to_string();
    Some(name).filter(|name| !name.is_empty())
}
