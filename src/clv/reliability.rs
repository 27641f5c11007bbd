//! How far to trust a forecast, in one word and one reason: every CLV record carries both.
//!
//! Judges the parameters as a whole, not the single customer, and by counts only: whether they fit the customers
//! is what a back-test tells. Called by `engine` when it writes a record, and by `run` for its warning.

use super::Parameters;

/// Fewer buyers than this leave the four purchase parameters all but undetermined.
const BUYERS_MIN: u64 = 500;
/// A shorter history shows too few repeats to tell silence from departure.
const HISTORY_DAYS_MIN: u64 = 180;

/// As records spell it: `low` or `normal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Low,
    Normal,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Low => "low",
            Level::Normal => "normal",
        }
    }
}

/// A level and the reason for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reliability {
    pub level: Level,
    /// `not_fitted`, `under_500_buyers`, `under_180_days` or, for normal, `enough_data`.
    pub why: &'static str,
}

/// The first reason for doubt, the gravest first. What the file does not tell counts as too little.
pub fn reliability(parameters: &Parameters) -> Reliability {
    let low = |why| Reliability { level: Level::Low, why };
    if !parameters.fitted {
        return low("not_fitted");
    }
    if parameters.buyers.unwrap_or(0) < BUYERS_MIN {
        return low("under_500_buyers");
    }
    if parameters.history_days.unwrap_or(0) < HISTORY_DAYS_MIN {
        return low("under_180_days");
    }
    Reliability { level: Level::Normal, why: "enough_data" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::{MbgNbd, PurchaseModel};
    use std::collections::BTreeMap;

    #[test]
    fn the_gravest_doubt_is_the_reason() {
        let cases = [
            (false, Some(10_000), Some(1_000), "low", "not_fitted"),
            (true, Some(499), Some(10), "low", "under_500_buyers"),
            (true, None, Some(1_000), "low", "under_500_buyers"),
            (true, Some(500), Some(179), "low", "under_180_days"),
            (true, Some(500), None, "low", "under_180_days"),
            (true, Some(500), Some(180), "normal", "enough_data"),
        ];
        for (fitted, buyers, history_days, level, why) in cases {
            let parameters = Parameters {
                name: "test".into(),
                version: "1".into(),
                fitted,
                purchase: PurchaseModel::MbgNbd(MbgNbd { r: 0.5, alpha: 6.0, a: 0.9, b: 1.6 }),
                spend: BTreeMap::new(),
                buyers,
                history_days,
                rfm: None,
                seasonal: None,
            };
            let found = reliability(&parameters);
            assert_eq!((found.level.as_str(), found.why), (level, why));
        }
    }
}
