//! The command line: one file for each subcommand, what they share in `settings`, `logs`, `exit`.
//!
//! Data goes to stdout, everything else to stderr. This room puts the others together and decides nothing about customers; it alone
//! reads arguments, environment and files of the configuration. Called by `main`.

mod api;
mod asyncapi;
mod backtest;
mod completions;
mod config;
mod deliver;
mod demo;
mod dlq;
mod doctor;
mod erase;
mod examples;
mod exit;
mod explain;
mod fit;
mod generate;
mod health;
mod http_client;
mod logs;
mod man;
mod model_watch;
mod models;
pub mod observer;
mod owners;
mod process;
mod purchases;
mod registry;
mod reload;
pub mod replay;
mod report;
mod rulebook;
pub mod rules;
mod run;
mod schema;
mod season;
mod settings;
pub mod shop;
mod state;
mod supervisor;
#[cfg(test)]
mod tests;
mod timed;
mod top;
mod topics;
mod traces;
mod validate;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use exit::Exit;

/// Customer lifecycle stages, lifetime value and abandoned-cart actions, from Kafka to Kafka, exactly once.
#[derive(Debug, Parser)]
#[command(name = "lifetide", version, after_help = exit::HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    Demo(demo::DemoArgs),
    Replay(replay::ReplayArgs),
    Fit(fit::FitArgs),
    Backtest(backtest::BacktestArgs),
    Validate(validate::ValidateArgs),
    Config(config::ConfigCommand),
    Schema(schema::SchemaArgs),
    Topics(topics::TopicsCommand),
    Models(models::ModelsCommand),
    State(state::StateCommand),
    Explain(explain::ExplainArgs),
    Report(report::ReportArgs),
    Generate(generate::GenerateArgs),
    Dlq(dlq::DlqCommand),
    Erase(erase::EraseArgs),
    Health(health::HealthArgs),
    Deliver(deliver::DeliverArgs),
    Doctor(doctor::DoctorArgs),
    Top(top::TopArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// All arguments there are, with examples below the help of each subcommand. Tests hold the command lines of `deploy/` against it.
pub fn command() -> clap::Command {
    examples::with_examples(Arguments::command())
}

/// How a command that reads shows what it found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// The program.
pub fn main() -> ExitCode {
    let parsed = command().try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => {
            // help and version come as errors too, and belong on stdout; a closed pipe is nobody's loss
            let _ = error.print();
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            return exit.into();
        }
    };
    let outcome = match arguments.command {
        Command::Validate(arguments) => validate::validate(&arguments),
        Command::Config(arguments) => config::config(&arguments),
        Command::Schema(arguments) => schema::schema(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Demo(arguments) => demo::demo(&arguments),
        Command::Replay(arguments) => replay::replay(&arguments),
        Command::Fit(arguments) => fit::fit(&arguments),
        Command::Backtest(arguments) => backtest::backtest(&arguments),
        Command::Topics(command) => topics::topics(&command),
        Command::Models(command) => models::models(&command),
        Command::State(command) => state::state(&command),
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Report(arguments) => report::report(&arguments),
        Command::Generate(arguments) => generate::generate(&arguments),
        Command::Dlq(command) => dlq::dlq(&command),
        Command::Erase(arguments) => erase::erase(&arguments),
        Command::Health(arguments) => health::health(&arguments),
        Command::Deliver(arguments) => deliver::deliver(&arguments),
        Command::Doctor(arguments) => doctor::doctor(&arguments),
        Command::Top(arguments) => top::top(&arguments),
        Command::Completions(arguments) => completions::completions(&arguments),
        Command::Man(arguments) => man::man(&arguments),
    };
    exit::finish(outcome).into()
}

/// A moment as all records have it: RFC 3339, UTC, three digits.
fn instant(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), |at| format!("{at:.3}"))
}

/// The UTC day of a moment, `1997-09-30`.
fn day(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), |at| at.strftime("%F").to_string())
}

/// An argument that is a moment: RFC 3339 to ms since 1970.
fn instant_ms(text: &str) -> Result<i64, String> {
    let moment: jiff::Timestamp = text.parse().map_err(|_| "expected a time such as 2026-01-01T00:00:00Z".to_string())?;
    Ok(moment.as_millisecond())
}
