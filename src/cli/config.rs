//! `config show`, `config default` and `config schema`: the configuration in force, the reference of all keys, and what a file looks like.
//!
//! Secrets are hidden already when they arrive here. It changes nothing. Called by `cli::main`.

use std::io::{Write, stdout};

use clap::{Args, Subcommand};
use serde_json::{Map, json};

use super::OutputFormat;
use super::exit::CommandError;
use super::settings::SettingsArgs;
use crate::config::{DEFAULT_TOML, Setting, schema};
use crate::schema::text;

/// Show the configuration in force, or the reference of all keys
#[derive(Debug, Args)]
pub struct ConfigCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Every key in force, its value and where it was written; secrets are hidden
    Show(ShowArgs),
    /// The defaults, every key with its explanation
    Default,
    /// JSON Schema of a configuration file, for editors and checks
    Schema,
}

#[derive(Debug, Args)]
struct ShowArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// text or json
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    output: OutputFormat,
}

pub fn config(command: &ConfigCommand) -> Result<(), CommandError> {
    let text = match &command.action {
        Action::Default => DEFAULT_TOML.to_string(),
        Action::Schema => text(&schema()),
        Action::Show(arguments) => shown(arguments.settings.read()?.settings(), arguments.output),
    };
    stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn shown(settings: &[Setting], output: OutputFormat) -> String {
    if output == OutputFormat::Text {
        return settings.iter().map(|setting| format!("{setting}\n")).collect();
    }
    let object: Map<String, serde_json::Value> = settings
        .iter()
        .map(|setting| {
            let origin = setting.origin.to_string();
            (setting.key.clone(), json!({ "value": setting.value, "origin": origin }))
        })
        .collect();
    format!("{}\n", serde_json::Value::Object(object))
}
