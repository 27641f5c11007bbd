//! `topics plan|create|check`: the topics lifetide needs, and whether the cluster has them so.
//!
//! What they should be is decided in `kafka::topics`; here it is asked for and shown. Creating needs other rights than running, which is
//! why `run` only checks. Called by `cli::main`, and by `run` for its start.

use std::io::{Write, stdout};

use clap::{Args, Subcommand};
use serde_json::json;

use super::OutputFormat;
use super::exit::CommandError;
use super::rules;
use super::settings::SettingsArgs;
use crate::kafka::admin::{self, AdminError};
use crate::kafka::topics::{self, TopicFacts, TopicPlan};
use crate::kafka::{self};

/// The topics lifetide needs: show, create or check them
#[derive(Debug, Args)]
pub struct TopicsCommand {
    #[command(subcommand)]
    pub action: TopicsAction,
}

#[derive(Debug, Subcommand)]
pub enum TopicsAction {
    /// What `create` would do
    Plan(TopicsArgs),
    /// Create what is missing
    Create(TopicsArgs),
    /// Compare what is there with what is needed; ends with 1 if something is wrong
    Check(TopicsArgs),
}

#[derive(Debug, Args)]
pub struct TopicsArgs {
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Partitions of input topics that do not exist yet; all other topics follow the inputs
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub partitions: u32,
    /// text or json
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    pub output: OutputFormat,
}

impl From<AdminError> for CommandError {
    fn from(error: AdminError) -> CommandError {
        match error {
            AdminError::Unavailable { addresses, reason } => {
                CommandError::KafkaUnavailable(format!("no answer from {addresses}: {reason}"))
            }
            AdminError::Refused(why) => CommandError::Failed(why),
        }
    }
}

pub fn topics(command: &TopicsCommand) -> Result<(), CommandError> {
    match &command.action {
        TopicsAction::Plan(arguments) => {
            let (settings, facts) = look(arguments)?;
            show_plans(&topics::plan(&settings, &facts, arguments.partitions), arguments.output, "create")
        }
        TopicsAction::Create(arguments) => {
            let (settings, facts) = look(arguments)?;
            let plans = topics::plan(&settings, &facts, arguments.partitions);
            admin::create(&settings, &plans)?;
            show_plans(&plans, arguments.output, "created")
        }
        TopicsAction::Check(arguments) => {
            let (settings, facts) = look(arguments)?;
            let problems: Vec<String> = topics::check(&settings, &facts).iter().map(ToString::to_string).collect();
            let text = match arguments.output {
                OutputFormat::Json => format!("{}\n", json!({ "problems": problems })),
                OutputFormat::Text if problems.is_empty() => "all topics are there and as they should be\n".to_owned(),
                OutputFormat::Text => problems.iter().map(|problem| format!("problem   {problem}\n")).collect(),
            };
            stdout().write_all(text.as_bytes())?;
            match problems.len() {
                0 => Ok(()),
                count => Err(CommandError::Failed(format!("{count} problems"))),
            }
        }
    }
}

fn look(arguments: &TopicsArgs) -> Result<(kafka::Settings, Vec<TopicFacts>), CommandError> {
    let settings = rules::kafka_settings(&arguments.settings.read()?);
    let facts = admin::look(&settings)?;
    Ok((settings, facts))
}

fn show_plans(plans: &[TopicPlan], format: OutputFormat, verb: &str) -> Result<(), CommandError> {
    let text = match format {
        OutputFormat::Json => {
            let topic = |plan: &TopicPlan| {
                let configs: serde_json::Map<_, _> = plan.configs.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
                json!({ "name": plan.name, "partitions": plan.partitions, "replication": plan.replication, "configs": configs, "exists": plan.exists })
            };
            format!("{}\n", json!({ "topics": plans.iter().map(topic).collect::<Vec<_>>() }))
        }
        OutputFormat::Text => plans
            .iter()
            .map(|plan| {
                let configs: Vec<String> = plan.configs.iter().map(|(key, value)| format!("{key}={value}")).collect();
                let what = if plan.exists { "exists" } else { verb };
                format!("{what:<8} {} partitions={} {}\n", plan.name, plan.partitions, configs.join(" "))
            })
            .collect(),
    };
    stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// Creates what is missing, inputs included.
pub fn create_missing(settings: &kafka::Settings, partitions: u32) -> Result<(), CommandError> {
    let plans = topics::plan(settings, &admin::look(settings)?, partitions);
    for name in admin::create(settings, &plans)? {
        tracing::info!(topic = name, "topic created");
    }
    Ok(())
}

/// Refuses to start with topics that cannot work; returns the number of slots.
pub fn check_ready(settings: &kafka::Settings) -> Result<u32, CommandError> {
    let facts = admin::look(settings)?;
    check(settings, &facts)?;
    let first = settings.input_topics.first().and_then(|name| facts.iter().find(|topic| topic.name == *name));
    first.map(|topic| topic.partitions).ok_or_else(|| CommandError::Failed("no input topics".to_owned()))
}

/// Every problem of the topics, a line each.
pub fn check(settings: &kafka::Settings, facts: &[TopicFacts]) -> Result<(), CommandError> {
    let problems: Vec<String> = topics::check(settings, facts).iter().map(ToString::to_string).collect();
    if problems.is_empty() { Ok(()) } else { Err(CommandError::Failed(problems.join("\nerror: "))) }
}
