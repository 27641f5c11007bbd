//! Customer equity curve: customers in the order of their forecast value, and how much of all value the best tenth,
//! half … hold: as forecast, and as it then came.
//!
//! If the two curves agree, the forecast picks the customers who matter; a straight line is picking at random.
//! Value is expected purchases × expected spend over the hold-out, not discounted. Called by `run`.

use super::accuracy::Pair;

/// Steps of a twentieth of the customers.
const STEPS: usize = 20;

/// The best customers together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EquityPoint {
    /// Share of the customers, best first.
    pub customers: f64,
    /// Their share of all value forecast.
    pub expected: f64,
    /// Their share of what was spent in the hold-out; 0 if nothing was.
    pub actual: f64,
}

/// From 0 to all customers, of `(expected, actual)` values; empty if nothing is expected.
pub(super) fn equity_curve(values: &[Pair]) -> Vec<EquityPoint> {
    let total = values.iter().fold((0.0, 0.0), |sum, value| (sum.0 + value.0, sum.1 + value.1));
    if total.0 <= 0.0 {
        return Vec::new();
    }
    let mut best_first = values.to_vec();
    best_first.sort_by(|a, b| b.0.total_cmp(&a.0));
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let mut sum = (0.0, 0.0);
    let mut taken = 0;
    (0..=STEPS)
        .map(|step| {
            let until = values.len() * step / STEPS;
            for value in &best_first[taken..until] {
                sum = (sum.0 + value.0, sum.1 + value.1);
            }
            taken = until;
            let customers = until as f64 / values.len() as f64;
            EquityPoint { customers, expected: share(sum.0, total.0), actual: share(sum.1, total.1) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_runs_from_none_to_all_with_the_best_first() {
        let values: Vec<(f64, f64)> = (0..20).map(|place| (f64::from(place), f64::from(place % 2))).collect();
        let curve = equity_curve(&values);
        assert_eq!(curve.len(), 21);
        assert_eq!((curve[0].expected, curve[0].actual), (0.0, 0.0));
        assert!((curve[1].expected - 19.0 / 190.0).abs() < 1e-12 && (curve[1].actual - 0.1).abs() < 1e-12);
        assert!((curve[20].expected - 1.0).abs() < 1e-12 && (curve[20].actual - 1.0).abs() < 1e-12);
        assert!(equity_curve(&[(0.0, 1.0)]).is_empty());
    }
}
