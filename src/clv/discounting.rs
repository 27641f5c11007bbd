//! The value now of purchases to come within a time, each discounted from its own moment.
//!
//! By parts: ∫_0^t e^(−δu) dE[Y(u)] = e^(−δt) E[Y(t)] + δ ∫_0^t e^(−δu) E[Y(u)] du, so that the model's E[Y] is all it takes.
//! Called by `purchase_model`.

use super::gauss_legendre::integrate;
use libm::{exp, expm1, log1p, sqrt};

/// Discounted by e^−45, nothing counts.
const NEGLIGIBLE_LOG: f64 = 45.0;
/// Width of a panel in ln(weeks): the singularity next to it lies π off the real line. Narrower for regular customers, whose E[Y] rises
/// in steps.
const PANEL_MAX: f64 = 4.0;
/// Further panels for a regular customer: his steps are seen until the uncertainty of his rate blurs them.
const STEPS_PANELS_MAX: f64 = 40.0;

/// How E[Y] bends: on what scale at first, being smooth in ln(scale + u); and in how many steps of what sharpness.
pub(super) struct Shape {
    pub scale_weeks: f64,
    /// Stages of a purchase, and shape of the rate's distribution.
    pub k: u32,
    pub certainty: f64,
}

/// `expected` is E[Y]; `discount_weekly` is δ ≥ 0.
pub(super) fn discounted_within(weeks: f64, discount_weekly: f64, shape: &Shape, expected: impl Fn(f64) -> f64) -> f64 {
    let last = exp(-discount_weekly * weeks) * expected(weeks);
    if discount_weekly == 0.0 || weeks == 0.0 {
        return last;
    }
    // u = scale (e^v − 1)
    let scale_weeks = shape.scale_weeks;
    let width = log1p(weeks.min(NEGLIGIBLE_LOG / discount_weekly) / scale_weeks);
    let steps = if shape.k == 1 { 0.0 } else { sqrt(shape.certainty).min(STEPS_PANELS_MAX) };
    let panels = (width / PANEL_MAX * sqrt(f64::from(shape.k)) + steps).ceil() as usize;
    let before = integrate(0.0, width, panels, |v| {
        let u = scale_weeks * expm1(v);
        exp(-discount_weekly * u) * expected(u) * (scale_weeks + u)
    });
    last + discount_weekly * before
}
