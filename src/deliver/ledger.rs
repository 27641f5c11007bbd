//! What is known of the deliveries of one slot: the last mark of each action's id, as long as it can matter.
//!
//! An action that has expired is not sent whatever its mark says, so marks go some days after that, and their records with them: that
//! bounds both. It writes nothing. Used by `queue`.

use std::collections::{BTreeMap, BTreeSet};

use super::mark::{Mark, State};

/// Marks stay so long after their action has expired, to be looked at; also more than clocks are ever set back.
const KEPT_MS: i64 = 7 * 24 * 3_600_000;

/// What this process knows of its own last attempt, whatever became of its transactions.
#[derive(Debug, Clone, Default)]
pub struct Own {
    /// Of this life of the process.
    pub life: String,
    /// The id last attempted, and the mark that tells how it ended.
    pub last: Option<(String, Option<Mark>)>,
}

#[derive(Debug, Default)]
pub struct Ledger {
    marks: BTreeMap<String, Mark>,
    /// By the time from which they are of no more use, in Unix milliseconds.
    by_end: BTreeSet<(i64, String)>,
}

fn end_of(mark: &Mark) -> (i64, String) {
    (mark.expires_at.as_millisecond().saturating_add(KEPT_MS), mark.id.clone())
}

impl Ledger {
    pub fn note(&mut self, mark: Mark) {
        self.forget(&mark.id);
        self.by_end.insert(end_of(&mark));
        self.marks.insert(mark.id.clone(), mark);
    }

    /// Its record has been deleted.
    pub fn forget(&mut self, id: &str) {
        if let Some(mark) = self.marks.remove(id) {
            self.by_end.remove(&end_of(&mark));
        }
    }

    pub fn find(&self, id: &str) -> Option<&Mark> {
        self.marks.get(id)
    }

    /// Ids of no more use, the oldest first.
    pub fn outdated(&self, now_ms: i64, most: usize) -> Vec<String> {
        self.by_end.iter().take_while(|(end_ms, _)| *end_ms <= now_ms).take(most).map(|(_, id)| id.clone()).collect()
    }

    /// Attempts of which nobody knows how they ended, in order of their ids. While a process works, its attempt under way is among them.
    pub fn in_doubt(&self) -> impl Iterator<Item = &Mark> {
        self.marks.values().filter(|mark| matches!(mark.state, State::Sending | State::Doubtful))
    }
}
