//! The few functions all models share: the logarithm of Γ and of odds plus one, and (e^y − 1)/y.
//!
//! Refuses nothing: arguments come from checked parameters. Called by the files of the models.

use libm::{exp, expm1, lgamma_r, log1p};

/// ln Γ(z) for z > 0.
pub(super) fn ln_gamma(z: f64) -> f64 {
    lgamma_r(z).0
}

/// ln B(a, b).
pub(super) fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// ln(1 + e^`log_odds`) without overflow.
pub(super) fn log_one_plus(log_odds: f64) -> f64 {
    log_odds.max(0.0) + log1p(exp(-log_odds.abs()))
}

/// ∫_0^L e^(exponent·l) dl = (e^(exponent·L) − 1)/exponent, which is L where the exponent is 0.
pub(super) fn integral_of_exp(exponent: f64, l: f64) -> f64 {
    let y = exponent * l;
    if y == 0.0 { l } else { l * (expm1(y) / y) }
}
