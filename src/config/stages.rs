//! `stages.*`: the bounds of the shipped graph, or a graph of one's own in its place.
//!
//! A graph in which somebody would be nowhere, or a stage can never be entered, is refused with the reason: at run time it would only be a
//! number that stays 0. What the conditions mean, the engine knows. Called by `check`.

mod conditions;
mod graph;

use super::keys::Keys;
use super::layers::Entry;
use super::plays::Names;
use super::values::{self, DAY_MS, DURATION_MS_MAX, SECOND_MS};
use crate::engine::{Lifecycle, StageBounds, StageGraph, shipped_stages};

const GRAPH: &str = "stages.graph";
/// What the shipped graph alone asks for. `stages.lapsed_below` is also what `lapse_at` is about.
const OF_SHIPPED: [&str; 6] = [
    "stages.min_silence",
    "stages.max_silence",
    "stages.at_risk_below",
    "stages.onboarding_timeout",
    "stages.consideration_views",
    "stages.loyal_repeat_days",
];

pub fn lifecycle(keys: &mut Keys<'_>, names: &Names<'_>) -> Lifecycle {
    let bounds = bounds(keys);
    let forward_only = keys.required("stages.forward_only", values::flag);
    let own = keys.optional(GRAPH, |entry: &Entry| graph::graph(&entry.value, names));
    if own.is_some() {
        for key in OF_SHIPPED {
            if !keys.is_shipped(key) {
                keys.refuse(key, format!("is about the shipped stages, and has no effect beside {GRAPH}"));
            }
        }
    } else if keys.is_clean() {
        check_order(keys, &bounds);
    }
    let graph = own.unwrap_or_else(|| shipped_stages(&bounds));
    Lifecycle {
        graph: StageGraph { forward_only, ..graph },
        lapsed_below: bounds.lapsed_below,
        drop_off_after_ms: keys.required("stages.drop_off_after", values::duration(SECOND_MS..=DURATION_MS_MAX)),
    }
}

fn bounds(keys: &mut Keys<'_>) -> StageBounds {
    let mut count = |key: &str| u32::try_from(keys.required(key, values::whole(1..=10_000))).unwrap_or(u32::MAX);
    let (consideration_views, loyal_x) = (count("stages.consideration_views"), count("stages.loyal_repeat_days"));
    StageBounds {
        min_silence_ms: keys.required("stages.min_silence", values::duration(0..=DURATION_MS_MAX)),
        max_silence_ms: keys.required("stages.max_silence", values::duration(DAY_MS..=DURATION_MS_MAX)),
        at_risk_below: keys.required("stages.at_risk_below", values::Threshold),
        lapsed_below: keys.required("stages.lapsed_below", values::Threshold),
        onboarding_timeout_ms: keys.required("stages.onboarding_timeout", values::duration(0..=DURATION_MS_MAX)),
        consideration_views,
        loyal_x,
    }
}

fn check_order(keys: &mut Keys<'_>, bounds: &StageBounds) {
    if bounds.lapsed_below >= bounds.at_risk_below {
        let (lapsed, at_risk) = (bounds.lapsed_below, bounds.at_risk_below);
        keys.refuse("stages.lapsed_below", format!("{lapsed} must be less than stages.at_risk_below, which is {at_risk}"));
    }
    if bounds.min_silence_ms > bounds.max_silence_ms {
        keys.refuse("stages.min_silence", "must not be longer than stages.max_silence".to_string());
    }
}
