//! A slot's queue of deadlines, at most a few entries per customer however often the deadline moves.
//!
//! Knows hashes and moments only; whether a customer is really due is the slot's affair, which looks at the row. The promise to it: as long
//! as every deadline that becomes *earlier* is offered, an entry not later than each customer's deadline is queued. Entries may be early,
//! and are then offered again with the true moment. Called by `slot`.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

/// Entries of the heap beyond the live ones before it is rebuilt.
const SLACK: usize = 64;

/// A customer known to be due, in the order in which they fire.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ready {
    pub deadline_ms: i64,
    pub id: Box<str>,
    pub hash: u64,
}

/// The earliest thing the queue knows.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Somebody with this hash may be due: look, then `ready` or `offer` them.
    Look { deadline_ms: i64, hash: u64 },
    /// All who are due at this moment have been looked at, and this is the first of them.
    Fire(Ready),
}

#[derive(Default)]
pub struct Timers {
    /// Superseded entries stay until popped: valid is the one `queued` knows.
    heap: BinaryHeap<Reverse<(i64, u64)>>,
    queued: HashMap<u64, i64, BuildHasherDefault<AlreadyHashed>>,
    /// Of one moment, or left over from a tick that reached its limit.
    ready: BinaryHeap<Reverse<Ready>>,
}

impl Timers {
    /// The queue of a restored slot.
    pub fn rebuilt(deadlines: impl Iterator<Item = (u64, i64)>) -> Timers {
        let mut timers = Timers::default();
        for (hash, deadline_ms) in deadlines {
            timers.queued.entry(hash).and_modify(|d| *d = deadline_ms.min(*d)).or_insert(deadline_ms);
        }
        timers.rebuild_heap();
        timers
    }

    /// Queues a deadline unless the hash is queued no later.
    pub fn offer(&mut self, hash: u64, deadline_ms: i64) {
        if self.queued.get(&hash).is_some_and(|queued| *queued <= deadline_ms) {
            return;
        }
        self.queued.insert(hash, deadline_ms);
        self.heap.push(Reverse((deadline_ms, hash)));
        if self.heap.len() > 2 * self.queued.len() + SLACK {
            self.rebuild_heap();
        }
    }

    /// A customer found due at the moment last looked at.
    pub fn ready(&mut self, due: Ready) {
        self.ready.push(Reverse(due));
    }

    /// The earliest moment in the queue; the customer behind it may be due later, never earlier.
    pub fn earliest_ms(&self) -> Option<i64> {
        match (self.heap.peek(), self.ready.peek()) {
            (Some(queued), Some(ready)) => Some(queued.0.0.min(ready.0.deadline_ms)),
            (queued, ready) => queued.map(|e| e.0.0).or_else(|| ready.map(|e| e.0.deadline_ms)),
        }
    }

    /// Takes the next thing out. Looks at everything due at a moment before firing any of it, so that ids decide the order.
    pub fn pop(&mut self) -> Option<Next> {
        let ready_ms = self.ready.peek().map(|e| e.0.deadline_ms);
        match self.heap.peek() {
            Some(Reverse((deadline_ms, _))) if ready_ms.is_none_or(|ready_ms| *deadline_ms <= ready_ms) => {
                let Reverse((deadline_ms, hash)) = self.heap.pop()?;
                self.queued.remove(&hash);
                self.drop_superseded();
                Some(Next::Look { deadline_ms, hash })
            }
            _ => self.ready.pop().map(|e| Next::Fire(e.0)),
        }
    }

    /// Customers waited for.
    pub fn len(&self) -> usize {
        self.queued.len() + self.ready.len()
    }

    /// After a pop, so that the top is always valid: an entry is superseded by an earlier one only, which is then nearer to the top.
    fn drop_superseded(&mut self) {
        while let Some(Reverse((deadline_ms, hash))) = self.heap.peek()
            && self.queued.get(hash) != Some(deadline_ms)
        {
            self.heap.pop();
        }
    }

    fn rebuild_heap(&mut self) {
        self.heap = self.queued.iter().map(|(hash, deadline_ms)| Reverse((*deadline_ms, *hash))).collect();
    }
}

/// The keys are hashes of customer ids already.
#[derive(Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only u64 keys are hashed here");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(deadline_ms: i64, hash: u64) -> Option<Next> {
        Some(Next::Look { deadline_ms, hash })
    }

    fn due(deadline_ms: i64, id: &str, hash: u64) -> Ready {
        Ready { deadline_ms, id: id.into(), hash }
    }

    #[test]
    fn only_an_earlier_deadline_replaces_a_queued_one() {
        let mut timers = Timers::default();
        timers.offer(7, 100);
        timers.offer(7, 200);
        timers.offer(7, 50);
        assert_eq!((timers.len(), timers.earliest_ms()), (1, Some(50)));
        assert_eq!(timers.pop(), look(50, 7));
        assert_eq!((timers.pop(), timers.earliest_ms(), timers.len()), (None, None, 0));
    }

    #[test]
    fn all_of_one_moment_are_looked_at_before_the_first_id_fires() {
        let mut timers = Timers::rebuilt([(1, 10), (2, 10), (3, 20)].into_iter());
        assert_eq!(timers.pop(), look(10, 1));
        timers.ready(due(10, "b", 1));
        assert_eq!(timers.pop(), look(10, 2));
        timers.ready(due(10, "a", 2));
        assert_eq!(timers.pop(), Some(Next::Fire(due(10, "a", 2))));
        timers.offer(4, 5);
        assert_eq!(timers.pop(), look(5, 4), "an earlier one goes first");
        assert_eq!(timers.pop(), Some(Next::Fire(due(10, "b", 1))));
        assert_eq!(timers.pop(), look(20, 3));
    }

    #[test]
    fn a_deadline_that_moves_for_ever_does_not_fill_memory() {
        let mut timers = Timers::default();
        for round in 0..10_000 {
            timers.offer(7, 1_000_000 + round);
            timers.offer(7, round);
            assert_eq!(timers.pop(), look(round, 7));
        }
        assert!(timers.heap.len() <= 2 + SLACK, "{} entries", timers.heap.len());
    }
}
