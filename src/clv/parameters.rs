//! The numbers a fit has produced, as read from a file, and whether they can be used at all.
//!
//! Reads no file: `config` does, and refuses to start with the error this file names. How far to trust usable
//! numbers is the matter of `reliability`.

use super::rfm::Rfm;
use super::{GammaGamma, PurchaseModel, REGULARITY_MAX};
use std::collections::BTreeMap;

/// Bounds of every shape, and of `alpha` in weeks. Beyond them a fit has run off along a ridge of the
/// likelihood, where ever larger parameters describe the same customers; the formulas are tested up to here.
const SHAPE_MIN: f64 = 1e-6;
const SHAPE_MAX: f64 = 1e6;

/// Everything needed to value a customer.
#[derive(Clone, Debug, PartialEq)]
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
        Ok(())
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
    fn regularity_has_bounds() {
        let [r, alpha, a, b] = [0.25, 4.4, 1.0, 2.4];
        for (k, good) in [(0, false), (1, true), (12, true), (13, false)] {
            let purchase = PurchaseModel::MbgCnbdK(Cnbd { r, alpha, a, b, k });
            let parameters = Parameters { purchase, ..parameters([r, alpha, a, b], [6.25, 3.74, 15.44]) };
            assert_eq!(parameters.check().is_ok(), good, "k {k}");
        }
    }
}
