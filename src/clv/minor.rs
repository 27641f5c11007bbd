//! Minor units times a factor, and minor units as an amount of the currency's main unit: the only meeting of
//! money and floating point outside the models.
//!
//! Called by `engine` where a margin is taken and where a mean or a ratio is written into a record.

use std::cmp::Ordering;

/// `minor` × `factor`, rounded half to even; at the ends of i128 if beyond, 0 if `factor` is no number.
pub fn scale_minor(minor: i128, factor: f64) -> i128 {
    if factor == 1.0 {
        return minor; // exact beyond 2^53 too
    }
    (minor as f64 * factor).round_ties_even() as i128
}

/// A figure in minor units as whole ones, rounded half to even; at the ends of i128 if beyond.
pub fn whole_minor(minor: f64) -> i128 {
    minor.round_ties_even() as i128
}

/// Minor units shared by so many, rounded half to even; `None` by nobody.
pub fn shared_minor(minor: i128, by: i128) -> Option<i128> {
    if by <= 0 {
        return None;
    }
    let (whole, rest) = (minor.div_euclid(by), minor.rem_euclid(by));
    let is_up = match rest.cmp(&(by - rest)) {
        Ordering::Less => false,
        Ordering::Equal => whole % 2 != 0,
        Ordering::Greater => true,
    };
    Some(whole + i128::from(is_up))
}

/// One by the other; `None` by nothing.
pub fn ratio(of: i128, by: i128) -> Option<f64> {
    (by > 0).then(|| of as f64 / by as f64)
}

/// Minor units in the main unit of a currency with `exponent` digits after the point.
pub fn major(minor: f64, exponent: u32) -> f64 {
    minor / 10u64.saturating_pow(exponent) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_rounds_half_to_even() {
        let cases = [
            (5, 2, Some(2)),
            (7, 2, Some(4)),
            (-5, 2, Some(-2)),
            (-7, 2, Some(-4)),
            (8, 3, Some(3)),
            (7, 3, Some(2)),
            (7, 0, None),
            (7, -1, None),
        ];
        for (minor, by, expected) in cases {
            assert_eq!(shared_minor(minor, by), expected, "{minor} by {by}");
        }
        assert_eq!((ratio(3, 2), ratio(-3, 2), ratio(3, 0)), (Some(1.5), Some(-1.5), None));
    }

    #[test]
    fn a_margin_rounds_half_to_even_and_one_is_exact() {
        let cases = [
            (5, 0.5, 2),
            (15, 0.5, 8),
            (-5, 0.5, -2),
            (1000, 0.25, 250),
            (i128::from(i64::MAX), 1.0, i128::from(i64::MAX)),
            (7, f64::NAN, 0),
        ];
        for (minor, factor, expected) in cases {
            assert_eq!(scale_minor(minor, factor), expected, "{minor} x {factor}");
        }
        assert_eq!(major(5720.0, 2), 57.2);
        assert_eq!(major(57.0, 0), 57.0);
    }
}
