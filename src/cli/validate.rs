//! `validate`: reads the configuration as `run` would, says what it is and every problem it has.
//!
//! It asks no broker: that is `topics check`. The problems are its result, so they go to stdout. Called by `cli::main`.

use std::io::{Write, stdout};

use clap::Args;
use serde_json::json;

use super::OutputFormat;
use super::exit::CommandError;
use super::season;
use super::settings::{self, SettingsArgs};
use crate::config::{Config, ConfigError, ENVIRONMENT_PREFIX, OUTPUT_TOPICS, Origin};

/// Check a configuration; ends with 78 if it has problems
#[derive(Debug, Args)]
pub struct ValidateArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// text or json
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    output: OutputFormat,
}

pub fn validate(arguments: &ValidateArgs) -> Result<(), CommandError> {
    let result = arguments.settings.read();
    let mut checked = vec![("layers", layers(&arguments.settings))];
    if let Ok(config) = &result {
        checked.extend(contents(config));
    }
    let problems = match &result {
        Ok(_) => &[][..],
        Err(ConfigError(problems)) => problems,
    };
    let text = match arguments.output {
        OutputFormat::Text => {
            let checked = checked.iter().map(|(what, found)| format!("{what:<9} {found}\n"));
            let found = problems.iter().map(|problem| format!("problem   {problem}\n"));
            let result = format!("result    {} problems\n", problems.len());
            checked.chain(found).chain([result]).collect()
        }
        OutputFormat::Json => {
            let checked: serde_json::Map<_, _> = checked.into_iter().map(|(what, found)| (what.into(), found.into())).collect();
            let problems: Vec<_> = problems
                .iter()
                .map(|problem| {
                    let origin = problem.origin.as_ref().map(Origin::to_string);
                    json!({ "key": problem.key, "origin": origin, "message": problem.message })
                })
                .collect();
            format!("{}\n", json!({ "checked": checked, "problems": problems }))
        }
    };
    stdout().write_all(text.as_bytes())?;
    result.map(drop).map_err(|_| CommandError::ConfigShown)
}

fn layers(settings: &SettingsArgs) -> String {
    let files = settings.files.iter().map(|path| path.display().to_string());
    let mut layers: Vec<String> = ["default.toml".to_string()].into_iter().chain(files).collect();
    let variables = settings::environment().iter().filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX)).count();
    layers.push(format!("{variables} environment variables"));
    layers.push(format!("{} --set", settings.sets.len()));
    layers.join(", ")
}

fn contents(config: &Config) -> Vec<(&'static str, String)> {
    let parameters = &config.engine.value.parameters;
    let fitted = if parameters.fitted { "fitted" } else { "not fitted to this shop's customers" };
    let seasonal = season::words(parameters).map_or(String::new(), |words| format!(", {words}"));
    let plays: Vec<String> = config
        .engine
        .plays
        .iter()
        .map(|play| format!("{} ({:?}, {} steps, version {})", play.name, play.mode, play.steps.len(), play.version).to_lowercase())
        .collect();
    let changed = config.settings().iter().filter(|setting| setting.origin != Origin::Default).count();
    vec![
        ("keys", format!("{} in force, {changed} of them not by default", config.settings().len())),
        ("kafka", format!("{}, group {}, instance {}", config.kafka.bootstrap_servers, config.kafka.group_id, config.instance_id)),
        ("inputs", config.input.topics.join(", ")),
        ("outputs", OUTPUT_TOPICS.map(|name| config.output.topic(name)).join(", ")),
        ("model", format!("{} {}, {fitted}{seasonal}", parameters.name, parameters.version)),
        ("plays", plays.join(", ")),
    ]
}
