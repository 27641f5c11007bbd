//! Variants of a step side by side: who of those a play got hold of has which, how many mails went out, and who ordered.
//!
//! A customer's template of a step is a draw that is the same for ever (`plays::template`), so nothing of it is kept: it is asked again when they
//! order. Everybody treated is counted for the variant they have, also of a step that they do not live to see, since what keeps somebody from it
//! may itself come of the mail before; only mails are counted as they go. Who has the mail as a visitor and orders as the customer they turn out
//! to be is counted for the latter's variant. Steps with one template are not counted. It counts on cells. Called by `attribution`.

use super::cells::{Figure, Place, Window};
use super::plays;
use super::rules::PlayRule;
use super::scene::Scene;
use crate::event::Money;

/// A mail of this step goes out.
pub fn sent(rule: PlayRule, step: u8, scene: &mut Scene<'_>) {
    for (number, template) in of_customer(rule, scene).into_iter().filter(|(number, _)| *number == step) {
        let at_ms = scene.time_ms;
        count("variant_sent", (rule, number, template), at_ms, scene);
    }
}

/// The play has got hold of the customer: all gates were passed, and no control arm keeps them from mails.
pub fn treated(rule: PlayRule, at_ms: i64, scene: &mut Scene<'_>) {
    of_customer(rule, scene).into_iter().for_each(|(number, template)| count("variant_customers", (rule, number, template), at_ms, scene));
}

/// They ordered in time; `at_ms`: when the play got hold of them.
pub fn ordered(rule: PlayRule, value: Money, is_first: bool, at_ms: i64, scene: &mut Scene<'_>) {
    for (number, template) in of_customer(rule, scene) {
        if is_first {
            count("variant_converted", (rule, number, template), at_ms, scene);
        }
        let (play, step) = (scene.rules.play(rule).name.as_str(), told(number));
        let dims = [("currency", value.currency.code()), ("play", play), ("step", step.as_str()), ("template", template)];
        let place = Place { name: "variant_revenue", figure: Figure::Sum, dims: &dims, window: Window::Week, at_ms };
        scene.cells.add(&place, value.minor.into(), scene.out);
    }
}

/// Steps of several templates, counted from 0, with the customer's.
fn of_customer<'r>(rule: PlayRule, scene: &Scene<'r>) -> Vec<(u8, &'r str)> {
    let rules = scene.rules;
    let (play, salt) = (rules.play(rule), &rules.settings.salt);
    let several = (0..).zip(&play.steps).filter(|(_, step)| step.templates.len() > 1);
    several.map(|(number, step)| (number, plays::template(scene.customer_id, play, number, step, salt))).collect()
}

fn count(name: &'static str, (rule, number, template): (PlayRule, u8, &str), at_ms: i64, scene: &mut Scene<'_>) {
    let (play, step) = (scene.rules.play(rule).name.as_str(), told(number));
    let dims = [("play", play), ("step", step.as_str()), ("template", template)];
    scene.cells.add(&Place { name, figure: Figure::Count, dims: &dims, window: Window::Week, at_ms }, 1, scene.out);
}

/// As actions count steps.
fn told(number: u8) -> String {
    (u32::from(number) + 1).to_string()
}
