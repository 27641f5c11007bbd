//! The year ahead of one customer: orders, spend per order, and their value discounted by month.
//!
//! Future CLV = Σ_i E[M] · (E[Y(i)] − E[Y(i−1)]) / (1+d)^i over twelve months of 365/12 days. Values no past order,
//! takes no margin or cost off, converts no currency: `engine` does the first two, nobody the third. A seasonal factor of the
//! parameters multiplies what is expected; whether and how long the customer stays it leaves alone.
//! Called by `engine` on every order and refund, so it is written to take about a microsecond.

use super::weeks::weeks_to_ms_ceil;
use super::{GammaGamma, History, Parameters, PurchaseModel};

/// The horizon: twelve steps of 365/12 days.
pub const HORIZON_DAYS: u32 = 365;
/// The same in months.
pub const HORIZON_MONTHS: u32 = 12;
const STEPS: usize = HORIZON_MONTHS as usize;
/// 365/12 days.
const STEP_WEEKS: f64 = 365.0 / 12.0 / 7.0;
const DAYS_PER_WEEK: f64 = 7.0;
const YEAR_WEEKS: f64 = 365.0 / DAYS_PER_WEEK;
/// See `Forecast::lifetime_days`.
const LIFETIME_YEARS_MAX: f64 = 10.0;

/// How the future is discounted; its length is fixed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Horizon {
    /// Per step of 365/12 days: 0.01 is one per cent a month. Above −1.
    pub discount_monthly: f64,
    /// Whether the value without an end is asked for, too: an integral, which takes ten times as long as all the rest, or more.
    pub with_unending: bool,
}

impl Horizon {
    /// The same discount for twelve steps.
    pub fn discount_yearly(&self) -> f64 {
        libm::expm1(STEPS as f64 * libm::log1p(self.discount_monthly))
    }
}

/// One customer, as far as the future depends on him.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForecastInput {
    pub history: History,
    /// Mean spend of the repeat days in minor units of the primary currency; `None` without repeat spend in it.
    pub mean_repeat_spend_minor: Option<f64>,
    /// Mean of all days, the first included: what he is assumed to go on spending if nothing is known of the
    /// currency's other customers.
    pub mean_order_spend_minor: Option<f64>,
    /// Digits after the decimal point of the currency.
    pub currency_exponent: u32,
}

/// Where the spend per order comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpendModel {
    GammaGamma,
    OwnMean,
}

impl SpendModel {
    /// As records spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            SpendModel::GammaGamma => "gamma_gamma",
            SpendModel::OwnMean => "own_mean",
        }
    }
}

/// The answer: expectations over twelve months.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    pub p_alive: f64,
    /// Over the whole horizon, not discounted.
    pub expected_orders: f64,
    /// `E[M]`, per order, in minor units.
    pub expected_spend_minor: f64,
    /// Discounted; rounded half to even, at the ends of i64 if beyond.
    pub expected_value_minor: i64,
    /// The same without an end, each purchase discounted from its own moment (δ = ln(1+d) a month); `None`: not asked for, or infinite.
    pub unending_value_minor: Option<f64>,
    pub spend_model: SpendModel,
    /// Median wait for the next order if the customer is still there (`PurchaseModel::next_purchase_weeks`).
    pub next_order_wait_ms: Option<i64>,
    /// Days the customer is expected to stay from now on, ten years at most: without an end the expectation is infinite for many a fit.
    pub lifetime_days: f64,
    /// From the first order to the expected end.
    pub relationship_years: f64,
    /// Share of the year ahead that the customer is expected to be there: what stands for a yearly retention, which buying without a
    /// contract does not show.
    pub retention_yearly: f64,
}

/// What the customer is expected to bring over the horizon, in the given currency.
pub fn forecast(parameters: &Parameters, currency: &str, horizon: &Horizon, input: &ForecastInput) -> Forecast {
    let purchase: &PurchaseModel = &parameters.purchase;
    let path: [f64; STEPS] = purchase.expected_path(&input.history, STEP_WEEKS);
    let (expected_spend_minor, spend_model) = match parameters.spend.get(currency) {
        Some(model) => (modelled_spend_minor(model, input), SpendModel::GammaGamma),
        None => (input.mean_order_spend_minor.unwrap_or(0.0), SpendModel::OwnMean),
    };
    let horizons_weeks = [YEAR_WEEKS, LIFETIME_YEARS_MAX * YEAR_WEEKS];
    let [first_year_weeks, lifetime_weeks] = purchase.expected_lifetimes_weeks(&input.history, &horizons_weeks);
    let seasonal_factor = parameters.seasonal_factor().unwrap_or(1.0);
    let value_minor = expected_spend_minor * discounted(&path, horizon.discount_monthly) * seasonal_factor;
    Forecast {
        p_alive: purchase.p_alive(&input.history),
        expected_orders: path[STEPS - 1] * seasonal_factor,
        expected_spend_minor,
        // `as` holds at the ends of i64
        expected_value_minor: value_minor.round_ties_even() as i64,
        unending_value_minor: unending(purchase, &input.history, horizon).map(|orders| expected_spend_minor * orders * seasonal_factor),
        spend_model,
        next_order_wait_ms: purchase.next_purchase_weeks(&input.history).and_then(weeks_to_ms_ceil),
        lifetime_days: lifetime_weeks * DAYS_PER_WEEK,
        relationship_years: (input.history.t + lifetime_weeks) / YEAR_WEEKS,
        retention_yearly: (first_year_weeks / YEAR_WEEKS).clamp(0.0, 1.0),
    }
}

/// Discounted purchases to come without an end.
fn unending(purchase: &PurchaseModel, history: &History, horizon: &Horizon) -> Option<f64> {
    let discount_weekly = libm::log1p(horizon.discount_monthly) / STEP_WEEKS;
    let is_asked_for = horizon.with_unending && discount_weekly >= 0.0;
    is_asked_for.then(|| purchase.expected_residual(history, discount_weekly)).filter(|orders| orders.is_finite())
}

/// Without repeat spend, or when refunds have eaten it, the customer is as good as any other.
fn modelled_spend_minor(model: &GammaGamma, input: &ForecastInput) -> f64 {
    let minor_per_major = 10u64.saturating_pow(input.currency_exponent) as f64;
    let mean_major = match input.mean_repeat_spend_minor {
        Some(mean_minor) if mean_minor > 0.0 => model.mean_spend(input.history.x, mean_minor / minor_per_major),
        _ => model.mean_spend(0, 0.0),
    };
    mean_major * minor_per_major
}

/// Σ (Y_i − Y_(i−1)) / (1+d)^i for a path of cumulated expectations.
pub(super) fn discounted(path: &[f64], discount_per_step: f64) -> f64 {
    let per_step = 1.0 / (1.0 + discount_per_step);
    let mut factor = 1.0;
    let mut before = 0.0;
    let mut sum = 0.0;
    for &purchases in path {
        factor *= per_step;
        sum += (purchases - before) * factor;
        before = purchases;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::backtest::WindowKind;
    use crate::clv::{MbgNbd, SeasonalFactor};
    use std::collections::BTreeMap;

    const SPEND: GammaGamma = GammaGamma { p: 6.25, q: 3.74, v: 15.44 };
    const MONTHLY: Horizon = Horizon { discount_monthly: 0.01, with_unending: false };

    fn parameters() -> Parameters {
        let purchase = MbgNbd { r: 0.5248, alpha: 6.1833, a: 0.8909, b: 1.6141 };
        Parameters {
            name: "test".into(),
            version: "1".into(),
            fitted: false,
            purchase: PurchaseModel::MbgNbd(purchase),
            spend: BTreeMap::from([("USD".into(), SPEND), ("JPY".into(), SPEND)]),
            buyers: None,
            history_days: None,
            rfm: None,
            seasonal: None,
        }
    }

    fn input(mean_repeat: Option<f64>, mean_order: Option<f64>, exponent: u32) -> ForecastInput {
        ForecastInput {
            history: History { x: 2, t_x: 213.0 / 7.0, t: 272.0 / 7.0 },
            mean_repeat_spend_minor: mean_repeat,
            mean_order_spend_minor: mean_order,
            currency_exponent: exponent,
        }
    }

    #[test]
    fn spend_comes_from_the_best_source_there_is() {
        let own = SPEND.mean_spend(2, 22.35);
        let population = SPEND.mean_spend(0, 0.0);
        let cases = [
            ("USD", Some(2_235.0), Some(9.0), 2, own * 100.0, SpendModel::GammaGamma),
            ("JPY", Some(22.35), None, 0, own, SpendModel::GammaGamma),
            ("USD", None, Some(9.0), 2, population * 100.0, SpendModel::GammaGamma),
            ("USD", Some(0.0), None, 2, population * 100.0, SpendModel::GammaGamma),
            ("USD", Some(-5.0), None, 2, population * 100.0, SpendModel::GammaGamma),
            ("EUR", Some(2_235.0), Some(1_800.0), 2, 1_800.0, SpendModel::OwnMean),
            ("EUR", None, None, 2, 0.0, SpendModel::OwnMean),
        ];
        for (currency, mean_repeat, mean_order, exponent, expected, source) in cases {
            let input = input(mean_repeat, mean_order, exponent);
            let found = forecast(&parameters(), currency, &MONTHLY, &input);
            assert!((found.expected_spend_minor - expected).abs() < 1e-9, "{found:?}");
            assert_eq!(found.spend_model, source);
        }
    }

    #[test]
    fn the_value_is_the_discounted_path_times_the_spend() {
        let parameters = parameters();
        let input = input(None, Some(10_000_000.0), 2);
        let found = forecast(&parameters, "EUR", &MONTHLY, &input);
        let mut value = 0.0;
        let mut before = 0.0;
        for month in 1..=12 {
            let weeks = f64::from(month) * 365.0 / 84.0;
            let purchases = parameters.purchase.expected_purchases(&input.history, weeks);
            value += 10_000_000.0 * (purchases - before) / 1.01f64.powi(month);
            before = purchases;
        }
        assert!((found.expected_value_minor as f64 - value).abs() <= 0.5 + 1e-6);
        assert!((found.expected_orders - before).abs() < 1e-12);
        assert_eq!(found.p_alive, parameters.purchase.p_alive(&input.history));
    }

    #[test]
    fn a_seasonal_factor_multiplies_what_is_expected_and_nothing_else() {
        let seasonal = |horizon_days| Some(SeasonalFactor { factor: 0.5, horizon_days, windows: WindowKind::SameSeason });
        let input = input(None, Some(10_000_000.0), 2);
        let under = |seasonal| forecast(&Parameters { seasonal, ..parameters() }, "EUR", &MONTHLY, &input);
        let (plain, halved) = (under(None), under(seasonal(HORIZON_DAYS)));
        assert_eq!(halved.expected_orders, plain.expected_orders / 2.0);
        assert!((halved.expected_value_minor * 2 - plain.expected_value_minor).abs() <= 1);
        let same = Forecast { expected_orders: plain.expected_orders, expected_value_minor: plain.expected_value_minor, ..halved };
        assert_eq!(same, plain);
        assert_eq!(under(seasonal(90)), plain, "learned for another horizon");
    }

    #[test]
    fn values_beyond_an_integer_stop_at_its_ends() {
        let input = input(None, Some(1e30), 2);
        let found = forecast(&parameters(), "EUR", &MONTHLY, &input);
        assert_eq!(found.expected_value_minor, i64::MAX);
    }

    #[test]
    fn discounting_counts_each_step_once() {
        assert_eq!(discounted(&[1.0, 3.0, 3.5], 0.0), 3.5);
        assert_eq!(discounted(&[1.0, 3.0], 1.0), 0.5 + 0.5);
    }
}
