//! Pareto/NBD: published figures, and an integral over the moment of leaving computed with mpmath, 40 digits.
//! Among the cases: just bought, α = β, s = 1, a thousand purchases, 4900 weeks of silence, parameters of 1e-6 and 2e5.

use super::{T_END, T_X_26, assert_close};
use crate::clv::{History, ParetoNbd, PurchaseModel};

/// CDNOW sample (CLVTools, tests/testthat).
const CDNOW: [f64; 4] = [0.55315, 10.57633, 0.60625, 11.6715];
/// δ for a discount of 15 per cent a year.
const DISCOUNT: f64 = 0.0027;

fn pareto([r, alpha, s, beta]: [f64; 4]) -> PurchaseModel {
    PurchaseModel::ParetoNbd(ParetoNbd { r, alpha, s, beta })
}

#[test]
fn answers_match_the_high_precision_oracle() {
    #[rustfmt::skip]
    let cases = [
        // (parameters, (x, t_x, T), t, [P(alive), E[Y(t)], log-likelihood, DERT, weeks to stay of t])
        (CDNOW, (0, 0.0, 38.857142857142854), 39.0, [0.2951701973560616, 0.107070037939487, -0.5211522168927178, 0.4769600527693428, 9.56855069021944]),
        (CDNOW, (2, 30.428571428571427, 38.857142857142854), 39.0, [0.8691401731380164, 1.455186607564916, -9.554201008562716, 6.482353929169897, 28.17497117957741]),
        (CDNOW, (1, 1.7142857142857142, 38.857142857142854), 39.0, [0.1680278378529556, 0.1711382844661814, -4.450483603347961, 0.7623619712918898, 5.446968895455669]),
        (CDNOW, (26, 30.857142857142858, 31.0), 52.0, [0.9978735047678051, 25.45611091650923, -39.13033462005227, 86.02779168793215, 39.8586106726091]),
        (CDNOW, (10, 20.0, 39.0), 52.0, [0.08038609262248896, 0.7058936107176669, -24.67029688466304, 2.473761465100589, 3.316129742288378]),
        (CDNOW, (25, 20.0, 39.0), 52.0, [0.000145294549509588, 0.003089370446921192, -34.41002572810108, 0.01082651188079801, 0.005993767843448361]),
        (CDNOW, (500, 200.0, 201.0), 10.0, [0.9884101482271876, 23.05892575939478, -72.6195478477454, 544.3431405631861, 9.746663038510919]),
        (CDNOW, (1000, 4990.0, 5000.0), 52.0, [0.9961464772107139, 10.31142083317465, -2617.818720471197, 70.7043721038331, 51.6375978181407]),
        (CDNOW, (1000, 100.0, 5000.0), 52.0, [0.0, 0.0, 1192.774019288861, 0.0, 0.0]),
        (CDNOW, (0, 0.0, 5000.0), 520.0, [0.001645123882036183, 9.162459534674264e-05, -0.6731595544747337, 6.455418857238405e-05, 0.8299593757393416]),
        (CDNOW, (3, 40.0, 40.0), 52.0, [1.0, 2.90819011370244, -12.75252158945626, 10.23436333142058, 41.39582705299583]),
        ([0.55, 10.58, 0.61, 11.67], (132, 200.0, 200.0), 10.0, [1.0, 6.206051788962932, -196.3824468537578, 145.9642401588151, 9.859452174423344]),
        ([0.55, 10.58, 0.61, 11.67], (133, 200.0, 200.0), 10.0, [1.0, 6.252872247574497, -196.8453525494513, 147.0654415179914, 9.859452174423344]),
        ([0.6, 8.0, 0.7, 8.0], (4, 20.0, 30.0), 52.0, [0.6517508541229732, 2.95011004468045, -13.95221643073448, 8.858191263157815, 24.37047428214285]),
        ([0.6, 8.0, 1.0, 9.0], (4, 20.0, 30.0), 52.0, [0.5619876251887551, 2.248027939003719, -14.17966973398969, 5.236214947953908, 18.5706655830742]),
        ([0.001, 500.0, 20.0, 0.01], (1, 3.0, 9.0), 52.0, [2.963575492235068e-10, 2.76378006413225e-13, -127.2708718336106, 2.760050152402752e-13, 1.405358693949366e-10]),
        ([30.0, 0.02, 0.05, 200.0], (5, 1.0, 9.0), 52.0, [9.887911963286212e-29, 1.983672877623458e-26, -112.5359994251532, 1.361780777729946e-25, 5.112208387475312e-27]),
        ([0.5, 1e-06, 0.5, 1e-06], (0, 0.0, 5000.0), 52.0, [3.9999999984e-10, 2.074619938886317e-12, -0.6931471803599453, 1.431801804832942e-11, 2.074619939301241e-08]),
        ([1.0, 3.0, 10000.0, 200000.0], (7, 10.0, 30.0), 52.0, [0.002537462474070797, 0.01139101612516626, -13.87158362997994, 0.01167524374360636, 0.04698794151631082]),
        ([2.0, 0.0001, 1.5, 4000.0], (0, 0.0, 900.0), 100.0, [2.428174114100664e-07, 5.314730907040757e-08, -17.09892568940067, 1.806161414517439e-07, 2.391629173904886e-05]),
        ([0.5629966, 12.559037, 0.4081095, 10.5148048], (7, 35.0, 77.86), 10.0, [0.1007463083543092, 0.08241917047936831, -24.01671604478634, 1.86418332807133, 0.9853583730400343]),
    ];
    for (parameters, (x, t_x, t), weeks, [p_alive, purchases, log_likelihood, residual, lifetime]) in cases {
        println!("{parameters:?} x {x} t_x {t_x} T {t}");
        let (model, history) = (pareto(parameters), History { x, t_x, t });
        assert_close(model.log_likelihood(&history, 0.0), log_likelihood, 1e-13);
        if p_alive == 0.0 {
            assert_eq!(model.p_alive(&history), 0.0);
            continue;
        }
        // the exponent of a tiny P has as many digits less
        let relative = 1e-13 * (10.0 - p_alive.ln());
        assert_close(model.p_alive(&history), p_alive, relative);
        assert_close(model.expected_purchases(&history, weeks), purchases, relative);
        assert_close(model.expected_residual(&history, DISCOUNT), residual, relative);
        assert_close(model.expected_lifetime_weeks(&history, weeks), lifetime, relative);
    }
}

#[test]
fn chances_of_counts_match_the_high_precision_oracle() {
    #[rustfmt::skip]
    let cases = [
        // (parameters, (x, t_x, T), t, count, P(Y(t) = count))
        (CDNOW, (0, 0.0, 0.0), 39.0, 0, 0.5935565956612597),
        (CDNOW, (0, 0.0, 0.0), 39.0, 3, 0.04904868951462592),
        (CDNOW, (2, 30.428571428571427, 38.857142857142854), 39.0, 0, 0.4080753151475651),
        (CDNOW, (2, 30.428571428571427, 38.857142857142854), 39.0, 2, 0.1517478337847999),
        (CDNOW, (26, 30.857142857142858, 31.0), 52.0, 25, 0.02729127339717866),
        (CDNOW, (26, 30.857142857142858, 31.0), 520.0, 300, 0.00149684145432871),
        ([0.6, 8.0, 0.7, 8.0], (4, 20.0, 30.0), 52.0, 1, 0.07815313568163479),
        (CDNOW, (1000, 990.0, 1000.0), 100.0, 80, 0.0005297749629279117),
    ];
    for (parameters, (x, t_x, t), weeks, count, chance) in cases {
        let found = pareto(parameters).probability_of(&History { x, t_x, t }, count, weeks);
        assert_close(found, chance, 1e-11);
    }
}

#[test]
fn published_figures_are_met() {
    // BTYD walkthrough, with the parameters CLVTools prints for the same data: as many digits as the two share
    let customer_1516 = History { x: 26, t_x: T_X_26, t: 31.0 };
    let model = pareto(CDNOW);
    assert_close(model.expected_purchases(&customer_1516, 52.0), 25.45647, 5e-5);
    assert_close(model.p_alive(&customer_1516), 0.997874, 1e-6);
    assert_close(model.expected_purchases_of_new_customer(52.0), 1.473434, 1e-4);
    assert_close(model.p_alive(&History { x: 0, t_x: 0.0, t: 39.0 }), 0.2941633, 1e-3);
    for (x, purchases) in [(10, 0.7062289), (15, 0.1442396), (20, 0.02250658), (25, 0.00309267)] {
        assert_close(model.expected_purchases(&History { x, t_x: 20.0, t: 39.0 }, 52.0), purchases, 2e-3);
    }
    // lifetimes: two purchase counts next to where its own formula underflows
    let model = pareto([0.55, 10.58, 0.61, 11.67]);
    for (x, purchases) in [(132, 6.206051788963242), (133, 6.252872247574811)] {
        assert_close(model.expected_purchases(&History { x, t_x: 200.0, t: 200.0 }, 10.0), purchases, 1e-13);
    }
    // BTYD's example of DERT
    let model = pareto([0.5629966, 12.5590370, 0.4081095, 10.5148048]);
    assert_close(model.expected_residual(&History { x: 7, t_x: 35.0, t: 77.86 }, DISCOUNT), 1.86418, 1e-5);
    let by_count = [2.1992, 2.8435, 2.8671, 2.4454, 1.8405, 1.2624, 0.8096, 0.4948, 0.292, 0.1679];
    for (x, residual) in (1..).zip(by_count) {
        let found = model.expected_residual(&History { x, t_x: 30.0, t: 77.86 }, DISCOUNT);
        assert!((found - residual).abs() <= 5.1e-5, "{found} for {residual}");
    }
}

#[test]
fn chances_of_all_counts_sum_to_one_and_average_to_the_expectation() {
    let model = pareto(CDNOW);
    for history in [History { x: 0, t_x: 0.0, t: 0.0 }, History { x: 2, t_x: 30.0, t: T_END }] {
        let chances: Vec<f64> = (0..400).map(|count| model.probability_of(&history, count, 52.0)).collect();
        assert_close(chances.iter().sum(), 1.0, 1e-12);
        let mean = chances.iter().zip(0u32..).map(|(chance, count)| chance * f64::from(count)).sum();
        assert_close(mean, model.expected_purchases(&history, 52.0), 1e-10);
    }
}
