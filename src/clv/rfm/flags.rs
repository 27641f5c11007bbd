//! Two readings of "promising" that the table of segments cannot show; a customer may be both, or neither.
//!
//! One source calls promising who has bought once and lately, another who buys often but only small things. Called by
//! `engine` for records.

use super::{Scores, Segment};

/// Orders in the upper two fifths.
const FREQUENT_MIN: u8 = 4;
/// Total spend at least so many scores below frequency: many orders make little only if the mean order is small.
const LOW_VALUE_GAP: u8 = 2;

/// A flag's name, and whether it holds.
pub type Flag = (&'static str, fn(Scores) -> bool);

/// The flags by the names that records and conditions of plays have for them.
pub const FLAGS: [Flag; 2] = [("promising_rfm", is_promising_rfm), ("frequent_low_value", is_frequent_low_value)];

/// The published row `promising` (bought once, not long ago, for little), which the rows before it hide.
pub fn is_promising_rfm(scores: Scores) -> bool {
    Segment::Promising.row_fits(scores)
}

/// Many orders of low mean value: the customer to offer something larger.
pub fn is_frequent_low_value(scores: Scores) -> bool {
    scores.frequency >= FREQUENT_MIN && scores.monetary + LOW_VALUE_GAP <= scores.frequency
}
