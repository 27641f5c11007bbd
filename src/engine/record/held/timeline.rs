//! The last decisions about a customer, in words: those of the records they were written with.
//!
//! A play has the name it had then, whatever the configuration has now. Part of `held`.

use crate::engine::record::json::json_object;
use crate::engine::record::time::Time;
use crate::engine::timeline::{Decided, Timeline};

/// What was decided about the customer, and why.
#[derive(utoipa::ToSchema)]
pub(super) struct HeldDecision<'a> {
    at: Time,
    /// `transition`, or of an action `send`, `cancel`, `suppressed`.
    kind: &'static str,
    /// Of a transition.
    track: Option<&'static str>,
    /// `null`: the customer's first on this track, or an action.
    from: Option<&'a str>,
    to: Option<&'a str>,
    /// Of an action.
    play: Option<&'a str>,
    /// Counted from 1.
    step: Option<u32>,
    /// As records name it.
    reason: &'static str,
}

json_object!(HeldDecision<'_> { at, kind, track, from, to, play, step, reason });

pub(super) fn held(timeline: &Timeline) -> Vec<HeldDecision<'_>> {
    timeline.decisions().map(|(at_ms, decided)| one(Time(at_ms), decided)).collect()
}

fn one(at: Time, decided: Decided<'_>) -> HeldDecision<'_> {
    match decided {
        Decided::Move { track, from, to, why } => {
            let (track, to) = (Some(track), Some(to));
            HeldDecision { at, kind: "transition", track, from, to, play: None, step: None, reason: why.as_str() }
        }
        Decided::Action { play, kind, step, reason } => {
            let (play, step) = (Some(play), Some(u32::from(step) + 1));
            HeldDecision { at, kind: kind.as_str(), track: None, from: None, to: None, play, step, reason: reason.as_str() }
        }
    }
}
