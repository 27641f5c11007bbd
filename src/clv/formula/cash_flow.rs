//! Net present value: what money that comes and goes at different times is worth at one moment. Σ CF/(1+d)^t.
//!
//! In decimals of 28 digits, money in minor units, so that totals beyond a billion keep their cents; rounded half to
//! even once, at the end. Dated flows: t = days/365 between the UTC days of flow and valuation (Actual/365 Fixed),
//! whatever the length of the year; a flow before the valuation grows instead. Flows by period: t = 0, 1, 2 …, the
//! first is not discounted. One currency; converts nothing. Called where cash flows are kept, with time given.

use rust_decimal::{Decimal, RoundingStrategy};

use super::discount_factor::{Growth, power};
use crate::clv::DAY_MS;

/// One signed amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashFlow {
    /// Milliseconds since 1970; only its UTC day counts.
    pub at_ms: i64,
    /// Above zero what comes in (orders), below zero what goes out (acquisition, service, refunds, rewards).
    pub amount_minor: i64,
}

/// The value and what it is made of, all in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetPresentValue {
    /// To 24 significant digits or better.
    pub exact_minor: Decimal,
    /// The same, rounded half to even.
    pub rounded_minor: i128,
    /// All that came in, not discounted.
    pub inflow_minor: i128,
    /// All that went out, as a positive number, not discounted.
    pub outflow_minor: i128,
}

/// Value of `flows`, in any order, at `valued_at_ms`; `discount_yearly` is 0.1 for ten per cent.
/// `None` if it is not above −1, or if the value is beyond 7.9e28 minor units.
pub fn npv_dated(flows: &[CashFlow], valued_at_ms: i64, discount_yearly: Decimal) -> Option<NetPresentValue> {
    let growth = Growth::new(discount_yearly)?;
    let valued_on = valued_at_ms.div_euclid(DAY_MS);
    let mut sum = Sum::default();
    for flow in flows {
        let days = flow.at_ms.div_euclid(DAY_MS) - valued_on;
        let factor = growth.over(u32::try_from(days.unsigned_abs()).ok()?)?;
        let amount = Decimal::from(flow.amount_minor);
        let present = if days >= 0 { amount.checked_div(factor) } else { amount.checked_mul(factor) };
        sum.add(flow.amount_minor, present?)?;
    }
    sum.finish()
}

/// Value of one flow per period, the first now. `None` as for dated flows.
pub fn npv_by_period(flows_minor: &[i64], discount_per_period: Decimal) -> Option<NetPresentValue> {
    let growth = Decimal::ONE.checked_add(discount_per_period).filter(|growth| *growth > Decimal::ZERO)?;
    let mut sum = Sum::default();
    for (period, &amount_minor) in flows_minor.iter().enumerate() {
        let factor = power(growth, u32::try_from(period).ok()?)?;
        sum.add(amount_minor, Decimal::from(amount_minor).checked_div(factor)?)?;
    }
    sum.finish()
}

#[derive(Default)]
struct Sum {
    present: Decimal,
    inflow_minor: i128,
    outflow_minor: i128,
}

impl Sum {
    fn add(&mut self, amount_minor: i64, present: Decimal) -> Option<()> {
        self.present = self.present.checked_add(present)?;
        self.inflow_minor += i128::from(amount_minor.max(0));
        self.outflow_minor -= i128::from(amount_minor.min(0));
        Some(())
    }

    fn finish(self) -> Option<NetPresentValue> {
        let rounded = self.present.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
        Some(NetPresentValue {
            exact_minor: self.present.normalize(),
            rounded_minor: i128::try_from(rounded).ok()?,
            inflow_minor: self.inflow_minor,
            outflow_minor: self.outflow_minor,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(day: i64, amount_minor: i64) -> CashFlow {
        CashFlow { at_ms: day * DAY_MS, amount_minor }
    }

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// Acquired for 120.00, two orders, a refund, an order; the figure was computed with 45 digits.
    #[test]
    fn dated_flows_are_worth_their_value_to_the_last_digit_given() {
        let flows = [flow(800, 8_000), flow(0, -12_000), flow(31, 5_999), flow(365, 5_999), flow(400, -1_500)];
        let found = npv_dated(&flows, 0, decimal("0.1")).unwrap();
        assert!((found.exact_minor - decimal("4544.858405643052004679883785")).abs() < Decimal::new(1, 20), "{found:?}");
        assert_eq!((found.rounded_minor, found.inflow_minor, found.outflow_minor), (4_545, 19_998, 13_500));
    }

    #[test]
    fn by_period_the_first_flow_is_not_discounted() {
        let found = npv_by_period(&[-12_000, 5_000, 5_000, 5_000], decimal("0.01")).unwrap();
        assert!((found.exact_minor - decimal("2704.926036177777173855019067")).abs() < Decimal::new(1, 20), "{found:?}");
        assert_eq!(found.rounded_minor, 2_705);
        assert_eq!(npv_by_period(&[], decimal("0.01")).unwrap().exact_minor, Decimal::ZERO);
    }

    #[test]
    fn without_discount_the_value_is_the_sum_beyond_a_billion_to_the_cent() {
        let flows: Vec<CashFlow> = (0..1_000).map(|day| flow(day, 100_000_000_001)).collect();
        let found = npv_dated(&flows, 0, Decimal::ZERO).unwrap();
        assert_eq!(found.exact_minor, decimal("100000000001000"));
        assert_eq!(found.rounded_minor, 100_000_000_001_000);
        let large = npv_dated(&[flow(0, i64::MAX), flow(365, i64::MAX)], 0, Decimal::ONE).unwrap();
        assert_eq!(large.exact_minor, decimal("13835058055282163710.5"));
        assert_eq!(large.rounded_minor, 13_835_058_055_282_163_710, "half to even");
    }

    #[test]
    fn a_flow_of_the_past_grows_and_the_hour_of_the_day_does_not_count() {
        let evening = CashFlow { at_ms: DAY_MS - 1, amount_minor: 1_000 };
        assert_eq!(npv_dated(&[evening], 365 * DAY_MS, decimal("0.1")).unwrap().exact_minor, decimal("1100"));
        assert_eq!(npv_dated(&[flow(730, 1_210)], 1, decimal("0.1")).unwrap().exact_minor, decimal("1000"));
        assert_eq!(npv_dated(&[flow(-365, 1_000)], 0, decimal("0.1")).unwrap().rounded_minor, 1_100, "before 1970");
    }

    #[test]
    fn a_value_that_cannot_be_is_none() {
        assert_eq!(npv_dated(&[flow(1, 1)], 0, decimal("-1")), None);
        assert_eq!(npv_by_period(&[1], decimal("-1.5")), None);
        assert_eq!(npv_dated(&[flow(365 * 300, 1)], 0, decimal("1")), None, "2^300");
        assert_eq!(npv_dated(&[CashFlow { at_ms: i64::MAX, amount_minor: 1 }], 0, decimal("0.1")), None);
    }
}
