//! Plays that begin on a day of the customer's own: the birthday, from its midnight where they live, and the day the next order is expected.
//!
//! The next birthday follows from the customer's now, so nothing of it is stored; the instance is `birthday:<year>`. The expected order is
//! looked at with each order, and counts from then; the instance is `next_order:<that moment, ms>`, since two orders may have one
//! moment, but no expectation is asked for twice. Called by `deadline` and `value`, and by whatever else moves a customer's now.

use jiff::Timestamp;

use super::PlayState;
use super::instance::begin;
use crate::engine::customer::Customer;
use crate::engine::quiet::zone_of;
use crate::engine::rules::Rules;
use crate::engine::scene::Scene;
use crate::engine::settings::Trigger;

/// The next midnight a birthday begins with; `None`: it is not known, or no play asks.
pub fn birthday_ms(customer: &Customer, rules: &Rules) -> Option<i64> {
    let birthday = customer.profile.as_ref()?.birthday?;
    if !rules.plays().iter().any(|rule| rules.play(*rule).trigger == Trigger::Birthday) {
        return None;
    }
    let zone = zone_of(&customer.contact.time_zone, &rules.settings.customer_zone);
    let year = Timestamp::from_millisecond(customer.now_ms).ok()?.to_zoned(zone.clone()).year();
    [year, year + 1].into_iter().find_map(|year| {
        let midnight = birthday.in_year(year)?.to_zoned(zone.clone()).ok()?;
        Some(midnight.timestamp().as_millisecond()).filter(|at_ms| *at_ms > customer.now_ms)
    })
}

/// The customer's now is about to move on: a birthday on the way begins at its own midnight. Timers tell it first, but for what does not wait
/// for them: another customer's word, an element of a record, and what is due at that very midnight.
pub fn pass_birthday(customer: &mut Customer, to_ms: i64, scene: &Scene<'_>) {
    if let Some(at_ms) = birthday_ms(customer, scene.rules).filter(|at_ms| *at_ms <= to_ms) {
        on_birthday(customer, at_ms, scene);
    }
}

/// It has begun. Who corrects the date, or moves to another zone, has one birthday a year all the same.
fn on_birthday(customer: &mut Customer, midnight_ms: i64, scene: &Scene<'_>) {
    let rules = scene.rules;
    let zone = zone_of(&customer.contact.time_zone, &rules.settings.customer_zone);
    let year_of = |at_ms: i64| Timestamp::from_millisecond(at_ms).map(|at| at.to_zoned(zone.clone()).year()).unwrap_or_default();
    let year = year_of(midnight_ms);
    for &rule in rules.plays() {
        let had_one = |state: &PlayState| state.play == rule.key && state.decided_ms.is_some_and(|decided_ms| year_of(decided_ms) >= year);
        if rules.play(rule).trigger == Trigger::Birthday && !customer.plays.iter().any(had_one) {
            begin(customer, rule, format!("birthday:{year}"), midnight_ms, scene);
        }
    }
}

/// An order has told when the next one is expected.
pub fn on_expectation(customer: &mut Customer, next_order_ms: i64, scene: &Scene<'_>) {
    let rules = scene.rules;
    for &rule in rules.plays() {
        if rules.play(rule).trigger == Trigger::NextOrderDue {
            begin(customer, rule, format!("next_order:{next_order_ms}"), next_order_ms, scene);
        }
    }
}
