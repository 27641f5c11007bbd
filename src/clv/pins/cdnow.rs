//! The CDNOW sample as a whole: log-likelihoods, purchases by frequency and by week, as published for it (BTYD walkthrough, CLVTools).
//! What is read off the file is checked as well; the file is that of the back-tests.

use super::{CDNOW_BG, CDNOW_MBG, bg, mbg};
use crate::clv::{History, ParetoNbd, PurchaseModel};
use std::collections::BTreeMap;

const SAMPLE: &str = include_str!("../../../tests/data/CDNOW_sample.txt");
/// 1997-09-30, 39 weeks after the first day; the second 39 weeks follow. Days since 1997-01-01.
const CALIBRATION_DAYS: u32 = 272;
const WEEKS: f64 = 39.0;

fn pareto() -> PurchaseModel {
    PurchaseModel::ParetoNbd(ParetoNbd { r: 0.5531521, alpha: 10.5763346, s: 0.6062504, beta: 11.6714978 })
}

/// Days since 1997-01-01 of a date of 1997 or 1998, as in 19970118.
fn day(date: &str) -> u32 {
    const BEFORE_MONTH: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let number = |range: std::ops::Range<usize>| date[range].parse::<u32>().unwrap();
    365 * (number(0..4) - 1997) + BEFORE_MONTH[number(4..6) as usize - 1] + number(6..8) - 1
}

/// History at the end of the calibration, and the purchases after it.
fn customers() -> Vec<(History, u32)> {
    let mut days: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for line in SAMPLE.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        days.entry(fields[1]).or_default().push(day(fields[2]));
    }
    let summary = |mut days: Vec<u32>| {
        days.sort_unstable();
        days.dedup();
        let seen = days.partition_point(|&day| day <= CALIBRATION_DAYS);
        let weeks = |end: u32| f64::from(end - days[0]) / 7.0;
        let history = History { x: seen as u32 - 1, t_x: weeks(days[seen - 1]), t: weeks(CALIBRATION_DAYS) };
        (history, (days.len() - seen) as u32)
    };
    days.into_values().map(summary).collect()
}

#[test]
fn log_likelihoods_are_as_published() {
    let customers = customers();
    assert_eq!(customers.len(), 2357);
    let cases = [(bg(CDNOW_BG), -9582.429207), (mbg(CDNOW_MBG), -9582.135716), (pareto(), -9594.976179)];
    for (model, expected) in cases {
        let found: f64 = customers.iter().map(|(history, _)| model.log_likelihood(history, 0.0)).sum();
        assert!((found - expected).abs() < 1e-3, "{}: {found}", model.name());
    }
}

#[test]
fn purchases_of_the_second_39_weeks_are_as_published_for_every_frequency() {
    let actual = [0.237, 0.697, 1.393, 1.560, 2.532, 2.947, 3.862, 6.359];
    let by_pareto = [0.138, 0.600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403];
    let by_bg = [0.2250893, 0.5231364, 1.044126, 1.520256, 2.163824, 2.653789, 3.503957, 6.157036];
    let customers = customers();
    for (frequency, count) in (0..8).zip([1411, 439, 214, 100, 62, 38, 29, 64]) {
        let group: Vec<_> = customers.iter().filter(|(history, _)| history.x.min(7) == frequency).collect();
        assert_eq!(group.len(), count);
        let mean =
            |purchases: &dyn Fn(&(History, u32)) -> f64| group.iter().map(|customer| purchases(customer)).sum::<f64>() / count as f64;
        let bought = mean(&|customer| f64::from(customer.1));
        assert!((bought - actual[frequency as usize]).abs() <= 5.1e-4, "{frequency}: {bought}");
        for (model, expected, tolerance) in [(pareto(), by_pareto, 2e-3), (bg(CDNOW_BG), by_bg, 2e-3)] {
            let found = mean(&|customer| model.expected_purchases(&customer.0, WEEKS));
            assert!((found - expected[frequency as usize]).abs() <= tolerance, "{} {frequency}: {found}", model.name());
        }
    }
}

#[test]
fn expected_repeats_by_week_are_as_published() {
    let births: Vec<f64> = customers().iter().map(|(history, _)| f64::from(CALIBRATION_DAYS) / 7.0 - history.t).collect();
    let model = pareto();
    let until = |week: f64| -> f64 {
        births.iter().filter(|&&birth| birth < week).map(|birth| model.expected_purchases_of_new_customer(week - birth)).sum()
    };
    for (week, repeats) in (20..).zip([78.308, 76.419, 74.648, 72.983, 71.414, 69.933]) {
        let found = until(f64::from(week)) - until(f64::from(week - 1));
        assert!((found - repeats).abs() < 2e-3, "week {week}: {found}");
    }
}
