//! `state verify` (also `state show`): how each slot stands, after reading it back with every check.
//!
//! It joins nothing and writes nothing, so it may run beside a working group; it then shows a state of the moment. Called by `state`.

use clap::Args;
use serde_json::json;

use super::{Told, known_slots, tell};
use crate::cli::OutputFormat;
use crate::cli::exit::CommandError;
use crate::cli::process::now;
use crate::cli::rules;
use crate::cli::settings::SettingsArgs;
use crate::kafka::Visitor;
use crate::worker::offline::{self, Inspection};
use crate::worker::{WorkerError, misplaced};

#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Only this slot; may be given more than once
    #[arg(long = "slot", value_name = "N")]
    slots: Vec<u32>,
    /// text or json
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    output: OutputFormat,
}

pub fn verify(arguments: &VerifyArgs) -> Result<(), CommandError> {
    let config = arguments.settings.read()?;
    let mut visitor = Visitor::open(&rules::kafka_settings(&config)).map_err(WorkerError::from)?;
    let wanted = if arguments.slots.is_empty() { (0..visitor.slots()).collect() } else { known_slots(&arguments.slots, visitor.slots())? };
    let topics = &rules::consumed_topics(&config);
    let partitions = rules::worker_rules(&config, visitor.slots(), 0).partitions;
    let mut told = Vec::new();
    let mut refused = 0;
    for slot in &wanted {
        let mut found = offline::inspect(&mut visitor, topics, *slot, &now)?;
        if let Some(why) = found.state.as_ref().ok().and_then(|state| misplaced(partitions, *slot, &state.regions)) {
            found.state = Err(why);
        }
        refused += usize::from(found.state.is_err());
        told.push(describe(&found, topics));
    }
    tell(&told, arguments.output)?;
    match refused {
        0 => Ok(()),
        refused => Err(CommandError::Failed(format!("{refused} of {} slots would be refused", wanted.len()))),
    }
}

fn describe(found: &Inspection, topics: &[String]) -> Told {
    let (customers, bytes) = found.size();
    let last = found.last();
    let offset = |topic: usize| match &found.state {
        Ok(state) if last.is_some() => Some(state.offsets[topic]),
        _ => found.committed[topic].as_ref().map(|committed| committed.offset),
    };
    let time = last.and_then(|last| last.time_ms).and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()).map(|time| time.to_string());
    // of the state that was proven; else as the committed offsets have it
    let (seq, chain, writer) = match (last, &found.metadata) {
        (Some(last), _) => (Some(last.seq), Some(last.chain.to_string()), Some(last.writer.clone())),
        (None, Some(metadata)) => (Some(metadata.seq), Some(metadata.chain.to_string()), Some(metadata.writer.clone())),
        (None, None) => (None, None, None),
    };
    let start = found.state.as_ref().ok().filter(|_| last.is_some()).map(|state| state.start);
    let start = start.or(found.metadata.as_ref().map(|metadata| metadata.start));
    let verdict = match (&found.state, last) {
        (Ok(_), Some(_)) => "verified",
        (Ok(_), None) => "empty",
        (Err(_), _) => "refused",
    };
    let inputs: Vec<_> = (0..topics.len()).map(|topic| (&topics[topic], offset(topic), found.inputs[topic])).collect();
    let rows = last.map(|last| last.row_version().number());
    let mut lines = vec![format!("slot {:<4} {verdict}", found.slot)];
    if let Err(why) = &found.state {
        lines.push(format!("  why        {why}"));
    }
    if let (Some(seq), Some(chain), Some(writer)) = (seq, &chain, &writer) {
        lines.push(format!("  state      sequence {seq}, chain {chain}, by {writer}"));
    }
    if last.is_some() {
        lines.push(format!("  customers  {customers}, {bytes} bytes, slot time {}", time.as_deref().unwrap_or("none")));
        lines.push(format!("  cells      {}", found.cells()));
        lines.extend(rows.map(|version| format!("  rows       version {version} is written")));
    }
    let restore = start.map_or(String::new(), |start| format!(", restore starts at {start}"));
    lines.push(format!("  changelog  {} to {}{restore}", found.changelog.low, found.changelog.high));
    for (topic, offset, bounds) in &inputs {
        let committed = offset.map_or("nothing".to_owned(), |offset| offset.to_string());
        lines.push(format!("  input      {topic}: committed {committed} of {} to {}", bounds.low, bounds.high));
    }
    let value = json!({
        "slot": found.slot,
        "verdict": verdict,
        "why": found.state.as_ref().err(),
        "seq": seq, "chain": chain, "writer": writer, "restore_start": start,
        "customers": customers, "cells": found.cells(), "bytes": bytes, "slot_time": time, "row_version": rows,
        "changelog": { "low": found.changelog.low, "high": found.changelog.high },
        "inputs": inputs.iter().map(|(topic, offset, bounds)| json!({ "topic": topic, "committed": offset, "low": bounds.low, "high": bounds.high })).collect::<Vec<_>>(),
    });
    Told { lines, value }
}
