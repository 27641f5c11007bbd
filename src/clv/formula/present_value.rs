//! A net present value that grows flow by flow: what a customer's dated cash flows are worth on the day of the first of them.
//!
//! The same decimals and the same count of days as `cash_flow`, kept up while the flows come in instead of computed from a list, in any
//! order of their dates. A flow that would take it beyond what a decimal holds is refused. Called by `engine`.

use rust_decimal::{Decimal, RoundingStrategy};

use super::discount_factor::Growth;
use crate::clv::DAY_MS;

/// Of the flows of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresentValue {
    /// UTC day the flows are discounted to, counted from 1970.
    day: i64,
    /// In minor units.
    exact_minor: Decimal,
}

impl PresentValue {
    /// Nothing yet, as of the day of a moment.
    pub fn at(at_ms: i64) -> PresentValue {
        PresentValue { day: at_ms.div_euclid(DAY_MS), exact_minor: Decimal::ZERO }
    }

    /// Adds a flow of `amount_minor` at a moment. `false`: it does not fit, and nothing has changed.
    pub fn add(&mut self, growth: &Growth, at_ms: i64, amount_minor: i128) -> bool {
        let days = at_ms.div_euclid(DAY_MS).saturating_sub(self.day);
        let present = || {
            let factor = growth.over(u32::try_from(days.unsigned_abs()).ok()?)?;
            let amount = Decimal::try_from_i128_with_scale(amount_minor, 0).ok()?;
            let present = if days >= 0 { amount.checked_div(factor)? } else { amount.checked_mul(factor)? };
            self.exact_minor.checked_add(present)
        };
        let sum = present();
        self.exact_minor = sum.unwrap_or(self.exact_minor);
        sum.is_some()
    }

    /// Adds the flows of another value, discounted to the earlier day of the two. `false`: they do not fit, and nothing has changed.
    pub fn absorb(&mut self, growth: &Growth, other: &PresentValue) -> bool {
        let day = self.day.min(other.day);
        let as_of = |value: &PresentValue| {
            let days = u32::try_from(value.day.saturating_sub(day)).ok()?;
            value.exact_minor.checked_div(growth.over(days)?)
        };
        let sum = as_of(self).zip(as_of(other)).and_then(|(own, other)| own.checked_add(other));
        *self = sum.map_or(*self, |exact_minor| PresentValue { day, exact_minor });
        sum.is_some()
    }

    /// Rounded half to even.
    pub fn minor(&self) -> i128 {
        let rounded = self.exact_minor.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
        // a whole decimal has 29 digits at most
        i128::try_from(rounded).unwrap_or_default()
    }

    /// The first moment of the day the flows are discounted to.
    pub fn as_of_ms(&self) -> i64 {
        self.day.saturating_mul(DAY_MS)
    }

    /// For storing; `restore` gives the very same value.
    pub fn parts(&self) -> (i64, [u8; 16]) {
        (self.day, self.exact_minor.normalize().serialize())
    }

    pub fn restore(day: i64, exact_minor: [u8; 16]) -> PresentValue {
        PresentValue { day, exact_minor: Decimal::deserialize(exact_minor) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::formula::{CashFlow, npv_dated};

    #[test]
    fn flow_by_flow_and_in_any_order_it_is_the_value_of_the_list() {
        let growth = Growth::new("0.1".parse().unwrap()).unwrap();
        let flows = [(800, 8_000), (31, 5_999), (0, -12_000), (365, 5_999), (400, -1_500)];
        let mut running = PresentValue::at(31 * DAY_MS + 5);
        for (day, amount_minor) in flows {
            assert!(running.add(&growth, day * DAY_MS + 77, amount_minor.into()));
            let (day, bytes) = running.parts();
            running = PresentValue::restore(day, bytes);
        }
        let list = flows.map(|(day, amount_minor)| CashFlow { at_ms: day * DAY_MS, amount_minor });
        let whole = npv_dated(&list, 31 * DAY_MS, "0.1".parse().unwrap()).unwrap();
        assert_eq!((running.minor(), running.as_of_ms()), (whole.rounded_minor, 31 * DAY_MS));
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        let growth = Growth::new(Decimal::ZERO).unwrap();
        let mut running = PresentValue::at(0);
        assert!(running.add(&growth, 0, 100_000_000_001));
        assert!(!running.add(&growth, 0, i128::MAX));
        assert_eq!(running.minor(), 100_000_000_001);
    }

    #[test]
    fn a_month_s_discount_is_taken_twelve_times_a_year() {
        let growth = Growth::monthly(0.01);
        let mut running = PresentValue::at(0);
        running.add(&growth, 365 * DAY_MS, 1_000_000);
        // 1,000,000 / 1.01^12 = 887,449.2253
        assert_eq!(running.minor(), 887_449);
    }
}
