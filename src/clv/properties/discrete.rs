//! What holds for all parameters of BG/BB and of the shifted beta-geometric that pass `check`: histories of up to a thousand occasions,
//! contracts of any tenure.

use super::log_uniform;
use crate::clv::{BgBb, Occasions, ShiftedBetaGeometric};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence::WithSource;

const OCCASIONS_MAX: u32 = 1_000;

/// Parameters as fits give them, and everything `check` lets through.
fn shape() -> impl Strategy<Value = f64> {
    prop_oneof![log_uniform(0.05, 20.0), log_uniform(1e-6, 1e6)]
}

fn bg_bb() -> impl Strategy<Value = BgBb> {
    (shape(), shape(), shape(), shape()).prop_map(|(alpha, beta, gamma, delta)| BgBb { alpha, beta, gamma, delta })
}

fn contracts() -> impl Strategy<Value = ShiftedBetaGeometric> {
    (shape(), shape()).prop_map(|(alpha, beta)| ShiftedBetaGeometric { alpha, beta })
}

/// x ≤ t_x ≤ n; without a purchase t_x is 0.
fn occasions() -> impl Strategy<Value = Occasions> {
    (prop_oneof![0u32..12, 0..=OCCASIONS_MAX], 0.0..=1.0, 0.0..=1.0).prop_map(|(n, last, taken)| {
        let t_x = (f64::from(n) * last) as u32;
        let x = (f64::from(t_x) * taken) as u32;
        if x == 0 { Occasions { x, t_x: 0, n } } else { Occasions { x, t_x, n } }
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn p_alive_of_bg_bb_is_a_probability_and_falls_with_each_occasion_let_pass(
        model in bg_bb(), history in occasions(), more in 0..OCCASIONS_MAX,
    ) {
        prop_assert_eq!(model.check(), Ok(()));
        let now = model.p_alive(&history);
        let later = model.p_alive(&Occasions { n: history.n + more, ..history });
        prop_assert!((0.0..=1.0).contains(&now), "{now}");
        prop_assert!((0.0..=now * (1.0 + 1e-12)).contains(&later), "{now} then {later}");
        let log_likelihood = model.log_likelihood(&history);
        // of parameters near a million the logarithms of gamma are near ten million, and their difference good to 1e-9 or so
        prop_assert!(log_likelihood.is_finite() && log_likelihood <= 1e-8, "{log_likelihood}");
    }

    #[test]
    fn purchases_of_bg_bb_are_finite_grow_with_time_and_are_one_an_occasion_at_most(
        model in bg_bb(), history in occasions(), occasions in 1..OCCASIONS_MAX, discount in log_uniform(1e-5, 1.0),
    ) {
        let p_alive = model.p_alive(&history);
        let fewer = model.expected_purchases(&history, occasions / 2);
        let purchases = model.expected_purchases(&history, occasions);
        prop_assert!((0.0..=f64::from(occasions) * p_alive * (1.0 + 1e-9)).contains(&purchases), "{purchases} of {occasions}");
        prop_assert!((0.0..=purchases * (1.0 + 1e-12)).contains(&fewer), "{fewer} then {purchases}");
        let lifetime = model.expected_lifetime_occasions(&history, occasions);
        prop_assert!((purchases * (1.0 - 1e-9)..=f64::from(occasions) * p_alive * (1.0 + 1e-9)).contains(&lifetime), "{lifetime}");
        let discounted = model.expected_discounted(&history, occasions, discount);
        let residual = model.expected_residual(&history, discount);
        prop_assert!((0.0..=purchases * (1.0 + 1e-9)).contains(&discounted), "{discounted} of {purchases}");
        prop_assert!(residual.is_finite() && discounted <= residual * (1.0 + 1e-9), "{discounted} of {residual}");
        let rate = model.purchase_rate(&history);
        prop_assert!((0.0..=p_alive).contains(&rate), "{rate}");
    }

    #[test]
    fn chances_of_counts_of_bg_bb_are_chances(
        model in bg_bb(), history in occasions(), occasions in 1..60u32, count in 0..60u32,
    ) {
        let chance = model.probability_of(&history, count, occasions);
        prop_assert!((0.0..=1.0).contains(&chance), "{chance}");
        prop_assert!(count <= occasions || chance == 0.0, "{chance}");
        prop_assert!(model.probability_of(&history, 0, occasions) >= (1.0 - model.p_alive(&history)) * (1.0 - 1e-9) - 1e-9);
    }

    #[test]
    fn lapse_occasions_inverts_p_alive(model in bg_bb(), history in occasions(), threshold in 0.001..0.999) {
        let p_alive = |n: u32| model.p_alive(&Occasions { n, ..history });
        if let Some(n) = model.lapse_occasions(history.x, history.t_x, threshold) {
            prop_assert!(p_alive(n) <= threshold);
            prop_assert!(n == history.t_x || p_alive(n - 1) > threshold);
        }
    }

    #[test]
    fn contracts_that_stay_are_fewer_each_period_and_stay_the_likelier(
        model in contracts(), period in 1..OCCASIONS_MAX, discount in log_uniform(1e-5, 1.0), threshold in 0.001..0.999,
    ) {
        prop_assert_eq!(model.check(), Ok(()));
        let (before, now) = (model.survival(period - 1), model.survival(period));
        // ln Γ of a million is known to some 1e-9
        prop_assert!(before <= 1.0 + 1e-8 && (0.0..=before * (1.0 + 1e-8)).contains(&now), "{before} then {now}");
        let (first, next) = (model.retention(period), model.retention(period + 1));
        prop_assert!((0.0..=1.0).contains(&first) && (first..=1.0).contains(&next), "{first} then {next}");
        let (fewer, renewals) = (model.expected_renewals(period, period - 1), model.expected_renewals(period, period));
        prop_assert!((0.0..=renewals * (1.0 + 1e-12)).contains(&fewer) && renewals <= f64::from(period) * (1.0 + 1e-9), "{fewer}, {renewals}");
        let (discounted, residual) = (model.expected_discounted(period, period, discount), model.expected_residual(period, discount));
        prop_assert!((0.0..=residual * (1.0 + 1e-9)).contains(&discounted) && residual.is_finite(), "{discounted} of {residual}");
        if let Some(periods) = model.lapse_periods(0, threshold) {
            prop_assert!(model.survival(periods) <= threshold);
            prop_assert!(periods == 0 || model.survival(periods - 1) > threshold);
        }
    }
}
