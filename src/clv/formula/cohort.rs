//! The value of a contract as a cohort's renewals tell it: the monthly formula with one retention for all months, and with the survival of
//! the shifted beta-geometric, side by side.
//!
//! The first asks only what share of the renewals due were made; it undervalues those who stay, for the fickle leave early and
//! retention rises. Called by the command line.

use super::{Contract, contract_value, contract_value_by_survival};
use crate::clv::ShiftedBetaGeometric;
use libm::{expm1, log1p};

const MONTHS_PER_YEAR: f64 = 12.0;

/// Of one new contract, its first payment due at once; `None` where the sum has no end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CohortValue {
    /// With the mean retention in every month.
    pub by_retention: Option<f64>,
    /// With the model's survival.
    pub by_survival: Option<f64>,
}

/// The value of the first `months` payments (`None`: of all there will ever be) of `payment` each.
pub fn cohort_value(model: &ShiftedBetaGeometric, contract: &Contract, months: Option<u32>) -> CohortValue {
    let Contract { payment, discount_monthly, .. } = *contract;
    let by_survival = match months {
        Some(months) => contract_value_by_survival(payment, discount_monthly, (0..months).map(|month| model.survival(month))),
        // S(0) = 1 and its payment at once, the renewals as DERT
        None => Some(payment * (1.0 + model.expected_residual(0, discount_monthly))).filter(|value| value.is_finite()),
    };
    CohortValue { by_retention: contract_value(contract, months), by_survival }
}

/// The share of all renewals due that were made, over a cohort of which `active[t]` are there after t periods; `None` if none was due.
pub fn mean_retention(active: &[u64]) -> Option<f64> {
    let sum = |counts: &[u64]| counts.iter().map(|&count| count as f64).sum::<f64>();
    let due = sum(&active[..active.len().checked_sub(1)?]);
    (due > 0.0).then(|| sum(&active[1..]) / due)
}

/// The discount by the month that is `discount_yearly`, above −1, over twelve.
pub fn monthly_discount(discount_yearly: f64) -> f64 {
    expm1(log1p(discount_yearly) / MONTHS_PER_YEAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fader, Hardie 2007: "Regular", and what the model of it says by sums.
    #[test]
    fn both_readings_are_their_sums() {
        let model = ShiftedBetaGeometric { alpha: 0.704, beta: 1.182 };
        let contract = Contract { payment: 100.0, retention_monthly: 0.8, discount_monthly: 0.01 };
        let sums = |months: u32, share: &dyn Fn(u32) -> f64| {
            let payment = |month: u32| 100.0 * share(month) / 1.01f64.powi(month as i32);
            (0..months).map(payment).sum::<f64>()
        };
        for months in [0, 1, 12, 36] {
            let found = cohort_value(&model, &contract, Some(months));
            let expected = (sums(months, &|month| 0.8f64.powi(month as i32)), sums(months, &|month| model.survival(month)));
            let near = |found: Option<f64>, expected: f64| (found.expect("a sum with an end") - expected).abs() <= 1e-9 * expected;
            assert!(near(found.by_retention, expected.0) && near(found.by_survival, expected.1), "{months}: {found:?} {expected:?}");
        }
        let all = cohort_value(&model, &contract, None);
        let long = sums(20_000, &|month| model.survival(month));
        assert!((all.by_survival.expect("discounted") / long - 1.0).abs() < 1e-9, "{all:?} {long}");
        assert!((all.by_retention.expect("discounted") - 101.0 / 0.21).abs() < 1e-9);
        let endless = cohort_value(&model, &Contract { discount_monthly: 0.0, retention_monthly: 1.0, ..contract }, None);
        assert_eq!((endless.by_retention, endless.by_survival), (None, None));
    }

    #[test]
    fn retention_is_of_all_renewals_due_and_a_year_has_twelve_months() {
        assert_eq!(mean_retention(&[100, 50, 50]), Some(100.0 / 150.0));
        assert_eq!((mean_retention(&[]), mean_retention(&[9]), mean_retention(&[0, 0])), (None, None, None));
        for yearly in [0.0, 0.1, 1.0, -0.5] {
            assert!(((1.0 + monthly_discount(yearly)).powi(12) - 1.0 - yearly).abs() < 1e-12);
        }
    }
}
