//! A contract that is paid by the month: payment · Σ_(t≥0) r^t/(1+d)^t. The first payment is certain, the one of
//! month t comes if the customer has renewed t times.
//!
//! With one retention for all months there is a closed form. Where retention rises with tenure, as it does (sBG:
//! Fader, Hardie, "How to Project Customer Retention", J. Interactive Marketing 21(1), 2007), hand the model's
//! survival S(t) to `contract_value_by_survival`. Takes no cost off.

use libm::{exp, expm1, log};

/// One contract, or the mean of a cohort's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contract {
    /// Per month, in any unit: the value has the same.
    pub payment: f64,
    /// Chance to renew each month, 0 to 1.
    pub retention_monthly: f64,
    /// Above −1; 0.01 is one per cent a month.
    pub discount_monthly: f64,
}

/// Value of the first `months` payments, or of all there will ever be. `None` if an input is no such number, or if
/// all payments are asked for and r ≥ 1 + d: the sum has no end.
pub fn contract_value(contract: &Contract, months: Option<u32>) -> Option<f64> {
    let Contract { payment, retention_monthly, discount_monthly } = *contract;
    let is_defined = payment.is_finite() && discount_monthly > -1.0 && (0.0..=1.0).contains(&retention_monthly);
    let ratio = retention_monthly / (1.0 + discount_monthly);
    if !is_defined || !ratio.is_finite() {
        return None;
    }
    let payments = match months {
        Some(count) => finite_series(ratio, count),
        None if ratio < 1.0 => 1.0 / (1.0 - ratio),
        None => return None,
    };
    Some(payment * payments).filter(|value| value.is_finite())
}

/// What a contract that runs is still to bring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToCome {
    /// Payments due within the horizon.
    pub within_horizon: f64,
    /// All there will ever be; `None`: the sum has no end.
    pub without_end: Option<f64>,
}

/// Of a contract whose payment is due every `period_months`, with the chances and discounts of `contract` by the month. `is_paid`: the
/// payment of the present period has come, and the next is in question; else it is due now and certain. `None` if an input is no such number.
pub fn payments_to_come(contract: &Contract, period_months: u8, is_paid: bool, horizon_months: u32) -> Option<ToCome> {
    let months = i32::from(period_months.max(1));
    let by_period = Contract {
        payment: contract.payment,
        retention_monthly: power(contract.retention_monthly, months),
        discount_monthly: power(1.0 + contract.discount_monthly, months) - 1.0,
    };
    let present = if is_paid { contract.payment } else { 0.0 };
    let count = horizon_months / months.unsigned_abs() + u32::from(is_paid);
    Some(ToCome {
        within_horizon: contract_value(&by_period, Some(count))? - present,
        without_end: contract_value(&by_period, None).map(|value| value - present),
    })
}

fn power(base: f64, exponent: i32) -> f64 {
    (0..exponent).fold(1.0, |power, _| power * base)
}

/// (1 − q^n)/(1 − q), without losing digits where q is near 1.
fn finite_series(ratio: f64, count: u32) -> f64 {
    if ratio == 0.0 {
        return f64::from(count.min(1));
    }
    let log_ratio = log(ratio);
    if log_ratio == 0.0 {
        return f64::from(count);
    }
    expm1(f64::from(count) * log_ratio) / expm1(log_ratio)
}

/// Σ payment · S(t)/(1+d)^t for t = 0 … months − 1, S(t) the share of customers who have renewed t times: S(0) = 1.
/// `None` if the discount is not above −1 or the sum not finite.
pub fn contract_value_by_survival(payment: f64, discount_monthly: f64, survival: impl IntoIterator<Item = f64>) -> Option<f64> {
    if discount_monthly.is_nan() || discount_monthly <= -1.0 {
        return None;
    }
    let log_growth = log(1.0 + discount_monthly);
    let payments = survival.into_iter().enumerate().map(|(month, share)| share * exp(-(month as f64) * log_growth));
    Some(payment * payments.sum::<f64>()).filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(retention_monthly: f64, discount_monthly: f64) -> Contract {
        Contract { payment: 100.0, retention_monthly, discount_monthly }
    }

    fn assert_close(found: Option<f64>, expected: f64) {
        let found = found.unwrap();
        assert!((found - expected).abs() < 1e-9 * expected.abs(), "{found} is not {expected}");
    }

    /// "Spends $100 during the first month and another $100 during each subsequent one", kept with r = 0.8: 100 (1 + Σ r^t).
    #[test]
    fn a_hundred_a_month_kept_with_four_fifths_is_five_hundred() {
        assert_close(contract_value(&contract(0.8, 0.0), None), 500.0);
        assert_close(contract_value(&contract(0.8, 0.0), Some(2)), 180.0);
        assert_close(contract_value(&contract(0.8, 0.01), None), 100.0 * 1.01 / 0.21);
    }

    #[test]
    fn what_is_to_come_leaves_out_the_payment_that_was_made() {
        let within = |contract: &Contract, months, is_paid| payments_to_come(contract, months, is_paid, 12).unwrap();
        let plain = contract(0.8, 0.0);
        assert_close(within(&plain, 1, true).without_end, 400.0);
        assert_close(within(&plain, 1, false).without_end, 500.0);
        assert_close(Some(within(&plain, 1, true).within_horizon), 400.0 * (1.0 - 0.8f64.powi(12)));
        // paid by the year, 100 at a time: one more within the year to come, if the contract is kept for twelve months
        assert_close(Some(within(&plain, 12, true).within_horizon), 100.0 * 0.8f64.powi(12));
        assert_close(Some(within(&contract(0.8, 0.01), 12, true).within_horizon), 100.0 * (0.8f64 / 1.01).powi(12));
        assert_eq!(within(&contract(1.0, 0.0), 1, true), ToCome { within_horizon: 1200.0, without_end: None });
    }

    #[test]
    fn the_closed_form_is_the_sum_for_any_ratio() {
        for (retention, discount) in [(0.8, 0.01), (0.0, 0.01), (1.0, 0.0), (1.0, 0.01), (0.9, -0.2), (1.0, 1e-12)] {
            for months in [0, 1, 2, 12, 360] {
                let ratio: f64 = retention / (1.0 + discount);
                let sum: f64 = (0..months).map(|month| 100.0 * ratio.powi(month)).sum();
                let found = contract_value(&contract(retention, discount), Some(months as u32)).unwrap();
                assert!((found - sum).abs() <= 1e-9 * sum.abs(), "r {retention}, d {discount}, {months} months: {found}, {sum}");
            }
        }
    }

    #[test]
    fn a_survival_curve_of_constant_retention_is_the_closed_form() {
        let survival = (0..2_000).map(|month| 0.8f64.powi(month));
        assert_close(contract_value_by_survival(100.0, 0.01, survival), 100.0 * 1.01 / 0.21);
        assert_eq!(contract_value_by_survival(100.0, -1.0, [1.0]), None);
    }

    #[test]
    fn a_sum_without_end_has_no_value() {
        for (retention, discount) in [(1.0, 0.0), (0.9, -0.1), (1.0, -0.5), (1.1, 0.5), (0.5, -1.0), (f64::NAN, 0.0)] {
            assert_eq!(contract_value(&contract(retention, discount), None), None, "r {retention}, d {discount}");
        }
    }
}
