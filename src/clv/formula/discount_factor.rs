//! (1+d)^(days/365) in decimals: the growth of money over a number of days, to 24 digits or better.
//!
//! Whole years are plain products. The rest of a year is a power of the 365th root of 1+d, which Newton's method
//! finds from a floating-point guess; each product rounds in the 28th digit, 365 of them lose three at most.
//! Floats never reach the result beyond that guess. Called by `cash_flow`.

use libm::pow;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Days of a year, whether or not it has a 29th of February (Actual/365 Fixed).
pub(super) const YEAR_DAYS: u32 = 365;
const MONTHS_PER_YEAR: u32 = 12;
/// The guess has 15 digits; each round doubles them, one more guards against a poor guess.
const NEWTON_ROUNDS: u32 = 3;

/// Growth of one unit of money by the day and by the year.
#[derive(Clone, Debug)]
pub struct Growth {
    year: Decimal,
    day: Decimal,
}

impl Growth {
    /// `None` if the yearly discount is not above −1, or too far out for a root.
    pub fn new(discount_yearly: Decimal) -> Option<Growth> {
        let year = Decimal::ONE.checked_add(discount_yearly)?;
        if year <= Decimal::ZERO {
            return None;
        }
        let guess = pow(year.to_f64()?, 1.0 / f64::from(YEAR_DAYS));
        let mut day = Decimal::try_from(guess).ok()?;
        if year == Decimal::ONE {
            return Some(Growth { year, day: Decimal::ONE });
        }
        for _ in 0..NEWTON_ROUNDS {
            let slope = Decimal::from(YEAR_DAYS).checked_mul(power(day, YEAR_DAYS - 1)?)?;
            let excess = power(day, YEAR_DAYS)?.checked_sub(year)?;
            day = day.checked_sub(excess.checked_div(slope)?)?;
        }
        Some(Growth { year, day })
    }

    /// Of a discount by the month, taken twelve times a year; without growth if it is none.
    pub fn monthly(discount_monthly: f64) -> Growth {
        let month = Decimal::try_from(discount_monthly).ok().and_then(|discount| Decimal::ONE.checked_add(discount));
        let year = month.and_then(|month| power(month, MONTHS_PER_YEAR)).and_then(|year| year.checked_sub(Decimal::ONE));
        year.and_then(Growth::new).unwrap_or(Growth { year: Decimal::ONE, day: Decimal::ONE })
    }

    /// (1+d)^(days/365). `None` if that does not fit a decimal.
    pub fn over(&self, days: u32) -> Option<Decimal> {
        power(self.year, days / YEAR_DAYS)?.checked_mul(power(self.day, days % YEAR_DAYS)?)
    }
}

/// By repeated squaring.
pub(super) fn power(base: Decimal, exponent: u32) -> Option<Decimal> {
    let mut product = Decimal::ONE;
    let mut square = base;
    let mut rest = exponent;
    while rest > 0 {
        if rest % 2 == 1 {
            product = product.checked_mul(square)?;
        }
        rest /= 2;
        if rest > 0 {
            square = square.checked_mul(square)?;
        }
    }
    Some(product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_daily_growth_multiplies_up_to_the_year() {
        for discount in ["0.1", "0.15", "0.000001", "3", "-0.5", "0.0725", "1000"] {
            let discount: Decimal = discount.parse().unwrap();
            let growth = Growth::new(discount).unwrap();
            let year = power(growth.day, YEAR_DAYS).unwrap();
            let error = ((year - growth.year) / growth.year).abs();
            assert!(error < Decimal::new(1, 24), "{discount}: {error}");
            assert_eq!(growth.over(730), Some(growth.year * growth.year));
        }
    }

    /// 1.1^(100/365) = computed with 45 digits.
    #[test]
    fn a_part_of_a_year_is_right_beyond_what_a_double_holds() {
        let growth = Growth::new(Decimal::new(1, 1)).unwrap().over(100).unwrap();
        let expected: Decimal = "1.0264562931268656888070021706".parse().unwrap();
        assert!((growth - expected).abs() < Decimal::new(1, 24), "{growth}");
    }

    #[test]
    fn money_that_is_lost_altogether_has_no_growth() {
        assert!(Growth::new(-Decimal::ONE).is_none());
        assert!(Growth::new(-Decimal::TWO).is_none());
        assert_eq!(Growth::new(Decimal::ONE).unwrap().over(365 * 200), None);
    }
}
