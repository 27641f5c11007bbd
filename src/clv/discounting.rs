//! The value now of purchases to come within a time, each discounted from its own moment.
//!
//! By parts: ∫_0^t e^(−δu) dE[Y(u)] = e^(−δt) E[Y(t)] + δ ∫_0^t e^(−δu) E[Y(u)] du, so that the model's E[Y] is all it takes.
//! Called by `purchase_model`.

use super::gauss_legendre::integrate;
use libm::{exp, expm1, log1p};

/// Discounted by e^−45, nothing counts.
const NEGLIGIBLE_LOG: f64 = 45.0;
/// Width of a panel in ln(weeks): the singularity next to it lies π off the real line. Less by k for regular customers, whose E[Y] rises in waves.
const PANEL_MAX: f64 = 4.0;

/// `expected` is E[Y] of a customer of regularity `k`; it bends on a scale of `scale_weeks`, and is smooth in ln(scale + u). `discount_weekly` is δ ≥ 0.
pub(super) fn discounted_within(weeks: f64, discount_weekly: f64, (scale_weeks, k): (f64, u32), expected: impl Fn(f64) -> f64) -> f64 {
    let last = exp(-discount_weekly * weeks) * expected(weeks);
    if discount_weekly == 0.0 || weeks == 0.0 {
        return last;
    }
    // u = scale (e^v − 1)
    let width = log1p(weeks.min(NEGLIGIBLE_LOG / discount_weekly) / scale_weeks);
    let panels = (width / PANEL_MAX * f64::from(k)).ceil() as usize;
    let before = integrate(0.0, width, panels, |v| {
        let u = scale_weeks * expm1(v);
        exp(-discount_weekly * u) * expected(u) * (scale_weeks + u)
    });
    last + discount_weekly * before
}
