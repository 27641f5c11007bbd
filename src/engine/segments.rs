//! The segment of a customer by recency, frequency and money: scored by the model's frozen cut points, kept in the row, told on the track `rfm`.
//!
//! Orders, refunds and another model score anew; silence lowers recency alone, at a moment known in advance, so nobody changes segment
//! because of what others did. Without cut points for the customer's currency there is no segment. The arithmetic is `clv::rfm`'s. Called
//! by `apply`, `deadline` and `slot`, before they write the customer's value.

use super::customer::Customer;
use super::lifecycle::Why;
use super::plays;
use super::scene::Scene;
use super::settings::{Settings, Track};
use super::transitions;
use crate::clv::rfm::{self, Cuts, Measures, Segment};

/// The segment a customer's scores make; `None`: not scored.
pub fn segment_of(customer: &Customer) -> Option<Segment> {
    customer.scores.map(Segment::of)
}

/// Scores the customer and says so if the segment has changed. `by`: what happened; `Why::Silence`: nothing but time.
pub fn settle(customer: &mut Customer, by: Why, scene: &mut Scene<'_>) {
    // rows of old versions have no place for scores
    if !scene.cells.are_kept() {
        return;
    }
    let from = segment_of(customer);
    let told = cuts_of(customer, &scene.rules.settings).zip(measures(customer));
    customer.scores = told.map(|(cuts, measures)| rfm::scores_after(customer.scores, &measures, &cuts, by != Why::Silence));
    let to = segment_of(customer);
    if let Some(to) = to.filter(|_| from != to) {
        transitions::write(customer, Track::Rfm.as_str(), from.map(Segment::as_str), to.as_str(), by, scene);
        plays::on_level(customer, Track::Rfm, to.as_str(), scene.time_ms, scene);
    }
}

/// When silence lowers the customer's recency next.
pub fn falls_ms(customer: &Customer, settings: &Settings) -> Option<i64> {
    let (scores, purchases) = (customer.scores?, customer.derived.purchases?);
    let wait_ms = rfm::recency_falls_after_ms(scores.recency, &cuts_of(customer, settings)?)?;
    Some(purchases.latest_ms.saturating_add(wait_ms))
}

fn cuts_of(customer: &Customer, settings: &Settings) -> Option<Cuts> {
    let currency = customer.orders.primary()?.currency;
    settings.value.parameters.rfm.as_ref()?.cuts(currency.code())
}

fn measures(customer: &Customer) -> Option<Measures> {
    let (purchases, primary) = (customer.derived.purchases?, customer.orders.primary()?);
    let silent_ms = customer.now_ms - purchases.latest_ms;
    Some(Measures::of(silent_ms, purchases.x() + 1, primary.net_minor(), primary.currency.exponent()))
}
