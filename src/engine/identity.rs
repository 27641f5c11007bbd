//! Ids that are one person's: who asks, who gives, who may not.
//!
//! An event says that another id is the customer's, too (`ask`). That id's slot gives away all it has of a visitor, and keeps a mark that sends
//! late events after it (`give`); the customer unites what comes with what they are (`take`, `unite`). Who is known keeps what they have,
//! unless the configuration says otherwise, and whoever has asked for something gives nothing away meanwhile: so no circle of ids can
//! close. Called by `apply` and by `slot::relay`.

use super::customer::Customer;
use super::relay::Content;
use super::scene::Scene;
use super::ties::{ALIASES_MAX, Alias, LASTS_MS, Moved, Ties};
use super::{funnel, loyalty, plays, population, stays, transitions};

/// Why an id keeps what it has.
pub const KNOWN: &str = "both ids are known customers (identity.merge_known)";
pub const ELSEWHERE: &str = "the id is another customer's already";
pub const CIRCLE: &str = "the id is about to take in another one itself";

/// The event says that `former_id` is this customer's, too. `was_new`: nothing was known of the customer before.
pub fn ask(customer: &mut Customer, former_id: &str, was_new: bool, time_ms: i64, scene: &mut Scene<'_>) {
    if !scene.can_tell() || former_id == scene.customer_id {
        return;
    }
    let now_ms = customer.now_ms;
    let is_asked = |ties: &mut Box<Ties>| {
        ties.prune(now_ms);
        ties.alias(former_id).is_some()
    };
    if customer.ties.as_mut().is_some_and(is_asked) {
        return;
    }
    note(customer, Alias { id: former_id.to_owned(), asked_ms: time_ms, is_settled: false, was_new }, scene);
    scene.send(former_id, &Content::MergeRequest);
}

/// Remembers another id; the oldest that falls out for it is told to forget us, for nobody could tell it later.
pub fn note(customer: &mut Customer, alias: Alias, scene: &mut Scene<'_>) {
    let now_ms = customer.now_ms;
    let ties = customer.ties.get_or_insert_default();
    ties.prune(now_ms);
    let place = ties.aliases.partition_point(|known| known.asked_ms <= alias.asked_ms);
    ties.aliases.insert(place, alias);
    if ties.aliases.len() > ALIASES_MAX {
        let oldest = ties.aliases.remove(0);
        scene.send(&oldest.id, &Content::Forget);
    }
}

/// What `from` gets for the asking; `Err`: nothing, and why.
pub fn may_give(customer: &Customer, from: &str, merges_known: bool) -> Result<(), &'static str> {
    if customer.moved().is_some_and(|moved| moved.to != from) {
        return Err(ELSEWHERE);
    }
    if customer.known && !merges_known {
        return Err(KNOWN);
    }
    if customer.ties.as_deref().is_some_and(|ties| ties.aliases.iter().any(|alias| !alias.is_settled)) {
        return Err(CIRCLE);
    }
    Ok(())
}

/// Takes everything off the customer: mails on their way are called off, the figures over all customers are without them. What is left to
/// be said of them is that they are gone, and what they were, which is returned. The row becomes a mark.
pub fn give(customer: &mut Customer, to: &str, until_ms: i64, scene: &mut Scene<'_>) -> Customer {
    plays::on_merge(customer, scene);
    population::contribute(customer, None, scene.cells, scene.out);
    funnel::leave(customer, scene.cells, scene.out);
    funnel::give_lead(customer, scene.cells, scene.out);
    loyalty::leave(customer, scene.cells, scene.out);
    // whoever takes it in is told what this id was, the last of it included
    stays::leave(customer);
    customer.stage_since_ms = None;
    if customer.orders.primary().is_some() || customer.contracts.is_some() {
        scene.push_tombstone(super::outputs::Topic::Clv);
    }
    if let Some(stage) = customer.stage {
        transitions::write_end(customer, stage, scene);
    }
    let given = customer.clone();
    leave_mark(customer, to, until_ms);
    given
}

/// The row says from here on where events of this id go, and nothing else.
pub fn leave_mark(customer: &mut Customer, to: &str, until_ms: i64) {
    let now_ms = customer.now_ms;
    customer.clear();
    (customer.now_ms, customer.last_event_ms, customer.cycle) = (now_ms, now_ms, 1);
    customer.ties = Some(Box::new(Ties { moved: Some(Moved { to: to.to_owned(), until_ms }), ..Ties::default() }));
}

/// Until when events of an id are sent on that was asked for at this time.
pub fn mark_ends_ms(asked_ms: i64) -> i64 {
    asked_ms.saturating_add(LASTS_MS)
}

/// The customer is about to be forgotten: whoever names them is to forget it, too.
pub fn part(customer: &Customer, scene: &mut Scene<'_>) {
    for alias in customer.ties.iter().flat_map(|ties| &ties.aliases) {
        scene.send(&alias.id, &Content::Forget);
    }
}

/// The answer of another id has come, at the latest now. `None`: it had come before. Else what was known when it was asked.
pub fn settle(customer: &mut Customer, from: &str, asked_ms: i64, scene: &mut Scene<'_>) -> Option<Alias> {
    if let Some(alias) = customer.ties.as_mut().and_then(|ties| ties.alias(from)) {
        let is_first = !std::mem::replace(&mut alias.is_settled, true);
        return is_first.then(|| alias.clone());
    }
    // asked by another id, or so long ago that it was forgotten
    let alias = Alias { id: from.to_owned(), asked_ms, is_settled: true, was_new: customer.stage.is_none() };
    note(customer, alias.clone(), scene);
    Some(alias)
}
