//! The purchase model in use.
//!
//! Every question about the number of purchases is asked here, so that callers need not know which model was
//! chosen. Says nothing about money (`gamma_gamma`). Called by `forecast`, by `engine` for stages and deadlines, by fits and back-tests.

use super::discounting::discounted_within;
use super::evidence::Evidence;
use super::{BgNbd, Cnbd, History, MbgNbd, ModelKind, NEW_CUSTOMER, ParetoNbd};

/// The chosen purchase model with its parameters, checked by `Parameters::check`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PurchaseModel {
    BgNbd(BgNbd),
    MbgNbd(MbgNbd),
    ParetoNbd(ParetoNbd),
    BgCnbdK(Cnbd),
    MbgCnbdK(Cnbd),
}

/// The two ways to leave: by tossing a coin at purchases, or when a clock runs out.
enum Leaving<'a> {
    AtPurchases(Evidence),
    AnyTime(&'a ParetoNbd),
}

use Leaving::{AnyTime, AtPurchases};

impl PurchaseModel {
    pub fn kind(&self) -> ModelKind {
        match self {
            PurchaseModel::BgNbd(_) => ModelKind::BgNbd,
            PurchaseModel::MbgNbd(_) => ModelKind::MbgNbd,
            PurchaseModel::ParetoNbd(_) => ModelKind::ParetoNbd,
            PurchaseModel::BgCnbdK(_) => ModelKind::BgCnbdK,
            PurchaseModel::MbgCnbdK(_) => ModelKind::MbgCnbdK,
        }
    }

    /// The name as configuration and records spell it.
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }

    /// The continuous parameters by name, for checking, fitting and records, in the order of the fields.
    pub fn named_parameters(&self) -> [(&'static str, f64); 4] {
        match *self {
            PurchaseModel::BgNbd(BgNbd { r, alpha, a, b })
            | PurchaseModel::MbgNbd(MbgNbd { r, alpha, a, b })
            | PurchaseModel::BgCnbdK(Cnbd { r, alpha, a, b, .. })
            | PurchaseModel::MbgCnbdK(Cnbd { r, alpha, a, b, .. }) => [("r", r), ("alpha", alpha), ("a", a), ("b", b)],
            PurchaseModel::ParetoNbd(ParetoNbd { r, alpha, s, beta }) => [("r", r), ("alpha", alpha), ("s", s), ("beta", beta)],
        }
    }

    /// The number of stages by its name, of the models that choose one.
    pub fn named_stages(&self) -> Option<(&'static str, u32)> {
        self.kind().is_regular().then(|| ("k", self.regularity()))
    }

    /// Stages of a purchase: 1 except for the models of regular buying.
    pub fn regularity(&self) -> u32 {
        match self {
            PurchaseModel::BgCnbdK(model) | PurchaseModel::MbgCnbdK(model) => model.k,
            _ => 1,
        }
    }

    /// Probability that the customer has not left, 0 to 1; falls as the silence lasts.
    pub fn p_alive(&self, h: &History) -> f64 {
        match self.leaving(h.x) {
            AtPurchases(evidence) => evidence.p_alive(h),
            AnyTime(model) => model.p_alive(h),
        }
    }

    /// E[Y(t)]: repeat purchases expected in the `weeks` after now.
    pub fn expected_purchases(&self, h: &History, weeks: f64) -> f64 {
        let [purchases] = self.expected_path(h, weeks);
        purchases
    }

    /// E[Y(t)] for t = 1, 2 … N steps of `step_weeks`: all of them for little more than the price of the last.
    pub fn expected_path<const N: usize>(&self, h: &History, step_weeks: f64) -> [f64; N] {
        match self.leaving(h.x) {
            AtPurchases(evidence) => evidence.expected_path(h, step_weeks),
            AnyTime(model) => model.expected_path(h, step_weeks),
        }
    }

    /// E[X(t)]: repeat purchases expected in the `weeks` after a first purchase, of a customer not known otherwise.
    pub fn expected_purchases_of_new_customer(&self, weeks: f64) -> f64 {
        self.expected_purchases(&NEW_CUSTOMER, weeks)
    }

    /// Purchases expected in the `weeks` after now, each discounted by e^(−δu) for its wait u; δ = `discount_weekly` ≥ 0, which is
    /// ln(1+d)/52.18 for a discount of d a year.
    pub fn expected_discounted(&self, h: &History, weeks: f64, discount_weekly: f64) -> f64 {
        let shape = match self.leaving(h.x) {
            AtPurchases(evidence) => evidence.path_shape(h.t),
            AnyTime(model) => model.path_shape(h.t),
        };
        discounted_within(weeks, discount_weekly, &shape, |u| self.expected_purchases(h, u))
    }

    /// The same without an end: discounted expected residual transactions (DERT), δ ∫_0^∞ e^(−δt) E[Y(t)] dt. For δ = 0 that is all
    /// purchases to come, which may be infinitely many.
    pub fn expected_residual(&self, h: &History, discount_weekly: f64) -> f64 {
        debug_assert!(discount_weekly >= 0.0, "discount {discount_weekly}");
        match self.leaving(h.x) {
            AtPurchases(evidence) => evidence.p_alive(h) * evidence.if_alive(h).expected_residual(discount_weekly),
            AnyTime(model) => model.expected_residual(h, discount_weekly),
        }
    }

    /// Purchases a week expected at this moment, or, of a regular customer, in the long run if he stays: P(alive) (r+x)/(α+T) for k = 1.
    pub fn purchase_rate(&self, h: &History) -> f64 {
        match self.leaving(h.x) {
            AtPurchases(evidence) => evidence.p_alive(h) * evidence.if_alive(h).purchase_rate(),
            AnyTime(model) => model.purchase_rate(h),
        }
    }

    /// Median wait for the next purchase if he is still there: weeks from now by which it has come with a chance of one half.
    ///
    /// The median and not the mean, which is infinite for r + x ≤ 1, nor 1/rate, by which only a third of the one-time buyers have
    /// come. Says nothing about whether he is there: `p_alive` does. `None`: never, as when he is likelier to leave before, or not
    /// in twenty thousand years.
    pub fn next_purchase_weeks(&self, h: &History) -> Option<f64> {
        match self.leaving(h.x) {
            AtPurchases(evidence) => evidence.if_alive(h).next_purchase_weeks(),
            AnyTime(model) => model.next_purchase_weeks(h),
        }
    }

    /// Weeks the customer is expected to stay from now on, those beyond `horizon_weeks` not counted: ∫_0^H P(alive at now + u) du. Who
    /// leaves at a purchase stays until the last one he makes. Without a horizon the expectation is infinite for many a fit
    /// (s ≤ 1, a ≤ 1).
    pub fn expected_lifetime_weeks(&self, h: &History, horizon_weeks: f64) -> f64 {
        let [weeks] = self.expected_lifetimes_weeks(h, &[horizon_weeks]);
        weeks
    }

    /// The same for several ascending horizons, at hardly more than the cost of the longest.
    pub fn expected_lifetimes_weeks<const N: usize>(&self, h: &History, horizons_weeks: &[f64; N]) -> [f64; N] {
        match self.leaving(h.x) {
            AtPurchases(evidence) => {
                let p_alive = evidence.p_alive(h);
                evidence.if_alive(h).expected_lifetimes_weeks(horizons_weeks).map(|weeks| p_alive * weeks)
            }
            AnyTime(model) => horizons_weeks.map(|weeks| model.expected_lifetime_weeks(h, weeks)),
        }
    }

    /// P(Y(t) = count): the chance of exactly `count` purchases in the `weeks` after now.
    pub fn probability_of(&self, h: &History, count: u32, weeks: f64) -> f64 {
        let p_alive = self.p_alive(h);
        let if_alive = match self.leaving(h.x) {
            AtPurchases(evidence) => evidence.if_alive(h).probability_of(count, weeks),
            AnyTime(model) => model.if_alive(h).probability_of(count, weeks),
        };
        let gone = if count == 0 { 1.0 - p_alive } else { 0.0 };
        (gone + p_alive * if_alive).min(1.0)
    }

    /// P(X(t) = count) of a customer known only by his first purchase.
    pub fn probability_of_new_customer(&self, count: u32, weeks: f64) -> f64 {
        self.probability_of(&NEW_CUSTOMER, count, weeks)
    }

    /// Weeks since the first purchase at which P(alive) falls to `threshold` (above 0, below 1), if nothing is
    /// bought before; `t_x` if it is there already. `None`: never, as for a one-time buyer of BG/NBD, or not in
    /// twenty thousand years.
    ///
    /// At the returned moment P equals the threshold up to rounding, on either side of it: act on the deadline,
    /// do not ask again whether P is below.
    pub fn lapse_weeks(&self, x: u32, t_x: f64, threshold: f64) -> Option<f64> {
        assert!(0.0 < threshold && threshold < 1.0, "threshold {threshold} is no probability");
        match self.leaving(x) {
            AtPurchases(evidence) => evidence.lapse_weeks(t_x, threshold),
            AnyTime(model) => model.lapse_weeks(x, t_x, threshold),
        }
    }

    /// Log-likelihood of one history, time in weeks. `log_times` is the sum of ln(weeks between two purchases) over
    /// the x repeats (`LogTimes::value`), which only the models of regular buying look at; no other question needs it.
    pub fn log_likelihood(&self, h: &History, log_times: f64) -> f64 {
        match self.leaving(h.x) {
            AtPurchases(evidence) => evidence.log_likelihood(h, log_times),
            AnyTime(model) => model.log_likelihood(h),
        }
    }

    fn leaving(&self, x: u32) -> Leaving<'_> {
        match self {
            PurchaseModel::BgNbd(model) => AtPurchases(model.evidence(x)),
            PurchaseModel::MbgNbd(model) => AtPurchases(model.evidence(x)),
            PurchaseModel::BgCnbdK(model) => AtPurchases(model.evidence(x)),
            PurchaseModel::MbgCnbdK(model) => AtPurchases(model.modified_evidence(x)),
            PurchaseModel::ParetoNbd(model) => AnyTime(model),
        }
    }
}
