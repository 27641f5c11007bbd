//! Week by week: what all customers of the calibration part bought again, beside what was expected.
//!
//! Weeks end at the split and at every seventh day before and after it. Before the split a model's expectation is that
//! of new customers, each from his first purchase on (its fit); after it, that of customers with their histories (its
//! forecast). Partial weeks at the end are left out. Births are taken by the UTC day, which groups them.
//! Called by `run`.

use std::collections::BTreeMap;

use super::split::{Case, Split};
use crate::clv::{DAY_MS, PurchaseLog, PurchaseModel, WEEK_MS, weeks};

/// Longer hold-outs are tracked for their first two years.
pub const HOLD_OUT_WEEKS_MAX: usize = 104;

/// One week, `(to_ms − 7 days, to_ms]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Week {
    pub to_ms: i64,
    /// After the split.
    pub is_held_out: bool,
    /// Repeat purchases.
    pub actual: u64,
    /// By each model, in the order of the report.
    pub expected: Vec<f64>,
}

/// All weeks in which a repeat purchase can be.
pub(super) fn weekly(log: &PurchaseLog, split: &Split, cases: &[Case], models: &[PurchaseModel]) -> Vec<Week> {
    let before_ms = split.calibration_end_ms - log.span_ms().0;
    let before = (before_ms as u64).div_ceil(WEEK_MS as u64) as usize;
    let after = (split.horizon_weeks() as usize).min(HOLD_OUT_WEEKS_MAX);
    let origin_ms = split.calibration_end_ms - before as i64 * WEEK_MS;
    let actual = repeats_by_week(log, split.calibration_end_ms, origin_ms, before + after);
    let expected: Vec<Vec<f64>> =
        models.iter().map(|model| [fit_by_week(model, cases, origin_ms, before), forecast_by_week(model, cases, after)].concat()).collect();
    (0..before + after)
        .map(|place| Week {
            to_ms: origin_ms + (place as i64 + 1) * WEEK_MS,
            is_held_out: place >= before,
            actual: actual[place],
            expected: expected.iter().map(|path| path[place]).collect(),
        })
        .collect()
}

/// Repeat purchases of those who first bought by `known_ms`, in `count` weeks after `origin_ms`.
pub(super) fn repeats_by_week(log: &PurchaseLog, known_ms: i64, origin_ms: i64, count: usize) -> Vec<u64> {
    let mut by_week = vec![0; count];
    for (customer, _) in log.until(known_ms) {
        for purchase in &log.purchases(customer)[1..] {
            let week = (purchase.at_ms - origin_ms + WEEK_MS - 1).div_euclid(WEEK_MS) - 1;
            if let Some(sum) = usize::try_from(week).ok().and_then(|week| by_week.get_mut(week)) {
                *sum += 1;
            }
        }
    }
    by_week
}

/// Repeat purchases expected of newcomers in each of `count` weeks after `origin_ms`.
pub(super) fn fit_by_week(model: &PurchaseModel, cases: &[Case], origin_ms: i64, count: usize) -> Vec<f64> {
    let mut births: BTreeMap<i64, f64> = BTreeMap::new();
    for case in cases {
        *births.entry(case.born_ms.div_euclid(DAY_MS) * DAY_MS).or_default() += 1.0;
    }
    let until = |week: usize| -> f64 {
        let at_ms = origin_ms + week as i64 * WEEK_MS;
        let expected = |born_ms: i64| model.expected_purchases_of_new_customer(weeks(at_ms - born_ms));
        births.range(..at_ms).map(|(&born_ms, customers)| customers * expected(born_ms)).sum()
    };
    let path: Vec<f64> = (0..=count).map(until).collect();
    path.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// Purchases expected in each of the `count` weeks after the split.
fn forecast_by_week(model: &PurchaseModel, cases: &[Case], count: usize) -> Vec<f64> {
    let mut sums = [0.0; HOLD_OUT_WEEKS_MAX];
    for case in cases {
        let path: [f64; HOLD_OUT_WEEKS_MAX] = model.expected_path(&case.sample.history, 1.0);
        for (sum, purchases) in sums.iter_mut().zip(path) {
            *sum += purchases;
        }
    }
    (0..count).map(|week| sums[week] - week.checked_sub(1).map_or(0.0, |before| sums[before])).collect()
}
