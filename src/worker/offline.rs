//! What a person can do to slots that nobody runs: look, choose a state that can be proven, begin a history anew.
//!
//! `inspect` brings a slot back as a new owner would and keeps nothing. `survey` reads a changelog as it lies, forks and damage included,
//! and `choice` decides which of its transactions to go on from; both are pure. `rewrite` writes one transaction that begins the slot's
//! history anew with given rows and offsets: a crash leaves either the old history or the new one. `hold` makes sure that the group is ours
//! alone, `former` tells where a slot stood, `rebuild` applies the inputs from their beginning without a word, `deal` moves customers to
//! partitions that were added. No slot is ever served from here. Called by `cli` (`state`).

mod choice;
mod deal;
mod former;
mod hold;
mod inspect;
mod rebuild;
mod rewrite;
mod survey;
#[cfg(test)]
mod tests;

pub use choice::{Choice, Mending, Moved, propose};
pub use deal::{Deal, Hand, deal};
pub use former::{Former, former};
pub use hold::{Held, hold};
pub use inspect::{Inspection, committed_offsets, inspect};
pub use rebuild::{Rebuilt, rebuild};
pub use rewrite::{Beginning, rewrite};

use std::time::Duration;

use super::WorkerError;
use super::source::{Bounds, Input, LogEntry, LogRead, Source, SourceError};

/// One step's wait for Kafka.
const PAUSE_MS: u64 = 20;
/// One read of the changelog.
const READ_BYTES: usize = 4 * 1024 * 1024;

/// Of each input of a slot, in the order of the topics.
pub fn input_bounds<S: Source>(source: &mut S, topics: &[String], slot: u32) -> Result<Vec<Bounds>, WorkerError> {
    let bounds = (0..topics.len()).map(|topic| source.input_bounds(Input { topic, slot }));
    Ok(bounds.collect::<Result<_, SourceError>>()?)
}

/// Reads a changelog to its end.
fn read_log<S: Source>(
    source: &mut S,
    slot: u32,
    from: i64,
    mut each: impl FnMut(&LogEntry) -> Result<(), String>,
) -> Result<(), WorkerError> {
    source.open_changelog(slot, from)?;
    let mut entries = Vec::new();
    let ended = loop {
        entries.clear();
        let read = source.read_changelog(slot, READ_BYTES, &mut entries)?;
        if let Err(why) = entries.iter().try_for_each(&mut each) {
            break Err(WorkerError::Refused(format!("slot {slot}: {why}")));
        }
        match read {
            LogRead::End => break Ok(()),
            LogRead::OutOfRange => break Err(WorkerError::Unavailable(format!("the changelog of slot {slot} was trimmed meanwhile"))),
            LogRead::More if entries.is_empty() => source.wait(Duration::from_millis(PAUSE_MS)),
            LogRead::More => {}
        }
    };
    source.close_changelog(slot);
    ended
}
