//! `fit --seasonal`: for each purchase model the factor that closed windows before the end of the data would have needed.
//!
//! What a factor is and which windows teach it is `clv::backtest`'s; here it is asked for, shown and put into the parameter file.
//! Nobody is given one without asking, since `backtest --seasonal` says for which shops it helps. Called by `fit` and its files.

use serde_json::json;
use toml::{Table, Value};

use super::Fit;
use crate::cli::backtest::fitted;
use crate::cli::{day, season};
use crate::clv::backtest::{Candidate, HISTORY_WEEKS_MIN, LearnedFactor, Window, learn_factor};
use crate::clv::{DAY_MS, ModelKind, PurchaseLog, Sample};

/// The longest forecast anybody needs a factor for: ten years.
pub const HORIZON_DAYS_MAX: i64 = 3650;
/// The shortest: a week, as of a hold-out.
pub const HORIZON_DAYS_MIN: i64 = 7;

pub struct Seasonal {
    horizon_days: u32,
    /// Of every model that was fitted; `None`: there was nothing to learn one from.
    factors: Vec<(ModelKind, Option<LearnedFactor>)>,
}

impl Seasonal {
    pub fn learn(log: &PurchaseLog, fit: &Fit, horizon_days: u32) -> Seasonal {
        let factor = |kind: ModelKind| {
            let candidate = Candidate { name: kind.name(), fit: &|samples: &[Sample]| fitted(kind, samples) };
            learn_factor(log, fit.data.end_ms, i64::from(horizon_days) * DAY_MS, &candidate)
        };
        Seasonal { horizon_days, factors: fit.purchases.iter().map(|(kind, _)| (*kind, factor(*kind))).collect() }
    }

    fn learned(&self) -> impl Iterator<Item = (&'static str, &LearnedFactor)> {
        self.factors.iter().filter_map(|(kind, factor)| Some((kind.name(), factor.as_ref()?)))
    }

    /// `[seasonal]` of the parameter file; empty if nothing was learned.
    pub fn table(&self) -> Table {
        let table = |factor: &LearnedFactor| {
            Table::from_iter([
                ("factor".to_owned(), Value::Float(factor.factor)),
                ("horizon_days".to_owned(), Value::Integer(self.horizon_days.into())),
                ("windows".to_owned(), Value::String(factor.kind.as_str().to_owned())),
            ])
        };
        self.learned().map(|(name, factor)| (name.to_owned(), Value::Table(table(factor)))).collect()
    }

    /// The windows by model, for people.
    pub fn provenance(&self) -> Table {
        let window = |window: &Window| {
            Value::Table(Table::from_iter([
                ("after".to_owned(), Value::String(day(window.from_ms))),
                ("to".to_owned(), Value::String(day(window.to_ms))),
                ("expected".to_owned(), Value::Float(window.expected)),
                ("actual".to_owned(), Value::Float(window.actual)),
            ]))
        };
        self.learned().map(|(name, factor)| (name.to_owned(), Value::Array(factor.windows.iter().map(window).collect()))).collect()
    }

    /// Lines behind the table of the fits.
    pub fn lines(&self) -> String {
        let of_window = |window: &Window| {
            format!("{} to {}: {:.1} expected, {} bought", day(window.from_ms), day(window.to_ms), window.expected, window.actual)
        };
        let line = |(kind, factor): &(ModelKind, Option<LearnedFactor>)| match factor {
            Some(LearnedFactor { kind: windows, factor, windows: list }) => {
                let all: Vec<String> = list.iter().map(of_window).collect();
                format!(
                    "{:<12} {factor:.4} from {} closed windows {} ({})\n",
                    kind.name(),
                    list.len(),
                    season::origin(*windows),
                    all.join("; ")
                )
            }
            None => format!("{:<12} none: no closed window as long, with {HISTORY_WEEKS_MIN} weeks of history before it\n", kind.name()),
        };
        let lines: String = self.factors.iter().map(line).collect();
        format!("\nseasonal factor for the next {} days\n{lines}", self.horizon_days)
    }

    pub fn value(&self) -> serde_json::Value {
        let window = |window: &Window| json!({ "after": day(window.from_ms), "to": day(window.to_ms), "expected": window.expected, "actual": window.actual });
        let factor = |factor: &LearnedFactor| {
            json!({
                "factor": factor.factor,
                "windows_are": factor.kind.as_str(),
                "windows": factor.windows.iter().map(window).collect::<Vec<_>>(),
            })
        };
        let models =
            self.factors.iter().map(|(kind, found)| (kind.name().to_owned(), found.as_ref().map_or(serde_json::Value::Null, factor)));
        json!({ "horizon_days": self.horizon_days, "models": models.collect::<serde_json::Map<_, _>>() })
    }
}
