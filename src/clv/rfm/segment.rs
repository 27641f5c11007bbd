//! The table of segments by scores, as the R package `rfm` publishes it (R. Hebbali, MIT licence): the first row that
//! fits names the customer, whoever fits none is one of the others.
//!
//! Rows overlap, and the order decides: `potential_loyalist` stands before `new` and `promising` and covers them,
//! `at_risk` covers `cant_lose`, so those three never come out. They are kept because the table is the published one;
//! `flags` says who would be promising.

use super::Scores;

/// A customer's segment, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    Champions,
    Loyal,
    PotentialLoyalist,
    New,
    Promising,
    NeedAttention,
    AboutToSleep,
    AtRisk,
    CantLose,
    Lost,
    Others,
}

/// Lowest and highest score of a row.
type Range = (u8, u8);

/// Segment; recency, frequency, monetary.
const TABLE: [(Segment, Range, Range, Range); 10] = [
    (Segment::Champions, (4, 5), (4, 5), (4, 5)),
    (Segment::Loyal, (2, 5), (3, 5), (3, 5)),
    (Segment::PotentialLoyalist, (3, 5), (1, 3), (1, 3)),
    (Segment::New, (4, 5), (1, 1), (1, 1)),
    (Segment::Promising, (3, 4), (1, 1), (1, 1)),
    (Segment::NeedAttention, (2, 3), (2, 3), (2, 3)),
    (Segment::AboutToSleep, (2, 3), (1, 2), (1, 2)),
    (Segment::AtRisk, (1, 2), (2, 5), (2, 5)),
    (Segment::CantLose, (1, 1), (4, 5), (4, 5)),
    (Segment::Lost, (1, 2), (1, 2), (1, 2)),
];

impl Segment {
    pub const ALL: [Segment; 11] = [
        Segment::Champions,
        Segment::Loyal,
        Segment::PotentialLoyalist,
        Segment::New,
        Segment::Promising,
        Segment::NeedAttention,
        Segment::AboutToSleep,
        Segment::AtRisk,
        Segment::CantLose,
        Segment::Lost,
        Segment::Others,
    ];

    /// The first row that fits.
    pub fn of(scores: Scores) -> Segment {
        TABLE.iter().find(|row| fits(row, scores)).map_or(Segment::Others, |row| row.0)
    }

    /// As records spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Segment::Champions => "champions",
            Segment::Loyal => "loyal",
            Segment::PotentialLoyalist => "potential_loyalist",
            Segment::New => "new",
            Segment::Promising => "promising",
            Segment::NeedAttention => "need_attention",
            Segment::AboutToSleep => "about_to_sleep",
            Segment::AtRisk => "at_risk",
            Segment::CantLose => "cant_lose",
            Segment::Lost => "lost",
            Segment::Others => "others",
        }
    }

    /// Whether the row of this segment fits, whatever stands before it. Nobody fits `Others`.
    pub(super) fn row_fits(self, scores: Scores) -> bool {
        TABLE.iter().any(|row| row.0 == self && fits(row, scores))
    }
}

fn fits(&(_, recency, frequency, monetary): &(Segment, Range, Range, Range), scores: Scores) -> bool {
    let within = |(low, high): Range, score: u8| (low..=high).contains(&score);
    within(recency, scores.recency) && within(frequency, scores.frequency) && within(monetary, scores.monetary)
}
