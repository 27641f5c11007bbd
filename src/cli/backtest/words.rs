//! What a back-test means, in sentences, and its numbers as people read them.
//!
//! Called by `table`, `json` and `page`, so that all say the same.

use crate::cli::day;
use crate::clv::PurchaseModel;
use crate::clv::backtest::{Accuracy, ForecastReport, HISTORY_WEEKS_MIN, Report, SeasonReport, WindowKind};

/// A report and what is to be said about its data.
pub struct Subject<'a> {
    pub report: &'a Report,
    /// Names of the files.
    pub source: String,
    /// First and last purchase.
    pub span_ms: (i64, i64),
    /// Code of the currency, or nothing.
    pub currency: String,
    /// What counts as one purchase: day, week, month.
    pub period: &'static str,
    pub asked_for_season: bool,
    pub judges_adjusted: bool,
}

impl Subject<'_> {
    pub fn chosen(&self) -> &ForecastReport {
        &self.report.forecasts[self.report.verdict.chosen]
    }

    pub fn best_baseline(&self) -> &ForecastReport {
        &self.report.forecasts[self.report.verdict.best_baseline]
    }

    /// Who is right, and by how much.
    pub fn verdict(&self) -> String {
        let (model, rule) = (&self.chosen().name, &self.best_baseline().name);
        let margin = self.report.verdict.rmse_against_baseline;
        let factor = if self.judges_adjusted { " with its seasonal factor" } else { "" };
        if !self.report.verdict.is_baseline_better() {
            return format!(
                "{model}{factor} beats the best rule of thumb, {rule}: its errors per customer are {} smaller",
                percent(-margin)
            );
        }
        if margin == 0.0 {
            return format!("the rule of thumb {rule} is as good as {model}{factor}, and simpler");
        }
        format!("the rule of thumb {rule} beats {model}{factor}, whose errors per customer are {} larger", percent(margin))
    }

    /// How the model was chosen.
    pub fn choice(&self) -> String {
        let name = &self.chosen().name;
        let models = self.report.models().count();
        if models == 1 {
            return format!("{name} is the only model tried");
        }
        format!("{name} has the largest likelihood on the calibration part of {models} models; the hold-out has no say in the choice")
    }

    pub fn split(&self) -> String {
        let split = &self.report.split;
        format!(
            "calibration to {}, hold-out of {} to {}",
            day(split.calibration_end_ms),
            weeks(split.horizon_weeks()),
            day(split.hold_out_end_ms)
        )
    }

    pub fn spend_source(&self) -> &'static str {
        if self.report.spend.is_some() { "gamma_gamma" } else { "own_mean" }
    }

    /// What became of the seasonal factor of each model; empty if it was not asked for.
    pub fn seasons(&self) -> Vec<String> {
        if !self.asked_for_season {
            return Vec::new();
        }
        let models = self.report.models();
        models
            .map(|(name, model)| format!("{name}: {}", model.season.as_ref().map_or_else(no_season, |season| self.season(season))))
            .collect()
    }

    fn season(&self, season: &SeasonReport) -> String {
        let kind = match season.kind {
            WindowKind::SameSeason => "of the same season",
            WindowKind::Preceding => "just before the split, of other seasons",
        };
        let windows = season.windows.len();
        let helped = season.trials.iter().filter(|trial| trial.has_helped()).count();
        let effect = if season.has_helped(&self.report.split) { "it helps" } else { "it does not help" };
        let tried = season.trials.len();
        let before = season.trials.first().map(|trial| trial.bias);
        format!(
            "factor {:.3} from {windows} {} {kind}; bias of the hold-out {} without, {} with: {effect} (nearer in {helped} of {tried} {} it had not seen)",
            season.factor,
            if windows == 1 { "window" } else { "windows" },
            signed_percent(before),
            signed_percent(season.adjusted.bias()),
            if tried == 1 { "window" } else { "windows" },
        )
    }
}

fn no_season() -> String {
    format!(
        "no factor: the data before the split hold no closed window as long as the hold-out with {HISTORY_WEEKS_MIN} weeks of history before it"
    )
}

/// The adjusted forecast of a report, if there is one.
pub fn adjusted(forecast: &ForecastReport) -> Option<&Accuracy> {
    Some(&forecast.model.as_ref()?.season.as_ref()?.adjusted)
}

/// How right a forecast was, as all tables have it: purchases, bias, MAE, RMSE, rank correlation, spend, its bias.
pub fn measures(accuracy: &Accuracy) -> [String; 7] {
    [
        grouped(accuracy.expected),
        signed_percent(accuracy.bias()),
        format!("{:.3}", accuracy.mae),
        format!("{:.3}", accuracy.rmse),
        correlation(accuracy.rank_correlation),
        grouped(accuracy.expected_spend),
        signed_percent(accuracy.spend_bias()),
    ]
}

/// The frequency classes by name: the last one holds all that buy more often.
pub fn class_names(report: &Report) -> impl Iterator<Item = String> {
    let last = report.classes.len().saturating_sub(1);
    report.classes.iter().enumerate().map(move |(place, class)| format!("{}{}", class.repeats, if place == last { "+" } else { "" }))
}

/// A model's parameters by name, time in weeks; `k` of the models of regular buying.
pub fn parameters(model: &PurchaseModel) -> Vec<(&'static str, f64)> {
    let stages = model.named_stages().map(|(name, k)| (name, f64::from(k)));
    model.named_parameters().into_iter().chain(stages).collect()
}

pub fn weeks(weeks: f64) -> String {
    if weeks.fract().abs() < 1e-9 { format!("{weeks:.0} weeks") } else { format!("{weeks:.1} weeks") }
}

/// `12.3 %`
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// `+12.3 %`, or a dash.
pub fn signed_percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:+.1} %", share * 100.0).replace('-', "−"))
}

/// `0.612`, or a dash.
pub fn correlation(rho: Option<f64>) -> String {
    rho.map_or_else(|| "–".to_owned(), |rho| format!("{rho:.3}").replace('-', "−"))
}

/// Whole numbers in groups of three: `12,345`.
pub fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if number <= -0.5 { format!("−{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        let cases = [(0.0, "0"), (999.4, "999"), (1_000.0, "1,000"), (1_234_567.0, "1,234,567"), (-12_345.0, "−12,345"), (-0.2, "0")];
        for (number, text) in cases {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(
            (signed_percent(Some(-0.0851)), signed_percent(Some(0.5)), signed_percent(None)),
            ("−8.5 %".into(), "+50.0 %".into(), "–".into())
        );
        assert_eq!((weeks(39.0), weeks(12.5)), ("39 weeks".into(), "12.5 weeks".into()));
        assert_eq!(day(875_577_600_000), "1997-09-30");
    }
}
