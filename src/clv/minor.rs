//! Minor units times a factor, and minor units as an amount of the currency's main unit: the only meeting of
//! money and floating point outside the models.
//!
//! Called by `engine` where a margin is taken and where a mean is written into a record.

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

/// Minor units in the main unit of a currency with `exponent` digits after the point.
pub fn major(minor: f64, exponent: u32) -> f64 {
    minor / 10u64.saturating_pow(exponent) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

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
