//! The purchase model in use.
//!
//! Every question about the number of purchases is asked here, so that callers need not know which model was
//! chosen. Says nothing about money (`gamma_gamma`). Called by `forecast`, by `engine` for stages and deadlines, by fits and back-tests.

use super::evidence::Evidence;
use super::{BgNbd, History, MbgNbd};

/// The chosen purchase model with its parameters, checked by `Parameters::check`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PurchaseModel {
    BgNbd(BgNbd),
    MbgNbd(MbgNbd),
}

impl PurchaseModel {
    /// The name as configuration and records spell it.
    pub fn name(&self) -> &'static str {
        match self {
            PurchaseModel::BgNbd(_) => "bg_nbd",
            PurchaseModel::MbgNbd(_) => "mbg_nbd",
        }
    }

    /// Probability that the customer has not left, 0 to 1; falls as the silence lasts.
    pub fn p_alive(&self, h: &History) -> f64 {
        self.evidence(h.x).p_alive(h.t_x, h.t)
    }

    /// E[Y(t)]: repeat purchases expected in the `weeks` after now.
    pub fn expected_purchases(&self, h: &History, weeks: f64) -> f64 {
        let [purchases] = self.expected_path(h, weeks);
        purchases
    }

    /// E[Y(t)] for t = 1, 2 … N steps of `step_weeks`: all of them for little more than the price of the last.
    pub fn expected_path<const N: usize>(&self, h: &History, step_weeks: f64) -> [f64; N] {
        let evidence = self.evidence(h.x);
        let p_alive = evidence.p_alive(h.t_x, h.t);
        evidence.if_alive(h.t).expected_path(step_weeks).map(|purchases| p_alive * purchases)
    }

    /// E[X(t)]: repeat purchases expected in the `weeks` after a first purchase, of a customer not known otherwise.
    pub fn expected_purchases_of_new_customer(&self, weeks: f64) -> f64 {
        self.expected_purchases(&History { x: 0, t_x: 0.0, t: 0.0 }, weeks)
    }

    /// Weeks since the first purchase at which P(alive) falls to `threshold` (above 0, below 1), if nothing is
    /// bought before; `t_x` if it is there already. `None`: never, as for a one-time buyer of BG/NBD.
    ///
    /// At the returned moment P equals the threshold up to rounding, on either side of it: act on the deadline,
    /// do not ask again whether P is below.
    pub fn lapse_weeks(&self, x: u32, t_x: f64, threshold: f64) -> Option<f64> {
        self.evidence(x).lapse_weeks(t_x, threshold)
    }

    /// Log-likelihood of one history, time in weeks. `_log_times` is the sum of ln(weeks between two purchases) over
    /// the x repeats (`LogTimes::value`), which only the models of regular buying look at; no other question needs it.
    pub fn log_likelihood(&self, h: &History, _log_times: f64) -> f64 {
        self.evidence(h.x).log_likelihood(h.t_x, h.t)
    }

    /// The continuous parameters by name, for checking, fitting and records, in the order of the fields.
    pub fn named_parameters(&self) -> [(&'static str, f64); 4] {
        let (PurchaseModel::BgNbd(BgNbd { r, alpha, a, b }) | PurchaseModel::MbgNbd(MbgNbd { r, alpha, a, b })) = *self;
        [("r", r), ("alpha", alpha), ("a", a), ("b", b)]
    }

    fn evidence(&self, x: u32) -> Evidence {
        match self {
            PurchaseModel::BgNbd(model) => model.evidence(x),
            PurchaseModel::MbgNbd(model) => model.evidence(x),
        }
    }
}
