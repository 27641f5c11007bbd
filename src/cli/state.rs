//! `state`: what a person can do about slots that `run` refuses, or wants to know about those it serves.
//!
//! `verify` and `export` only look, whether the group runs or not, and `upgrade` tells a running group something. `reset`, `adopt`, `repair`, `rebuild` and `reslot` write, so the group must be
//! stopped, and without `--yes` they only say what they would do. Which state is right is decided in `worker::offline`; here it is asked
//! for and shown. Called by `cli::main`.

mod audience;
mod export;
mod group;
mod mend;
mod rebuild;
mod reset;
mod reslot;
mod upgrade;
mod verify;

use std::io::{Write, stdout};

use clap::{Args, Subcommand};
use serde_json::Value;

pub use self::export::inspect_slot_of;
use self::group::Group;
use super::OutputFormat;
use super::exit::CommandError;
use super::rules;
use super::settings::SettingsArgs;
use crate::worker::WorkerError;

/// The slots' state in the changelog: verify, export, and put right what `run` refuses
#[derive(Debug, Args)]
pub struct StateCommand {
    #[command(subcommand)]
    pub action: StateAction,
}

#[derive(Debug, Subcommand)]
pub enum StateAction {
    /// Read every slot back with all checks and show how it stands; ends with 1 if one would be refused
    #[command(visible_aliases = ["show", "stats"])]
    Verify(verify::VerifyArgs),
    /// Everything held about one customer, as JSON; or all customers of whom something is so, for a mailer
    #[command(visible_alias = "get")]
    Export(export::ExportArgs),
    /// Forget a slot's state and begin with an empty one
    Reset(reset::ResetArgs),
    /// Go on from the changelog where the group's committed offsets are gone (they expire after a week without members)
    Adopt(mend::MendArgs),
    /// Go back to the newest state that can be proven, where changelog and committed offsets do not fit
    Repair(mend::MendArgs),
    /// Move customers to the slots their keys lie in, after partitions were added to all topics
    Reslot(reslot::ReslotArgs),
    /// After a rolling upgrade: let all slots write the newest row version, which versions before cannot read
    Upgrade(upgrade::UpgradeArgs),
    /// Build the state anew from the beginning of the inputs, up to where the group stood
    Rebuild(rebuild::RebuildArgs),
}

/// What all that write have in common.
#[derive(Debug, Args)]
pub struct WriteArgs {
    #[command(flatten)]
    pub settings: SettingsArgs,
    #[command(flatten)]
    pub scope: ScopeArgs,
    /// Do it; without this it is only shown
    #[arg(long)]
    pub yes: bool,
    /// text or json
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    pub output: OutputFormat,
}

/// Nothing is changed unasked.
fn confirm(yes: bool) -> Result<(), CommandError> {
    if yes { Ok(()) } else { Err(CommandError::Failed("nothing was changed: add --yes to do this".to_owned())) }
}

/// Which slots.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct ScopeArgs {
    /// This slot; may be given more than once
    #[arg(long = "slot", value_name = "N")]
    pub slots: Vec<u32>,
    /// Every slot
    #[arg(long)]
    pub all: bool,
}

impl ScopeArgs {
    /// The slots meant, in order.
    fn of(&self, slots: u32) -> Result<Vec<u32>, CommandError> {
        if self.all { Ok((0..slots).collect()) } else { known_slots(&self.slots, slots) }
    }
}

fn known_slots(wanted: &[u32], slots: u32) -> Result<Vec<u32>, CommandError> {
    if let Some(unknown) = wanted.iter().find(|slot| **slot >= slots) {
        return Err(CommandError::Failed(format!("there is no slot {unknown}: the input topics have {slots} partitions")));
    }
    let mut wanted = wanted.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    Ok(wanted)
}

impl From<WorkerError> for CommandError {
    fn from(error: WorkerError) -> CommandError {
        match error {
            WorkerError::Unavailable(why) => CommandError::KafkaUnavailable(why),
            WorkerError::Refused(why) | WorkerError::Fenced(why) => CommandError::Failed(why),
        }
    }
}

pub fn state(command: &StateCommand) -> Result<(), CommandError> {
    match &command.action {
        StateAction::Verify(arguments) => verify::verify(arguments),
        StateAction::Export(arguments) => export::export(arguments),
        StateAction::Reset(arguments) => reset::reset(arguments),
        StateAction::Adopt(arguments) => mend::mend(arguments, mend::Way::Adopt),
        StateAction::Repair(arguments) => mend::mend(arguments, mend::Way::Repair),
        StateAction::Reslot(arguments) => reslot::reslot(arguments),
        StateAction::Upgrade(arguments) => upgrade::upgrade(arguments),
        StateAction::Rebuild(arguments) => rebuild::rebuild(arguments),
    }
}

/// Holds the stopped group and changes the slots meant, one after the other; tells of all when all are done.
fn change_slots(
    write: &WriteArgs,
    mut change: impl FnMut(&mut Group, &[String], u32) -> Result<Told, CommandError>,
) -> Result<(), CommandError> {
    let config = write.settings.read()?;
    let mut group = Group::hold(&config)?;
    let slots = write.scope.of(group.slots)?;
    let topics = rules::consumed_topics(&config);
    let told: Result<Vec<Told>, CommandError> = slots.into_iter().map(|slot| change(&mut group, &topics, slot)).collect();
    tell(&told?, write.output)?;
    confirm(write.yes)
}

/// What was found or done, a line each or as one value.
struct Told {
    lines: Vec<String>,
    value: Value,
}

fn tell(told: &[Told], output: OutputFormat) -> Result<(), CommandError> {
    let text = match output {
        OutputFormat::Text => told.iter().flat_map(|slot| &slot.lines).map(|line| format!("{line}\n")).collect(),
        OutputFormat::Json => {
            let slots: Vec<&Value> = told.iter().map(|slot| &slot.value).collect();
            format!("{}\n", serde_json::json!({ "slots": slots }))
        }
    };
    stdout().write_all(text.as_bytes())?;
    Ok(())
}
