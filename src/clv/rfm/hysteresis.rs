//! Scores that do not flip by themselves.
//!
//! Frequency and spend change by events only: an order, a refund. Recency also falls by silence, and there a customer
//! keeps his score until he is past the cut point by `SILENCE_MARGIN`; the moment is known in advance
//! (`days_until_recency_falls`), so it is a deadline, not a nightly job. Silence never raises a score: a new version
//! of the cut points reaches a customer with his next event, or when one of its deadlines would lower him.
//! Called by `engine`.

use libm::ceil;

use super::{Cuts, DAY_MS, Measures, SCORE_MAX, Scores};

/// Silence must exceed a recency cut by this share before the score falls: a customer who buys about every cut point
/// days would else fall and rise with each order.
pub const SILENCE_MARGIN: f64 = 0.1;

/// The scores now. `by_event`: an event of this customer is the cause, and all three are taken as they are. Otherwise
/// only time has passed since `before`, and recency alone may fall. `before` is `None` for a customer not scored yet.
pub fn scores_after(before: Option<Scores>, measures: &Measures, cuts: &Cuts, by_event: bool) -> Scores {
    match before {
        Some(before) if !by_event => {
            let silent = cuts.recency_score(measures.recency_days / (1.0 + SILENCE_MARGIN));
            Scores { recency: before.recency.min(silent), ..before }
        }
        _ => cuts.scores(measures),
    }
}

/// Days since the last purchase at which silence lowers this recency score next. `None` for the lowest.
/// At that moment `scores_after` may still see rounding on the other side: act a millisecond later.
pub fn days_until_recency_falls(recency: u8, cuts: &Cuts) -> Option<f64> {
    let place = SCORE_MAX.checked_sub(recency)?;
    cuts.recency_days.get(usize::from(place)).map(|days| days * (1.0 + SILENCE_MARGIN))
}

/// The same as milliseconds, rounded up to where `scores_after` sees it.
pub fn recency_falls_after_ms(recency: u8, cuts: &Cuts) -> Option<i64> {
    days_until_recency_falls(recency, cuts).map(|days| (ceil(days * DAY_MS as f64) as i64).saturating_add(1))
}
