//! BG/NBD: customers buy at a gamma-distributed rate and toss a beta-distributed coin after every *repeat*
//! purchase to decide whether to leave. Fader, Hardie, Lee, "Counting Your Customers the Easy Way",
//! Marketing Science 24(2), 2005.
//!
//! A one-time buyer has not tossed yet and is alive for certain, so this model never lapses one; use MBG/NBD
//! where that matters. This file maps the parameters to `Evidence`, which does the arithmetic; called by `purchase_model`.

use super::evidence::Evidence;

/// Purchase rate ~ gamma(shape `r`, rate `alpha` in weeks); chance to leave ~ beta(`a`, `b`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BgNbd {
    pub r: f64,
    pub alpha: f64,
    pub a: f64,
    pub b: f64,
}

impl BgNbd {
    /// After x repeats: x tosses survived, of which the last is in doubt.
    pub(super) fn evidence(&self, x: u32) -> Evidence {
        let survived = self.b + f64::from(x);
        Evidence {
            r: self.r,
            alpha: self.alpha,
            a: self.a,
            b: self.b,
            k: 1,
            x,
            shape: self.r + f64::from(x),
            survived,
            dropout_odds: (x > 0).then(|| self.a / (self.b + f64::from(x - 1))),
        }
    }
}
