//! Customer lifetime value: will this customer buy again, how often, and for how much.
//!
//! Reading order: `purchase_model` is asked every question about purchases. `bg_nbd`, `mbg_nbd`, `cnbd` hold models whose customers
//! leave at a purchase and say what a history tells about it (`evidence`); `alive` counts the purchases to come of one who is still there,
//! by a power series (`disk`) or, where that is slow or loses digits, by an integral (`mixture`); `stages`, with `regular`, `counts` and
//! `remaining`, does it for regular buyers and for everything but the expectation. `pareto_nbd` stands alone. `bg_bb` and `sbg` do for
//! discrete occasions and for contracts what the others do for time. `gamma_gamma` prices
//! purchases; `forecast` puts both together; `parameters` and `reliability` judge the numbers a file supplied.
//!
//! `purchase_log` holds the purchases of many customers, `fit` estimates parameters from them,
//! `backtest` shows how right they would have been. `formula` and `rfm` need no model: textbook formulas, and segments by scores. `lift` says how sure a
//! difference between treated and control is, `decayed_sum` adds up what fades.
//!
//! Pure mathematics, and the only room with floating point. It knows neither events nor customers nor Kafka, keeps no
//! state, and calls `libm` for every transcendental function, so that two machines compute the same bytes. Called by
//! `engine`, and by the command line for fitting and back-tests.

mod alive;
pub mod backtest;
mod bg_bb;
mod bg_nbd;
mod cnbd;
mod counts;
mod decayed_sum;
mod discounting;
mod disk;
mod evidence;
mod exponential_integral;
mod fit;
mod forecast;
pub mod formula;
mod gamma;
mod gamma_gamma;
mod gauss_legendre;
mod incomplete_beta;
mod lift;
mod mbg_nbd;
mod minor;
mod mixture;
mod model_kind;
mod parameters;
mod pareto_nbd;
mod periods;
mod purchase_log;
mod purchase_model;
mod regular;
mod regular_by_rate;
mod reliability;
mod remaining;
pub mod rfm;
mod root;
mod sbg;
mod stages;
mod weeks;

#[cfg(test)]
mod pins;
#[cfg(test)]
mod properties;

pub use bg_bb::{BgBb, Occasions};
pub use bg_nbd::BgNbd;
pub use cnbd::Cnbd;
pub use decayed_sum::DecayedSum;
pub use fit::{FitError, Fitted, Warning, fit_contracts, fit_occasions, fit_purchases, fit_spend};
pub use forecast::{Forecast, ForecastInput, HORIZON_DAYS, HORIZON_MONTHS, Horizon, SpendModel, forecast};
pub use gamma_gamma::{GammaGamma, mean_minor};
pub use lift::{Arm, Lift, lift};
pub use mbg_nbd::MbgNbd;
pub use minor::{major, ratio, scale_minor, shared_minor, whole_minor};
pub use model_kind::ModelKind;
pub use parameters::{ParameterError, Parameters, SeasonalFactor};
pub use pareto_nbd::ParetoNbd;
pub use purchase_log::{Built, Period, Purchase, PurchaseLog, PurchaseLogBuilder, PurchaseLogError, Sample, sample};
pub use purchase_model::PurchaseModel;
pub use reliability::{Level, Reliability, reliability};
pub use sbg::ShiftedBetaGeometric;
pub use stages::REGULARITY_MAX;
pub use weeks::{DAY_MS, LogTimes, WEEK_MS, weeks, weeks_to_ms_ceil};

/// What the purchase models know of a customer. Purchases of one UTC day count once, the first is not counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct History {
    /// Repeat purchases.
    pub x: u32,
    /// Weeks from the first purchase to the last; 0 without repeats.
    pub t_x: f64,
    /// Weeks from the first purchase to now; at least `t_x`.
    pub t: f64,
}

/// At the moment of the first purchase.
const NEW_CUSTOMER: History = History { x: 0, t_x: 0.0, t: 0.0 };
