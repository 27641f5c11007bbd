//! The numbers a fit has produced, as read from a file, and whether they can be used at all.
//!
//! Reads no file: `config` does, and refuses to start with the error this file names. How far to trust usable
//! numbers is the matter of `reliability`; where a seasonal factor is learned, that of `backtest::season`.

use super::backtest::WindowKind;
use super::forecast::HORIZON_DAYS;
use super::rfm::Rfm;
use super::{GammaGamma, PurchaseModel, REGULARITY_MAX};
use std::collections::BTreeMap;
use std::fmt;

/// Bounds of every shape, and of `alpha` in weeks. Beyond them a fit has run off along a ridge of the
/// likelihood, where ever larger parameters describe the same customers; the formulas are tested up to here.
const SHAPE_MIN: f64 = 1e-6;
const SHAPE_MAX: f64 = 1e6;

/// A factor beyond these bounds is a fault of the data and no season.
const FACTOR_MIN: f64 = 0.01;
const FACTOR_MAX: f64 = 100.0;

/// What a closed window's forecast was too high or too low by (`backtest::season`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeasonalFactor {
    /// Multiplies expected purchases and spend.
    pub factor: f64,
    /// Length of the windows it was learned from: of a longer or shorter forecast it says nothing.
    pub horizon_days: u32,
    pub windows: WindowKind,
}

/// Everything needed to value a customer.
#[derive(Clone, PartialEq)]
pub struct Parameters {
    pub name: String,
    pub version: String,
    /// Whether they come from this shop's own customers.
    pub fitted: bool,
    pub purchase: PurchaseModel,
    /// By ISO 4217 code, in major units of that currency.
    pub spend: BTreeMap<String, GammaGamma>,
    /// Customers the fit has seen.
    pub buyers: Option<u64>,
    /// Days between the fit's first and last event.
    pub history_days: Option<u64>,
    /// Cut points of the segments, if the file has them; checked by themselves.
    pub rfm: Option<Rfm>,
    /// Of the purchase model; none unless somebody asked for one.
    pub seasonal: Option<SeasonalFactor>,
}

/// A parameter no formula can use; `parameter` as in `purchase.alpha` or `spend.USD.q`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParameterError {
    #[error("{parameter} = {value} is not a number from {SHAPE_MIN:e} to {SHAPE_MAX:e}")]
    Shape { parameter: String, value: f64 },
    #[error("{parameter} = {value} is not a whole number from 1 to {REGULARITY_MAX}")]
    Regularity { parameter: String, value: u32 },
    #[error("{parameter} = {value} is not a finite amount above zero")]
    Amount { parameter: String, value: f64 },
    #[error("{parameter} = {value} is not above 1, so the mean spend is infinite")]
    InfiniteMean { parameter: String, value: f64 },
    #[error("{parameter} = {value} is not a factor from {FACTOR_MIN} to {FACTOR_MAX}")]
    Factor { parameter: String, value: f64 },
}

/// This text decides what a scoring is named in stored histories (`engine::rules`): a factor that is not there must not show in it.
impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parameters { name, version, fitted, purchase, spend, buyers, history_days, rfm, seasonal } = self;
        let mut text = f.debug_struct("Parameters");
        text.field("name", name).field("version", version).field("fitted", fitted).field("purchase", purchase).field("spend", spend);
        text.field("buyers", buyers).field("history_days", history_days).field("rfm", rfm);
        if let Some(seasonal) = seasonal {
            text.field("seasonal", seasonal);
        }
        text.finish()
    }
}

impl Parameters {
    /// The first parameter that is out of bounds. NaN is.
    pub fn check(&self) -> Result<(), ParameterError> {
        for (name, value) in self.purchase.named_parameters() {
            check_shape(format!("purchase.{name}"), value)?;
        }
        let regularity = self.purchase.regularity();
        if !(1..=REGULARITY_MAX).contains(&regularity) {
            return Err(ParameterError::Regularity { parameter: "purchase.k".into(), value: regularity });
        }
        for (currency, model) in &self.spend {
            check_shape(format!("spend.{currency}.p"), model.p)?;
            check_shape(format!("spend.{currency}.q"), model.q)?;
            if model.q <= 1.0 {
                let parameter = format!("spend.{currency}.q");
                return Err(ParameterError::InfiniteMean { parameter, value: model.q });
            }
            if !(model.v.is_finite() && model.v > 0.0) {
                let parameter = format!("spend.{currency}.v");
                return Err(ParameterError::Amount { parameter, value: model.v });
            }
        }
        if let Some(seasonal) = self.seasonal.filter(|seasonal| !(FACTOR_MIN..=FACTOR_MAX).contains(&seasonal.factor)) {
            let parameter = format!("seasonal.{}.factor", self.purchase.name());
            return Err(ParameterError::Factor { parameter, value: seasonal.factor });
        }
        Ok(())
    }

    /// What forecasts of the horizon in force are multiplied by; `None`: by nothing.
    pub fn seasonal_factor(&self) -> Option<f64> {
        self.seasonal.filter(|seasonal| seasonal.horizon_days == HORIZON_DAYS).map(|seasonal| seasonal.factor)
    }
}

/// Whether a shape, or `alpha` in weeks, is one the formulas are tested for.
pub(super) fn check_shape(parameter: String, value: f64) -> Result<(), ParameterError> {
    if (SHAPE_MIN..=SHAPE_MAX).contains(&value) {
        return Ok(());
    }
    Err(ParameterError::Shape { parameter, value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::{BgNbd, Cnbd};

    fn parameters(purchase: [f64; 4], spend: [f64; 3]) -> Parameters {
        let [r, alpha, a, b] = purchase;
        let [p, q, v] = spend;
        Parameters {
            name: "test".into(),
            version: "1".into(),
            fitted: true,
            purchase: PurchaseModel::BgNbd(BgNbd { r, alpha, a, b }),
            spend: BTreeMap::from([("USD".into(), GammaGamma { p, q, v })]),
            buyers: None,
            history_days: None,
            rfm: None,
            seasonal: None,
        }
    }

    #[test]
    fn the_bad_parameter_is_named() {
        let good = [0.25, 4.4, 1.0, 2.4];
        let spend = [6.25, 3.74, 15.44];
        assert_eq!(parameters(good, spend).check(), Ok(()));
        let cases = [
            ([0.0, 4.4, 0.8, 2.4], spend, "purchase.r = 0 is not a number from 1e-6 to 1e6"),
            ([0.25, f64::NAN, 0.8, 2.4], spend, "purchase.alpha = NaN is not a number from 1e-6 to 1e6"),
            ([0.25, 4.4, -1.0, 2.4], spend, "purchase.a = -1 is not a number from 1e-6 to 1e6"),
            ([0.25, 4.4, 0.8, f64::INFINITY], spend, "purchase.b = inf is not a number from 1e-6 to 1e6"),
            (good, [2e6, 3.74, 15.44], "spend.USD.p = 2000000 is not a number from 1e-6 to 1e6"),
            (good, [6.25, 1.0, 15.44], "spend.USD.q = 1 is not above 1, so the mean spend is infinite"),
            (good, [6.25, 3.74, 0.0], "spend.USD.v = 0 is not a finite amount above zero"),
        ];
        for (purchase, spend, message) in cases {
            let error = parameters(purchase, spend).check().expect_err(message);
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn a_factor_has_bounds_and_is_for_forecasts_as_long_as_its_windows() {
        let with = |factor, horizon_days| {
            let seasonal = Some(SeasonalFactor { factor, horizon_days, windows: WindowKind::SameSeason });
            Parameters { seasonal, ..parameters([0.25, 4.4, 1.0, 2.4], [6.25, 3.74, 15.44]) }
        };
        for (factor, good) in [(0.7, true), (100.0, true), (0.0, false), (f64::NAN, false), (101.0, false)] {
            assert_eq!(with(factor, 365).check().is_ok(), good, "{factor}");
        }
        let refused = with(0.0, 365).check().unwrap_err().to_string();
        assert_eq!(refused, "seasonal.bg_nbd.factor = 0 is not a factor from 0.01 to 100");
        assert_eq!((with(0.7, 365).seasonal_factor(), with(0.7, 90).seasonal_factor()), (Some(0.7), None));
    }

    /// Histories in Kafka name a scoring by a hash of it.
    #[test]
    fn the_text_of_parameters_without_a_factor_is_what_it_always_was() {
        let without = parameters([0.25, 4.4, 1.0, 2.4], [6.25, 3.74, 15.44]);
        let text = "Parameters { name: \"test\", version: \"1\", fitted: true, purchase: BgNbd(BgNbd { r: 0.25, alpha: 4.4, a: 1.0, b: 2.4 }), \
                    spend: {\"USD\": GammaGamma { p: 6.25, q: 3.74, v: 15.44 }}, buyers: None, history_days: None, rfm: None }";
        assert_eq!(format!("{without:?}"), text);
        let seasonal = Some(SeasonalFactor { factor: 0.7, horizon_days: 365, windows: WindowKind::Preceding });
        assert_ne!(format!("{:?}", Parameters { seasonal, ..without }), text);
    }

    #[test]
    fn regularity_has_bounds() {
        let [r, alpha, a, b] = [0.25, 4.4, 1.0, 2.4];
        for (k, good) in [(0, false), (1, true), (12, true), (13, false)] {
            let purchase = PurchaseModel::MbgCnbdK(Cnbd { r, alpha, a, b, k });
            let parameters = Parameters { purchase, ..parameters([r, alpha, a, b], [6.25, 3.74, 15.44]) };
            assert_eq!(parameters.check().is_ok(), good, "k {k}");
        }
    }
}
