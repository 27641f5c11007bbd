//! `state reset`: a slot forgets everything and begins empty, at the beginning or at the end of its inputs.
//!
//! The empty state and the offsets are one transaction: there is no moment with half of it. What was written to the output topics stays.
//! Called by `state`.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{Told, WriteArgs, change_slots};
use crate::cli::exit::CommandError;
use crate::cli::process::now;
use crate::engine::{Committed, RowVersion};
use crate::worker::Metadata;
use crate::worker::offline::{self, Beginning};
use crate::worker::source::Bounds;

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
    let is_asked = arguments.write.yes;
    change_slots(&arguments.write, |group, topics, slot| {
        let bounds = offline::input_bounds(&mut group.consumer, topics, slot)?;
        let committed = offline::committed_offsets(&mut group.consumer, slot, &now)?;
        let last = Metadata::newest(&committed).map(|metadata| metadata.seq);
        let start = |bounds: &Bounds| match arguments.from {
            From::Beginning => bounds.low,
            From::End => bounds.high,
        };
        let offsets: Vec<i64> = bounds.iter().map(start).collect();
        if is_asked {
            let rows = Committed::new();
            let (seq, row_version) = (last.unwrap_or_default() + 1, RowVersion::NEWEST);
            group.rewrite(&[Beginning { slot, rows: &rows, seq, offsets: &offsets, time_ms: None, row_version, scored_with: "" }])?;
        }
        Ok(describe(slot, last, topics, &offsets, is_asked))
    })
}

fn describe(slot: u32, last: Option<u64>, topics: &[String], offsets: &[i64], done: bool) -> Told {
    let verb = if done { "was forgotten" } else { "would be forgotten" };
    let state = last.map_or("a state without committed offsets".to_owned(), |seq| format!("the state of sequence {seq}"));
    let mut lines = vec![format!("slot {slot:<4} {state} {verb}")];
    lines.extend(topics.iter().zip(offsets).map(|(topic, offset)| format!("  input      {topic}: read from {offset} on")));
    let inputs: Vec<_> = topics.iter().zip(offsets).map(|(topic, offset)| json!({ "topic": topic, "next": offset })).collect();
    Told { lines, value: json!({ "slot": slot, "done": done, "forgotten_seq": last, "inputs": inputs }) }
}
