//! Margin multiple: what a constant margin m per period is worth when a share r of the customers stays from each
//! period to the next and money costs i per period. Gupta, Lehmann, "Customers as Assets", J. Interactive Marketing
//! 17(1), 2003.
//!
//! Σ_(t≥1) m·r^t/(1+i)^t = m·r/(1+i−r) leaves out the margin of the period that has begun; Σ_(t≥0) = m(1+i)/(1+i−r)
//! has it. They differ by exactly m, and both are called "the" margin multiple, so both are given. Acquisition cost
//! is the caller's to take off. Called by `simple`.

/// Both countings, in the unit of the margin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarginMultiple {
    /// `margin_multiple_first_not_counted`.
    pub first_not_counted: f64,
    /// `margin_multiple_first_counted`.
    pub first_counted: f64,
}

/// `retention` 0 to 1 and `discount` above −1, both per period. `None` if r ≥ 1 + i: the sum has no end.
pub fn margin_multiple(margin: f64, retention: f64, discount: f64) -> Option<MarginMultiple> {
    let leak = 1.0 + discount - retention;
    let is_defined = margin.is_finite() && (0.0..=1.0).contains(&retention) && discount > -1.0 && discount.is_finite() && leak > 0.0;
    if !is_defined {
        return None;
    }
    let found = MarginMultiple { first_not_counted: margin * retention / leak, first_counted: margin * (1.0 + discount) / leak };
    found.first_counted.is_finite().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_countings_differ_by_the_first_margin() {
        let found = margin_multiple(100.0, 0.8, 0.1).unwrap();
        assert!((found.first_not_counted - 800.0 / 3.0).abs() < 1e-9, "{found:?}");
        assert!((found.first_counted - 1_100.0 / 3.0).abs() < 1e-9, "{found:?}");
        assert!((found.first_counted - found.first_not_counted - 100.0).abs() < 1e-9);
    }

    #[test]
    fn the_closed_form_is_the_series() {
        for (retention, discount) in [(0.8, 0.1), (0.0, 0.2), (0.95, 0.0), (1.0, 0.05), (0.5, -0.3)] {
            let found = margin_multiple(7.0, retention, discount).unwrap();
            let ratio: f64 = retention / (1.0 + discount);
            let series: f64 = (0..5_000).map(|t| 7.0 * ratio.powi(t)).sum();
            assert!((found.first_counted - series).abs() < 1e-9 * series, "r {retention}, i {discount}: {found:?}");
        }
    }

    #[test]
    fn there_is_no_value_where_the_sum_has_no_end() {
        for (retention, discount) in [(1.0, 0.0), (0.9, -0.1), (0.9, -0.5), (1.2, 0.5), (0.5, -1.0), (0.5, f64::NAN)] {
            assert_eq!(margin_multiple(100.0, retention, discount), None, "r {retention}, i {discount}");
        }
    }
}
