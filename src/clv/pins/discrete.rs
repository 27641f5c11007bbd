//! BG/BB and the shifted beta-geometric: published figures, and the papers' own sums computed with mpmath, 30 digits.
//! Every answer of both models is pinned at least once, extreme parameters among them.

use super::assert_close;
use crate::clv::{BgBb, Occasions, ShiftedBetaGeometric};

/// Yearly donations of 11104 people, 6 years (Fader, Hardie, Shang 2010).
const DONATIONS: [f64; 4] = [1.203528, 0.749726, 0.656781, 2.783796];
/// Donors by (years given, last year given): as in the tests of lifetimes (MIT).
#[rustfmt::skip]
const DONORS: [(u32, u32, u32); 22] = [
    (0, 0, 3464), (1, 1, 1091), (1, 2, 277), (1, 3, 129), (1, 4, 78), (1, 5, 119), (1, 6, 129), (2, 2, 613), (2, 3, 255), (2, 4, 155), (2, 5, 173), (2, 6, 234), (3, 3, 322), (3, 4, 181), (3, 5, 225), (3, 6, 357), (4, 4, 240), (4, 5, 284), (4, 6, 512), (5, 5, 335), (5, 6, 728), (6, 6, 1203)
];

fn bg_bb([alpha, beta, gamma, delta]: [f64; 4]) -> BgBb {
    BgBb { alpha, beta, gamma, delta }
}

#[test]
fn answers_match_the_high_precision_oracle() {
    #[rustfmt::skip]
    let cases = [
        // (parameters, (x, t_x, n), [log-likelihood, P(alive), E[Y(10)], the same and DERT at 10 %, P(Y(10) = 0), P(Y(10) = 3)])
        (DONATIONS, (0, 0, 6), [-1.167526975158323, 0.10813342056410538, 0.1302168053501715, 0.08304789490031741, 0.11475071787926676, 0.9384919703719902, 0.008940163399618315]),
        (DONATIONS, (4, 5, 6), [-5.0955734498521705, 0.6967892315015226, 3.6278575244226627, 2.313725402734143, 3.196970269480289, 0.32922405613148886, 0.06053964262591973]),
        (DONATIONS, (6, 6, 6), [-2.1816940290816373, 0.9304299938446559, 6.706251669703738, 4.277021559106317, 5.909737927513377, 0.07635070935248672, 0.04700397529303423]),
        (DONATIONS, (1, 2, 6), [-3.588151640172928, 0.25470233439847995, 0.5615680559068047, 0.3581492017171689, 0.49486959367556915, 0.8011442286076232, 0.03524857208492683]),
        ([2.0, 3.0, 1.0, 5.0], (3, 7, 20), [-7.901571864207379, 0.029335071707953065, 0.05046456222661339, 0.03180920191650401, 0.045113267582304946, 0.9773502074421896, 0.004272164503892845]),
        ([0.02, 4.0, 3.0, 0.5], (0, 0, 40), [-0.001051908125926296, 2.326456621844561e-05, 7.992736564892989e-08, 5.157149188669125e-08, 6.60108018256401e-08, 0.9999999265540014, 5.202534890889481e-10]),
        ([1.2, 0.7, 0.6, 2.8], (700, 900, 1000), [-490.48292361037085, 5.763814563280195e-56, 4.023124253706285e-55, 2.473175559018847e-55, 4.0101987351282726e-55, 1.0, 5.8087576331081564e-58]),
        ([50.0, 2.0, 4.0, 30.0], (10, 10, 300), [-3.8336344947219247, 5.315268411113327e-70, 8.592035094065623e-70, 5.3280750704202613e-70, 8.115456041747457e-70, 1.0, 7.883331934752957e-71]),
    ];
    for (parameters, (x, t_x, n), [log_likelihood, p_alive, purchases, discounted, residual, chance_0, chance_3]) in cases {
        println!("{parameters:?} x {x} t_x {t_x} n {n}");
        let (model, history) = (bg_bb(parameters), Occasions { x, t_x, n });
        let found = model.log_likelihood(&history);
        assert!((found - log_likelihood).abs() <= 1e-12 * (1.0 + log_likelihood.abs()), "{found}");
        assert_close(model.p_alive(&history), p_alive, 1e-11);
        assert_close(model.expected_purchases(&history, 10), purchases, 1e-11);
        assert_close(model.expected_discounted(&history, 10, 0.1), discounted, 1e-11);
        assert_close(model.expected_residual(&history, 0.1), residual, 1e-11);
        assert_close(model.probability_of(&history, 0, 10), chance_0, 1e-11);
        assert_close(model.probability_of(&history, 3, 10), chance_3, 1e-11);
    }
}

#[test]
fn published_figures_of_bg_bb_are_met() {
    let model = bg_bb(DONATIONS);
    let total: f64 = DONORS.iter().map(|&(x, t_x, donors)| f64::from(donors) * model.log_likelihood(&Occasions { x, t_x, n: 6 })).sum();
    assert_eq!(DONORS.iter().map(|(_, _, donors)| donors).sum::<u32>(), 11104);
    assert!((total + 33225.58).abs() < 5.1e-3, "{total}");
    let by_year = [0.4985, 0.9233, 1.2969, 1.6323, 1.9381, 2.2202, 2.4826, 2.7285, 2.9603, 3.1798, 3.3887];
    for (years, purchases) in (1..).zip(by_year) {
        let found = model.expected_purchases_of_new_customer(years);
        assert!((found - purchases).abs() <= 1e-4, "{years} years: {found}");
    }
    assert_close(model.expected_purchases_of_new_customer(10), 3.179805, 2e-7);
    assert_close(model.expected_purchases(&Occasions { x: 0, t_x: 0, n: 6 }, 10), 0.1302169, 1e-6);
    assert_close(model.expected_purchases(&Occasions { x: 4, t_x: 5, n: 6 }, 10), 3.627858, 2e-7);
}

#[test]
fn published_figures_of_the_shifted_beta_geometric_are_met() {
    // Fader, Hardie 2007: two offers, 1000 customers each, those left after every year
    let cases = [
        ([0.704, 1.182], [1000, 631, 468, 382, 326, 289, 262, 241], -1680.27),
        ([0.668, 3.806], [1000, 869, 743, 653, 593, 551, 517, 491], -1611.16),
    ];
    for ([alpha, beta], left, log_likelihood) in cases {
        let model = ShiftedBetaGeometric { alpha, beta };
        let lost: Vec<u64> = left.windows(2).map(|years| years[0] - years[1]).collect();
        let found = model.log_likelihood(&lost, left[7]);
        assert!((found - log_likelihood).abs() < 5.1e-3, "{found}");
        let churned: f64 = (1..=7).map(|year| model.churn(year)).sum();
        assert_close(churned + model.survival(7), 1.0, 1e-13);
        assert_close(model.retention(3), model.survival(3) / model.survival(2), 1e-13);
    }
    // S(7), renewals of 12 years after three, the same without an end at 10 %: mpmath
    let model = ShiftedBetaGeometric { alpha: 0.704, beta: 1.182 };
    assert_close(model.survival(7), 0.23905064169324441, 1e-13);
    assert_close(model.expected_renewals(3, 12), 6.582365407014819, 1e-12);
    assert_close(model.expected_residual(3, 0.1), 4.947628474654905, 1e-12);
    assert_eq!(model.expected_residual(0, 0.0), f64::INFINITY);
}

#[test]
fn a_lapse_is_the_first_occasion_below_the_threshold() {
    let model = bg_bb(DONATIONS);
    for (x, t_x, threshold) in [(0, 0, 0.5), (1, 2, 0.2), (6, 6, 0.5), (30, 40, 0.01)] {
        let p_alive = |n: u32| model.p_alive(&Occasions { x, t_x, n });
        let n = model.lapse_occasions(x, t_x, threshold).expect("invariant: every such history lapses");
        assert!(p_alive(n) <= threshold && (n == t_x || p_alive(n - 1) > threshold), "{n}");
    }
    let contract = ShiftedBetaGeometric { alpha: 0.668, beta: 3.806 };
    let periods = contract.lapse_periods(0, 0.5).expect("invariant: half of all cancel some day");
    assert!(contract.survival(periods) <= 0.5 && contract.survival(periods - 1) > 0.5, "{periods}");
}

#[test]
fn the_next_occasion_taken_has_even_chances() {
    let model = bg_bb(DONATIONS);
    let giver = Occasions { x: 6, t_x: 6, n: 6 };
    assert_eq!(model.next_purchase_occasions(&giver), Some(1));
    for history in [giver, Occasions { x: 1, t_x: 2, n: 6 }, Occasions { x: 2, t_x: 6, n: 6 }] {
        let p_there = model.expected_purchases(&history, 1) / model.purchase_rate(&history);
        assert_close(p_there, 1.0, 1e-12);
        let chances: f64 = (0..=20).map(|count| model.probability_of(&history, count, 20)).sum();
        assert_close(chances, 1.0, 1e-12);
    }
    assert_eq!(bg_bb([1.0, 9.0, 2.0, 2.0]).next_purchase_occasions(&Occasions { x: 0, t_x: 0, n: 5 }), None);
}
