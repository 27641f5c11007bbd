//! Figures the formulas must give: published ones, and values computed with mpmath (30 digits or more, in the papers'
//! own form of 2F1). A pin is compared to as many digits as its source has. Here BG/NBD, MBG/NBD and Gamma-Gamma; the other models and
//! what all share have files of their own.

mod cdnow;
mod discrete;
mod pareto_nbd;
mod regular;
mod residual;
mod simulated;

use super::alive::Alive;
use super::forecast::discounted;
use super::mixture;
use super::{BgNbd, GammaGamma, History, MbgNbd, PurchaseModel};

/// CDNOW sample, 2357 customers, calibrated to 1997-09-30 (CLVTools, tests/testthat).
const CDNOW_BG: [f64; 4] = [0.2425945, 4.4136019, 0.7929199, 2.4258881];
const CDNOW_MBG: [f64; 4] = [0.5248, 6.1833, 0.8909, 1.6141];
/// CDNOW, 946 repeat buyers (CLVTools).
const CDNOW_SPEND: GammaGamma = GammaGamma { p: 6.25, q: 3.74, v: 15.44 };

const T_X_2: f64 = 213.0 / 7.0; // 30.428571428571429
const T_X_1: f64 = 12.0 / 7.0; // 1.714285714285714
const T_X_26: f64 = 216.0 / 7.0; // 30.857142857142857
const T_END: f64 = 272.0 / 7.0; // 38.857142857142857

fn bg([r, alpha, a, b]: [f64; 4]) -> PurchaseModel {
    PurchaseModel::BgNbd(BgNbd { r, alpha, a, b })
}

fn mbg([r, alpha, a, b]: [f64; 4]) -> PurchaseModel {
    PurchaseModel::MbgNbd(MbgNbd { r, alpha, a, b })
}

#[track_caller]
fn assert_close(found: f64, expected: f64, relative: f64) {
    let error = (found - expected).abs() / expected.abs();
    assert!(error <= relative, "found {found}, expected {expected}, relative error {error:e}");
}

#[test]
fn p_alive_and_expected_purchases_match_the_high_precision_oracle() {
    #[rustfmt::skip]
    let cases = [
        // (model, t, (x, t_x, T), P(alive), E[Y(t)]): the CDNOW customers
        (bg(CDNOW_BG), 39.0, (0, 0.0, T_END), 1.0, 0.194793541808708),
        (bg(CDNOW_BG), 39.0, (2, T_X_2, T_END), 0.726619759804811, 1.22599332431969),
        (bg(CDNOW_BG), 39.0, (1, T_X_1, T_END), 0.212390207048285, 0.203417986920501),
        (bg(CDNOW_BG), 52.0, (26, T_X_26, 31.0), 0.968854501413712, 25.7573578304385),
        (bg(CDNOW_BG), 52.0, (10, 20.0, 39.0), 0.0381235361688941, 0.347484253404332),
        (bg(CDNOW_BG), 52.0, (25, 20.0, 39.0), 1.63041066776456e-5, 0.000358394739480898),
        (bg(CDNOW_BG), 10.0, (500, 200.0, 201.0), 0.982158883731006, 23.4715240904409),
        (mbg(CDNOW_MBG), 52.0, (0, 0.0, 0.0), 0.64435129740519, 1.41941964219621),
        (mbg(CDNOW_MBG), 520.0, (0, 0.0, 0.0), 0.64435129740519, 4.41425845659364),
        (mbg(CDNOW_MBG), 39.0, (2, T_X_2, T_END), 0.706253482373114, 1.2630519360099),
        (mbg(CDNOW_MBG), 39.0, (1, T_X_1, T_END), 0.171044957023577, 0.189057329053879),
        (mbg(CDNOW_MBG), 52.0, (26, T_X_26, 31.0), 0.96550196720806, 24.0030765839039),
        (mbg(CDNOW_MBG), 10.0, (500, 200.0, 201.0), 0.980384988619495, 23.1923101365584),
        (mbg(CDNOW_MBG), 52.0, (1_000_000, 5000.0, 5001.0), 2.02850173088379e-81, 2.09693447057102e-77),
        // a = 1, where the papers' form is 0/0, and beside it
        (bg([0.2425945, 4.4136019, 1.0, 2.4258881]), 39.0, (2, 30.0, 38.0), 0.681922265331, 1.12640627301931),
        (mbg([0.5248, 6.1833, 1.0, 1.6141]), 52.0, (3, 20.0, 25.0), 0.713638113173677, 2.81975383022453),
        (mbg([0.5248, 6.1833, 1.000_000_1, 1.6141]), 52.0, (3, 20.0, 25.0), 0.713638092737802, 2.81975365813814),
        (mbg([0.5248, 6.1833, 0.99999, 1.6141]), 52.0, (3, 20.0, 25.0), 0.713640156767095, 2.81977103894629),
        // a + b below 1, and 1, where 2F1 has a pole
        (bg([0.3, 5.0, 0.2, 0.5]), 52.0, (0, 0.0, 10.0), 1.0, 0.774418172208834),
        (bg([0.3, 5.0, 0.4, 0.6]), 52.0, (0, 0.0, 10.0), 1.0, 0.669906497571095),
        // z next to 1
        (bg([0.3, 0.01, 0.7, 1.9]), 52.0, (0, 0.0, 0.0), 1.0, 27.1388303092246),
        (mbg([0.3, 0.01, 0.7, 1.9]), 5218.0, (1, 0.5, 1.0), 0.630206390434002, 61.1120548343559),
        // r far above and below a + b, coefficients of changing sign, a fit that ran along a ridge
        (mbg([20.0, 30.0, 0.5, 1.2]), 52.0, (0, 0.0, 8.0), 0.0207893322413189, 0.239169198144103),
        (mbg([20.0, 3.0, 0.5, 1.2]), 52.0, (2, 3.0, 8.0), 1.03481785793264e-5, 0.000347474469771923),
        (mbg([0.001, 8.0, 0.9, 500.0]), 52.0, (0, 0.0, 4.0), 0.998202506814701, 0.00430890198308377),
        (bg([8.0, 40.0, 3.0, 2.0]), 52.0, (1, 4.0, 9.0), 0.201951615579868, 0.452954361024601),
        (bg([0.5, 8.0, 7.25, 1.5]), 52.0, (3, 20.0, 22.0), 0.274937601338221, 0.425675395351108),
        (mbg([0.6, 8.0, 60.0, 900.0]), 52.0, (2, 10.0, 14.0), 0.899214413112239, 4.33786738844064),
    ];
    for (model, weeks, (x, t_x, t), p_alive, purchases) in cases {
        println!("{model:?} x {x} t_x {t_x} T {t}");
        let history = History { x, t_x, t };
        assert_close(model.p_alive(&history), p_alive, 1e-12);
        assert_close(model.expected_purchases(&history, weeks), purchases, 1e-12);
    }
}

#[test]
fn series_and_integral_agree() {
    let customers = [
        Alive { shape: 0.5248, rate: 1.0, a: 0.8909, b: 2.6141 },
        Alive { shape: 30.5, rate: 1.0, a: 0.8, b: 32.4 },
        Alive { shape: 1e6, rate: 1.0, a: 0.8909, b: 1e6 },
        Alive { shape: 5.0, rate: 1.0, a: 2.0, b: 1.5 },
        Alive { shape: 2.0, rate: 1.0, a: 49.0, b: 0.5 },
        Alive { shape: 0.3, rate: 1.0, a: 0.4, b: 0.6 },
    ];
    for customer in &customers {
        for horizon in [1e-6, 0.01, 0.3, 1.0, 9.0, 100.0, 400.0] {
            let [series] = customer.by_series(&[horizon]);
            let [integral] = mixture::expected_purchases(customer, &[horizon]);
            assert_close(series, integral, 1e-11);
        }
    }
}

#[test]
fn the_path_is_the_single_values() {
    let history = History { x: 2, t_x: T_X_2, t: T_END };
    for model in [bg(CDNOW_BG), mbg(CDNOW_MBG), mbg([0.5, 0.02, 0.9, 1.6])] {
        let path: [f64; 12] = model.expected_path(&history, 4.345);
        for (step, &purchases) in (1..).zip(&path) {
            let weeks = f64::from(step) * 4.345;
            assert_close(model.expected_purchases(&history, weeks), purchases, 1e-13);
        }
        assert_eq!(model.expected_path::<0>(&history, 4.345), [0.0f64; 0]);
        assert_eq!(model.expected_purchases(&history, 0.0), 0.0);
    }
}

#[test]
fn lapse_times_match() {
    let cases = [
        (bg(CDNOW_BG), (2, T_X_2), 0.5, 62.498076818),
        (bg(CDNOW_BG), (2, T_X_2), 0.2, 119.742410250),
        (bg(CDNOW_BG), (1, T_X_1), 0.5, 10.657304542),
        (bg(CDNOW_BG), (1, T_X_1), 0.2, 41.575809169),
        (bg(CDNOW_BG), (26, T_X_26), 0.5, 35.956247696),
        (bg(CDNOW_BG), (26, T_X_26), 0.2, 38.146163210),
        (mbg(CDNOW_MBG), (0, 0.0), 0.5, 13.004692404),
        (mbg(CDNOW_MBG), (0, 0.0), 0.2, 263.123617606),
    ];
    for (model, (x, t_x), threshold, weeks) in cases {
        let found = model.lapse_weeks(x, t_x, threshold).expect("invariant: every pinned history lapses");
        assert_close(found, weeks, 1e-10);
    }
}

#[test]
fn a_one_time_buyer_of_bg_nbd_never_lapses() {
    assert_eq!(bg(CDNOW_BG).lapse_weeks(0, 0.0, 0.5), None);
    assert_eq!(bg(CDNOW_BG).p_alive(&History { x: 0, t_x: 0.0, t: 5218.0 }), 1.0);
}

#[test]
fn who_is_below_the_threshold_at_his_last_purchase_has_lapsed_then() {
    assert_eq!(mbg(CDNOW_MBG).lapse_weeks(0, 0.0, 0.65), Some(0.0));
    assert_eq!(mbg([0.5, 6.0, 8.0, 1.0]).lapse_weeks(2, 7.25, 0.5), Some(7.25));
}

#[test]
fn published_figures_of_bg_nbd_are_met() {
    // BTYD walkthrough; its last digits are its optimiser's
    let btyd = bg([0.2425982, 4.4136842, 0.7929899, 2.4261667]);
    let customer_1516 = History { x: 26, t_x: T_X_26, t: 31.0 };
    assert_close(btyd.p_alive(&customer_1516), 0.9688523, 1e-5);
    assert_close(btyd.expected_purchases(&customer_1516, 52.0), 25.75659, 1e-5);
    assert_close(btyd.expected_purchases_of_new_customer(52.0), 1.444004, 1e-6);
    let by_frequency = [(10, 0.3474606), (15, 0.04283391), (20, 0.004158973), (25, 0.0003583685)];
    for (x, purchases) in by_frequency {
        let history = History { x, t_x: 20.0, t: 39.0 };
        assert_close(btyd.expected_purchases(&history, 52.0), purchases, 1e-5);
    }
    // lifetimes, tests/test_estimation: as many digits as printed
    let history = History { x: 2, t_x: 30.43, t: 38.86 };
    assert_close(bg(CDNOW_BG).expected_purchases(&history, 39.0), 1.226, 5e-4);
    let new_customer = [
        (0.1429, 0.0078),
        (1.0, 0.0532),
        (3.0, 0.1506),
        (31.8571, 1.0405),
        (32.0, 1.0437),
        (78.0, 1.8576), // 1.857956 with mpmath: the source is rougher here than it prints
    ];
    for (weeks, purchases) in new_customer {
        let found = bg(CDNOW_BG).expected_purchases_of_new_customer(weeks);
        assert!((found - purchases).abs() < 5e-4, "{weeks} weeks: {found}");
    }
    assert_close(bg(CDNOW_BG).expected_purchases_of_new_customer(78.0), 1.857956009118079, 1e-12);
}

#[test]
fn log_likelihoods_match() {
    // pymc-marketing, tests; further digits computed with mpmath
    let parameters = [0.25, 4.0, 0.8, 2.5];
    let cases = [
        (bg(parameters), (0, 0.0), -0.599473818199593),
        (bg(parameters), (200, 38.0), 100.795693092706),
        (mbg(parameters), (0, 0.0), -0.417928262044980),
        (mbg(parameters), (200, 38.0), 100.786909760991),
    ];
    for (model, (x, t_x), expected) in cases {
        assert_close(model.log_likelihood(&History { x, t_x, t: 40.0 }, 0.0), expected, 1e-12);
    }
}

#[test]
fn mean_spend_and_discounted_value_match() {
    let model = bg(CDNOW_BG);
    let cases = [((2, T_X_2), 22.35, 24.663714, 36.288356), ((1, T_X_1), 11.77, 18.916852, 4.642594), ((0, 0.0), 0.0, 35.218978, 8.356008)];
    for ((x, t_x), mean, spend, value) in cases {
        let history = History { x, t_x, t: T_END };
        let path: [f64; 12] = model.expected_path(&history, 4.345);
        let found = CDNOW_SPEND.mean_spend(x, mean);
        assert!((found - spend).abs() <= 5.1e-7, "{found}");
        let found = found * discounted(&path, 0.01);
        assert!((found - value).abs() <= 5.1e-7, "{found}");
    }
}

#[test]
fn mean_spend_of_the_first_cdnow_customers_matches() {
    // lifetimes, tests/test_estimation, to the 0.1 it allows itself
    let cases = [(2, 22.35, 24.65), (1, 11.77, 18.91), (0, 0.0, 35.17), (7, 73.74, 71.46), (2, 25.55, 27.28)];
    for (x, mean, spend) in cases {
        assert!((CDNOW_SPEND.mean_spend(x, mean) - spend).abs() < 0.1);
    }
}
