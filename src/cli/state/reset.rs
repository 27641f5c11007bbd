//! `state reset`: a slot forgets everything and begins empty, at the beginning or at the end of its inputs.
//!
//! The empty state and the offsets are one transaction: there is no moment with half of it. What was written to the output topics stays.
//! Called by `state`.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::group::Group;
use super::{Told, WriteArgs, tell};
use crate::cli::exit::CommandError;
use crate::cli::process::now;
use crate::engine::Committed;
use crate::worker::Metadata;
use crate::worker::offline::{self, Beginning};

#[derive(Debug, Args)]
pub struct ResetArgs {
    #[command(flatten)]
    write: WriteArgs,
    /// Where the inputs are read from then on
    #[arg(long, value_enum)]
    from: From,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum From {
    /// All events that are still there, again; set plays.not_before to now, else customers may be mailed again
    Beginning,
    /// Only what comes after this moment
    End,
}

pub fn reset(arguments: &ResetArgs) -> Result<(), CommandError> {
    let write = &arguments.write;
    let config = write.settings.read()?;
    let mut group = Group::hold(&config)?;
    let topics = &config.input.topics;
    let mut told = Vec::new();
    for slot in write.scope.of(group.slots)? {
        let bounds = offline::input_bounds(&mut group.consumer, topics, slot)?;
        let committed = offline::committed_offsets(&mut group.consumer, slot, &now)?;
        let last = committed.iter().flatten().filter_map(|c| Metadata::parse(&c.metadata)).map(|m| m.seq).max();
        let offsets: Vec<i64> = bounds
            .iter()
            .map(|bounds| match arguments.from {
                From::Beginning => bounds.low,
                From::End => bounds.high,
            })
            .collect();
        if write.yes {
            let rows = Committed::new();
            let seq = last.unwrap_or_default() + 1;
            group.rewrite(&Beginning { slot, rows: &rows, seq, offsets: &offsets, time_ms: None })?;
        }
        told.push(describe(slot, last, topics, &offsets, write.yes));
    }
    tell(&told, write.output)?;
    write.confirm()
}

fn describe(slot: u32, last: Option<u64>, topics: &[String], offsets: &[i64], done: bool) -> Told {
    let verb = if done { "was forgotten" } else { "would be forgotten" };
    let state = last.map_or("a state without committed offsets".to_owned(), |seq| format!("the state of sequence {seq}"));
    let mut lines = vec![format!("slot {slot:<4} {state} {verb}")];
    lines.extend(topics.iter().zip(offsets).map(|(topic, offset)| format!("  input      {topic}: read from {offset} on")));
    let inputs: Vec<_> = topics.iter().zip(offsets).map(|(topic, offset)| json!({ "topic": topic, "next": offset })).collect();
    Told { lines, value: json!({ "slot": slot, "done": done, "forgotten_seq": last, "inputs": inputs }) }
}
