//! A factor for what the purchase models do not know of: season and trend.
//!
//! All of them take a customer's rate for constant, so a forecast made after a Christmas peak promises another one.
//! The factor is actual over expected purchases in earlier windows that were closed at the split, each forecast by a
//! model fitted to what was known at its beginning. Windows of the same season are 52, 104 … weeks earlier; where the
//! history is too short for one, the windows just before the split stand in, which correct a constant error and a
//! trend but no season. Whether the factor helps is tried on the hold-out and on each window that has older ones.
//!
//! It learns nothing from the hold-out. Called by `run`, and by the command line for a factor to be put into force.

use super::accuracy::{Accuracy, Pair, relative};
use super::run::Candidate;
use super::split::{Case, Split, cases};
use crate::clv::{PurchaseLog, WEEK_MS};

/// History that a window's forecast must have, or its fit says more of chance than of the season.
pub const HISTORY_WEEKS_MIN: i64 = 26;
const YEAR_MS: i64 = 52 * WEEK_MS;
/// Older seasons are of another shop.
const WINDOWS_MAX: usize = 5;

/// Which windows the factor comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowKind {
    SameSeason,
    Preceding,
}

impl WindowKind {
    pub const ALL: [WindowKind; 2] = [WindowKind::SameSeason, WindowKind::Preceding];

    /// As records spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            WindowKind::SameSeason => "same_season",
            WindowKind::Preceding => "preceding",
        }
    }
}

/// A window as long as the hold-out, `(from_ms, to_ms]`, and its forecast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    pub from_ms: i64,
    pub to_ms: i64,
    pub expected: f64,
    pub actual: f64,
}

/// A factor, and what it was learned from.
#[derive(Clone, Debug, PartialEq)]
pub struct LearnedFactor {
    pub kind: WindowKind,
    /// Multiplies expected purchases and spend.
    pub factor: f64,
    /// The latest first.
    pub windows: Vec<Window>,
}

/// The factor for the `length_ms` after `end_ms`, of windows that were closed by then. `None` if there is none with enough history, or none
/// the model could be fitted before.
pub fn learn_factor(log: &PurchaseLog, end_ms: i64, length_ms: i64, candidate: &Candidate<'_>) -> Option<LearnedFactor> {
    let split = Split { calibration_end_ms: end_ms, hold_out_end_ms: end_ms + length_ms };
    let (kind, spans) = window_spans(log, &split);
    let windows: Vec<Window> = spans.into_iter().filter_map(|span| window(log, &span, candidate)).collect();
    let factor = factor(&windows)?;
    Some(LearnedFactor { kind, factor, windows })
}

/// The factor of older windows, tried on one it had not seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeasonTrial {
    pub from_ms: i64,
    pub to_ms: i64,
    pub factor: f64,
    /// Total bias without and with the factor.
    pub bias: f64,
    pub adjusted_bias: f64,
}

impl SeasonTrial {
    pub fn has_helped(&self) -> bool {
        self.adjusted_bias.abs() < self.bias.abs()
    }
}

/// The factor of one model, and whether it helps.
#[derive(Clone, Debug, PartialEq)]
pub struct SeasonReport {
    pub kind: WindowKind,
    /// Multiplies expected purchases and spend.
    pub factor: f64,
    /// What it was learned from, the latest first.
    pub windows: Vec<Window>,
    /// The hold-out first, then earlier windows. Windows in which nothing was bought cannot be judged.
    pub trials: Vec<SeasonTrial>,
    /// The hold-out forecast with the factor.
    pub adjusted: Accuracy,
}

impl SeasonReport {
    /// Whether the factor has brought the hold-out's total nearer.
    pub fn has_helped(&self, split: &Split) -> bool {
        self.trials.iter().any(|trial| trial.from_ms == split.calibration_end_ms && trial.has_helped())
    }
}

/// `None` where `learn_factor` learns none. `purchases` and `spend`: the hold-out's `(expected, actual)` pairs without the factor.
pub(super) fn season(
    log: &PurchaseLog,
    split: &Split,
    candidate: &Candidate<'_>,
    purchases: &[Pair],
    spend: &[Pair],
) -> Option<SeasonReport> {
    let length_ms = split.hold_out_end_ms - split.calibration_end_ms;
    let LearnedFactor { kind, factor, windows } = learn_factor(log, split.calibration_end_ms, length_ms, candidate)?;
    let scaled = |pairs: &[Pair]| -> Vec<Pair> { pairs.iter().map(|pair| (pair.0 * factor, pair.1)).collect() };
    let adjusted = Accuracy::of(&scaled(purchases), &scaled(spend));
    let hold_out = Window {
        from_ms: split.calibration_end_ms,
        to_ms: split.hold_out_end_ms,
        expected: adjusted.expected / factor,
        actual: adjusted.actual,
    };
    let trials = std::iter::once(&hold_out).chain(&windows).filter_map(|tried| trial(tried, &windows)).collect();
    Some(SeasonReport { kind, factor, windows, trials, adjusted })
}

/// Closed windows before the split, the latest first.
fn window_spans(log: &PurchaseLog, split: &Split) -> (WindowKind, Vec<Split>) {
    let length_ms = split.hold_out_end_ms - split.calibration_end_ms;
    let earliest_ms = log.span_ms().0 + HISTORY_WEEKS_MIN * WEEK_MS;
    let spans = |step_ms: i64| -> Vec<Split> {
        (1..)
            .map(|steps| split.calibration_end_ms - steps * step_ms)
            .take_while(|&from_ms| from_ms >= earliest_ms)
            .map(|from_ms| Split { calibration_end_ms: from_ms, hold_out_end_ms: from_ms + length_ms })
            .filter(|span| span.hold_out_end_ms <= split.calibration_end_ms)
            .take(WINDOWS_MAX)
            .collect()
    };
    let same_season = spans(YEAR_MS);
    if same_season.is_empty() { (WindowKind::Preceding, spans(length_ms)) } else { (WindowKind::SameSeason, same_season) }
}

/// `None` if the model cannot be fitted to what was known then, or expects nothing.
fn window(log: &PurchaseLog, span: &Split, candidate: &Candidate<'_>) -> Option<Window> {
    let cases = cases(log, span);
    let samples: Vec<_> = cases.iter().map(|case| case.sample).collect();
    let model = (candidate.fit)(&samples).ok()?;
    let expected = |case: &Case| model.expected_purchases(&case.sample.history, span.horizon_weeks());
    let expected: f64 = cases.iter().map(expected).sum();
    let actual = cases.iter().map(|case| f64::from(case.hold_out)).sum();
    let window = Window { from_ms: span.calibration_end_ms, to_ms: span.hold_out_end_ms, expected, actual };
    (expected > 0.0).then_some(window)
}

/// All windows together, so that a large one counts for more.
fn factor(windows: &[Window]) -> Option<f64> {
    let expected: f64 = windows.iter().map(|window| window.expected).sum();
    let actual: f64 = windows.iter().map(|window| window.actual).sum();
    (expected > 0.0 && actual > 0.0).then(|| actual / expected)
}

/// `tried` with the factor of the windows that were closed when it began.
fn trial(tried: &Window, windows: &[Window]) -> Option<SeasonTrial> {
    let older: Vec<Window> = windows.iter().filter(|window| window.to_ms <= tried.from_ms).copied().collect();
    let factor = factor(&older)?;
    Some(SeasonTrial {
        from_ms: tried.from_ms,
        to_ms: tried.to_ms,
        factor,
        bias: relative(tried.expected, tried.actual)?,
        adjusted_bias: relative(tried.expected * factor, tried.actual)?,
    })
}
