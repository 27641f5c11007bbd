//! Moves a customer to the stage that holds and says so.
//!
//! Which stage holds is `stages`' affair. Called by `apply` after every event, by `deadline` when time has changed something, and by what else may
//! move a customer: `unite`, `referrals`, another value model.

use super::customer::Customer;
use super::funnel;
use super::lifecycle::Why;
use super::note::Note;
use super::outputs::Topic;
use super::plays;
use super::record::time::Time;
use super::record::transition::TransitionRecord;
use super::scene::Scene;
use super::settings::Track;
use super::stages::{Entry, Stage};
use super::timeline::{self, Decided};
use super::{journey, stays, value};

pub const TRACK: &str = "lifecycle";
/// Everything customers move on. Their places are stored in rows: a new one goes to the end.
pub const TRACKS: [&str; 5] = [TRACK, journey::TRACK, Track::ValueBand.as_str(), Track::Tier.as_str(), Track::Rfm.as_str()];
/// No stage: who is there is another customer from here on.
const MERGED: &str = "merged";

/// Writes one record if the stage has changed. `why`: an order or a refund was applied; `None`: anything else.
pub fn settle(customer: &mut Customer, why: Option<Why>, scene: &mut Scene<'_>) {
    let from = customer.stage;
    let graph = &scene.rules.settings.lifecycle.graph;
    if !graph.is_shipped && !scene.cells.are_kept() {
        // rows of old versions have no place for its stages; but who has none is new
        customer.stage.get_or_insert(Stage::VISITOR);
        return;
    }
    let entry = graph.entry_of(customer, &scene.rules.settings);
    let to = entry.stage;
    if !entry.is_of_return {
        // silence, or the loss of all orders, ends the return
        customer.reactivated_day = None;
    }
    if from == Some(to) {
        return;
    }
    stays::leave(customer);
    customer.stage = Some(to);
    let reason = reason(from, entry, why, scene);
    write(customer, TRACK, from.as_ref().map(Stage::as_str), to.as_str(), reason, scene);
    funnel::enter(customer, from, to, scene.time_ms, scene.cells, scene.out);
    scene.note(Note::Transition { from, to });
    plays::on_stage(customer, from, to, scene);
}

fn reason(from: Option<Stage>, entry: &Entry, why: Option<Why>, scene: &Scene<'_>) -> Why {
    let is_early = matches!(entry.why, Why::FirstSeen | Why::Identified);
    let was_new = from.is_some_and(|from| scene.rules.settings.lifecycle.graph.is_of_new(from));
    match why {
        _ if is_early && from.is_none() => Why::FirstSeen,
        Some(Why::Order) if entry.is_of_return => Why::Reactivated,
        Some(why) => why,
        None if is_early && was_new => Why::OnboardingOver,
        None => entry.why,
    }
}

/// Says that the customer has become another, and is none any more.
pub fn write_end(customer: &mut Customer, from: Stage, scene: &mut Scene<'_>) {
    write(customer, TRACK, Some(from.as_str()), MERGED, Why::Merged, scene);
}

/// Says that a customer has moved on a track.
pub fn write(customer: &mut Customer, track: &'static str, from: Option<&str>, to: &str, why: Why, scene: &mut Scene<'_>) {
    let id = scene.next_id(track);
    let record = TransitionRecord {
        id,
        customer_id: scene.customer_id,
        track,
        from,
        to,
        reason: why.as_str(),
        cycle: customer.cycle,
        cause: scene.occasion.record(scene.slot),
        p_alive: value::p_alive(customer, scene),
        value: value::net(customer),
        event_time: Time(scene.time_ms),
    };
    scene.push(Topic::Transitions, &id, &record);
    timeline::remember(customer, &Decided::Move { track, from, to, why }, scene);
}
