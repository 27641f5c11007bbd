//! Revenue per year, years, cost of acquisition, cost of service: the formula as it is printed with three division
//! signs, and as every handbook that computes an example means it.
//!
//! Literally, revenue/year ÷ years ÷ costs has the unit 1/year² and falls the longer a customer stays; it is shown
//! because the source has it, and no decision should rest on it. Not discounted. Called by `simple`.

/// Both readings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct YearlyRevenue {
    /// `revenue_divided_by_years_and_costs`, per square year; `None` without years or without costs.
    pub literal: Option<f64>,
    /// `revenue_x_years_less_costs`, in the unit of the revenue; below zero if the costs are not earned.
    pub standard: f64,
}

/// `revenue_per_year` (or margin per year: then the standard reading is a net value), `years` of the relationship,
/// and what acquiring and serving the customer has cost over all of them, in one currency unit.
/// `None` if an input is not finite or the years are negative.
pub fn yearly_revenue(revenue_per_year: f64, years: f64, acquisition: f64, service: f64) -> Option<YearlyRevenue> {
    let costs = acquisition + service;
    let standard = revenue_per_year * years - costs;
    if !(standard.is_finite() && years >= 0.0) {
        return None;
    }
    let literal = revenue_per_year / years / costs;
    Some(YearlyRevenue { literal: literal.is_finite().then_some(literal), standard })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revenue_times_years_less_costs_is_the_value_and_the_division_is_kept_beside_it() {
        let found = yearly_revenue(500.0, 4.0, 150.0, 350.0).unwrap();
        assert_eq!(found, YearlyRevenue { literal: Some(0.25), standard: 1_500.0 });
        assert_eq!(yearly_revenue(100.0, 2.0, 300.0, 0.0).unwrap().standard, -100.0);
    }

    #[test]
    fn the_division_needs_years_and_costs() {
        assert_eq!(yearly_revenue(500.0, 4.0, 0.0, 0.0).unwrap(), YearlyRevenue { literal: None, standard: 2_000.0 });
        assert_eq!(yearly_revenue(500.0, 0.0, 10.0, 0.0).unwrap().literal, None);
        assert_eq!(yearly_revenue(500.0, -1.0, 10.0, 0.0), None);
        assert_eq!(yearly_revenue(f64::INFINITY, 1.0, 10.0, 0.0), None);
    }
}
