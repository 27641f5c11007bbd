//! How far forecasts are from what came: in total, per customer, and in the order of customers.
//!
//! The total says whether the plan holds, the rank whether the right customers are picked. MAE is smallest for the
//! median, which is no purchase for most customers of most shops; RMSE is smallest for the mean, which is what the
//! models state, so `verdict` goes by RMSE. Called by `run` and `season`.

use libm::sqrt;

/// Expected and actual, of one customer.
pub(super) type Pair = (f64, f64);

/// Errors of one forecast over all customers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    pub expected: f64,
    pub actual: f64,
    pub mae: f64,
    pub rmse: f64,
    /// Spearman's ρ; `None` if either side is the same for all customers.
    pub rank_correlation: Option<f64>,
    /// Over the hold-out, in main units.
    pub expected_spend: f64,
    pub actual_spend: f64,
}

impl Accuracy {
    /// Of `(expected, actual)` numbers of purchases and amounts, customer by customer; at least one customer.
    pub(super) fn of(purchases: &[Pair], spend: &[Pair]) -> Accuracy {
        let count = purchases.len() as f64;
        let errors = || purchases.iter().map(|(expected, actual)| expected - actual);
        Accuracy {
            expected: purchases.iter().map(|pair| pair.0).sum(),
            actual: purchases.iter().map(|pair| pair.1).sum(),
            mae: errors().map(f64::abs).sum::<f64>() / count,
            rmse: sqrt(errors().map(|error| error * error).sum::<f64>() / count),
            rank_correlation: spearman(purchases),
            expected_spend: spend.iter().map(|pair| pair.0).sum(),
            actual_spend: spend.iter().map(|pair| pair.1).sum(),
        }
    }

    /// Expected over actual purchases, less one: 0.5 is half too many. `None` if nothing was bought.
    pub fn bias(&self) -> Option<f64> {
        relative(self.expected, self.actual)
    }

    /// The same of the amounts.
    pub fn spend_bias(&self) -> Option<f64> {
        relative(self.expected_spend, self.actual_spend)
    }
}

pub(super) fn relative(expected: f64, actual: f64) -> Option<f64> {
    (actual > 0.0).then(|| expected / actual - 1.0)
}

/// Spearman's rank correlation of pairs, equal values sharing their mean rank. `None` if a side does not vary.
pub fn spearman(pairs: &[(f64, f64)]) -> Option<f64> {
    let first = ranks(pairs.iter().map(|pair| pair.0).collect());
    let second = ranks(pairs.iter().map(|pair| pair.1).collect());
    let mean = (pairs.len() as f64 + 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    let spread = sqrt(product(&first, &first)) * sqrt(product(&second, &second));
    (spread > 0.0).then(|| product(&first, &second) / spread)
}

fn ranks(values: Vec<f64>) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for equals in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let shared = start as f64 + (equals.len() as f64 + 1.0) / 2.0;
        for &place in equals {
            ranks[place] = shared;
        }
        start += equals.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_of_equal_values_are_shared() {
        assert_eq!(ranks(vec![3.0, 1.0, 3.0, 0.0, 3.0]), [4.0, 2.0, 4.0, 1.0, 4.0]);
    }

    #[test]
    fn rank_correlation_is_of_the_order_alone() {
        let cases: [(&[Pair], Option<f64>); 4] = [
            (&[(1.0, 10.0), (2.0, 100.0), (3.0, 1000.0)], Some(1.0)),
            (&[(1.0, 3.0), (2.0, 2.0), (3.0, 1.0)], Some(-1.0)),
            // ranks 1 2 3.5 3.5 against 2 1 3.5 3.5: 3.5 / 4.5
            (&[(1.0, 2.0), (2.0, 1.0), (3.0, 9.0), (3.0, 9.0)], Some(7.0 / 9.0)),
            (&[(1.0, 2.0), (1.0, 3.0)], None),
        ];
        for (pairs, expected) in cases {
            let found = spearman(pairs);
            let close = match (found, expected) {
                (Some(found), Some(expected)) => (found - expected).abs() < 1e-12,
                (found, expected) => found == expected,
            };
            assert!(close, "{pairs:?}: {found:?}, {expected:?}");
        }
    }

    #[test]
    fn errors_are_those_of_the_textbook() {
        let found = Accuracy::of(&[(1.0, 2.0), (3.0, 1.0), (0.0, 0.0)], &[(10.0, 8.0)]);
        assert_eq!((found.expected, found.actual, found.mae), (4.0, 3.0, 1.0));
        assert!((found.rmse - (5.0f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((found.bias().unwrap() - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(found.spend_bias(), Some(0.25));
        assert_eq!(Accuracy::of(&[(1.0, 0.0)], &[]).bias(), None);
    }
}
