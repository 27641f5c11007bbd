//! What a purchase count says about a customer who tosses a coin to decide whether to leave: the part that
//! BG/NBD, MBG/NBD and their relatives for regular buying share. They differ only in how many tosses x repeats stand for, and in how many
//! stages a purchase takes.
//!
//! Nothing here is iterated for k = 1: P(alive), its inverse and the likelihood are closed forms. What is to come of a customer who is
//! still there is for `alive` (k = 1) and `stages` to say. Made by `bg_nbd`, `mbg_nbd` and `cnbd`, used by `purchase_model`; refuses
//! nothing, the parameters have been checked.

use super::History;
use super::alive::Alive;
use super::discounting::Shape;
use super::gamma::{ln_gamma, log_one_plus};
use super::root::wait_until_zero;
use super::stages::{Stages, unfinished};
use libm::{exp, expm1, log, log1p};

/// The posterior of one customer after x repeats, in the terms all formulas need.
pub(super) struct Evidence {
    pub r: f64,
    pub alpha: f64,
    pub a: f64,
    pub b: f64,
    /// Stages of a purchase; 1 for buying at random.
    pub k: u32,
    pub x: u32,
    /// r + kx: the rate at which stages pass is gamma with this shape.
    pub shape: f64,
    /// b plus the tosses survived if alive: the chance to leave is then beta(a, survived).
    pub survived: f64,
    /// Odds of having left at the last toss, before the silence since is weighed; `None` if there was no toss.
    pub dropout_odds: Option<f64>,
}

impl Evidence {
    /// 1 / (1 + a/c ((α+T)/(α+t_x))^(r+kx) / S), c = b+x−1 (BG/NBD) or b+x (MBG/NBD), S for stages passed unseen.
    /// A power too large for a double is an infinity, and P is then 0 as it should be.
    pub fn p_alive(&self, h: &History) -> f64 {
        debug_assert!(0.0 <= h.t_x && h.t_x <= h.t, "history out of order: {h:?}");
        let Some(odds) = self.dropout_odds else {
            return 1.0;
        };
        let silence = log1p((h.t - h.t_x) / (self.alpha + h.t_x));
        1.0 / (1.0 + odds * exp(self.shape * silence) / self.unfinished(h))
    }

    /// The T that solves P(alive) = threshold, not before `t_x`: (α+t_x) [(1−θ)/θ · c/a]^(1/(r+x)) − α for k = 1.
    pub fn lapse_weeks(&self, t_x: f64, threshold: f64) -> Option<f64> {
        let log_growth = log((1.0 - threshold) / threshold / self.dropout_odds?) / self.shape;
        let silence = (self.alpha + t_x) * expm1(log_growth.max(0.0));
        if self.k == 1 || silence == 0.0 {
            // a tiny shape may put the moment beyond what a double can hold: never, for all that matters
            return silence.is_finite().then_some(t_x + silence);
        }
        let log_target = log((1.0 - threshold) / threshold);
        let silence = wait_until_zero(silence, |wait| self.log_dropout_odds(&History { x: self.x, t_x, t: t_x + wait }) - log_target)?;
        Some(t_x + silence)
    }

    /// ln Γ(r+kx)/Γ(r) + r ln α − (r+kx) ln(α+T) + ln B(a, survived)/B(a, b) + ln S − ln P(alive), and of the regularity
    /// (k−1) Σ ln(times between purchases) − x ln (k−1)!.
    /// ln P(alive) stands for the log-sum-exp of the papers' two cases, alive and gone, with the first taken out.
    pub fn log_likelihood(&self, h: &History, log_times: f64) -> f64 {
        let rate = ln_gamma(self.shape) - ln_gamma(self.r) + self.r * log(self.alpha) - self.shape * log(self.alpha + h.t);
        let tosses = ln_gamma(self.survived) - ln_gamma(self.a + self.survived) + ln_gamma(self.a + self.b) - ln_gamma(self.b);
        let regularity = if self.k == 1 {
            0.0
        } else {
            let k = f64::from(self.k);
            (k - 1.0) * log_times - f64::from(self.x) * ln_gamma(k) + log(self.unfinished(h))
        };
        rate + tosses + regularity + log_one_plus(self.log_dropout_odds(h))
    }

    /// ln of (1 − P(alive))/P(alive), −∞ if there was no toss.
    fn log_dropout_odds(&self, h: &History) -> f64 {
        let Some(odds) = self.dropout_odds else {
            return f64::NEG_INFINITY;
        };
        log(odds) + self.shape * log1p((h.t - h.t_x) / (self.alpha + h.t_x)) - log(self.unfinished(h))
    }

    /// S = Σ_(j<k) (r+kx)_j/j! ((T−t_x)/(α+T))^j.
    fn unfinished(&self, h: &History) -> f64 {
        if self.k == 1 {
            return 1.0;
        }
        unfinished(self.shape, self.k, self.silence_share(h))
    }

    fn silence_share(&self, h: &History) -> f64 {
        (h.t - h.t_x) / (self.alpha + h.t)
    }

    /// E[Y(t)] = P(alive) · K.
    pub fn expected_path<const N: usize>(&self, h: &History, step_weeks: f64) -> [f64; N] {
        let p_alive = self.p_alive(h);
        let path = if self.k == 1 { self.alive(h).expected_path(step_weeks) } else { self.if_alive(h).expected_path(step_weeks) };
        path.map(|purchases| p_alive * purchases)
    }

    /// The same customer, given that he has not left by now.
    pub fn if_alive(&self, h: &History) -> Stages {
        Stages::new(self.alive(h), self.k, self.silence_share(h))
    }

    /// E[Y] has (1 + pt/R)^(−q) in it, which is singular at −R at the nearest, and falls like e^(−pqt/R).
    pub fn path_shape(&self, t: f64) -> Shape {
        Shape { scale_weeks: (self.alpha + t) / (1.0 + self.shape), k: self.k, certainty: self.shape }
    }

    fn alive(&self, h: &History) -> Alive {
        Alive { shape: self.shape, rate: self.alpha + h.t, a: self.a, b: self.survived }
    }
}
