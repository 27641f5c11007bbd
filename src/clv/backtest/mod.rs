//! Back-test: had the models been asked at an earlier date, how right would they have been, and would a rule of thumb
//! have done better?
//!
//! `split` cuts the purchases in two by date; models are fitted to the first part and asked about the second, beside
//! the `baseline`s. `accuracy` measures who is right in total, per customer and in rank; `frequency`, `weekly`, `alive`
//! and `equity` show where they are not; `season` learns a factor from earlier closed windows and shows whether it
//! helps, and alone for `fit` to put one into force; `verdict` names the winner. `run` puts all of it into one `Report`.
//!
//! The model is chosen by its likelihood on the first part alone: choosing by the second would be fitting to it.
//! Customers won after the split are nobody's to forecast and are left out. Called by the command line, which brings the fitting.

mod accuracy;
mod alive;
mod baseline;
mod equity;
mod frequency;
mod run;
mod season;
mod split;
#[cfg(test)]
mod tests;
mod verdict;
mod weekly;

pub use accuracy::{Accuracy, spearman};
pub use alive::{ALIVE_BINS, AliveBin};
pub use baseline::Baseline;
pub use equity::EquityPoint;
pub use frequency::{FREQUENCY_CLASSES, FrequencyClass};
pub use run::{Backtest, Candidate, ForecastReport, ModelReport, Report, SpendFit};
pub use season::{HISTORY_WEEKS_MIN, LearnedFactor, SeasonReport, SeasonTrial, Window, WindowKind, learn_factor};
pub use split::{BacktestError, Split};
pub use verdict::{Measure, Verdict};
pub use weekly::{HOLD_OUT_WEEKS_MAX, Week};
