//! `state export`: everything the state holds about one customer, as one JSON value on stdout; or an audience, see `audience`.
//!
//! It reads the customer's slot back with every check, so what it shows is what the group has committed; it joins nothing and writes
//! nothing. What was written about the customer to the output topics lies there and is not shown. Called by `state`, and by `explain` for the
//! customer's row.

use std::io::{Write, stdout};

use clap::Args;
use serde::Serialize;
use serde_json::value::RawValue;

use super::audience;
use crate::cli::exit::CommandError;
use crate::cli::process::now;
use crate::cli::rules;
use crate::cli::settings::SettingsArgs;
use crate::config::Config;
use crate::engine;
use crate::kafka::Visitor;
use crate::worker::offline::{self, Inspection};
use crate::worker::{WorkerError, partition_of};

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The customer's id, the key of their events
    #[arg(required_unless_present = "conditions")]
    customer: Option<String>,
    /// All customers of whom it is so, as comma-separated values with their consent: segment = "at_risk", p_alive < 0.4,
    /// historic.net >= { USD = 2000 }; fields are those of `when` of plays. Given more than once, all of it must be so
    #[arg(long = "where", value_name = "CONDITION", conflicts_with_all = ["customer", "slot"])]
    conditions: Vec<String>,
    #[command(flatten)]
    settings: SettingsArgs,
    /// The slot, where producers partition by other rules than murmur2 (`input.partitioner = "trust"`)
    #[arg(long, value_name = "N")]
    slot: Option<u32>,
}

#[derive(Serialize)]
struct Export<'a> {
    customer_id: &'a str,
    slot: u32,
    group_id: &'a str,
    seq: Option<u64>,
    chain: Option<String>,
    /// Nothing: nothing is held.
    held: Option<Box<RawValue>>,
}

pub fn export(arguments: &ExportArgs) -> Result<(), CommandError> {
    let config = arguments.settings.read()?;
    let Some(customer) = arguments.customer.as_deref() else {
        return audience::export(&arguments.conditions, &config);
    };
    let found = inspect_slot_of(customer, arguments.slot, &config)?;
    let slot = found.slot;
    let row = found.row(customer);
    let read = row.map(|row| engine::read_row(row).map(|customer| (customer, engine::row_deadline_ms(row))));
    let read = read.transpose().map_err(|error| CommandError::Failed(format!("the row cannot be read: {error}")))?;
    let held = read.as_ref().map(|(read, deadline_ms)| engine::held(customer, read, *deadline_ms, &config.engine));
    let failed = |error: serde_json::Error| CommandError::Failed(error.to_string());
    let held = held.map(RawValue::from_string).transpose().map_err(failed)?;
    let export = Export {
        customer_id: customer,
        slot,
        group_id: &config.kafka.group_id,
        seq: found.last().map(|last| last.seq),
        chain: found.last().map(|last| last.chain.to_string()),
        held,
    };
    let mut text = serde_json::to_vec(&export).map_err(failed)?;
    text.push(b'\n');
    stdout().write_all(&text)?;
    Ok(())
}

/// Reads back the slot a customer's key lies in, or the one that is named; refuses a state that `run` would refuse.
pub fn inspect_slot_of(customer: &str, slot: Option<u32>, config: &Config) -> Result<Inspection, CommandError> {
    let mut visitor = Visitor::open(&rules::kafka_settings(config)).map_err(WorkerError::from)?;
    let slot = slot.unwrap_or_else(|| partition_of(customer.as_bytes(), visitor.slots()));
    super::known_slots(&[slot], visitor.slots())?;
    let found = offline::inspect(&mut visitor, &config.input.topics, slot, &now)?;
    match &found.state {
        Ok(_) => Ok(found),
        Err(why) => Err(CommandError::Failed(why.clone())),
    }
}
