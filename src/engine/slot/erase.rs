//! Forgetting a customer, and not remembering them again.
//!
//! Everything held of them goes, whoever names them is told, the figures over all customers are without them, mails on their way are called off, the compacted topic of their value is told to forget the key, and a mark
//! stays. Of all this the transaction decides as of any other change. Called by `slot`'s `apply`.

use super::Slot;
use crate::engine::apply::Outcome;
use crate::engine::committed::{ALL_REGIONS, Committed, hash_of};
use crate::engine::erasure::{Mark, MarkId};
use crate::engine::funnel;
use crate::engine::identity;
use crate::engine::loyalty;
use crate::engine::outputs::{Outputs, Topic};
use crate::engine::plays;
use crate::engine::population;
use crate::engine::referrals;
use crate::engine::scene::{Occasion, Scene};
use crate::event::Event;

/// Whether anybody of the slot was erased; looks at every region once.
pub fn has_marks(committed: &Committed, slot: u32) -> bool {
    ALL_REGIONS.into_iter().any(|region| committed.with_region(slot, region as u16, |r| r.is_some_and(|r| r.marks().next().is_some())))
}

impl Slot {
    /// Whether a customer wants forgotten what is told of this time.
    pub(super) fn is_erased_at(&self, customer: &str, time_ms: i64) -> bool {
        self.has_marks
            && self.erased_ms(&MarkId::of(self.rules.settings.erasure_key, customer)).is_some_and(|erased_ms| time_ms <= erased_ms)
    }

    pub(super) fn erased_ms(&self, id: &MarkId) -> Option<i64> {
        self.marks.get(id).copied().or_else(|| self.committed.erased_ms(self.number, id))
    }

    /// Does what the event asks for.
    pub(super) fn erase(&mut self, event: &Event<'_>, occasion: Occasion<'_>, out: &mut Outputs) -> Outcome {
        self.open(hash_of(&event.customer), &event.customer);
        let (customer, entry) = self.overlay.current();
        let of_whom = (&*event.customer, event.time_ms);
        let mut scene = Scene::of_event(&self.rules, self.number, of_whom, occasion, &mut self.cells, out);
        plays::on_erasure(customer, &mut scene);
        population::contribute(customer, None, scene.cells, scene.out);
        funnel::leave(customer, scene.cells, scene.out);
        loyalty::leave(customer, scene.cells, scene.out);
        // also for somebody unknown here: an older record may lie in the topic
        scene.push_tombstone(Topic::Clv);
        identity::part(customer, &mut scene);
        referrals::part(customer, &mut scene);
        if entry.exists {
            customer.clear();
            entry.exists = false;
            self.settle();
        }
        self.marks.insert(MarkId::of(self.rules.settings.erasure_key, &event.customer), event.time_ms);
        self.has_marks = true;
        Outcome::Applied
    }

    /// The marks the transaction writes, in order of their ids.
    pub fn marks(&self) -> impl Iterator<Item = Mark> {
        self.marks.iter().map(|(id, erased_ms)| Mark { id: *id, erased_ms: *erased_ms })
    }
}
