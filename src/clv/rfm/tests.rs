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
        (Rfm { recency_days: [1.0, 3.0, 2.0, 4.0], ..good.clone() }, "rfm.r are not four numbers from 0 to 1000000000 in ascending order"),
        (Rfm { orders: [1.0, 2.0, 3.0, f64::NAN], ..good.clone() }, "rfm.f are not four numbers from 0 to 1000000000 in ascending order"),
        (
            Rfm { spend: BTreeMap::from([("EUR".to_owned(), [0.0, 1.0, 2.0, f64::INFINITY])]), ..good.clone() },
            "rfm.m.EUR are not four numbers from 0 to 1000000000 in ascending order",
        ),
        (Rfm { recency_days: [1.0, 2.0, 3.0, 1e11], ..good.clone() }, "rfm.r are not four numbers from 0 to 1000000000 in ascending order"),
        (Rfm { recency_days: [1.0, 2.0, 3.0, 1e5], ..good.clone() }, "rfm.r has more than 36500 days"),
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

#[test]
fn a_log_gives_the_measures_of_those_who_bought_by_the_end() {
    let mut builder = PurchaseLogBuilder::new(Period::Day);
    for (customer, day, spend_minor) in [("a", 0, 1_000), ("a", 5, 500), ("a", 9, 250), ("b", 8, 1), ("c", 20, 7)] {
        builder.add(customer, day * DAY_MS, spend_minor, *b"USD").unwrap();
    }
    let log = builder.finish(*b"USD", 2).unwrap().log;
    let expected = [Measures { recency_days: 3.0, orders: 2, spend: 15.0 }, Measures { recency_days: 0.0, orders: 1, spend: 0.01 }];
    assert_eq!(measures_at(&log, 8 * DAY_MS), expected);
    assert_eq!(fit_cuts(&log, 8 * DAY_MS), Cuts::fit(&expected));
    assert_eq!(fit_cuts(&log, -DAY_MS), None);
}
