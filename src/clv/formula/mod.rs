//! Formula modes: customer value by the textbook formulas, each under its own name, the literal reading of a source
//! beside the standard one.
//!
//! `order_value` (average order × retention), `yearly_revenue` (revenue × years − costs), `margin_multiple`
//! (m·r/(1+i−r)), `subscription` (a contract's monthly payment) and `cohort` (the same with the retention of a cohort),
//! `undiscounted` (m·T·n), `cash_flow` (net present value of dated flows, in exact decimals by `discount_factor`),
//! `present_value` (the same while flows come in). `simple` puts those that need one customer's past
//! only into the record's `simple` object.
//!
//! None of them predicts: retention, years and discount are given by the caller. A formula that has no value for
//! its inputs (a series that does not converge, a division by nothing) answers `None`, never an infinity.
//! Called by `engine` for records and whoever compares a rule of thumb with a model.

mod cash_flow;
mod cohort;
mod discount_factor;
mod margin_multiple;
mod order_value;
mod present_value;
mod simple;
mod subscription;
mod undiscounted;
mod yearly_revenue;

pub use cash_flow::{CashFlow, NetPresentValue, npv_by_period, npv_dated};
pub use cohort::{CohortValue, cohort_value, mean_retention, monthly_discount};
pub use discount_factor::Growth;
pub use margin_multiple::{MarginMultiple, margin_multiple};
pub use order_value::{OrderValue, order_value};
pub use present_value::PresentValue;
pub use simple::{SIMPLE_MODES, SimpleInput, simple_values};
pub use subscription::{Contract, ToCome, contract_value, contract_value_by_survival, payments_to_come};
pub use undiscounted::undiscounted;
pub use yearly_revenue::{YearlyRevenue, yearly_revenue};

/// Literal: the value of one next order only.
pub const AOV_X_RETENTION: &str = "aov_x_retention";
/// Standard reading of the same: average order × orders a year × lifespan 1/(1−r) in years.
pub const AOV_X_ORDERS_X_LIFESPAN: &str = "aov_x_orders_x_lifespan";
/// Literal: yearly revenue ÷ years ÷ costs. Its unit is one per square year, so it is a number without meaning.
pub const REVENUE_DIVIDED_BY_YEARS_AND_COSTS: &str = "revenue_divided_by_years_and_costs";
/// Standard: yearly revenue × years − acquisition − service.
pub const REVENUE_X_YEARS_LESS_COSTS: &str = "revenue_x_years_less_costs";
/// Yearly margin · r/(1+i−r): the margin of the year that has begun is not counted.
pub const MARGIN_MULTIPLE_FIRST_NOT_COUNTED: &str = "margin_multiple_first_not_counted";
/// Yearly margin · (1+i)/(1+i−r): it is counted.
pub const MARGIN_MULTIPLE_FIRST_COUNTED: &str = "margin_multiple_first_counted";
/// Literal: a contract's payment · Σ r^t/(1+d)^t by months, one retention r for all of them.
pub const CONTRACTUAL_MONTHLY: &str = "contractual_monthly";
/// Standard reading of the same: payment · Σ S(t)/(1+d)^t, where those who stay are the loyal ones (shifted beta-geometric).
pub const CONTRACTUAL_MONTHLY_BY_SURVIVAL: &str = "contractual_monthly_by_survival";
/// Spend per order × orders a year × years, neither discounted nor less any cost.
pub const UNDISCOUNTED: &str = "undiscounted";
/// Net present value of dated signed cash flows.
pub const NPV: &str = "npv";
