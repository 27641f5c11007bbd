//! Words of referrals for a customer of this slot: to the referrer, and back. Who has gone elsewhere is sent after, who is forgotten
//! stays so. What they mean is `engine::referrals`' affair. Called by `relay`.

use super::Slot;
use super::relay::pass_on;
use crate::engine::committed::hash_of;
use crate::engine::outputs::Outputs;
use crate::engine::plays;
use crate::engine::referrals::{self, Taken};
use crate::engine::relay::{Content, Ended, Message, RelayFate};
use crate::engine::scene::Scene;

impl Slot {
    pub(super) fn take_referral(&mut self, receiver: &str, message: &Message<'_>, out: &mut Outputs) -> RelayFate {
        let is_erased = self.is_erased_at(receiver, message.time_ms);
        self.open(hash_of(receiver), receiver);
        let (customer, entry) = self.overlay.current();
        let mut scene = Scene::of_message(&self.rules, self.number, receiver, message, &mut self.cells, out);
        if let Some(moved) = customer.moved() {
            return pass_on(message, moved, &mut scene);
        }
        let is_changed = match message.content {
            Content::Referred(told) => {
                if is_erased {
                    scene.send(message.from, &Content::ReferralEnded(Ended::Silent));
                    return RelayFate::Repeated;
                }
                if !entry.exists {
                    // known by this alone so far
                    (customer.known, customer.cycle, entry.exists) = (true, 1, true);
                }
                plays::pass_birthday(customer, message.time_ms, &scene);
                customer.now_ms = customer.now_ms.max(message.time_ms);
                customer.last_event_ms = customer.last_event_ms.max(message.time_ms);
                let taken = referrals::take(customer, message.from, &told, &mut scene);
                // their now has moved at least
                self.settle();
                return match taken {
                    Taken::Changed => RelayFate::Applied,
                    Taken::Old => RelayFate::Repeated,
                    Taken::Refused => RelayFate::Refused,
                };
            }
            _ if !entry.exists => false,
            Content::ReferralEnded(why) => referrals::end(customer, message.from, why),
            Content::RefereeErased => referrals::forget_referee(customer, message.from, &mut scene),
            Content::ReferrerMoved(to) => referrals::rename_referrer(customer, message.from, to),
            _ => unreachable!("invariant: other messages are not of referrals"),
        };
        if !is_changed {
            return RelayFate::Repeated;
        }
        self.settle();
        RelayFate::Applied
    }
}
