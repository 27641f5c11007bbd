//! Made purchases that keep the back-test honest: with a season which the factor must repair, of customers who pause
//! and come back, whom the plain rate foretells better than all models, and of regular ones.

use super::super::WindowKind;
use super::*;
use crate::clv::{ModelKind, fit_purchases};

fn fitted(kind: ModelKind, samples: &[Sample]) -> Result<PurchaseModel, String> {
    fit_purchases(kind, samples).map(|fitted| fitted.model).map_err(|error| error.to_string())
}

const CANDIDATES: [Candidate<'static>; 2] = [
    Candidate { name: "bg_nbd", fit: &|samples: &[Sample]| fitted(ModelKind::BgNbd, samples) },
    Candidate { name: "mbg_nbd", fit: &|samples: &[Sample]| fitted(ModelKind::MbgNbd, samples) },
];

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): a few lines, and the same numbers on every machine.
struct Random(u64);

impl Random {
    /// From 0 to 1, never either.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64 + f64::EPSILON / 4.0
    }

    fn exponential(&mut self) -> f64 {
        -self.unit().ln()
    }
}

const YEAR_WEEKS: f64 = 52.0;
/// Weeks of made data: the season can be learned twice before the split.
const DATA_WEEKS: f64 = 4.0 * YEAR_WEEKS;
/// Purchases are this many times as frequent in the last quarter of each year, and as rare in the first.
const PEAK: f64 = 1.5;

fn intensity(week: f64) -> f64 {
    match (week % YEAR_WEEKS) as u32 {
        0..13 => 1.0 / PEAK,
        39.. => PEAK,
        _ => 1.0,
    }
}

/// Customers of a BG/NBD shop (rate ~ gamma(1, 6 weeks), chance to leave ~ beta(1, 12)) whose rate follows the season.
fn seasonal_log(seed: u64) -> PurchaseLog {
    let mut random = Random(seed);
    let mut rows = Vec::new();
    for customer in 0..4_000 {
        let mut week = random.unit() * (DATA_WEEKS - YEAR_WEEKS);
        let rate = random.exponential() / 6.0;
        let leaves = 1.0 - random.unit().powf(1.0 / 12.0);
        while week < DATA_WEEKS {
            rows.push((format!("customer-{customer}"), (week * WEEK_MS as f64) as i64, 1_000));
            if random.unit() < leaves {
                break;
            }
            // thinning (Lewis, Shedler 1979): candidates at the peak's rate, kept in proportion to the season
            loop {
                week += random.exponential() / (rate * PEAK);
                if week >= DATA_WEEKS || random.unit() * PEAK < intensity(week) {
                    break;
                }
            }
        }
    }
    log_of(rows.iter().map(|(customer, at_ms, spend)| (customer.as_str(), *at_ms, *spend)))
}

/// Customers who buy like clockwork, each at his own pace.
fn regular_log(seed: u64) -> PurchaseLog {
    let mut random = Random(seed);
    let mut rows = Vec::new();
    for customer in 0..500 {
        let gap = 2.0 + 12.0 * random.unit();
        let mut week = random.unit() * 20.0;
        while week < 150.0 {
            rows.push((format!("customer-{customer}"), (week * WEEK_MS as f64) as i64, 1_000));
            week += gap;
        }
    }
    log_of(rows.iter().map(|(customer, at_ms, spend)| (customer.as_str(), *at_ms, *spend)))
}

/// Customers who buy some times in a row, pause for half a year, and always come back: silence says nothing, to which all models listen.
fn pausing_log(seed: u64) -> PurchaseLog {
    let mut random = Random(seed);
    let mut rows = Vec::new();
    for customer in 0..300 {
        let in_a_row = 2 << (random.unit() * 4.0) as u32;
        let mut week = random.unit() * 30.0;
        while week < 210.0 {
            for _ in 0..in_a_row {
                rows.push((format!("customer-{customer}"), (week * WEEK_MS as f64) as i64, 1_000));
                week += 0.3 + 0.4 * random.unit();
            }
            week += 24.0 + 4.0 * random.unit();
        }
    }
    log_of(rows.iter().map(|(customer, at_ms, spend)| (customer.as_str(), *at_ms, *spend)))
}

/// The split follows the peak of the third year; the first quarter of the fourth is held out.
#[test]
fn the_factor_repairs_a_planted_season() {
    for seed in [1, 2, 3] {
        let log = seasonal_log(seed);
        let end_ms = (3.0 * YEAR_WEEKS * WEEK_MS as f64) as i64;
        let split = Split { calibration_end_ms: end_ms, hold_out_end_ms: end_ms + 13 * WEEK_MS };
        let report = run(&log, &split, &CANDIDATES, true).unwrap();
        for (name, model) in report.models() {
            let season = model.season.as_ref().unwrap();
            assert_eq!((season.kind, season.windows.len()), (WindowKind::SameSeason, 2));
            let hold_out = season.trials[0];
            println!(
                "seed {seed}, {name}: bias {:+.3} without, {:+.3} with the factor {:.3}",
                hold_out.bias, hold_out.adjusted_bias, season.factor
            );
            assert!(hold_out.bias > 0.5, "seed {seed}: the model does not know of the season: {hold_out:?}");
            assert!(hold_out.adjusted_bias.abs() < 0.15, "seed {seed}: the factor does not repair it: {hold_out:?}");
            assert!(season.has_helped(&split));
            assert!(season.trials.iter().all(|trial| trial.has_helped()), "seed {seed}: {:?}", season.trials);
            assert!((season.adjusted.bias().unwrap() - hold_out.adjusted_bias).abs() < 1e-12);
        }
    }
}

#[test]
fn the_factor_learns_nothing_from_the_hold_out() {
    let log = seasonal_log(4);
    let end_ms = (3.0 * YEAR_WEEKS * WEEK_MS as f64) as i64;
    let factors = [4, 13].map(|weeks| {
        let split = Split { calibration_end_ms: end_ms, hold_out_end_ms: end_ms + weeks * WEEK_MS };
        let report = run(&log, &split, &CANDIDATES[..1], true).unwrap();
        let season = report.forecasts[0].model.as_ref().unwrap().season.clone().unwrap();
        assert!(season.windows.iter().all(|window| window.to_ms <= end_ms && window.from_ms < window.to_ms));
        season.factor
    });
    assert!(factors.iter().all(|factor| (0.3..0.9).contains(factor)), "{factors:?}");
}

#[test]
fn where_a_rule_of_thumb_is_better_the_verdict_says_so_of_all_models() {
    let names = ModelKind::ALL.map(ModelKind::name);
    let fits = ModelKind::ALL.map(|kind| move |samples: &[Sample]| fitted(kind, samples));
    let candidates: Vec<Candidate<'_>> = names.iter().zip(&fits).map(|(name, fit)| Candidate { name, fit }).collect();
    for seed in [1, 2] {
        let log = pausing_log(seed);
        let split = Split { calibration_end_ms: 150 * WEEK_MS, hold_out_end_ms: 202 * WEEK_MS };
        let report = run(&log, &split, &candidates, false).unwrap();
        let rmse: Vec<_> = report.forecasts.iter().map(|forecast| (forecast.name.as_str(), forecast.accuracy.rmse)).collect();
        println!("seed {seed}: {rmse:?}");
        assert!(report.verdict.is_baseline_better(), "seed {seed}: {rmse:?}");
        assert_eq!(report.forecasts[report.verdict.winner].name, "rate_x_time", "seed {seed}: {rmse:?}");
        assert!(report.verdict.rmse_against_baseline > 0.5, "seed {seed}: {rmse:?}");
        assert!(rmse[..names.len()].iter().all(|(_, model)| *model > rmse[names.len()].1), "seed {seed}: {rmse:?}");
        assert!(report.models().all(|(_, model)| model.season.is_none()), "not asked for");
    }
}

#[test]
fn without_a_year_of_history_preceding_windows_stand_in() {
    let log = regular_log(5);
    let split = Split { calibration_end_ms: 70 * WEEK_MS, hold_out_end_ms: 83 * WEEK_MS };
    let report = run(&log, &split, &CANDIDATES[..1], true).unwrap();
    let season = report.forecasts[0].model.as_ref().unwrap().season.clone().unwrap();
    assert_eq!(season.kind, WindowKind::Preceding);
    let weeks: Vec<_> = season.windows.iter().map(|window| (window.from_ms / WEEK_MS, window.to_ms / WEEK_MS)).collect();
    assert_eq!(weeks, [(57, 70), (44, 57), (31, 44)]);
    assert_eq!(season.trials.len(), 3, "the hold-out, and each window that has an older one");
}
