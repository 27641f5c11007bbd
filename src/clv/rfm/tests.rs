//! Scores, segments and their counts on the public data, and that silence alone flips nobody but at his deadline.

use std::collections::BTreeMap;

use super::*;
use crate::clv::{Period, PurchaseLogBuilder};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const CUTS: Cuts = Cuts { recency_days: [115.0, 181.0, 297.4, 482.0], orders: [4.0, 5.0, 6.0, 8.0], spend: [255.8, 382.0, 506.4, 666.0] };

fn scores(recency: u8, frequency: u8, monetary: u8) -> Scores {
    Scores { recency, frequency, monetary }
}

fn all_scores() -> impl Iterator<Item = Scores> {
    (1..=5).flat_map(|r| (1..=5).flat_map(move |f| (1..=5).map(move |m| scores(r, f, m))))
}

#[test]
fn a_value_that_reaches_a_cut_has_the_score_beyond() {
    let cases = [
        ((0.0, 1, 0.0), (5, 1, 1)),
        ((114.999, 3, 255.7), (5, 1, 1)),
        ((115.0, 4, 255.8), (4, 2, 2)),
        ((297.4, 7, 506.4), (2, 4, 4)),
        ((482.0, 8, 666.0), (1, 5, 5)),
        ((1e9, u32::MAX, 1e12), (1, 5, 5)),
    ];
    for ((recency_days, orders, spend), (r, f, m)) in cases {
        let measures = Measures { recency_days, orders, spend };
        assert_eq!(CUTS.scores(&measures), scores(r, f, m), "{measures:?}");
    }
}

#[test]
fn the_first_row_that_fits_names_the_segment_and_three_rows_are_hidden() {
    let cases = [
        ((5, 5, 5), "champions"),
        ((3, 5, 5), "loyal"),
        ((5, 1, 1), "potential_loyalist"),
        ((2, 2, 3), "need_attention"),
        ((2, 1, 2), "about_to_sleep"),
        ((1, 5, 5), "at_risk"),
        ((1, 1, 1), "lost"),
        ((5, 1, 5), "others"),
    ];
    for ((r, f, m), name) in cases {
        assert_eq!(Segment::of(scores(r, f, m)).as_str(), name, "{r}{f}{m}");
    }
    let never: Vec<&str> =
        Segment::ALL.into_iter().filter(|&segment| all_scores().all(|s| Segment::of(s) != segment)).map(Segment::as_str).collect();
    assert_eq!(never, ["new", "promising", "cant_lose"]);
}

#[test]
fn silence_lowers_recency_at_its_deadline_and_nothing_else_ever() {
    for before in all_scores() {
        let deadline = days_until_recency_falls(before.recency, &CUTS);
        assert_eq!(deadline.is_none(), before.recency == 1);
        // the other measures may have been scored by other cut points: they are no event
        for days in 0..700 {
            let measures = Measures { recency_days: f64::from(days), orders: 1, spend: 0.0 };
            let now = scores_after(Some(before), &measures, &CUTS, false);
            assert_eq!((now.frequency, now.monetary), (before.frequency, before.monetary));
            let is_due = deadline.is_some_and(|deadline| f64::from(days) >= deadline);
            assert_eq!(now.recency < before.recency, is_due, "{before:?} after {days} days");
            assert!(now.recency <= before.recency);
        }
    }
}

#[test]
fn an_event_takes_the_scores_as_they_are_and_so_does_the_first_look() {
    let measures = Measures { recency_days: 120.0, orders: 5, spend: 400.0 };
    let plain = scores(4, 3, 3);
    assert_eq!(scores_after(None, &measures, &CUTS, false), plain);
    assert_eq!(scores_after(Some(scores(5, 5, 5)), &measures, &CUTS, true), plain);
    assert_eq!(scores_after(Some(scores(5, 5, 5)), &measures, &CUTS, false), scores(5, 5, 5), "within the margin");
    let later = Measures { recency_days: 126.6, ..measures };
    assert_eq!(scores_after(Some(scores(5, 5, 5)), &later, &CUTS, false), scores(4, 5, 5), "beyond it");
}

#[test]
fn promising_is_once_and_lately_and_frequent_low_value_is_often_and_small() {
    for s in all_scores() {
        let once_and_lately = matches!(s.recency, 3 | 4) && s.frequency == 1 && s.monetary == 1;
        assert_eq!(is_promising_rfm(s), once_and_lately, "{s:?}");
    }
    for (f, m, expected) in [(5, 3, true), (5, 4, false), (4, 2, true), (4, 3, false), (3, 1, false), (5, 1, true)] {
        assert_eq!(is_frequent_low_value(scores(3, f, m)), expected, "F{f} M{m}");
    }
}

#[test]
fn cut_points_that_cannot_be_are_refused_by_name() {
    let good = Rfm {
        version: "1".into(),
        recency_days: CUTS.recency_days,
        orders: CUTS.orders,
        spend: BTreeMap::from([("USD".to_owned(), CUTS.spend)]),
    };
    assert_eq!(good.check(), Ok(()));
    assert_eq!(good.cuts("USD"), Some(CUTS));
    assert_eq!(good.cuts("EUR"), None);
    let cases = [
        (Rfm { recency_days: [1.0, 3.0, 2.0, 4.0], ..good.clone() }, "rfm.r are not four finite numbers in ascending order"),
        (Rfm { orders: [1.0, 2.0, 3.0, f64::NAN], ..good.clone() }, "rfm.f are not four finite numbers in ascending order"),
        (
            Rfm { spend: BTreeMap::from([("EUR".to_owned(), [0.0, 1.0, 2.0, f64::INFINITY])]), ..good.clone() },
            "rfm.m.EUR are not four finite numbers in ascending order",
        ),
        (Rfm { spend: BTreeMap::new(), ..good }, "rfm.m has no currency"),
    ];
    for (rfm, message) in cases {
        assert_eq!(rfm.check().map_err(|error| error.to_string()), Err(message.to_owned()));
    }
}

#[test]
fn cut_points_of_few_customers_exist_and_of_none_do_not() {
    assert_eq!(Cuts::fit(&[]), None);
    let one = Measures { recency_days: 3.0, orders: 2, spend: 10.0 };
    let cuts = Cuts::fit(&[one]).unwrap();
    assert_eq!(cuts, Cuts { recency_days: [4.0; 4], orders: [3.0; 4], spend: [11.0; 4] });
    assert_eq!(cuts.scores(&one), scores(5, 1, 1));
}

/// The public orders of the R package `rfm`, which lie beside the repository: customer, day, amount.
fn published_orders() -> Option<Vec<(String, i64, f64)>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/rfm_data_orders.csv");
    let Ok(text) = std::fs::read_to_string(path) else {
        assert!(std::env::var_os("CI").is_none(), "{path} is missing");
        println!("skipped: {path} is missing");
        return None;
    };
    let order = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let day: jiff::civil::Date = fields[1].parse().unwrap();
        let days = jiff::civil::date(1970, 1, 1).until(day).unwrap().get_days();
        (fields[0].to_owned(), i64::from(days), fields[2].parse().unwrap())
    };
    Some(text.lines().skip(1).map(order).collect())
}

#[test]
fn the_published_orders_give_the_published_cuts_and_counts() {
    let Some(orders) = published_orders() else { return };
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
    for (found, published) in [(cuts.recency_days, CUTS.recency_days), (cuts.orders, CUTS.orders), (cuts.spend, CUTS.spend)] {
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

#[test]
fn a_log_gives_the_measures_of_those_who_bought_by_the_end() {
    let mut builder = PurchaseLogBuilder::new(Period::Day);
    for (customer, day, spend_minor) in [("a", 0, 1_000), ("a", 5, 500), ("a", 9, 250), ("b", 8, 1), ("c", 20, 7)] {
        builder.add(customer, day * DAY_MS, spend_minor).unwrap();
    }
    let log = builder.finish(Some("USD".into()), 2).unwrap().log;
    let expected = [Measures { recency_days: 3.0, orders: 2, spend: 15.0 }, Measures { recency_days: 0.0, orders: 1, spend: 0.01 }];
    assert_eq!(measures_at(&log, 8 * DAY_MS), expected);
    assert_eq!(fit_cuts(&log, 8 * DAY_MS), Cuts::fit(&expected));
    assert_eq!(fit_cuts(&log, -DAY_MS), None);
}
