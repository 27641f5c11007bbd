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
        let mut customers = None;
        if arguments.write.yes {
            let (rows, time_ms) = offline::rebuild(&mut group.consumer, &group.held, &group.rules, slot, &former, &now)?;
            customers = Some(rows.size(slot).0);
            let beginning = Beginning { slot, rows: &rows, seq: former.next_seq, offsets: &former.until, time_ms };
            group.rewrite(&beginning)?;
        }
        Ok(describe(slot, &former, topics, customers))
    })
}

fn describe(slot: u32, former: &Former, topics: &[String], customers: Option<usize>) -> Told {
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
    let inputs: Vec<_> =
        ranges.iter().map(|((topic, bounds), until)| json!({ "topic": topic, "low": bounds.low, "next": until })).collect();
    Told { lines, value: json!({ "slot": slot, "done": customers.is_some(), "customers": customers, "inputs": inputs }) }
}
