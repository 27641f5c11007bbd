//! `doctor`: looks at everything `run` needs, a line for each thing, and says what to do where something is wrong.
//!
//! It goes on after a fault as far as that makes sense, so that all of them are told at once. It joins no group, writes no record and changes
//! no topic; only `--transactions` leaves a name behind, which brokers forget after a week. Called by `cli::main`.

mod cluster;
mod machine;

use std::fmt;
use std::io::{Write, stdout};

use clap::Args;
use serde_json::json;

use super::OutputFormat;
use super::exit::CommandError;
use super::settings::SettingsArgs;
use crate::config::{Config, ConfigError};

/// Check everything `run` needs and say what to do; ends with 1 if something is wrong
#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Also begin and abort an empty transaction as GROUP/doctor, which alone shows the right to; brokers remember that name for a week
    #[arg(long)]
    pub transactions: bool,
    /// text or json
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    pub output: OutputFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    /// It works, and somebody should think about it.
    Mind,
    Wrong,
    /// It could not be looked at.
    Unknown,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Mind => "mind",
            Verdict::Wrong => "wrong",
            Verdict::Unknown => "unknown",
        }
    }
}

/// What was looked at, how it is, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    what: &'static str,
    verdict: Verdict,
    found: String,
    advice: Option<&'static str>,
}

impl Finding {
    fn ok(what: &'static str, found: impl Into<String>) -> Finding {
        Finding { what, verdict: Verdict::Ok, found: found.into(), advice: None }
    }

    fn mind(what: &'static str, found: impl Into<String>, advice: &'static str) -> Finding {
        Finding { what, verdict: Verdict::Mind, found: found.into(), advice: Some(advice) }
    }

    fn wrong(what: &'static str, found: impl Into<String>, advice: &'static str) -> Finding {
        Finding { what, verdict: Verdict::Wrong, found: found.into(), advice: Some(advice) }
    }

    fn unknown(what: &'static str, found: impl Into<String>) -> Finding {
        Finding { what, verdict: Verdict::Unknown, found: found.into(), advice: None }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8} {:<16} {}", self.verdict.as_str(), self.what, self.found)?;
        self.advice.map_or(Ok(()), |advice| write!(f, "\n{:<8} {:<16}   do: {advice}", "", ""))
    }
}

pub fn doctor(arguments: &DoctorArgs) -> Result<(), CommandError> {
    let findings = match arguments.settings.read() {
        Err(ConfigError(problems)) => {
            let advice = "mend it: `lifetide config default` explains every key";
            problems.iter().map(|problem| Finding::wrong("configuration", problem.to_string(), advice)).collect()
        }
        Ok(config) => examine(&config, arguments.transactions),
    };
    let text = match arguments.output {
        OutputFormat::Text => findings.iter().map(|finding| format!("{finding}\n")).collect(),
        OutputFormat::Json => {
            let checks: Vec<_> = findings
                .iter()
                .map(|finding| json!({ "check": finding.what, "verdict": finding.verdict.as_str(), "found": finding.found, "advice": finding.advice }))
                .collect();
            format!("{}\n", json!({ "checks": checks }))
        }
    };
    stdout().write_all(text.as_bytes())?;
    match findings.iter().filter(|finding| finding.verdict == Verdict::Wrong).count() {
        0 => Ok(()),
        wrong => Err(CommandError::Failed(format!("{wrong} of {} are wrong", findings.len()))),
    }
}

fn examine(config: &Config, tries_transactions: bool) -> Vec<Finding> {
    let mut findings = vec![Finding::ok("configuration", format!("{} keys, group {}", config.settings().len(), config.kafka.group_id))];
    findings.extend(machine::examine(config));
    findings.extend(cluster::examine(config, tries_transactions));
    findings
}
