//! Data there is nothing to test with: each says what is missing.

use super::*;

fn bg(_: &[Sample]) -> Result<PurchaseModel, String> {
    Ok(PurchaseModel::BgNbd(BgNbd { r: 0.24, alpha: 4.4, a: 0.8, b: 2.4 }))
}

const CANDIDATE: Candidate<'static> = Candidate { name: "bg_nbd", fit: &bg };

fn split(calibration_days: i64, hold_out_days: i64) -> Split {
    Split { calibration_end_ms: calibration_days * DAY_MS, hold_out_end_ms: (calibration_days + hold_out_days) * DAY_MS }
}

#[test]
fn a_split_that_leaves_nothing_to_compare_is_refused_in_words() {
    let log = log_of([("a", 0, 1), ("a", 50 * DAY_MS, 1), ("b", 0, 1), ("b", 100 * DAY_MS, 1)]);
    let cases = [
        (split(-1, 30), "the calibration ends before the first purchase"),
        (split(100, 30), "the calibration ends when the data do: nothing is held out"),
        (split(500, 30), "the calibration ends when the data do: nothing is held out"),
        (split(60, 50), "the horizon ends after the last purchase: the hold-out would look as if customers had stopped buying"),
        (split(60, 6), "the hold-out is shorter than a week"),
        (split(60, -60), "the hold-out is shorter than a week"),
    ];
    for (split, message) in cases {
        let error = run(&log, &split, &[CANDIDATE], false).unwrap_err();
        assert_eq!(error.to_string(), message, "{split:?}");
    }
    assert!(run(&log, &split(60, 40), &[CANDIDATE], false).is_ok());
}

#[test]
fn one_customer_and_one_time_buyers_are_refused_in_words() {
    let one = log_of([("a", 0, 1), ("a", 10 * DAY_MS, 1), ("a", 90 * DAY_MS, 1), ("b", 95 * DAY_MS, 1)]);
    let error = run(&one, &split(50, 30), &[CANDIDATE], false).unwrap_err();
    assert_eq!(error.to_string(), "too few customers bought by the end of the calibration: 1, where 2 are the least");
    let once = log_of([("a", 0, 1), ("b", 10 * DAY_MS, 1), ("c", 20 * DAY_MS, 1), ("a", 90 * DAY_MS, 1)]);
    let error = run(&once, &split(50, 30), &[CANDIDATE], false).unwrap_err();
    assert_eq!(error.to_string(), "no customer bought a second time by the end of the calibration: there is nothing to fit a model to");
}

#[test]
fn a_model_that_cannot_be_fitted_is_named_with_its_reason() {
    let log = log_of([("a", 0, 1), ("a", 10 * DAY_MS, 1), ("b", 5 * DAY_MS, 1), ("a", 90 * DAY_MS, 1)]);
    let failing = Candidate { name: "mbg_nbd", fit: &|_: &[Sample]| Err("too few".to_owned()) };
    let report = run(&log, &split(50, 30), &[failing, CANDIDATE], false).unwrap();
    assert_eq!(report.failures, [("mbg_nbd".to_owned(), "too few".to_owned())]);
    assert_eq!(report.forecasts.len(), 3);
    let failing = Candidate { name: "mbg_nbd", fit: &|_: &[Sample]| Err("too few".to_owned()) };
    let error = run(&log, &split(50, 30), &[failing], false).unwrap_err();
    assert_eq!(error.to_string(), "no model could be fitted: mbg_nbd: too few");
}

#[test]
fn a_hold_out_without_purchases_has_a_report_without_shares() {
    let log = log_of([("a", 0, 1), ("a", 10 * DAY_MS, 1), ("b", 5 * DAY_MS, 1), ("c", 90 * DAY_MS, 1)]);
    let report = run(&log, &split(50, 30), &[CANDIDATE], true).unwrap();
    assert_eq!((report.customers, report.hold_out_purchases), (2, 0));
    let accuracy = &report.forecasts[0].accuracy;
    assert_eq!((accuracy.bias(), accuracy.spend_bias(), accuracy.rank_correlation), (None, None, None));
    assert!(accuracy.rmse > 0.0);
    assert_eq!(report.weeks.len(), 8 + 4);
}
