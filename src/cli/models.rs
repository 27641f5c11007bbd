//! `models show|publish|withdraw`: the value models that all running instances follow.
//!
//! A parameter file is checked as `run` would check it, and put onto the models topic under one key, in one transaction; every instance
//! takes it up between two transactions and scores everybody anew. It fits nothing: `fit` does. Called by `cli::main`.

use std::io::{Write, stdout};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::OutputFormat;
use super::dlq::failed;
use super::exit::CommandError;
use super::rules;
use super::season;
use super::settings::SettingsArgs;
use crate::clock;
use crate::clv::Parameters;
use crate::config::Config;
use crate::kafka::{FeedRecord, Feeder, ModelsTopic, Settings};
use crate::worker::WorkerError;

/// The topic's only key: one set of parameters is in force.
pub const KEY: &str = "clv";
/// Names the producer.
const PRODUCER: &str = "models";

/// The value models that all running instances follow
#[derive(Debug, Args)]
pub struct ModelsCommand {
    #[command(subcommand)]
    action: ModelsAction,
}

#[derive(Debug, Subcommand)]
enum ModelsAction {
    /// What was published last
    Show(ModelsArgs),
    /// Put a parameter file into force everywhere
    Publish(PublishArgs),
    /// Go back to what each instance's configuration says
    Withdraw(ModelsArgs),
}

#[derive(Debug, Args)]
struct ModelsArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// text or json
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    output: OutputFormat,
}

#[derive(Debug, Args)]
struct PublishArgs {
    /// A parameter file, as `fit` writes it
    file: PathBuf,
    #[command(flatten)]
    common: ModelsArgs,
}

pub fn models(command: &ModelsCommand) -> Result<(), CommandError> {
    match &command.action {
        ModelsAction::Show(arguments) => show(arguments),
        ModelsAction::Publish(arguments) => {
            let text = std::fs::read_to_string(&arguments.file)
                .map_err(|error| CommandError::Failed(format!("cannot read {}: {error}", arguments.file.display())))?;
            let config = arguments.common.settings.read()?;
            let parameters = publish(&config, &text)?;
            tell(&arguments.common, "published", Some(&parameters), &config)
        }
        ModelsAction::Withdraw(arguments) => {
            let config = arguments.settings.read()?;
            send(&rules::kafka_settings(&config), None)?;
            tell(arguments, "withdrawn", None, &config)
        }
    }
}

/// Puts a parameter file onto the models topic, if it can be used.
pub fn publish(config: &Config, text: &str) -> Result<Parameters, CommandError> {
    let parameters = parameters(config, text)?;
    send(&rules::kafka_settings(config), Some(text))?;
    Ok(parameters)
}

fn show(arguments: &ModelsArgs) -> Result<(), CommandError> {
    let config = arguments.settings.read()?;
    let found = published(&config)?;
    tell(arguments, if found.is_some() { "in force" } else { "none published" }, found.as_ref(), &config)
}

/// What was published last, if it can be used.
pub fn published(config: &Config) -> Result<Option<Parameters>, CommandError> {
    let topic = ModelsTopic::open(&rules::kafka_settings(config)).map_err(WorkerError::from)?;
    let mut newest = None;
    let read = topic.read_all(|published| {
        if published.key == KEY.as_bytes() {
            newest = published.value;
        }
    });
    read.map_err(WorkerError::from)?;
    newest.map(|text| parameters(config, &String::from_utf8_lossy(&text))).transpose()
}

fn parameters(config: &Config, text: &str) -> Result<Parameters, CommandError> {
    let settings = config.engine_with_models(text);
    settings.map(|settings| settings.value.parameters).map_err(|why| CommandError::Failed(format!("the models cannot be used: {why}")))
}

fn send(settings: &Settings, value: Option<&str>) -> Result<(), CommandError> {
    let feeder = Feeder::open(settings, PRODUCER).map_err(WorkerError::of_transaction)?;
    feeder.begin().map_err(WorkerError::of_transaction)?;
    let record = FeedRecord {
        topic: &settings.output.models,
        partition: 0,
        key: Some(KEY.as_bytes()),
        value: value.map(str::as_bytes),
        timestamp_ms: Some(clock::wall_ms()),
        headers: &[("content-type", b"application/toml")],
    };
    feeder.send(&record).map_err(WorkerError::of_transaction)?;
    feeder.commit().map_err(failed)
}

fn tell(arguments: &ModelsArgs, what: &str, parameters: Option<&Parameters>, config: &Config) -> Result<(), CommandError> {
    let topic = config.output.topic("models");
    let text = match arguments.output {
        OutputFormat::Json => {
            let model = parameters.map(|p| json!({ "name": p.name, "version": p.version, "fitted": p.fitted }));
            format!("{}\n", json!({ "topic": topic, "state": what, "model": model }))
        }
        OutputFormat::Text => {
            let model = parameters.map_or(String::new(), |p| format!(" {} {}", p.name, p.version));
            let seasonal = parameters.and_then(season::words).map_or(String::new(), |words| format!("; {words}"));
            format!("{what:<14}{model} on {topic}{seasonal}\n")
        }
    };
    Ok(stdout().write_all(text.as_bytes())?)
}
