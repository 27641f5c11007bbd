//! Slopes against differences, the shared likelihood against that of single customers, fits of made customers, and data that cannot be fitted.

use super::*;
use crate::clv::History;

/// Numbers between 0 and 1 of a small generator (xorshift64*, Vigna 2016), so that a failing test fails again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn exponential(&mut self) -> f64 {
        -libm::log1p(-self.next())
    }
}

/// Customers who pass stages at a weekly rate of gamma(2, rate 8), buy after every `k` and leave with beta(1, 3) after every purchase (the
/// first too, if `modified`), seen for 30 to 60 weeks. Gamma and beta of whole shapes are sums of exponentials.
fn made(count: usize, modified: bool, k: u32) -> Vec<Sample> {
    let mut random = Random(7);
    let customer = |_| {
        let rate = (random.exponential() + random.exponential()) / 8.0;
        let (one, three) = (random.exponential(), random.exponential() + random.exponential() + random.exponential());
        let leaves = one / (one + three);
        let t = (30.0 + 30.0 * random.next()).floor();
        let (mut x, mut t_x, mut log_times) = (0, 0.0, 0.0);
        let mut there = !modified || random.next() >= leaves;
        while there {
            let time = (0..k).map(|_| random.exponential()).sum::<f64>() / rate;
            if t_x + time > t {
                break;
            }
            (x, t_x, log_times) = (x + 1, t_x + time, log_times + libm::log(time));
            there = random.next() >= leaves;
        }
        let mean_repeat_spend = (x > 0).then(|| {
            let customers_rate = (0..4).map(|_| random.exponential()).sum::<f64>() / 30.0;
            (0..x * 3).map(|_| random.exponential()).sum::<f64>() / customers_rate / f64::from(x)
        });
        Sample { history: History { x, t_x, t }, log_times, mean_repeat_spend, weight: 1.0 }
    };
    (0..count).map(customer).collect()
}

fn one_time_buyer(t: f64) -> Sample {
    Sample { history: History { x: 0, t_x: 0.0, t }, log_times: 0.0, mean_repeat_spend: None, weight: 1.0 }
}

/// As the trait's own, which every model may replace.
struct ByDifferences<'a>(&'a dyn Likelihood);

impl Likelihood for ByDifferences<'_> {
    fn parameters(&self) -> &'static [(&'static str, f64)] {
        self.0.parameters()
    }

    fn weight(&self) -> f64 {
        self.0.weight()
    }

    fn log_likelihood(&self, parameters: &[f64]) -> f64 {
        self.0.log_likelihood(parameters)
    }
}

#[test]
fn slopes_are_those_of_the_likelihood() {
    let samples = made(300, true, 2);
    let groups = Groups::new(&samples);
    let spend = Spend::new(&samples).expect("some buy again");
    let bg = BetaGeometric { groups: &groups, modified: false, k: 1 };
    let mbg = BetaGeometric { groups: &groups, modified: true, k: 1 };
    let regular = BetaGeometric { groups: &groups, modified: false, k: 2 };
    let very_regular = BetaGeometric { groups: &groups, modified: true, k: 12 };
    let pareto = Pareto { groups: &groups };
    let cases: [(&dyn Likelihood, &[f64]); 11] = [
        (&pareto, &[0.55, 10.6, 0.6, 11.7]),
        (&pareto, &[3.0, 0.5, 0.02, 40.0]),
        (&regular, &[0.24, 4.4, 0.8, 2.4]),
        (&very_regular, &[0.24, 4.4, 0.8, 2.4]),
        (&very_regular, &[20.0, 0.01, 30.0, 0.1]),
        (&bg, &[0.24, 4.4, 0.8, 2.4]),
        (&bg, &[20.0, 0.01, 30.0, 0.1]),
        (&mbg, &[0.24, 4.4, 0.8, 2.4]),
        (&mbg, &[1e-3, 900.0, 0.02, 50.0]),
        (&spend, &[6.25, 3.74, 0.5]),
        (&spend, &[0.1, 1.01, 20.0]),
    ];
    for (likelihood, parameters) in cases {
        let (value, slope) = likelihood.with_slope(parameters);
        let (same, differences) = ByDifferences(likelihood).with_slope(parameters);
        assert_eq!(value, same);
        for i in 0..parameters.len() {
            let scale = slope[i].abs().max(value.abs() / parameters[i]);
            assert!((slope[i] - differences[i]).abs() < 1e-7 * scale, "{parameters:?}: {slope:?} and {differences:?}");
        }
    }
}

#[test]
fn what_groups_share_adds_up_to_the_likelihoods_of_single_customers() {
    let samples = made(500, true, 2);
    let groups = Groups::new(&samples);
    for [r, alpha, a, b] in [[0.24, 4.4, 0.8, 2.4], [3.0, 0.5, 0.01, 90.0]] {
        let models = [
            (false, 1, PurchaseModel::BgNbd(BgNbd { r, alpha, a, b })),
            (true, 1, PurchaseModel::MbgNbd(MbgNbd { r, alpha, a, b })),
            (false, 3, PurchaseModel::BgCnbdK(Cnbd { r, alpha, a, b, k: 3 })),
            (true, 12, PurchaseModel::MbgCnbdK(Cnbd { r, alpha, a, b, k: 12 })),
        ];
        for (modified, k, model) in models {
            let single: f64 = samples.iter().map(|sample| model.log_likelihood(&sample.history, sample.log_times)).sum();
            let shared = BetaGeometric { groups: &groups, modified, k }.log_likelihood(&[r, alpha, a, b]);
            assert!((shared / single - 1.0).abs() < 1e-13, "{shared} and {single}");
        }
    }
}

#[test]
fn the_shared_likelihood_of_pareto_nbd_adds_up_too() {
    let samples = made(500, false, 1);
    for [r, alpha, s, beta] in [[0.55, 10.6, 0.6, 11.7], [3.0, 0.5, 0.02, 40.0]] {
        let model = PurchaseModel::ParetoNbd(ParetoNbd { r, alpha, s, beta });
        let single: f64 = samples.iter().map(|sample| model.log_likelihood(&sample.history, sample.log_times)).sum();
        let shared = Pareto { groups: &Groups::new(&samples) }.log_likelihood(&[r, alpha, s, beta]);
        assert!((shared / single - 1.0).abs() < 1e-13, "{shared} and {single}");
    }
}

#[test]
fn the_parameters_of_made_customers_are_found_within_their_errors() {
    let cases =
        [(ModelKind::BgNbd, false, 1), (ModelKind::MbgNbd, true, 1), (ModelKind::BgCnbdK, false, 2), (ModelKind::MbgCnbdK, true, 3)];
    for (kind, modified, k) in cases {
        let samples = made(if k == 1 { 30_000 } else { 4_000 }, modified, k);
        let found = fit_purchases(kind, &samples).expect("enough to fit");
        assert_eq!((found.warnings.as_slice(), found.customers), ([].as_slice(), samples.len() as u64));
        assert_eq!(found.model.regularity(), k, "{kind}");
        let (parameters, truth) = (found.model.named_parameters(), [2.0, 8.0, 1.0, 3.0]);
        for ((error, (name, value)), truth) in found.standard_errors.iter().zip(parameters).zip(truth) {
            let error = error.expect("a dome");
            assert!(error < 0.4 * truth, "{name} = {value} ± {error}");
            assert!((value - truth).abs() < 3.0 * error, "{kind}: {name} = {value} ± {error}");
        }
    }
    let spend = fit_spend(&made(30_000, false, 1)).expect("enough to fit");
    for ((error, value), truth) in spend.standard_errors.iter().zip([spend.model.p, spend.model.q, spend.model.v]).zip([3.0, 4.0, 30.0]) {
        let error = error.expect("a dome");
        assert!((value - truth).abs() < 3.0 * error && error < 0.1 * truth, "{value} ± {error} for {truth}");
    }
}

#[test]
fn a_fit_is_the_same_for_any_order_and_for_weights_instead_of_copies() {
    let mut samples = made(400, true, 1);
    let forward = (fit_purchases(ModelKind::MbgNbd, &samples), fit_spend(&samples));
    samples.reverse();
    assert_eq!((fit_purchases(ModelKind::MbgNbd, &samples), fit_spend(&samples)), forward);
    let doubled: Vec<_> = samples.iter().map(|sample| Sample { weight: 2.0, ..*sample }).collect();
    let copied = [samples.clone(), samples].concat();
    let (doubled, copied) = (fit_purchases(ModelKind::MbgNbd, &doubled), fit_purchases(ModelKind::MbgNbd, &copied));
    let (doubled, copied) = (doubled.expect("as before"), copied.expect("as before"));
    assert!((doubled.log_likelihood - copied.log_likelihood).abs() < 1e-9);
    assert_eq!((doubled.customers, copied.customers), (800, 800));
}

#[test]
fn what_cannot_be_fitted_is_said() {
    let repeats = made(400, false, 1);
    let repeater = repeats.iter().find(|sample| sample.history.x > 0).copied().expect("some buy again");
    let unseen = Sample { history: History { x: 1, t_x: 0.0, t: 0.0 }, ..repeater };
    let cases = [
        (vec![], FitError::TooFewCustomers(0), "too few customers, at least two are needed: 0"),
        (vec![repeater], FitError::TooFewCustomers(1), "too few customers, at least two are needed: 1"),
        (vec![one_time_buyer(5.0), one_time_buyer(9.0)], FitError::NoRepeats, "no customer bought twice"),
        (vec![unseen, one_time_buyer(0.0)], FitError::NoTime, "no customer has been seen for any time"),
    ];
    for (samples, error, message) in cases {
        let found = fit_purchases(ModelKind::BgNbd, &samples);
        assert_eq!(found.as_ref().err(), Some(&error));
        assert!(error.to_string().starts_with(message), "{error}");
    }
    assert_eq!(fit_spend(&[repeater, one_time_buyer(5.0)]).err(), Some(FitError::NoSpend));
    assert_eq!(fit_spend(&[]).err(), Some(FitError::NoSpend));
}

#[test]
fn customers_all_alike_give_a_fit_that_says_what_runs_away() {
    let alike = Sample { history: History { x: 4, t_x: 40.0, t: 50.0 }, log_times: 0.0, mean_repeat_spend: Some(20.0), weight: 1.0 };
    let found = fit_purchases(ModelKind::BgNbd, &vec![alike; 40]).expect("a fit with doubts");
    assert!(found.log_likelihood.is_finite());
    let runs_away = |warnings: &[Warning]| warnings.iter().any(|warning| matches!(warning, Warning::RunsAway { .. }));
    assert!(runs_away(&found.warnings), "{found:?}");
    assert!(found.warnings.contains(&Warning::TooFewBuyers { buyers: 40 }));
    assert!(found.warnings.contains(&Warning::TooFewRepeaters { repeaters: 40 }));
    let spend = fit_spend(&vec![alike; 40]).expect("a fit with doubts");
    assert!(runs_away(&spend.warnings), "{spend:?}");
    assert!((spend.model.mean_spend(0, 0.0) - 20.0).abs() < 0.5, "{spend:?}");
}

#[test]
fn counts_of_a_thousand_and_two_customers_can_be_fitted() {
    let heavy = |x: u32| Sample { history: History { x, t_x: 299.5, t: 300.0 }, ..one_time_buyer(0.0) };
    for kind in ModelKind::ALL {
        let samples = [heavy(1000), heavy(400), one_time_buyer(300.0)];
        let found = fit_purchases(kind, &samples).expect("a fit with doubts");
        assert!(found.log_likelihood.is_finite() && !found.warnings.is_empty(), "{found:?}");
    }
}

#[test]
fn fits_in_discrete_time_are_the_published_ones() {
    // lifetimes, datasets/donations: x, t_x, donors; six yearly occasions (Fader, Hardie, Shang 2010)
    #[rustfmt::skip]
    let donations = [
        (0, 0, 3464), (1, 1, 1091), (1, 2, 277), (1, 3, 129), (1, 4, 78), (1, 5, 119), (1, 6, 129), (2, 2, 613), (2, 3, 255), (2, 4, 155), (2, 5, 173),
        (2, 6, 234), (3, 3, 322), (3, 4, 181), (3, 5, 225), (3, 6, 357), (4, 4, 240), (4, 5, 284), (4, 6, 512), (5, 5, 335), (5, 6, 728), (6, 6, 1203),
    ];
    let donors: Vec<_> = donations.iter().map(|&(x, t_x, count)| (Occasions { x, t_x, n: 6 }, f64::from(count))).collect();
    let found = fit_occasions(&donors).expect("donors enough");
    assert!((found.log_likelihood - -33225.58).abs() < 5e-3 + 1e-3, "{found:?}");
    for ((name, value), published) in found.model.named_parameters().into_iter().zip([1.203528, 0.749726, 0.656781, 2.783796]) {
        assert!((value / published - 1.0).abs() < 1e-3, "{name} = {value}");
    }
    assert_eq!((found.customers, found.warnings.as_slice()), (11_104, [].as_slice()));
    // Fader, Hardie 2007: the two cohorts of 1000, by year
    let cohorts = [
        ([1000, 631, 468, 382, 326, 289, 262, 241], 0.704, 1.182, -1680.27),
        ([1000, 869, 743, 653, 593, 551, 517, 491], 0.668, 3.806, -1611.16),
    ];
    for (left, alpha, beta, log_likelihood) in cohorts {
        let lost: Vec<u64> = left.windows(2).map(|pair| pair[0] - pair[1]).collect();
        let found = fit_contracts(&lost, left[7]).expect("contracts enough");
        assert!((found.log_likelihood - log_likelihood).abs() < 5e-3, "{found:?}");
        assert!((found.model.alpha - alpha).abs() < 5e-4 && (found.model.beta - beta).abs() < 5e-4, "{found:?}");
        assert!(found.standard_errors.iter().all(Option::is_some) && found.warnings.is_empty());
    }
    assert_eq!(fit_contracts(&[0, 0], 9).err(), Some(FitError::NoCancellations));
    assert_eq!(fit_occasions(&donors[..1]).err(), Some(FitError::NoRepeats));
    assert_eq!(fit_occasions(&[]).err(), Some(FitError::TooFewCustomers(0)));
}
