//! Calibration by frequency: customers grouped by their repeat purchases so far, and what each group then bought.
//!
//! The plot that shows a model which is right in total for the wrong reasons. Called by `run`.

use super::split::Case;

/// 0 to 6 repeats, and 7 or more.
pub const FREQUENCY_CLASSES: usize = 8;

/// One group.
#[derive(Clone, Debug, PartialEq)]
pub struct FrequencyClass {
    /// Repeat purchases in the calibration; the last class has all from here on.
    pub repeats: u32,
    pub customers: usize,
    /// Mean purchases in the hold-out; 0 without customers.
    pub actual: f64,
    /// Mean by each forecast, in the order of the report.
    pub expected: Vec<f64>,
}

/// `forecasts`: by forecast, by customer.
pub(super) fn frequency_classes(cases: &[Case], forecasts: &[Vec<f64>]) -> Vec<FrequencyClass> {
    let class = |case: &Case| (case.sample.history.x as usize).min(FREQUENCY_CLASSES - 1);
    (0..FREQUENCY_CLASSES)
        .map(|repeats| {
            let members: Vec<usize> = (0..cases.len()).filter(|&place| class(&cases[place]) == repeats).collect();
            let mean = |value: &dyn Fn(usize) -> f64| {
                let sum: f64 = members.iter().map(|&place| value(place)).sum();
                if members.is_empty() { 0.0 } else { sum / members.len() as f64 }
            };
            FrequencyClass {
                repeats: repeats as u32,
                customers: members.len(),
                actual: mean(&|place| f64::from(cases[place].hold_out)),
                expected: forecasts.iter().map(|forecast| mean(&|place| forecast[place])).collect(),
            }
        })
        .collect()
}
