//! What a play has in mind for a customer, in words for programs: `explain -o json` and the HTTP API tell it alike.
//!
//! Fields and their form, nothing else; what they say is found out by `explain`. It goes to no topic. Used by `portrait`, and by `cli` through
//! `explained`.

use super::json::{Json, json_object};
use super::time::Time;
use crate::engine::explain::{Explained, Waiting};
use crate::engine::settings::Settings;

/// What a play has in mind for a customer.
#[derive(utoipa::ToSchema)]
pub struct PlayRecord<'a> {
    play: &'a str,
    /// `off`: the play is; `nothing`: it waits for its trigger; `waiting`: with a step.
    state: &'static str,
    /// Counted from 1.
    step: Option<u32>,
    due_at: Option<Time>,
    /// What began it, such as a cart.
    instance: Option<&'a str>,
    /// `treatment` or `control`.
    arm: &'static str,
    /// The gates that would refuse it, in their order: the first would be the reason told.
    refusals: Vec<&'static str>,
    /// Quiet hours would hold it until then.
    held_until: Option<Time>,
    last_send_at: Option<Time>,
}

json_object!(PlayRecord<'_> { play, state, step, due_at, instance, arm, refusals, held_until, last_send_at });

pub fn play_record<'a>(play: &'a Explained, settings: &'a Settings) -> PlayRecord<'a> {
    let (state, step, due_ms, instance) = match &play.state {
        Waiting::Off => ("off", None, None, None),
        Waiting::Nothing => ("nothing", None, None, None),
        Waiting::Step { step, due_ms, instance } => ("waiting", Some(*step), Some(*due_ms), Some(instance.as_str())),
    };
    PlayRecord {
        play: &settings.plays[play.place].name,
        state,
        step,
        due_at: due_ms.map(Time),
        instance,
        arm: play.arm.as_str(),
        refusals: play.refusals.iter().map(|reason| reason.as_str()).collect(),
        held_until: play.held_until_ms.map(Time),
        last_send_at: play.last_send_ms.map(Time),
    }
}

/// One play as JSON text.
pub fn explained(play: &Explained, settings: &Settings) -> String {
    let mut out = Vec::new();
    play_record(play, settings).write(&mut out);
    String::from_utf8(out).expect("invariant: names are ASCII and texts are text")
}
