//! The formula modes that one customer's past suffices for: what goes into the `simple` object of his `clv` record.
//!
//! Revenue and costs are totals to date, so "revenue per year" is an average over the relationship, which counts as
//! a year at least: the first order of a new customer says nothing of the next 364 days. The contract mode needs a
//! contract, NPV the dated flows, m·T·n is a check for whole trades: they are asked for on their own. Called by
//! `engine` when it writes a record.

use super::{
    AOV_X_ORDERS_X_LIFESPAN, AOV_X_RETENTION, MARGIN_MULTIPLE_FIRST_COUNTED, MARGIN_MULTIPLE_FIRST_NOT_COUNTED,
    REVENUE_DIVIDED_BY_YEARS_AND_COSTS, REVENUE_X_YEARS_LESS_COSTS, margin_multiple, order_value, yearly_revenue,
};

/// Milliseconds of 365 days.
const YEAR_MS: i64 = 365 * 24 * 60 * 60 * 1000;
/// A shorter relationship counts as long as this.
const RELATIONSHIP_MIN_MS: i64 = YEAR_MS;

/// Formulas that a customer's past suffices for.
pub const SIMPLE_MODES: usize = 6;

/// What is known of a customer, money in minor units of one currency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SimpleInput {
    pub orders: u32,
    /// Net of refunds.
    pub revenue_minor: i64,
    /// Since the first order.
    pub relationship_ms: i64,
    /// Length of the whole relationship, past and expected: the formulas that multiply by years mean this one.
    pub lifetime_years: f64,
    /// Chance to be kept for a year. Buying without a contract shows none: P(alive) a year on, or the share of
    /// customers who buy again within one, stands for it.
    pub retention_yearly: f64,
    /// Share of the revenue that is left after the cost of goods.
    pub margin: f64,
    /// 0.1 is ten per cent a year.
    pub discount_yearly: f64,
    pub acquisition_minor: i64,
    pub service_minor: i64,
}

/// Name and value of each mode, in minor units (the literal division: per square year), names ascending.
/// `None` where a formula has no value for this customer.
pub fn simple_values(input: &SimpleInput) -> [(&'static str, Option<f64>); SIMPLE_MODES] {
    let years = input.relationship_ms.max(RELATIONSHIP_MIN_MS) as f64 / YEAR_MS as f64;
    let revenue_per_year = input.revenue_minor as f64 / years;
    let average_order = (input.orders > 0).then(|| input.revenue_minor as f64 / f64::from(input.orders));
    let orders_per_year = f64::from(input.orders) / years;
    let order = average_order.and_then(|average| order_value(average, orders_per_year, input.retention_yearly));
    let costs = (input.acquisition_minor as f64, input.service_minor as f64);
    let yearly = yearly_revenue(revenue_per_year, input.lifetime_years, costs.0, costs.1);
    let multiple = margin_multiple(revenue_per_year * input.margin, input.retention_yearly, input.discount_yearly);
    [
        (AOV_X_ORDERS_X_LIFESPAN, order.and_then(|value| value.standard)),
        (AOV_X_RETENTION, order.map(|value| value.literal)),
        (MARGIN_MULTIPLE_FIRST_COUNTED, multiple.map(|value| value.first_counted)),
        (MARGIN_MULTIPLE_FIRST_NOT_COUNTED, multiple.map(|value| value.first_not_counted)),
        (REVENUE_DIVIDED_BY_YEARS_AND_COSTS, yearly.and_then(|value| value.literal)),
        (REVENUE_X_YEARS_LESS_COSTS, yearly.map(|value| value.standard)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: SimpleInput = SimpleInput {
        orders: 8,
        revenue_minor: 40_000,
        relationship_ms: 2 * YEAR_MS,
        lifetime_years: 4.0,
        retention_yearly: 0.75,
        margin: 0.5,
        discount_yearly: 0.0,
        acquisition_minor: 6_000,
        service_minor: 4_000,
    };

    #[test]
    fn a_customer_has_a_value_by_each_formula() {
        let expected = [
            ("aov_x_orders_x_lifespan", Some(80_000.0)),
            ("aov_x_retention", Some(3_750.0)),
            ("margin_multiple_first_counted", Some(40_000.0)),
            ("margin_multiple_first_not_counted", Some(30_000.0)),
            ("revenue_divided_by_years_and_costs", Some(0.5)),
            ("revenue_x_years_less_costs", Some(70_000.0)),
        ];
        assert_eq!(simple_values(&INPUT), expected);
        assert!(expected.is_sorted());
    }

    #[test]
    fn a_first_order_is_not_taken_for_a_pace() {
        let input = SimpleInput { orders: 1, revenue_minor: 5_000, relationship_ms: 1, lifetime_years: 2.0, ..INPUT };
        let values = simple_values(&input);
        assert_eq!(values[0], ("aov_x_orders_x_lifespan", Some(20_000.0)));
        assert_eq!(values[5], ("revenue_x_years_less_costs", Some(0.0)));
    }

    #[test]
    fn formulas_without_a_value_say_so() {
        let input = SimpleInput { orders: 0, retention_yearly: 1.0, acquisition_minor: 0, service_minor: 0, ..INPUT };
        let none: Vec<&str> = simple_values(&input).iter().filter(|(_, value)| value.is_none()).map(|(name, _)| *name).collect();
        let expected = [
            "aov_x_orders_x_lifespan",
            "aov_x_retention",
            "margin_multiple_first_counted",
            "margin_multiple_first_not_counted",
            "revenue_divided_by_years_and_costs",
        ];
        assert_eq!(none, expected);
    }
}
