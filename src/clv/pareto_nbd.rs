//! Pareto/NBD: customers buy at a gamma-distributed rate and leave, at any moment and unseen, at a gamma-distributed rate of their own.
//! Schmittlein, Morrison, Colombo, "Counting Your Customers", Management Science 33(1), 1987; Fader, Hardie, notes 008 and 009.
//!
//! The papers' difference of two 2F1 cancels when a customer has just bought and underflows for many purchases. Here the odds of having
//! left are the integral it comes from, over the moment of leaving, of positive terms: nothing cancels and nothing underflows.
//! Called by `purchase_model`.

use super::History;
use super::discounting::Shape;
use super::exponential_integral::discounted_time;
use super::gamma::{integral_of_exp, ln_gamma, log_one_plus};
use super::gauss_legendre::{integrate, integrate_all};
use super::root::wait_until_zero;
use libm::{exp, expm1, log, log1p};

/// Where the integrand has fallen by e^−45 on account of one of its two rates, the rest does not count.
const NEGLIGIBLE_LOG: f64 = 45.0;
/// Width of a panel in ln(weeks): the singularity next to it lies π off the real line.
const PANEL_MAX: f64 = 8.0;
/// Sum of exponents that a panel of `PANEL_MAX` resolves.
const STEEPNESS: f64 = 8.0;
/// No checked parameters and counts need as many.
const PANELS_MAX: f64 = 20_000.0;

/// Purchase rate ~ gamma(shape `r`, rate `alpha` in weeks); dropout rate ~ gamma(shape `s`, rate `beta` in weeks).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParetoNbd {
    pub r: f64,
    pub alpha: f64,
    pub s: f64,
    pub beta: f64,
}

/// Posterior of a customer who has not left: he is a new customer with these parameters.
pub(super) struct Alive {
    shape: f64,
    rate: f64,
    s: f64,
    beta: f64,
}

/// A moment of leaving: weeks after the last purchase, ln((α+τ)/(α+t_x)), ln((β+τ)/(β+t_x)).
struct Left {
    elapsed: f64,
    log_alpha: f64,
    log_beta: f64,
}

impl ParetoNbd {
    pub(super) fn p_alive(&self, h: &History) -> f64 {
        1.0 / (1.0 + exp(self.log_dropout_odds(h.x, h.t_x, h.t)))
    }

    /// ln Γ(r+x)/Γ(r) + r ln α + s ln β − (r+x) ln(α+T) − s ln(β+T) − ln P(alive).
    pub(super) fn log_likelihood(&self, h: &History) -> f64 {
        let x = f64::from(h.x);
        let purchases = ln_gamma(self.r + x) - ln_gamma(self.r) - self.r * log1p(h.t / self.alpha) - x * log(self.alpha + h.t);
        let survival = -self.s * log1p(h.t / self.beta);
        purchases + survival + log_one_plus(self.log_dropout_odds(h.x, h.t_x, h.t))
    }

    /// ln of (1 − P(alive))/P(alive) = s ∫_(t_x)^T ((α+T)/(α+τ))^(r+x) ((β+T)/(β+τ))^s dτ/(β+τ).
    fn log_dropout_odds(&self, x: u32, t_x: f64, t: f64) -> f64 {
        let [integral] = self.integrals_over_dropout(x, t_x, t, |_| [1.0]);
        self.log_odds_of(x, t_x, t, integral)
    }

    /// The same with its derivatives by r, α, s, β: means over the moment τ of having left. No moment has passed for t = t_x.
    pub(super) fn log_dropout_odds_with_slope(&self, x: u32, t_x: f64, t: f64) -> (f64, [f64; 4]) {
        let (alpha, beta, shape) = (self.alpha, self.beta, self.r + f64::from(x));
        let [integral, log_alpha, log_beta, by_alpha, by_beta] = self.integrals_over_dropout(x, t_x, t, |left| {
            let tau = t_x + left.elapsed;
            [1.0, left.log_alpha, left.log_beta, 1.0 / (alpha + tau), 1.0 / (beta + tau)]
        });
        if integral == 0.0 {
            return (f64::NEG_INFINITY, [0.0; 4]);
        }
        let mean = |sum: f64| sum / integral;
        let by_r = log1p((t - t_x) / (alpha + t_x)) - mean(log_alpha);
        let by_s = 1.0 / self.s + log1p((t - t_x) / (beta + t_x)) - mean(log_beta);
        let slope_alpha = shape * (1.0 / (alpha + t) - mean(by_alpha));
        let slope_beta = self.s / (beta + t) - (self.s + 1.0) * mean(by_beta);
        (self.log_odds_of(x, t_x, t, integral), [by_r, slope_alpha, by_s, slope_beta])
    }

    fn log_odds_of(&self, x: u32, t_x: f64, t: f64, integral: f64) -> f64 {
        let silence = t - t_x;
        let rate = (self.r + f64::from(x)) * log1p(silence / (self.alpha + t_x));
        log(self.s) + rate + self.s * log1p(silence / (self.beta + t_x)) + log(integral)
    }

    /// ∫_(t_x)^T of what `of` says times ((α+t_x)/(α+τ))^(r+x) ((β+t_x)/(β+τ))^s dτ/(β+τ).
    fn integrals_over_dropout<const N: usize>(&self, x: u32, t_x: f64, t: f64, of: impl Fn(Left) -> [f64; N]) -> [f64; N] {
        debug_assert!(0.0 <= t_x && t_x <= t, "history out of order: t_x {t_x}, t {t}");
        let silence = t - t_x;
        let shape = self.r + f64::from(x);
        let (alpha, beta) = (self.alpha + t_x, self.beta + t_x);
        let counting = silence.min(negligible_after(shape, alpha, self.s, beta));
        // the nearer singularity goes to −∞ in u = ln(min(α, β)+τ), which is taken from its value at t_x
        let nearest = alpha.min(beta);
        let width = log1p(counting / nearest);
        integrate_all(0.0, width, panels(width), |u| {
            let elapsed = nearest * expm1(u);
            let left = Left { elapsed, log_alpha: log1p(elapsed / alpha), log_beta: log1p(elapsed / beta) };
            let weight = exp(-shape * left.log_alpha - self.s * left.log_beta) * (nearest + elapsed) / (beta + elapsed);
            of(left).map(|value| value * weight)
        })
    }

    /// E[Y(t)] = P(alive) (r+x)/(α+T) · (β+T)/(s−1) [1 − ((β+T)/(β+T+t))^(s−1)], at t = 1, 2 … N steps.
    pub(super) fn expected_path<const N: usize>(&self, h: &History, step_weeks: f64) -> [f64; N] {
        let now = self.purchase_rate(h);
        let alive = self.if_alive(h);
        std::array::from_fn(|i| now * alive.expected_lifetime_weeks((i + 1) as f64 * step_weeks))
    }

    /// P(alive) (r+x)/(α+T), per week.
    pub(super) fn purchase_rate(&self, h: &History) -> f64 {
        let alive = self.if_alive(h);
        self.p_alive(h) * alive.shape / alive.rate
    }

    pub(super) fn lapse_weeks(&self, x: u32, t_x: f64, threshold: f64) -> Option<f64> {
        let log_odds = log((1.0 - threshold) / threshold);
        let guess = (self.beta + t_x) / self.s;
        let silence = wait_until_zero(guess, |wait| self.log_dropout_odds(x, t_x, t_x + wait) - log_odds)?;
        Some(t_x + silence)
    }

    /// DERT = P(alive) (r+x)/(α+T) · (β+T) · U(1, 2−s, δ(β+T)). Fader, Hardie, Lee, "RFM and CLV", Journal of Marketing Research 42, 2005.
    pub(super) fn expected_residual(&self, h: &History, discount_weekly: f64) -> f64 {
        let beta = self.beta + h.t;
        self.purchase_rate(h) * beta * discounted_time(self.s, discount_weekly * beta)
    }

    pub(super) fn expected_lifetime_weeks(&self, h: &History, horizon_weeks: f64) -> f64 {
        self.p_alive(h) * self.if_alive(h).expected_lifetime_weeks(horizon_weeks)
    }

    pub(super) fn next_purchase_weeks(&self, h: &History) -> Option<f64> {
        let alive = self.if_alive(h);
        wait_until_zero(alive.rate / alive.shape, |wait| 0.5 - alive.probability_of(0, wait))
    }

    /// E[Y] has (1 + t/(β+T))^(−s) in it, which is singular at −(β+T), and falls like e^(−st/(β+T)).
    pub(super) fn path_shape(&self, t: f64) -> Shape {
        Shape { scale_weeks: (self.beta + t) / (1.0 + self.s), k: 1, certainty: self.r }
    }

    pub(super) fn if_alive(&self, h: &History) -> Alive {
        Alive { shape: self.r + f64::from(h.x), rate: self.alpha + h.t, s: self.s, beta: self.beta + h.t }
    }
}

impl Alive {
    /// ∫_0^t (β/(β+u))^s du.
    fn expected_lifetime_weeks(&self, horizon_weeks: f64) -> f64 {
        self.beta * integral_of_exp(1.0 - self.s, log1p(horizon_weeks / self.beta))
    }

    /// The chance of `count` purchases in time: by a customer who is still there, or who left at some moment on the way
    /// (Fader, Hardie, note 008, before the integral is carried out).
    pub fn probability_of(&self, count: u32, weeks: f64) -> f64 {
        if weeks == 0.0 {
            return if count == 0 { 1.0 } else { 0.0 };
        }
        let n = f64::from(count);
        let log_choices = ln_gamma(self.shape + n) - ln_gamma(self.shape) - ln_gamma(n + 1.0);
        let log_purchases = |t: f64| {
            let rising = if count == 0 { 0.0 } else { n * log(t / (self.rate + t)) };
            log_choices - self.shape * log1p(t / self.rate) + rising
        };
        let nearest = self.rate.min(self.beta);
        let (width, steepness) = if count == 0 {
            (log1p(weeks.min(negligible_after(self.shape, self.rate, self.s, self.beta)) / nearest), 0.0)
        } else {
            (log1p(weeks / nearest), n + self.shape + self.s)
        };
        let gone = integrate(0.0, width, panels(width * (1.0 + steepness / STEEPNESS)), |u| {
            let t = nearest * expm1(u);
            exp(log_purchases(t) - self.s * log1p(t / self.beta)) * (nearest + t) / (self.beta + t)
        });
        exp(log_purchases(weeks) - self.s * log1p(weeks / self.beta)) + self.s * gone
    }
}

/// Weeks after which (1 + τ/α)^(−shape) (1 + τ/β)^(−s) dτ/(β+τ) no longer counts. The measure may grow like α+τ, no faster.
fn negligible_after(shape: f64, alpha: f64, s: f64, beta: f64) -> f64 {
    let by_purchases = if shape > 1.0 { alpha * expm1(NEGLIGIBLE_LOG / (shape - 1.0)) } else { f64::INFINITY };
    by_purchases.min(beta * expm1(NEGLIGIBLE_LOG / s))
}

fn panels(width: f64) -> usize {
    (width / PANEL_MAX).ceil().clamp(1.0, PANELS_MAX) as usize
}
