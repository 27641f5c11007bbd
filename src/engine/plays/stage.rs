//! Plays that begin when a customer enters a stage of the lifecycle, and may end when they leave it.
//!
//! The instance is `<stage>:<cycle>:<moment of the entry, ms>`. Why the stage was entered makes no difference: an order, silence, a refund,
//! another value model. Called by `transitions` for each change of stage.

use super::instance::{begin, call_off};
use super::words::Reason;
use crate::engine::customer::Customer;
use crate::engine::scene::Scene;
use crate::engine::settings::Trigger;
use crate::engine::stages::Stage;

/// The customer has left one stage, if they were in any, for another.
pub fn on_stage(customer: &mut Customer, from: Option<Stage>, to: Stage, scene: &mut Scene<'_>) {
    let rules = scene.rules;
    for &rule in rules.plays() {
        let play = rules.play(rule);
        let Trigger::StageEntered(stage) = play.trigger else {
            continue;
        };
        if stage == to {
            let instance = format!("{}:{}:{}", stage.as_str(), customer.cycle, scene.time_ms);
            begin(customer, rule, instance, scene.time_ms, scene);
        } else if Some(stage) == from && play.cancel_on.stage_left {
            call_off(customer, rule, Reason::StageLeft, scene);
        }
    }
}
