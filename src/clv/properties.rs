//! What holds for all parameters that pass `Parameters::check`, and for histories from one purchase to a million and
//! from a day to a hundred years. A failing case is printed, and its seed kept beside this file. Models in discrete time: `discrete`.

mod discrete;

use super::root::FAR_WEEKS;
use super::{BgNbd, Cnbd, GammaGamma, History, MbgNbd, ParetoNbd, PurchaseModel, REGULARITY_MAX};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence::WithSource;

/// A hundred years.
const WEEKS_MAX: f64 = 5218.0;

fn log_uniform(min: f64, max: f64) -> impl Strategy<Value = f64> {
    (min.ln()..max.ln()).prop_map(f64::exp)
}

/// Each model, with four parameters in its own order.
fn models([first, second, third, fourth]: [f64; 4], k: u32) -> [PurchaseModel; 5] {
    let (r, alpha, a, b) = (first, second, third, fourth);
    [
        PurchaseModel::BgNbd(BgNbd { r, alpha, a, b }),
        PurchaseModel::MbgNbd(MbgNbd { r, alpha, a, b }),
        PurchaseModel::ParetoNbd(ParetoNbd { r, alpha, s: third, beta: fourth }),
        PurchaseModel::BgCnbdK(Cnbd { r, alpha, a, b, k }),
        PurchaseModel::MbgCnbdK(Cnbd { r, alpha, a, b, k }),
    ]
}

fn model(min: f64, max: f64) -> impl Strategy<Value = PurchaseModel> {
    let parameter = || log_uniform(min, max);
    let parameters = (parameter(), parameter(), parameter(), parameter());
    (parameters, 1..=REGULARITY_MAX, 0usize..5).prop_map(|((r, alpha, third, fourth), k, kind)| models([r, alpha, third, fourth], k)[kind])
}

/// Parameters as fits give them, and everything `check` lets through.
fn any_model() -> impl Strategy<Value = PurchaseModel> {
    prop_oneof![model(0.05, 20.0), model(1e-6, 1e6)]
}

fn history() -> impl Strategy<Value = History> {
    let x = prop_oneof![Just(0), 0u32..12, log_uniform(1.0, 1e6).prop_map(|x| x as u32)];
    (x, prop_oneof![Just(0.0), log_uniform(0.1, WEEKS_MAX)], 0.0..=1.0).prop_map(|(x, t, share)| {
        let t_x = if x == 0 { 0.0 } else { t * share };
        History { x, t_x, t }
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn p_alive_is_a_probability_and_falls_with_silence(
        model in any_model(), history in history(), more in 0.0..WEEKS_MAX,
    ) {
        let now = model.p_alive(&history);
        let later = model.p_alive(&History { t: history.t + more, ..history });
        prop_assert!((0.0..=1.0).contains(&now));
        // the sums and integrals of some models round
        prop_assert!((0.0..=now * (1.0 + 1e-12)).contains(&later), "{now} then {later}");
        prop_assert!(model.log_likelihood(&history, 0.0).is_finite());
    }

    #[test]
    fn expected_purchases_are_finite_and_grow_with_time(
        model in any_model(), history in history(), step in log_uniform(1e-3, 100.0),
    ) {
        let path: [f64; 12] = model.expected_path(&history, step);
        let mut before = 0.0;
        for purchases in path {
            prop_assert!(purchases.is_finite() && purchases >= 0.0, "{path:?}");
            prop_assert!(purchases >= before * (1.0 - 1e-12), "{path:?}");
            before = purchases;
        }
        // nobody buys faster than while he is there for certain, at the rate of his past
        let [(_, r), (_, alpha), ..] = model.named_parameters();
        let k = f64::from(model.regularity());
        let rate = (r + k * f64::from(history.x) + (k - 1.0)) / (alpha + history.t);
        prop_assert!(path[11] <= (rate * 12.0 * step + (k - 1.0)) / k * (1.0 + 1e-9));
    }

    #[test]
    fn chances_of_counts_are_chances(
        model in any_model(), history in history(), weeks in log_uniform(1e-3, WEEKS_MAX), count in prop_oneof![0u32..10, 10u32..1000],
    ) {
        let chance = model.probability_of(&history, count, weeks);
        prop_assert!((0.0..=1.0).contains(&chance), "{chance}");
        prop_assert!(model.probability_of(&history, 0, weeks) >= (1.0 - model.p_alive(&history)) * (1.0 - 1e-12));
    }

    #[test]
    fn lapse_weeks_inverts_p_alive(
        model in any_model(), history in history(), threshold in 0.001..0.999,
    ) {
        let at_last_purchase = model.p_alive(&History { t: history.t_x, ..history });
        match model.lapse_weeks(history.x, history.t_x, threshold) {
            Some(weeks) if at_last_purchase <= threshold => prop_assert_eq!(weeks, history.t_x),
            Some(weeks) => {
                let p_alive = model.p_alive(&History { t: weeks, ..history });
                prop_assert!((p_alive - threshold).abs() <= 1e-9, "{p_alive} at {weeks}");
            }
            None => {
                let p_alive = model.p_alive(&History { t: history.t_x + FAR_WEEKS, ..history });
                prop_assert!(p_alive >= threshold, "{p_alive}");
            }
        }
    }

    #[test]
    fn mean_spend_lies_between_the_own_mean_and_that_of_all(
        p in log_uniform(1e-6, 1e6), q in log_uniform(1e-6, 1e6), v in log_uniform(1e-6, 1e12), x in 0u32..=1_000_000,
        m in log_uniform(1e-3, 1e12),
    ) {
        let model = GammaGamma { p, q: 1.0 + q, v };
        let (of_all, found) = (model.mean_spend(0, 0.0), model.mean_spend(x, m));
        let (least, most) = if x == 0 { (of_all, of_all) } else { (of_all.min(m), of_all.max(m)) };
        prop_assert!(found.is_finite() && (least * (1.0 - 1e-9)..=most * (1.0 + 1e-9)).contains(&found), "{found} of {least} to {most}");
    }
}

proptest! {
    // a case takes up to a second for a customer of a million purchases
    #![proptest_config(ProptestConfig {
        cases: 32,
        failure_persistence: Some(Box::new(WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_left_is_finite_and_bounded(
        model in any_model(), history in history(), weeks in log_uniform(1e-3, WEEKS_MAX), discount in log_uniform(1e-5, 1.0),
    ) {
        let p_alive = model.p_alive(&history);
        let lifetime = model.expected_lifetime_weeks(&history, weeks);
        prop_assert!((0.0..=p_alive * weeks * (1.0 + 1e-9)).contains(&lifetime), "{lifetime} of {weeks} weeks");
        let residual = model.expected_residual(&history, discount);
        let discounted = model.expected_discounted(&history, weeks, discount);
        prop_assert!(residual.is_finite() && (0.0..=residual * (1.0 + 1e-7) + 1e-300).contains(&discounted), "{discounted} of {residual}");
        prop_assert!(discounted <= model.expected_purchases(&history, weeks) * (1.0 + 1e-7));
        let rate = model.purchase_rate(&history);
        prop_assert!(rate.is_finite() && rate >= 0.0);
        if let Some(wait) = model.next_purchase_weeks(&history) {
            prop_assert!(wait >= 0.0 && wait.is_finite());
        }
    }
}

/// Where the papers' formulas are 0/0: a = 1, s = 1, α = β. A small step across changes every answer a little.
#[test]
fn answers_are_continuous_where_published_formulas_are_not() {
    let histories = [(0, 0.0, 0.0), (0, 0.0, 40.0), (3, 20.0, 25.0), (30, 38.0, 40.0), (2, 40.0, 40.0), (1000, 4000.0, 5000.0)];
    let around = |at: f64| [at * (1.0 - 1e-9), at, at * (1.0 + 1e-9)];
    for (x, t_x, t) in histories {
        let history = History { x, t_x, t };
        for k in [1, 2, 7, 12] {
            let at_one = around(1.0).map(|third| models([0.6, 8.0, third, 3.0], k));
            let alpha_is_beta = around(8.0).map(|fourth| models([0.6, 8.0, 0.7, fourth], k));
            for [before, at, after] in [at_one, alpha_is_beta] {
                for ((before, at), after) in before.iter().zip(&at).zip(&after) {
                    let answers = |model: &PurchaseModel| {
                        [
                            model.p_alive(&history),
                            model.expected_purchases(&history, 52.0),
                            model.expected_residual(&history, 0.0027),
                            model.expected_discounted(&history, 52.0, 0.0027),
                            model.expected_lifetime_weeks(&history, 520.0),
                            model.probability_of(&history, 2, 52.0),
                            model.log_likelihood(&history, 1.0).exp(),
                        ]
                    };
                    let here = answers(at);
                    for beside in [answers(before), answers(after)] {
                        for (here, beside) in here.iter().zip(&beside) {
                            assert!((here - beside).abs() <= 1e-5 * here.abs(), "{at:?} {history:?}: {here} beside {beside}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "parameters were not checked")]
fn a_nan_that_slipped_through_ends_in_an_assertion() {
    let model = PurchaseModel::MbgNbd(MbgNbd { r: 0.5, alpha: 6.0, a: f64::NAN, b: 1.6 });
    model.expected_purchases_of_new_customer(52.0);
}
