//! `state reslot`: after partitions were added to all topics, every customer goes to the slot their key lies in now.
//!
//! All slots change in one transaction, so that a crash on the way leaves all customers where they were. Who goes where `worker::offline`
//! decides. Called by `state`.

use clap::Args;
use serde_json::json;

use super::group::Group;
use super::{Told, confirm, tell};
use crate::cli::OutputFormat;
use crate::cli::exit::CommandError;
use crate::cli::process::now;
use crate::cli::settings::SettingsArgs;
use crate::cli::{rules, topics};
use crate::kafka::admin;
use crate::worker::offline::{self, Deal};

#[derive(Debug, Args)]
pub struct ReslotArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Do it; without this it is only shown
    #[arg(long)]
    yes: bool,
    /// text or json
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    output: OutputFormat,
}

pub fn reslot(arguments: &ReslotArgs) -> Result<(), CommandError> {
    let config = arguments.settings.read()?;
    let settings = rules::kafka_settings(&config);
    topics::check(&settings, &admin::look(&settings)?)?;
    let mut group = Group::hold(&config)?;
    let deal = offline::deal(&mut group.consumer, &group.rules, &now)?;
    let is_needed = deal.is_needed();
    if is_needed && arguments.yes {
        group.rewrite(&deal.beginnings())?;
    }
    tell(&describe(&deal, is_needed && arguments.yes), arguments.output)?;
    if is_needed { confirm(arguments.yes) } else { Ok(()) }
}

fn describe(deal: &Deal, done: bool) -> Vec<Told> {
    let verb = if done { "has" } else { "would have" };
    let hands = deal.hands.iter();
    hands
        .map(|hand| {
            let (slot, before, left) = (hand.slot, hand.customers_before, hand.leaving);
            let (customers, _) = deal.rows.size(slot);
            let came = customers + left - before;
            let line = format!("slot {slot:<4} {verb} {customers} customers: of {before} {left} leave, {came} come");
            let value = json!({ "slot": slot, "done": done, "customers": customers, "before": before, "left": left, "came": came });
            Told { lines: vec![line], value }
        })
        .collect()
}
