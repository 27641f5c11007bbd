//! What a customer's value costs: one score, one forecast. `cargo bench --bench clv`; the README has the figures.
//!
//! Histories are made up and cover one-time buyers, regulars and the long silent. No limit is asserted: timings of a busy machine prove
//! nothing.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use lifetide::clv::{ForecastInput, GammaGamma, History, Horizon, MbgNbd, Parameters, PurchaseModel, forecast};

const MODEL: PurchaseModel = PurchaseModel::MbgNbd(MbgNbd { r: 0.5248, alpha: 6.1833, a: 0.8909, b: 1.6141 });
const CUSTOMERS: u32 = 1_000;

fn histories() -> Vec<History> {
    let history = |i: u32| {
        let (x, t) = (i % 9, 1.0 + f64::from(i % 97));
        History { x, t_x: if x == 0 { 0.0 } else { 0.6 * t }, t }
    };
    (0..CUSTOMERS).map(history).collect()
}

fn parameters() -> Parameters {
    Parameters {
        name: "bench".into(),
        version: "1".into(),
        fitted: true,
        purchase: MODEL,
        spend: BTreeMap::from([("USD".to_owned(), GammaGamma { p: 6.25, q: 3.74, v: 15.44 })]),
        buyers: None,
        history_days: None,
        rfm: None,
        seasonal: None,
    }
}

/// The time shown is for all of them: a thousandth of it is one customer's.
fn score(c: &mut Criterion) {
    let histories = histories();
    c.bench_function("p_alive of 1000 customers", |b| b.iter(|| histories.iter().map(|h| MODEL.p_alive(black_box(h))).sum::<f64>()));
    c.bench_function("expected purchases of 365 days of 1000 customers", |b| {
        b.iter(|| histories.iter().map(|h| MODEL.expected_purchases(black_box(h), 365.0 / 7.0)).sum::<f64>())
    });
    let parameters = parameters();
    let input = |history: &History| ForecastInput {
        history: *history,
        mean_repeat_spend_minor: (history.x > 0).then_some(2_235.0),
        mean_order_spend_minor: Some(2_235.0),
        currency_exponent: 2,
    };
    let inputs: Vec<ForecastInput> = histories.iter().map(input).collect();
    let horizon = Horizon { discount_monthly: 0.01, with_unending: false };
    c.bench_function("forecast of 1000 customers, month by month, with lifetime", |b| {
        b.iter(|| inputs.iter().map(|input| forecast(&parameters, "USD", &horizon, black_box(input)).expected_orders).sum::<f64>())
    });
}

criterion_group!(clv, score);
criterion_main!(clv);
