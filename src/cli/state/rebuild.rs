//! `state rebuild --mute-actions`: a slot's state anew from the beginning of its inputs, up to where the group stood.
//!
//! For a changelog that no longer proves anything. Nothing is said of what the events mean: no action, no transition, no value, since all
//! that was said before. The new state and the offsets are one transaction, so that a crash on the way leaves all as it was. Called by
//! `state`.

use clap::Args;
use serde_json::json;

use super::{Told, WriteArgs, change_slots};
use crate::cli::exit::CommandError;
use crate::cli::process::now;
use crate::worker::offline::{self, Beginning, Former};

/// What is not known of erasures, and what to do about it.
const UNSURE: &str =
    "the changelog is not whole, so it may not tell of all: `lifetide erase` again those whose erasure is older than the inputs";

#[derive(Debug, Args)]
pub struct RebuildArgs {
    #[command(flatten)]
    write: WriteArgs,
    /// Say nothing of the events up to where the group stood, and send nothing; the only way there is
    #[arg(long, required = true)]
    mute_actions: bool,
}

pub fn rebuild(arguments: &RebuildArgs) -> Result<(), CommandError> {
    change_slots(&arguments.write, |group, topics, slot| {
        let former = offline::former(&mut group.consumer, topics, slot, &now)?;
        let (mut customers, mut carried) = (None, None);
        if arguments.write.yes {
            let rebuilt = offline::rebuild(&mut group.consumer, &group.held, &group.rules, slot, &former, &now)?;
            (customers, carried) = (Some(rebuilt.rows.size(slot).0), Some(rebuilt.carried));
            let (seq, offsets) = (former.next_seq, &former.until);
            let (time_ms, row_version, scored_with) = (rebuilt.time_ms, rebuilt.row_version, &rebuilt.scored_with);
            let beginning = Beginning { slot, rows: &rebuilt.rows, seq, offsets, time_ms, row_version, scored_with };
            group.rewrite(&[beginning])?;
        }
        Ok(describe(slot, &former, topics, customers, carried))
    })
}

fn describe(slot: u32, former: &Former, topics: &[String], customers: Option<usize>, carried: Option<usize>) -> Told {
    let head = match customers {
        Some(customers) => format!("slot {slot:<4} was built anew: {customers} customers"),
        None => format!("slot {slot:<4} would be built anew"),
    };
    let mut lines = vec![head];
    let ranges: Vec<_> = topics.iter().zip(&former.bounds).zip(&former.until).collect();
    for ((topic, bounds), until) in &ranges {
        let gone = if bounds.low > 0 { format!("; {} older ones are deleted", bounds.low) } else { String::new() };
        lines.push(format!("  input      {topic}: offsets {} to {until}{gone}", bounds.low));
    }
    let known = former.marks.len();
    if known > 0 {
        let alone = carried.map_or(String::new(), |carried| format!(", {carried} of them by it alone"));
        lines.push(format!("  erased     {known} customers, says the changelog{alone}"));
    }
    let moved = former.moved.len();
    if moved > 0 {
        lines.push(format!("  merged     {moved} ids are other customers' by now, says the changelog"));
    }
    if !former.is_whole {
        lines.push(format!("  erased     {UNSURE}"));
    }
    let erased = json!({ "known": known, "carried": carried, "is_certain": former.is_whole });
    let inputs: Vec<_> =
        ranges.iter().map(|((topic, bounds), until)| json!({ "topic": topic, "low": bounds.low, "next": until })).collect();
    Told {
        lines,
        value: json!({ "slot": slot, "done": customers.is_some(), "customers": customers, "erased": erased, "merged": moved, "inputs": inputs }),
    }
}
