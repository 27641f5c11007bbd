//! Moves a customer to the stage that holds and says so.
//!
//! Which stage holds is `lifecycle`'s affair. Called by `apply` after every event and by `deadline` when silence has changed something.

use super::customer::Customer;
use super::funnel;
use super::lifecycle::{Stage, Why, stage_of};
use super::note::Note;
use super::outputs::Topic;
use super::plays;
use super::record::time::Time;
use super::record::transition::TransitionRecord;
use super::scene::Scene;
use super::value;

const TRACK: &str = "lifecycle";
/// No stage: who is there is another customer from here on.
const MERGED: &str = "merged";

/// Writes one record if the stage has changed. `why`: an order or a refund was applied; `None`: anything else.
pub fn settle(customer: &mut Customer, why: Option<Why>, scene: &mut Scene<'_>) {
    let from = customer.stage;
    let to = stage_of(customer, &scene.rules.settings);
    if to != Stage::Reactivated {
        // silence, or the loss of all orders, ends the return
        customer.reactivated_day = None;
    }
    if from == Some(to) {
        return;
    }
    customer.stage = Some(to);
    write(customer, TRACK, from.map(Stage::as_str), to.as_str(), reason(from, to, why), scene);
    funnel::enter(customer, from, to, scene.time_ms, scene.cells, scene.out);
    scene.note(Note::Transition { from, to });
    plays::on_stage(customer, from, to, scene);
}

fn reason(from: Option<Stage>, to: Stage, why: Option<Why>) -> Why {
    match (why, to) {
        (_, Stage::Visitor | Stage::Lead) if from.is_none() => Why::FirstSeen,
        (None, Stage::Onboarding) => Why::SignedUp,
        (None, Stage::Consideration) => Why::Considering,
        (None, Stage::Visitor | Stage::Lead) if from == Some(Stage::Onboarding) => Why::OnboardingOver,
        (Some(Why::Order), Stage::Reactivated) => Why::Reactivated,
        (Some(why), _) => why,
        (None, Stage::Lead) => Why::Identified,
        (None, Stage::AtRisk | Stage::Lapsed) => Why::Silence,
        // the order days as before, but the configuration has moved a bound
        (None, _) => Why::Order,
    }
}

/// Says that the customer has become another, and is none any more.
pub fn write_end(customer: &Customer, from: Stage, scene: &mut Scene<'_>) {
    write(customer, TRACK, Some(from.as_str()), MERGED, Why::Merged, scene);
}

/// Says that a customer has moved on a track.
pub fn write(customer: &Customer, track: &'static str, from: Option<&str>, to: &str, why: Why, scene: &mut Scene<'_>) {
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
}
