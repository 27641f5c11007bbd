//! `state adopt` and `state repair`: go on from the newest state of the changelog that can be proven.
//!
//! Adopt is for offsets that are gone, repair for offsets that are there and do not fit. Both say what they found, which offsets change and
//! what will be processed again. Which state it is `worker::offline` decides. Called by `state`.

use clap::Args;
use serde_json::json;

use super::{Told, WriteArgs, change_slots};
use crate::cli::exit::CommandError;
use crate::cli::process::now;
use crate::engine::Committed;
use crate::worker::offline::{self, Beginning, Choice, Mending, Moved};

#[derive(Debug, Args)]
pub struct MendArgs {
    #[command(flatten)]
    write: WriteArgs,
    /// Go on although events were deleted before they were read
    #[arg(long)]
    skip_lost: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Adopt,
    Repair,
}

pub fn mend(arguments: &MendArgs, way: Way) -> Result<(), CommandError> {
    let is_asked = arguments.write.yes;
    change_slots(&arguments.write, |group, topics, slot| {
        let choice = match offline::propose(&mut group.consumer, topics, slot, arguments.skip_lost, &now)? {
            Mending::Empty => return Ok(untouched(slot, "holds nothing yet, and may begin")),
            Mending::Sound => return Ok(untouched(slot, "is sound")),
            Mending::Change(choice) => *choice,
        };
        check_way(slot, &choice, way)?;
        let told = describe(slot, &choice, is_asked);
        if is_asked {
            let rows = Committed::new();
            let offsets: Vec<i64> = choice.inputs.iter().map(|moved| moved.next).collect();
            rows.install(slot, choice.regions);
            let (seq, time_ms, row_version) = (choice.next_seq, choice.last.time_ms, choice.last.row_version());
            let scored_with = &choice.last.model_version;
            group.rewrite(&[Beginning { slot, rows: &rows, seq, offsets: &offsets, time_ms, row_version, scored_with }])?;
        }
        Ok(told)
    })
}

/// Each is for its own trouble, so that nobody goes back by mistake.
fn check_way(slot: u32, choice: &Choice, way: Way) -> Result<(), CommandError> {
    let has_offsets = choice.inputs.iter().any(|moved| moved.committed.is_some());
    match (way, has_offsets) {
        (Way::Adopt, true) => Err(CommandError::Failed(format!("slot {slot} has committed offsets: see `state repair`"))),
        (Way::Repair, false) => Err(CommandError::Failed(format!("slot {slot} has no committed offsets: see `state adopt`"))),
        _ => Ok(()),
    }
}

fn untouched(slot: u32, what: &str) -> Told {
    Told { lines: vec![format!("slot {slot:<4} {what}")], value: json!({ "slot": slot, "found": what, "done": false, "changed": false }) }
}

fn describe(slot: u32, choice: &Choice, done: bool) -> Told {
    let verb = if done { "goes on" } else { "would go on" };
    let which = if choice.is_committed { "the committed state" } else { "the newest state that can be proven" };
    let customers: usize = choice.regions.iter().map(|(_, region)| region.len()).sum();
    let mut lines = vec![
        format!("slot {slot:<4} {verb} from {which}"),
        format!("  state      sequence {}, chain {}, {customers} customers", choice.last.seq, choice.last.chain),
    ];
    lines.extend(choice.damages.iter().map(|(offset, what)| format!("  damage     at changelog offset {offset}: {what}")));
    if choice.left_out > 0 {
        lines.push(format!("  left out   {} transactions of the changelog that are not part of its history", choice.left_out));
    }
    lines.extend(choice.inputs.iter().map(line));
    if !choice.is_committed || choice.left_out > 0 {
        lines.push("  outputs    of what is processed again are written again, under the same ids".to_owned());
    }
    let input = |moved: &Moved| json!({ "topic": moved.topic, "committed": moved.committed, "next": moved.next, "again": again(moved), "lost": moved.lost });
    let value = json!({
        "slot": slot, "found": which, "changed": true, "done": done,
        "seq": choice.last.seq, "chain": choice.last.chain.to_string(), "customers": customers, "left_out": choice.left_out,
        "damages": choice.damages.iter().map(|(offset, what)| json!({ "offset": offset, "what": what })).collect::<Vec<_>>(),
        "inputs": choice.inputs.iter().map(input).collect::<Vec<_>>(),
    });
    Told { lines, value }
}

/// Offsets that were committed and will be processed again.
fn again(moved: &Moved) -> i64 {
    moved.committed.map_or(0, |committed| (committed - moved.next).max(0))
}

fn line(moved: &Moved) -> String {
    let from = match moved.committed {
        Some(committed) if committed == moved.next => format!("at {committed} as before"),
        Some(committed) if committed > moved.next => {
            format!("back from {committed} to {}: {} offsets are processed again", moved.next, again(moved))
        }
        Some(committed) => format!("forward from {committed} to {}: the state knows what lies between", moved.next),
        None => format!("at {}", moved.next),
    };
    let lost = if moved.lost > 0 { format!("; {} offsets were deleted before they were read", moved.lost) } else { String::new() };
    format!("  input      {}: {from}{lost}", moved.topic)
}
