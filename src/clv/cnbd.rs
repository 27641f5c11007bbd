//! BG/CNBD-k and MBG/CNBD-k: as BG/NBD and MBG/NBD, but the times between purchases are Erlang-k instead of exponential, for
//! customers who buy regularly. Reutterer, Platzer, Schröder, "Leveraging purchase regularity for predicting customer behavior the
//! easy way", International Journal of Research in Marketing 38, 2021.
//!
//! This file maps the parameters to `Evidence`, which does the arithmetic; called by `purchase_model`.

use super::evidence::Evidence;

/// Stages of a purchase pass at a rate ~ gamma(shape `r`, rate `alpha` in weeks), so that a purchase takes `k` stages; chance to
/// leave ~ beta(`a`, `b`). k = 1 is (M)BG/NBD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cnbd {
    pub r: f64,
    pub alpha: f64,
    pub a: f64,
    pub b: f64,
    /// 1 to `REGULARITY_MAX`.
    pub k: u32,
}

impl Cnbd {
    /// After x repeats, each with a toss. BG/CNBD-k.
    pub(super) fn evidence(&self, x: u32) -> Evidence {
        self.given(x, self.b + f64::from(x), (x > 0).then(|| self.a / (self.b + f64::from(x - 1))))
    }

    /// After x repeats and a toss after the first purchase. MBG/CNBD-k.
    pub(super) fn modified_evidence(&self, x: u32) -> Evidence {
        let before_last_toss = self.b + f64::from(x);
        self.given(x, before_last_toss + 1.0, Some(self.a / before_last_toss))
    }

    fn given(&self, x: u32, survived: f64, dropout_odds: Option<f64>) -> Evidence {
        Evidence {
            r: self.r,
            alpha: self.alpha,
            a: self.a,
            b: self.b,
            k: self.k,
            x,
            shape: self.r + f64::from(self.k) * f64::from(x),
            survived,
            dropout_odds,
        }
    }
}
