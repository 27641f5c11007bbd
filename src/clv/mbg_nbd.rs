//! MBG/NBD: as BG/NBD, but the coin is tossed after the *first* purchase too, so that a one-time buyer can be
//! gone. Batislam, Denizel, Filiztekin, International Journal of Research in Marketing 24, 2007; Hoppe,
//! Wagner, Marketing JRM 29, 2007.
//!
//! This file maps the parameters to `Evidence`, which does the arithmetic; called by `purchase_model`. The default model.

use super::evidence::Evidence;

/// Purchase rate ~ gamma(shape `r`, rate `alpha` in weeks); chance to leave ~ beta(`a`, `b`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MbgNbd {
    pub r: f64,
    pub alpha: f64,
    pub a: f64,
    pub b: f64,
}

impl MbgNbd {
    /// After x repeats: x + 1 tosses survived, of which the last is in doubt.
    pub(super) fn evidence(&self, x: u32) -> Evidence {
        let before_last_toss = self.b + f64::from(x);
        Evidence {
            r: self.r,
            alpha: self.alpha,
            a: self.a,
            b: self.b,
            k: 1,
            x,
            shape: self.r + f64::from(x),
            survived: before_last_toss + 1.0,
            dropout_odds: Some(self.a / before_last_toss),
        }
    }
}
