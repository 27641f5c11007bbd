//! What changed plays would have asked for over a history, beside what the present ones did.
//!
//! Both are run from the beginning through the same engine; records are counted by play, kind and reason, and sends that only one of them has
//! are counted apart: equal totals may be other customers. Called by `replay`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Write, stdout};

use serde_json::Value;

use super::super::exit::CommandError;
use super::History;
use crate::worker::transaction::OutputTopic;

/// Play, kind, reason.
type Kind = (String, String, String);

/// What the plays of one configuration asked for.
#[derive(Default)]
pub struct Asked {
    counts: BTreeMap<Kind, u64>,
    /// Play and id.
    sends: BTreeSet<(String, String)>,
}

pub fn asked(mut history: History) -> Result<Asked, CommandError> {
    let mut asked = Asked::default();
    let run = history.run(|record| {
        let value = record.value.filter(|_| record.topic == OutputTopic::Actions);
        let action: Option<Value> = value.and_then(|value| serde_json::from_slice(&value).ok());
        let Some(action) = action else { return };
        let word = |name: &str| action[name].as_str().unwrap_or_default().to_owned();
        if action["kind"] == "send" {
            asked.sends.insert((word("play"), word("id")));
        }
        *asked.counts.entry((word("play"), word("kind"), word("reason"))).or_default() += 1;
    });
    run.map_err(|error| CommandError::Failed(error.to_string()))?;
    Ok(asked)
}

pub fn show(present: &Asked, changed: &Asked) -> Result<(), CommandError> {
    let mut to = stdout().lock();
    writeln!(to, "{:<24} {:<10} {:<18} {:>10} {:>10}", "play", "kind", "reason", "present", "changed")?;
    let kinds: BTreeSet<&Kind> = present.counts.keys().chain(changed.counts.keys()).collect();
    for kind @ (play, word, reason) in kinds {
        let count = |asked: &Asked| asked.counts.get(kind).copied().unwrap_or_default();
        writeln!(to, "{play:<24} {word:<10} {reason:<18} {:>10} {:>10}", count(present), count(changed))?;
    }
    let plays: BTreeSet<&String> = present.sends.iter().chain(&changed.sends).map(|(play, _)| play).collect();
    for play in plays {
        let only = |one: &Asked, other: &Asked| one.sends.difference(&other.sends).filter(|(of, _)| of == play).count();
        writeln!(
            to,
            "{play}: {} sends of the present play alone, {} of the changed one alone",
            only(present, changed),
            only(changed, present)
        )?;
    }
    Ok(())
}
