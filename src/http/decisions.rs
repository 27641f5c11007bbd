//! The last decisions of this process, for people who ask why: transitions and actions as they were written, in memory only.
//!
//! A ring with a bound of records and of bytes, off unless configured. It is no state: it begins empty, is emptied whenever slots come or go, since
//! what happens to its customers elsewhere is not heard here, and forgets who is erased. Filled by `cli` with what was committed, read by `api`.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// All of them, however many are wanted.
const BYTES_MAX: usize = 64 << 20;
/// Told of one customer: the latest.
pub const TOLD_MAX: usize = 50;

/// A record that was committed to `transitions` or `actions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub customer_id: String,
    /// `transitions` or `actions`.
    pub topic: &'static str,
    /// Its value: JSON.
    pub value: String,
}

pub struct Decisions {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The oldest first.
    ring: VecDeque<Decision>,
    bytes: usize,
}

impl Decisions {
    /// 0: none are kept.
    pub fn new(most: usize) -> Decisions {
        Decisions { most, kept: Mutex::default() }
    }

    pub fn most(&self) -> usize {
        self.most
    }

    /// After a commit. Of those in `gone` nothing is kept, neither of before nor of now.
    pub fn publish(&self, decided: impl IntoIterator<Item = Decision>, gone: &BTreeSet<String>) {
        let mut kept = self.kept();
        if !gone.is_empty() {
            kept.ring.retain(|decision| !gone.contains(&decision.customer_id));
            kept.bytes = kept.ring.iter().map(size).sum();
        }
        for decision in decided.into_iter().filter(|decision| !gone.contains(&decision.customer_id)) {
            kept.bytes += size(&decision);
            kept.ring.push_back(decision);
            while kept.ring.len() > self.most || kept.bytes > BYTES_MAX {
                let Some(oldest) = kept.ring.pop_front() else { break };
                kept.bytes -= size(&oldest);
            }
        }
    }

    /// Slots have come or gone.
    pub fn clear(&self) {
        *self.kept() = Kept::default();
    }

    /// The latest of a customer, newest first.
    pub fn of(&self, customer_id: &str) -> Vec<Decision> {
        let kept = self.kept();
        kept.ring.iter().rev().filter(|decision| decision.customer_id == customer_id).take(TOLD_MAX).cloned().collect()
    }

    /// What a panic left behind may count too many bytes, which the next records correct by going sooner.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(decision: &Decision) -> usize {
    size_of::<Decision>() + decision.customer_id.len() + decision.value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(customer_id: &str, value: &str) -> Decision {
        Decision { customer_id: customer_id.to_owned(), topic: "actions", value: value.to_owned() }
    }

    fn told(decisions: &Decisions, customer_id: &str) -> Vec<String> {
        decisions.of(customer_id).into_iter().map(|decision| decision.value).collect()
    }

    #[test]
    fn the_oldest_go_first_and_the_newest_are_told_first() {
        let decisions = Decisions::new(3);
        decisions.publish([decision("ann", "1"), decision("bob", "2"), decision("ann", "3")], &BTreeSet::new());
        assert_eq!(told(&decisions, "ann"), ["3", "1"]);
        decisions.publish([decision("bob", "4")], &BTreeSet::new());
        assert_eq!((told(&decisions, "ann"), told(&decisions, "bob")), (vec!["3".to_owned()], vec!["4".to_owned(), "2".to_owned()]));
        decisions.clear();
        assert!(told(&decisions, "ann").is_empty() && told(&decisions, "bob").is_empty());
    }

    #[test]
    fn nothing_is_left_of_who_is_erased_and_bytes_are_bounded_too() {
        let decisions = Decisions::new(1_000_000);
        decisions.publish([decision("ann", "1"), decision("bob", "2")], &BTreeSet::new());
        decisions.publish([decision("ann", "3")], &BTreeSet::from(["ann".to_owned()]));
        assert_eq!((told(&decisions, "ann").len(), told(&decisions, "bob").len()), (0, 1));
        let large = "x".repeat(1 << 20);
        decisions.publish((0..100).map(|_| decision("ann", &large)), &BTreeSet::new());
        let kept = decisions.kept();
        assert!((60..64).contains(&kept.ring.len()), "{} kept of 1 MiB each", kept.ring.len());
        assert_eq!(kept.bytes, kept.ring.iter().map(size).sum::<usize>());
    }

    #[test]
    fn none_are_kept_unless_wanted() {
        let decisions = Decisions::new(0);
        decisions.publish([decision("ann", "1")], &BTreeSet::new());
        assert!(told(&decisions, "ann").is_empty());
    }
}
