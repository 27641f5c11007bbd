//! BG/BB: buying with discrete occasions, each of which a customer takes or lets pass (a yearly gift, a concert season). He takes it with
//! a beta-distributed chance, and is gone before each with another. Fader, Hardie, Shang, "Customer-Base Analysis in a Discrete-Time
//! Noncontractual Setting", Marketing Science 29(6), 2010.
//!
//! The occasion before which he left is summed over with a scale of its own, so that nothing overflows. Parameters must have passed `check`, which
//! the caller asks. Called by fits and back-tests.

use super::gamma::{ln_beta, ln_gamma, log_one_plus};
use super::parameters::{ParameterError, check_shape};
use super::periods::{expected_periods, expected_periods_without_end};
use libm::{exp, log};

/// No one waits longer: occasions looked ahead for a lapse or a next purchase.
const OCCASIONS_MAX: u32 = 10_000;

/// Sums of odds beyond this are kept as parts of it: far from overflow even after the steepest step checked parameters can make.
const SCALE: f64 = 1e200;

/// Chance to buy at an occasion while there ~ beta(`alpha`, `beta`); to leave before each occasion ~ beta(`gamma`, `delta`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BgBb {
    pub alpha: f64,
    pub beta: f64,
    pub gamma: f64,
    pub delta: f64,
}

/// What BG/BB knows of a customer. The occasion of his first purchase is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occasions {
    /// Occasions taken.
    pub x: u32,
    /// Number of the last one taken; 0 if none, at least `x`.
    pub t_x: u32,
    /// Occasions so far, at least `t_x`.
    pub n: u32,
}

/// Σ_(i=t_x)^(n−1) B(α+x, β+i−x) B(γ+1, δ+i) / B(α+x, β+n−x) B(γ, δ+n): left after occasion i, against never. The terms follow from each
/// other, backwards from n − 1, and grow.
struct DropoutOdds<'a> {
    model: &'a BgBb,
    x: u32,
    n: u32,
    /// Of the last term added.
    i: u32,
    /// It and the sum, times e^−`log_scale`.
    term: f64,
    sum: f64,
    log_scale: f64,
}

/// Posterior of a customer who was there at the last occasion: he is a new customer with these parameters.
struct There {
    a: f64,
    b: f64,
    gamma: f64,
    delta: f64,
}

impl BgBb {
    /// The first parameter that is out of bounds.
    pub fn check(&self) -> Result<(), ParameterError> {
        self.named_parameters().into_iter().try_for_each(|(name, value)| check_shape(format!("bg_bb.{name}"), value))
    }

    pub fn named_parameters(&self) -> [(&'static str, f64); 4] {
        [("alpha", self.alpha), ("beta", self.beta), ("gamma", self.gamma), ("delta", self.delta)]
    }

    /// ln of B(α+x, β+n−x) B(γ, δ+n) / B(α, β) B(γ, δ), which is his having been there to the last, and of 1 + the odds of anything else.
    pub fn log_likelihood(&self, h: &Occasions) -> f64 {
        self.log_there(h.x, h.n) + log_one_plus(self.log_dropout_odds(h))
    }

    /// The same of customers who took `x` of `n` occasions and differ in the last one, `t_x` falling, each with how many they are: summed. What
    /// they share is computed once.
    pub(super) fn log_likelihood_of_alike(&self, x: u32, n: u32, alike: impl Iterator<Item = (u32, f64)>) -> f64 {
        let log_there = self.log_there(x, n);
        let mut odds = DropoutOdds::new(self, x, n);
        alike.map(|(t_x, count)| count * (log_there + log_one_plus(odds.log_down_to(t_x)))).sum()
    }

    /// ln of the probability of these purchases and of having been there to the last.
    fn log_there(&self, x: u32, n: u32) -> f64 {
        let (x, n) = (f64::from(x), f64::from(n));
        let bought = ln_beta(self.alpha + x, self.beta + n - x) - ln_beta(self.alpha, self.beta);
        bought + ln_beta(self.gamma, self.delta + n) - ln_beta(self.gamma, self.delta)
    }

    /// Probability to be there at the next occasion, n + 1; falls with n.
    pub fn p_alive(&self, h: &Occasions) -> f64 {
        let stays = (self.delta + f64::from(h.n)) / (self.gamma + self.delta + f64::from(h.n));
        self.p_there(h) * stays
    }

    /// E[Y(n, n+m)]: purchases expected at the next `occasions`.
    pub fn expected_purchases(&self, h: &Occasions, occasions: u32) -> f64 {
        self.expected_discounted(h, occasions, 0.0)
    }

    /// E[X(m)]: purchases expected at the `occasions` after a first purchase, of a customer not known otherwise.
    pub fn expected_purchases_of_new_customer(&self, occasions: u32) -> f64 {
        self.expected_purchases(&Occasions { x: 0, t_x: 0, n: 0 }, occasions)
    }

    /// Purchases expected at the next `occasions`, the i-th divided by (1+d)^i; d = `discount` per occasion, 0 or more.
    pub fn expected_discounted(&self, h: &Occasions, occasions: u32, discount: f64) -> f64 {
        let there = self.if_there(h);
        self.p_there(h) * there.chance_to_buy() * expected_periods(there.gamma, there.delta, occasions, discount)
    }

    /// The same without an end: DERT. Infinite for d = 0 unless γ > 1.
    pub fn expected_residual(&self, h: &Occasions, discount: f64) -> f64 {
        let there = self.if_there(h);
        self.p_there(h) * there.chance_to_buy() * expected_periods_without_end(there.gamma, there.delta, discount)
    }

    /// Purchases expected at the next occasion.
    pub fn purchase_rate(&self, h: &Occasions) -> f64 {
        self.p_alive(h) * self.if_there(h).chance_to_buy()
    }

    /// Of the next `occasions`, those for which he is expected to be there.
    pub fn expected_lifetime_occasions(&self, h: &Occasions, occasions: u32) -> f64 {
        let there = self.if_there(h);
        self.p_there(h) * expected_periods(there.gamma, there.delta, occasions, 0.0)
    }

    /// P(Y(n, n+m) = count): the chance of exactly `count` purchases at the next `occasions`.
    pub fn probability_of(&self, h: &Occasions, count: u32, occasions: u32) -> f64 {
        let p_there = self.p_there(h);
        let gone = if count == 0 { 1.0 - p_there } else { 0.0 };
        (gone + p_there * self.if_there(h).probability_of(count, occasions)).min(1.0)
    }

    /// Occasions from now by which the next purchase of one who was there at the last has come with a chance of one half or more. `None`:
    /// he is likelier to leave before, or they are more than ten thousand.
    pub fn next_purchase_occasions(&self, h: &Occasions) -> Option<u32> {
        let there = self.if_there(h);
        let (mut none_yet, mut stays, mut bought) = (1.0, 1.0, 0.0);
        for occasion in 0..OCCASIONS_MAX {
            let i = f64::from(occasion);
            stays *= (there.delta + i) / (there.gamma + there.delta + i);
            bought += stays * none_yet * there.a / (there.a + there.b + i);
            none_yet *= (there.b + i) / (there.a + there.b + i);
            if bought >= 0.5 {
                return Some(occasion + 1);
            }
        }
        None
    }

    /// The first n, not before `t_x`, at which P(alive) is at `threshold` (above 0, below 1) or below if he takes no occasion more.
    /// `None`: not within ten thousand.
    pub fn lapse_occasions(&self, x: u32, t_x: u32, threshold: f64) -> Option<u32> {
        assert!(0.0 < threshold && threshold < 1.0, "threshold {threshold} is no probability");
        let lapsed = |n: u32| self.p_alive(&Occasions { x, t_x, n }) <= threshold;
        let (mut low, mut high) = (t_x, t_x.checked_add(OCCASIONS_MAX)?);
        if !lapsed(high) {
            return None;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if lapsed(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Some(low)
    }

    /// Probability to have been there at occasion n.
    fn p_there(&self, h: &Occasions) -> f64 {
        1.0 / (1.0 + exp(self.log_dropout_odds(h)))
    }

    /// ln of the odds of having left against having been there to the last.
    fn log_dropout_odds(&self, h: &Occasions) -> f64 {
        DropoutOdds::new(self, h.x, h.n).log_down_to(h.t_x)
    }

    fn if_there(&self, h: &Occasions) -> There {
        let (x, n) = (f64::from(h.x), f64::from(h.n));
        There { a: self.alpha + x, b: self.beta + n - x, gamma: self.gamma, delta: self.delta + n }
    }
}

impl<'a> DropoutOdds<'a> {
    /// Before the first term.
    fn new(model: &'a BgBb, x: u32, n: u32) -> DropoutOdds<'a> {
        DropoutOdds { model, x, n, i: n, term: model.gamma, sum: 0.0, log_scale: 0.0 }
    }

    /// ln of the sum down to i = `t_x`, which is not above the one of the call before.
    fn log_down_to(&mut self, t_x: u32) -> f64 {
        debug_assert!(self.x <= t_x && t_x <= self.i, "history out of order: x {}, t_x {t_x}, n {}", self.x, self.n);
        let BgBb { alpha, beta, gamma, delta } = *self.model;
        let bought = alpha + f64::from(self.x);
        while self.i > t_x {
            self.i -= 1;
            let passed = beta + f64::from(self.i - self.x);
            let stayed = delta + f64::from(self.i);
            let further = if self.i + 1 == self.n { 1.0 } else { gamma + stayed + 1.0 };
            self.term *= (bought + passed) / passed * (further / stayed);
            self.sum += self.term;
            if self.sum > SCALE {
                self.term /= SCALE;
                self.sum /= SCALE;
                self.log_scale += log(SCALE);
            }
        }
        log(self.sum) + self.log_scale
    }
}

impl There {
    fn chance_to_buy(&self) -> f64 {
        self.a / (self.a + self.b)
    }

    /// Sum over the occasions he stays for, the equation before (7) of the paper.
    fn probability_of(&self, count: u32, occasions: u32) -> f64 {
        let y = f64::from(count);
        let mut sum = 0.0;
        for stays in count..=occasions {
            let i = f64::from(stays);
            let log_choices = ln_gamma(i + 1.0) - ln_gamma(y + 1.0) - ln_gamma(i - y + 1.0);
            let bought = log_choices + ln_beta(self.a + y, self.b + i - y) - ln_beta(self.a, self.b);
            let last = if stays == occasions { ln_beta(self.gamma, self.delta + i) } else { ln_beta(self.gamma + 1.0, self.delta + i) };
            sum += exp(bought + last - ln_beta(self.gamma, self.delta));
        }
        sum
    }
}
