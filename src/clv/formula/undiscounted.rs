//! m·T·n: spend per order × orders a year × years, in exact decimals. The lifetime figures quoted for whole trades
//! (a pizzeria, a car maker) are of this kind: revenue, neither discounted nor less any cost.
//!
//! An upper bound to check other numbers against, not a prediction. Kept for whoever checks by hand;
//! records do not tell it.

use rust_decimal::Decimal;

/// In minor units, not rounded. `None` for negative orders or years, or beyond 7.9e28 minor units.
pub fn undiscounted(spend_per_order_minor: i64, orders_per_year: Decimal, years: Decimal) -> Option<Decimal> {
    if orders_per_year.is_sign_negative() || years.is_sign_negative() {
        return None;
    }
    Decimal::from(spend_per_order_minor).checked_mul(orders_per_year)?.checked_mul(years)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(spend_minor: i64, orders: &str, years: &str) -> Option<Decimal> {
        undiscounted(spend_minor, orders.parse().unwrap(), years.parse().unwrap())
    }

    #[test]
    fn lifetimes_of_trades_come_out_to_the_cent() {
        let cases = [
            (1_600, "50", "10", "800000"),                // a pizzeria: $8,000
            (4_150_000, "0.25", "32", "33200000"),        // a car maker: $332,000
            (25_000_000_000, "2", "2.5", "125000000000"), // above a billion: $1.25 billion
            (i64::MAX, "1000", "100", "922337203685477580700000"),
            (-500, "2", "3", "-3000"),
        ];
        for (spend, orders, years, expected) in cases {
            assert_eq!(value(spend, orders, years), Some(expected.parse().unwrap()), "{spend} x {orders} x {years}");
        }
        assert_eq!(value(1, "-1", "1"), None);
        assert_eq!(value(i64::MAX, "1000000", "100000"), None);
    }
}
