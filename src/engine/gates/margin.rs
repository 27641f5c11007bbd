//! `cost`: no mail to whom it costs more than they are expected to bring.
//!
//! What is expected is the contribution over the horizon, as the `clv` record says it, at the moment of the send. Of who has no counted order
//! nothing is known, and so nothing speaks against the mail. Called by `gates`.

use super::Question;
use crate::engine::plays::Reason;
use crate::engine::value;

pub fn margin(q: &Question<'_>) -> Option<Reason> {
    if q.play.cost.is_empty() {
        return None;
    }
    let expected = value::expected(q.customer, &q.rules.settings)?.contribution;
    match q.play.cost.get(&expected.currency) {
        None => Some(Reason::NoThreshold),
        Some(cost) => (expected.minor < i128::from(*cost)).then_some(Reason::Margin),
    }
}
