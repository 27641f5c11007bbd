//! A step of a play at its moment: put to the gates, then sent, refused or held, and the next step prepared.
//!
//! Called by `deadline`.

use super::{ActionKind, Phase, Reason, Sent, offer, reminded};
use crate::engine::actions::{self, Decision};
use crate::engine::attribution;
use crate::engine::customer::Customer;
use crate::engine::gates::{Question, Verdict, judge};
use crate::engine::rules::{PlayRule, Rules};
use crate::engine::scene::Scene;
use crate::engine::settings::{Play, Trigger};

/// The earliest moment a play waits for; of several at one moment, the play of the highest priority, then by name.
pub fn next_due(customer: &Customer, rules: &Rules) -> Option<(i64, PlayRule)> {
    if customer.plays.is_empty() {
        return None;
    }
    let wakes = |rule: &PlayRule| customer.plays.iter().find(|s| s.play == rule.key)?.phase.wakes_ms();
    rules.plays().iter().filter_map(|rule| Some((wakes(rule)?, *rule))).min_by_key(|(at_ms, _)| *at_ms)
}

/// The step the play waits for has come: its due time or its release, which is the scene's time.
pub fn fire(customer: &mut Customer, rule: PlayRule, scene: &mut Scene<'_>) {
    let play = scene.rules.play(rule);
    let Some(place) = customer.plays.iter().position(|s| s.play == rule.key) else {
        return;
    };
    let Phase::Waiting { step, due_ms, .. } = customer.plays[place].phase else {
        return;
    };
    if usize::from(step) >= play.steps.len() {
        customer.plays[place].phase = Phase::Over; // the configuration has fewer steps than when this one was planned
        return;
    }
    if (play.trigger == Trigger::CartIdle) != customer.plays[place].instance.is_empty() {
        customer.plays[place].forget_instance(); // what began it is no longer what begins the play
        return;
    }
    let verdict = verdict(customer, place, play, (step, due_ms), scene);
    let expires_ms = due_ms.saturating_add(play.expires_ms);
    let mut decision = Decision { kind: ActionKind::Send, reason: Reason::to_send(&play.trigger), step, due_ms, expires_ms };
    if step == 0 && !matches!(verdict, Verdict::Hold { .. }) {
        customer.plays[place].decided_ms = Some(due_ms);
        // rows of old versions have no place for it
        if play.trigger == Trigger::CartIdle && scene.cells.are_kept() {
            reminded::remember(customer, rule);
        }
    }
    match verdict {
        Verdict::Hold { until_ms } => customer.plays[place].phase = Phase::Waiting { step, due_ms, release_ms: Some(until_ms) },
        Verdict::Refuse(reason) => {
            decision = Decision { kind: ActionKind::Suppressed, reason, ..decision };
            actions::write(customer, rule, &decision, scene);
            attribution::decided(customer, rule, &decision, scene);
            if reason == Reason::Control {
                // whoever is kept from mails is asked as often as who gets them, or the two could not be compared
                go_on(customer, place, play, &decision, scene);
            } else {
                customer.plays[place].phase = Phase::Over;
            }
        }
        Verdict::Send => {
            // rows of old versions have no place for a grant
            if scene.cells.are_kept() {
                offer::grant(&mut customer.plays[place], &play.steps[usize::from(step)], scene.time_ms);
            }
            actions::write(customer, rule, &decision, scene);
            attribution::decided(customer, rule, &decision, scene);
            customer.plays[place].out.push(Sent { step, due_ms, expires_ms });
            go_on(customer, place, play, &decision, scene);
        }
    }
}

fn verdict(customer: &Customer, place: usize, play: &Play, (step, due_ms): (u8, i64), scene: &Scene<'_>) -> Verdict {
    judge(&Question {
        rules: scene.rules,
        play,
        customer_id: scene.customer_id,
        customer,
        is_first_step: step == 0,
        last_send_ms: customer.plays[place].last_send_ms,
        due_ms,
        at_ms: scene.time_ms,
        wall_ms: scene.wall_ms,
    })
}

/// After a send, or one that the control arm withheld: caps and cool-downs count both.
fn go_on(customer: &mut Customer, place: usize, play: &Play, sent: &Decision, scene: &Scene<'_>) {
    if scene.rules.counts_sends() {
        customer.remember_send(scene.time_ms);
    }
    let state = &mut customer.plays[place];
    state.last_send_ms = scene.rules.last_send_matters_ms(play).map(|_| scene.time_ms).max(state.last_send_ms);
    let (this, next) = (usize::from(sent.step), usize::from(sent.step) + 1);
    state.phase = match play.steps.get(next) {
        Some(later) => {
            let due_ms = sent.due_ms.saturating_add(later.delay_ms - play.steps[this].delay_ms);
            // quiet hours may have held this step beyond the next one's due time, which then waits no longer
            let release_ms = Some(scene.time_ms).filter(|now| *now > due_ms);
            Phase::Waiting { step: sent.step + 1, due_ms, release_ms }
        }
        None => Phase::Over,
    };
}
