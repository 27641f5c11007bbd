//! Average order value × retention, as the rule of thumb is written, and what it must mean to be a lifetime value.
//!
//! Literally it is the value of one next order: the chance that there is one, times its size. Over a lifetime it
//! needs how often a customer orders and how long he stays: with a constant retention r per period the expected
//! number of periods is 1/(1−r) (geometric). Not discounted and gross of costs. Called by `simple`.

/// Both readings, in the unit of the average order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OrderValue {
    /// `aov_x_retention`.
    pub literal: f64,
    /// `aov_x_orders_x_lifespan`; `None` if the customer is kept for ever (r = 1).
    pub standard: Option<f64>,
}

/// `retention`: chance to be kept for one more period, 0 to 1; `orders_per_period` of the same period.
/// `None` if an input is no such number.
pub fn order_value(average_order: f64, orders_per_period: f64, retention: f64) -> Option<OrderValue> {
    let is_defined = average_order.is_finite() && (0.0..f64::INFINITY).contains(&orders_per_period);
    if !is_defined || !(0.0..=1.0).contains(&retention) {
        return None;
    }
    let lifespan = (retention < 1.0).then(|| 1.0 / (1.0 - retention));
    let standard = lifespan.map(|periods| average_order * orders_per_period * periods);
    Some(OrderValue { literal: average_order * retention, standard: standard.filter(|value| value.is_finite()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_literal_reading_is_one_order_and_the_standard_one_a_lifetime() {
        let found = order_value(60.0, 4.0, 0.75).unwrap();
        assert_eq!(found, OrderValue { literal: 45.0, standard: Some(960.0) });
        let gone_after_one = order_value(60.0, 4.0, 0.0).unwrap();
        assert_eq!(gone_after_one, OrderValue { literal: 0.0, standard: Some(240.0) });
    }

    #[test]
    fn a_customer_kept_for_ever_has_no_lifespan_and_nonsense_has_no_value() {
        assert_eq!(order_value(60.0, 4.0, 1.0).unwrap().standard, None);
        for (average, orders, retention) in
            [(60.0, 4.0, 1.1), (60.0, 4.0, -0.1), (60.0, -1.0, 0.5), (f64::NAN, 1.0, 0.5), (60.0, 1.0, f64::NAN)]
        {
            assert_eq!(order_value(average, orders, retention), None);
        }
    }
}
