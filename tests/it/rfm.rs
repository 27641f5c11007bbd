//! The segments of the R package `rfm`, counted on its public orders: cut points and counts are the published ones.
//!
//! The orders are `rfm_data_orders` of that package (R. Hebbali, MIT licence), made-up customers all of them, with numbers for their names.

use std::collections::BTreeMap;

use lifetide::clv::rfm::{Cuts, Measures, Segment};

const RECENCY_DAYS: [f64; 4] = [115.0, 181.0, 297.4, 482.0];
const ORDERS: [f64; 4] = [4.0, 5.0, 6.0, 8.0];
const SPEND: [f64; 4] = [255.8, 382.0, 506.4, 666.0];

const PUBLISHED_ORDERS: &str = include_str!("../data/rfm_orders.csv");

/// Customer, day, amount.
fn published_orders() -> Vec<(String, i64, f64)> {
    let order = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let day: jiff::civil::Date = fields[1].parse().unwrap();
        let days = jiff::civil::date(1970, 1, 1).until(day).unwrap().get_days();
        (fields[0].to_owned(), i64::from(days), fields[2].parse().unwrap())
    };
    PUBLISHED_ORDERS.lines().skip(1).map(order).collect()
}

#[test]
fn the_published_orders_give_the_published_cuts_and_counts() {
    let orders = published_orders();
    let mut by_customer: BTreeMap<String, Measures> = BTreeMap::new();
    let end_day = i64::from(jiff::civil::date(1970, 1, 1).until(jiff::civil::date(2006, 12, 31)).unwrap().get_days());
    for (customer, day, amount) in &orders {
        let measures = by_customer.entry(customer.clone()).or_insert(Measures { recency_days: f64::INFINITY, orders: 0, spend: 0.0 });
        measures.recency_days = measures.recency_days.min((end_day - day) as f64);
        measures.orders += 1;
        measures.spend += amount;
    }
    let measures: Vec<Measures> = by_customer.into_values().collect();
    let cuts = Cuts::fit(&measures).unwrap();
    for (found, published) in [(cuts.recency_days, RECENCY_DAYS), (cuts.orders, ORDERS), (cuts.spend, SPEND)] {
        assert!(found.iter().zip(published).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
    }
    let mut counts: BTreeMap<Segment, (u32, u32, f64)> = BTreeMap::new();
    for customer in &measures {
        let count = counts.entry(Segment::of(cuts.scores(customer))).or_default();
        *count = (count.0 + 1, count.1 + customer.orders, count.2 + customer.spend);
    }
    let published = BTreeMap::from([
        (Segment::Champions, (158, 1234, 120_178.0)),
        (Segment::Loyal, (278, 1708, 166_712.0)),
        (Segment::PotentialLoyalist, (229, 801, 65_873.0)),
        (Segment::NeedAttention, (35, 144, 13_287.0)),
        (Segment::AboutToSleep, (50, 127, 10_914.0)),
        (Segment::AtRisk, (86, 438, 44_178.0)),
        (Segment::Lost, (111, 244, 20_955.0)),
        (Segment::Others, (48, 210, 22_061.0)),
    ]);
    assert_eq!(counts, published);
}
