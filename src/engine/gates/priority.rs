//! `plays.priority_window`: who wants a customer less steps back for who wants them more.
//!
//! A play of higher priority has sent within the window before, or has a step due within it after. Whether that step will pass its own gates
//! nobody knows yet. Shadow plays send nothing and keep nobody off. Called by `gates`.

use super::Question;
use crate::engine::plays::{PlayState, Reason};
use crate::engine::settings::Mode;

pub fn priority(q: &Question<'_>) -> Option<Reason> {
    let window_ms = q.rules.settings.priority_window_ms;
    if window_ms == 0 {
        return None;
    }
    let is_near = |state: &PlayState| {
        let has_sent = state.last_send_ms.is_some_and(|sent_ms| sent_ms > q.at_ms.saturating_sub(window_ms));
        let is_due = state.phase.wakes_ms().is_some_and(|due_ms| due_ms < q.at_ms.saturating_add(window_ms));
        has_sent || is_due
    };
    // plays are in descending order of priority
    let higher = q.rules.plays().iter().take_while(|rule| q.rules.play(**rule).priority > q.play.priority);
    let live = higher.filter(|rule| q.rules.play(**rule).mode == Mode::Live);
    let mut states = live.filter_map(|rule| q.customer.plays.iter().find(|state| state.play == rule.key));
    states.any(is_near).then_some(Reason::Priority)
}
