//! RFM: how recently, how often and for how much a customer has bought, each as a score from 1 to 5, and the segment
//! that the three scores make.
//!
//! `cuts` scores by cut points that are frozen in the parameter file and versioned: if they moved with the base, a
//! customer would change segment because of what others did. `segment` is the published table of segments,
//! `hysteresis` keeps a silent customer where he is until he is past a cut by a margin, `flags` has two properties
//! that the table cannot show.
//!
//! Knows no model and predicts nothing. Scores are fitted by `fit_cuts` from the command line; `engine` asks for the
//! rest. Cut points are of one's own base: another shop's mean nothing.

mod cuts;
mod flags;
mod hysteresis;
mod segment;
#[cfg(test)]
mod tests;

pub use cuts::{Cut, Cuts, Rfm, RfmError, fit_cuts, measures_at};
pub use flags::{FLAGS, is_frequent_low_value, is_promising_rfm};
pub use hysteresis::{SILENCE_MARGIN, days_until_recency_falls, recency_falls_after_ms, scores_after};
pub use segment::Segment;

use super::{DAY_MS, major};

/// What is scored: one customer at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measures {
    /// Since the last purchase, not rounded.
    pub recency_days: f64,
    /// All purchases, the first included.
    pub orders: u32,
    /// Of all of them, net of refunds, in main units of one currency.
    pub spend: f64,
}

impl Measures {
    /// Of a customer silent for so long, who has made so many purchases for so much in minor units.
    pub fn of(silent_ms: i64, orders: u32, spend_minor: i128, exponent: u32) -> Measures {
        Measures { recency_days: silent_ms as f64 / DAY_MS as f64, orders, spend: major(spend_minor as f64, exponent) }
    }
}

/// 1 (worst) to 5 (best).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scores {
    pub recency: u8,
    pub frequency: u8,
    pub monetary: u8,
}

impl Scores {
    /// All scores there are, as small numbers.
    pub const COUNT: u8 = SCORE_MAX * SCORE_MAX * SCORE_MAX;

    /// As rows keep them: below `COUNT`, for ever the same.
    pub fn to_number(self) -> u8 {
        let Scores { recency, frequency, monetary } = self;
        ((recency - 1) * SCORE_MAX + frequency - 1) * SCORE_MAX + monetary - 1
    }

    /// `None`: no scores have this number.
    pub fn from_number(number: u8) -> Option<Scores> {
        let digit = |place: u8| number / place % SCORE_MAX + 1;
        (number < Scores::COUNT).then(|| Scores { recency: digit(SCORE_MAX * SCORE_MAX), frequency: digit(SCORE_MAX), monetary: digit(1) })
    }
}

/// The best score; there is one more than there are cut points.
const SCORE_MAX: u8 = 5;
