//! BG/CNBD-k and MBG/CNBD-k: published figures, and expectations by two independent ways.
//! The sum over counts and the integral over rates share no line of code beyond the survival of purchases.

use super::{CDNOW_BG, CDNOW_MBG, T_END, T_X_2, T_X_26, assert_close, bg, mbg};
use crate::clv::alive::Alive;
use crate::clv::discounting::{Shape, discounted_within};
use crate::clv::regular_by_rate::{lost_weeks, purchases};
use crate::clv::stages::Stages;
use crate::clv::{Cnbd, History, PurchaseModel, REGULARITY_MAX};

fn regular([r, alpha, a, b]: [f64; 4], k: u32) -> [PurchaseModel; 2] {
    let model = Cnbd { r, alpha, a, b, k };
    [PurchaseModel::BgCnbdK(model), PurchaseModel::MbgCnbdK(model)]
}

#[test]
fn published_figures_are_met() {
    // BTYDplus, src/slice-sampling.cpp
    let [plain, modified] = regular([0.5, 2.0, 0.3, 0.6], 3);
    for (x, log_likelihood) in [(3, -10.42500), (4, -12.22396)] {
        let found = plain.log_likelihood(&History { x, t_x: 12.0, t: 14.0 }, 3.0);
        assert!((found - log_likelihood).abs() <= 5.1e-6, "{found}");
    }
    for (model, chance) in [(plain, 0.05669), (modified, 0.04548)] {
        let found = model.probability_of_new_customer(2, 10.0);
        assert!((found - chance).abs() <= 5.1e-6, "{found}");
    }
}

#[test]
fn answers_match_the_high_precision_oracle() {
    #[rustfmt::skip]
    let cases = [
        // (model, (x, t_x, T), [P(alive), E[Y(4)], E[Y(52)], weeks to stay of 52])
        (regular([0.5, 2.0, 0.3, 0.6], 3)[0], (3, 12.0, 14.0), [0.878512514673137, 0.728179006901469, 7.61839750496244, 35.3095049638841]),
        (regular([0.5, 2.0, 0.3, 0.6], 3)[1], (3, 12.0, 14.0), [0.909194674299016, 0.756360646606249, 8.19604776681479, 37.9886103399068]),
        (regular(CDNOW_MBG, 2)[1], (0, 0.0, 0.0), [0.64435129740519, 0.0507513268518064, 0.831811909750472, 28.6859134931492]),
        (regular(CDNOW_MBG, 2)[1], (2, 30.428571428571427, 38.857142857142854), [0.74579373186673, 0.161904732039284, 1.72948600336042, 31.7723104426682]),
        (regular(CDNOW_BG, 2)[0], (26, 30.857142857142858, 31.0), [0.971351440463008, 2.63139230400093, 25.8553678290142, 35.1703866827532]),
        (regular([2.0, 4.0, 1.0, 3.0], 6)[1], (5, 20.0, 22.5), [0.874241866571841, 0.802244254483164, 6.64258247247672, 29.5237781428728]),
        (regular([0.4, 3.0, 0.8, 2.4], 12)[0], (0, 0.0, 20.0), [1.0, 0.0213122266121766, 0.293346585135181, 50.2071734422528]),
        (regular([1.3, 0.8, 2.2, 6.0], 4)[1], (30, 100.0, 110.0), [0.048039002120184, 0.0669937064182934, 0.505614702095373, 1.72624444839332]),
    ];
    for (model, (x, t_x, t), [p_alive, month, year, lifetime]) in cases {
        println!("{model:?} x {x} t_x {t_x} T {t}");
        let history = History { x, t_x, t };
        assert_close(model.p_alive(&history), p_alive, 1e-13);
        assert_close(model.expected_purchases(&history, 4.0), month, 1e-12);
        assert_close(model.expected_purchases(&history, 52.0), year, 1e-12);
        assert_close(model.expected_lifetime_weeks(&history, 52.0), lifetime, 1e-11);
    }
}

#[test]
fn one_stage_is_buying_at_random() {
    let histories = [(0, 0.0, 0.0), (0, 0.0, T_END), (2, T_X_2, T_END), (26, T_X_26, 31.0)];
    for (x, t_x, t) in histories {
        let history = History { x, t_x, t };
        for (random, regular) in [bg(CDNOW_BG), mbg(CDNOW_MBG)].into_iter().zip([regular(CDNOW_BG, 1)[0], regular(CDNOW_MBG, 1)[1]]) {
            assert_eq!(random.p_alive(&history), regular.p_alive(&history));
            assert_eq!(random.expected_purchases(&history, 52.0), regular.expected_purchases(&history, 52.0));
            assert_eq!(random.log_likelihood(&history, 0.0), regular.log_likelihood(&history, 7.0));
            assert_eq!(random.lapse_weeks(x, t_x, 0.5), regular.lapse_weeks(x, t_x, 0.5));
            assert_eq!(random.next_purchase_weeks(&history), regular.next_purchase_weeks(&history));
        }
    }
}

#[test]
fn purchases_are_the_same_summed_and_by_rate() {
    for k in 1..=REGULARITY_MAX {
        for (shape, rate, a, b, share) in [(0.4, 3.0, 0.8, 2.4, 0.6), (40.0, 20.0, 1.0, 5.0, 0.05), (3.0, 9.0, 12.0, 2.0, 0.99)] {
            let customer = Stages::new(Alive { shape, rate, a, b }, k, share);
            for weeks in [0.5, 30.0, 500.0] {
                let summed = customer.by_sum(weeks).expect("invariant: a short sum");
                let by_rate = customer.mean_over_rates(|rate, stage| purchases(&customer, rate * weeks, stage));
                assert_close(by_rate, summed, 1e-11);
            }
            // what is left without an end is what is left until nothing counts any more
            let residual = customer.expected_residual(0.1);
            let shape = Shape { scale_weeks: rate / (1.0 + shape), k, certainty: shape };
            let within = discounted_within(450.0, 0.1, &shape, |weeks| customer.expected_path::<1>(weeks)[0]);
            assert_close(within, residual, 1e-11);
        }
    }
}

#[test]
fn time_to_stay_joins_where_the_stages_become_many() {
    for k in [2, 5, 12] {
        let customer = Stages::new(Alive { shape: 1.0, rate: 1.0, a: 0.7, b: 1.9 }, k, 0.3);
        for passed in 0..k {
            let [few, many] = [319.999_999, 320.000_001].map(|weeks| weeks - lost_weeks(&customer, 1.0, passed, weeks));
            assert_close(many, few, 1e-7);
            let [few, many] = [319.999_999, 320.000_001].map(|weeks| purchases(&customer, weeks, passed));
            assert_close(many, few, 1e-7);
        }
    }
}
