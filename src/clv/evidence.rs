//! What a purchase count says about a customer who tosses a coin to decide whether to leave: the part that
//! BG/NBD and MBG/NBD share. They differ only in how many tosses x repeats stand for.
//!
//! Nothing here is summed or iterated: P(alive), its inverse and the likelihood are closed forms. Made by
//! `bg_nbd` and `mbg_nbd`, used by `purchase_model`; refuses nothing, the parameters have been checked.

use super::alive::Alive;
use libm::{exp, expm1, lgamma_r, log, log1p};

/// The posterior of one customer after x repeats, in the terms all formulas need.
pub(super) struct Evidence {
    pub r: f64,
    pub alpha: f64,
    pub a: f64,
    pub b: f64,
    /// r + x: the purchase rate is gamma with this shape.
    pub shape: f64,
    /// b plus the tosses survived if alive: the chance to leave is then beta(a, survived).
    pub survived: f64,
    /// Odds of having left at the last toss, before the silence since is weighed; `None` if there was no toss.
    pub dropout_odds: Option<f64>,
}

impl Evidence {
    /// 1 / (1 + a/c ((α+T)/(α+t_x))^(r+x)), c = b+x−1 (BG/NBD) or b+x (MBG/NBD).
    /// A power too large for a double is an infinity, and P is then 0 as it should be.
    pub fn p_alive(&self, t_x: f64, t: f64) -> f64 {
        debug_assert!(0.0 <= t_x && t_x <= t, "history out of order: t_x {t_x}, t {t}");
        let Some(odds) = self.dropout_odds else {
            return 1.0;
        };
        let silence = log1p((t - t_x) / (self.alpha + t_x));
        1.0 / (1.0 + odds * exp(self.shape * silence))
    }

    /// The T that solves P(alive) = threshold: (α+t_x) [(1−θ)/θ · c/a]^(1/(r+x)) − α, not before `t_x`.
    pub fn lapse_weeks(&self, t_x: f64, threshold: f64) -> Option<f64> {
        assert!(0.0 < threshold && threshold < 1.0, "threshold {threshold} is no probability");
        let log_growth = log((1.0 - threshold) / threshold / self.dropout_odds?) / self.shape;
        let silence = (self.alpha + t_x) * expm1(log_growth.max(0.0));
        // a tiny shape may put the moment beyond what a double can hold: never, for all that matters
        silence.is_finite().then_some(t_x + silence)
    }

    /// ln Γ(r+x)/Γ(r) + r ln α − (r+x) ln(α+T) + ln B(a, survived)/B(a, b) − ln P(alive).
    /// The last term is the log-sum-exp of the papers' two cases, alive and gone, with the first taken out.
    pub fn log_likelihood(&self, t_x: f64, t: f64) -> f64 {
        let rate = ln_gamma(self.shape) - ln_gamma(self.r) + self.r * log(self.alpha) - self.shape * log(self.alpha + t);
        let tosses = ln_gamma(self.survived) - ln_gamma(self.a + self.survived) + ln_gamma(self.a + self.b) - ln_gamma(self.b);
        rate + tosses + self.log_gone_or_alive(t_x, t)
    }

    /// −ln P(alive) without overflow.
    fn log_gone_or_alive(&self, t_x: f64, t: f64) -> f64 {
        let Some(odds) = self.dropout_odds else {
            return 0.0;
        };
        let log_odds = log(odds) + self.shape * log1p((t - t_x) / (self.alpha + t_x));
        log_odds.max(0.0) + log1p(exp(-log_odds.abs()))
    }

    /// The same customer, given that he has not left by week `t`.
    pub fn if_alive(&self, t: f64) -> Alive {
        Alive { shape: self.shape, rate: self.alpha + t, a: self.a, b: self.survived }
    }
}

fn ln_gamma(z: f64) -> f64 {
    lgamma_r(z).0
}
