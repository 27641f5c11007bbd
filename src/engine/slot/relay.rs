//! What other customers' events mean for one of this slot: messages of the relay, one at a time.
//!
//! They come when they come: slot time stands, nothing falls due before them, and each finds the customer as they are now. So what they do
//! is such that it makes no difference whether it is done before or after the customer's own events, and done twice it is as if done
//! once: rows are told apart by whom they came from, numbers by the number of the word, events by their ids. Called by `worker`.

use super::Slot;
use crate::engine::apply::Outcome;
use crate::engine::committed::hash_of;
use crate::engine::identity;
use crate::engine::note::Note;
use crate::engine::outputs::Outputs;
use crate::engine::overlay::NEVER;
use crate::engine::relay::{Content, HOPS_MAX, Message, RelayFate};
use crate::engine::row;
use crate::engine::scene::{Occasion, Scene};
use crate::engine::ties::Moved;
use crate::engine::unite;
use crate::event::{Event, Raw, Reason, Reject};

impl Slot {
    /// Whether messages may be taken: rows of old versions have no place for what they bring, and the messages wait.
    pub fn takes_relay(&self) -> bool {
        self.cells.are_kept() && self.rules.settings.relays
    }

    /// Takes a message for `receiver`. An event that is sent on comes by `apply_forwarded`, once it is decoded.
    pub fn receive(&mut self, receiver: &str, message: &Message<'_>, out: &mut Outputs) -> Outcome {
        let kind = message.content.label();
        if message.origin.hops > HOPS_MAX {
            out.refuse(Reject::by_engine(Reason::RelayHops, "one word led to another too often"));
            out.note(Note::Relay { kind, fate: RelayFate::Refused });
            return Outcome::Refused;
        }
        let fate = match message.content {
            Content::MergeRequest => self.give(receiver, message, out),
            Content::MergeRow(row) => self.take(receiver, message, row, out),
            Content::MergeRefused => self.hear_refusal(receiver, message, out),
            Content::Forget => self.forget_mark(receiver, message),
            Content::Forward(_) => unreachable!("invariant: the worker decodes events that are sent on"),
            Content::Referred(_) | Content::ReferralEnded(_) | Content::RefereeErased | Content::ReferrerMoved(_) => {
                self.take_referral(receiver, message, out)
            }
        };
        out.note(Note::Relay { kind, fate });
        match fate {
            RelayFate::Applied | RelayFate::Sent => Outcome::Applied,
            RelayFate::Repeated => Outcome::Duplicate,
            RelayFate::Refused => Outcome::Refused,
            RelayFate::PassedOn => Outcome::Forwarded,
        }
    }

    /// Applies an event of an id that is this customer's now; its `customer` is the receiver. `raw`: the record as it first came.
    pub fn apply_forwarded(&mut self, event: &Event<'_>, message: &Message<'_>, raw: &Raw<'_>, out: &mut Outputs) -> Outcome {
        let outcome = self.apply_on(event, Occasion::Relay(message.origin), raw, out);
        let fate = match outcome {
            Outcome::Forwarded => RelayFate::PassedOn,
            Outcome::Duplicate | Outcome::Erased => RelayFate::Repeated,
            Outcome::Refused => RelayFate::Refused,
            Outcome::Applied | Outcome::Late | Outcome::Ignored => RelayFate::Applied,
        };
        out.note(Note::Relay { kind: message.content.label(), fate });
        outcome
    }

    /// Somebody says that this id is theirs.
    fn give(&mut self, receiver: &str, message: &Message<'_>, out: &mut Outputs) -> RelayFate {
        let is_erased = self.is_erased_at(receiver, message.time_ms);
        self.open(hash_of(receiver), receiver);
        let merges_known = self.rules.settings.merges_known;
        let (customer, entry) = self.overlay.current();
        let mut scene = Scene::of_message(&self.rules, self.number, receiver, message, &mut self.cells, out);
        let moved = customer.moved();
        if is_erased || moved.is_some_and(|moved| moved.to == message.from) {
            // nothing is left to be given, and whoever waits for an answer gets it
            scene.send(message.from, &Content::MergeRow(None));
            return RelayFate::Repeated;
        }
        if let Some(moved) = moved.filter(|_| merges_known) {
            return pass_on(message, moved, &mut scene);
        }
        if let Err(why) = identity::may_give(customer, message.from, merges_known) {
            scene.refuse(Reason::MergeRefused, why);
            scene.send(message.from, &Content::MergeRefused);
            return RelayFate::Refused;
        }
        let until_ms = identity::mark_ends_ms(message.time_ms);
        customer.now_ms = customer.now_ms.max(message.time_ms);
        if entry.exists {
            let given = identity::give(customer, message.from, until_ms, &mut scene);
            let mut bytes = Vec::new();
            row::encode(&given, row::RowVersion::NEWEST, NEVER, &mut bytes);
            scene.send(message.from, &Content::MergeRow(Some(&bytes)));
        } else {
            // events may be on their way that have not come yet
            identity::leave_mark(customer, message.from, until_ms);
            entry.exists = true;
            scene.send(message.from, &Content::MergeRow(None));
        }
        self.settle();
        RelayFate::Applied
    }

    /// Another id gives what it has.
    fn take(&mut self, receiver: &str, message: &Message<'_>, row: Option<&[u8]>, out: &mut Outputs) -> RelayFate {
        let is_erased = self.is_erased_at(receiver, message.time_ms);
        self.open(hash_of(receiver), receiver);
        let (customer, entry) = self.overlay.current();
        let mut scene = Scene::of_message(&self.rules, self.number, receiver, message, &mut self.cells, out);
        if is_erased {
            scene.send(message.from, &Content::Forget);
            return RelayFate::Repeated;
        }
        if let Some(moved) = customer.moved() {
            return pass_on(message, moved, &mut scene);
        }
        let other = match row.map(row::read_row).transpose() {
            Ok(other) => other,
            Err(error) => {
                scene.refuse(Reason::UnreadableRelay, &error.to_string());
                return RelayFate::Refused;
            }
        };
        let Some(alias) = identity::settle(customer, message.from, message.time_ms, &mut scene) else {
            return RelayFate::Repeated;
        };
        if !entry.exists {
            (customer.known, customer.cycle, entry.exists) = (true, 1, true);
        }
        if let Some(other) = other {
            unite::unite(customer, other, &alias, &mut scene);
        }
        self.settle();
        RelayFate::Applied
    }

    fn hear_refusal(&mut self, receiver: &str, message: &Message<'_>, out: &mut Outputs) -> RelayFate {
        self.open(hash_of(receiver), receiver);
        let (customer, entry) = self.overlay.current();
        let mut scene = Scene::of_message(&self.rules, self.number, receiver, message, &mut self.cells, out);
        if let Some(moved) = customer.moved() {
            return pass_on(message, moved, &mut scene);
        }
        let alias = customer.ties.as_mut().filter(|_| entry.exists).and_then(|ties| ties.alias(message.from));
        match alias {
            Some(alias) if !alias.is_settled => alias.is_settled = true,
            _ => return RelayFate::Repeated,
        }
        self.settle();
        RelayFate::Applied
    }

    /// The customer this id had become is forgotten, or names it no more. Who asked for it in vain has no say.
    fn forget_mark(&mut self, receiver: &str, message: &Message<'_>) -> RelayFate {
        self.open(hash_of(receiver), receiver);
        let (customer, entry) = self.overlay.current();
        if !entry.exists || customer.moved().is_none_or(|moved| moved.to != message.from) {
            return RelayFate::Repeated;
        }
        customer.clear();
        entry.exists = false;
        self.settle();
        RelayFate::Applied
    }
}

/// The receiver is somebody else now, who is told it in the sender's name.
pub(super) fn pass_on(message: &Message<'_>, moved: &Moved, scene: &mut Scene<'_>) -> RelayFate {
    scene.send_as(message.from, &moved.to, &message.content);
    RelayFate::PassedOn
}
