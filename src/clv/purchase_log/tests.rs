//! Merging, refunds, order of rows, and what becomes of a log at a date.

use super::{Built, Period, Purchase, PurchaseLogBuilder, PurchaseLogError, Sample};
use crate::clv::{History, Occasions, WEEK_MS};

const DAY_MS: i64 = WEEK_MS / 7;
/// 1997-01-01, a Wednesday.
const START_MS: i64 = 852_076_800_000;

fn built(period: Period, rows: &[(&str, i64, i64)]) -> Built {
    let mut builder = PurchaseLogBuilder::new(period);
    for &(customer, at_ms, spend_minor) in rows {
        builder.add(customer, at_ms, spend_minor, *b"USD").expect("rows in bounds");
    }
    builder.finish(*b"USD", 2).expect("some purchases")
}

fn days(purchases: &[Purchase]) -> Vec<(i64, i64)> {
    purchases.iter().map(|purchase| ((purchase.at_ms - START_MS) / DAY_MS, purchase.spend_minor)).collect()
}

#[test]
fn rows_in_any_order_give_purchases_in_order_merged_by_period() {
    let day = |days: i64| START_MS + days * DAY_MS;
    let rows = [("b", day(9), 5), ("a", day(31), 7), ("a", day(2) + 1, 3), ("a", day(2), 2), ("a", day(0), 1), ("a", day(5), 4)];
    let cases = [
        (Period::Day, vec![(0, 1), (2, 5), (5, 4), (31, 7)]),
        (Period::Week, vec![(0, 10 - 4), (5, 4), (31, 7)]),
        (Period::Month, vec![(0, 10), (31, 7)]),
    ];
    for (period, expected) in cases {
        let log = built(period, &rows).log;
        assert_eq!((log.customers(), log.name(0), log.name(1)), (2, "b", "a"));
        assert_eq!(days(log.purchases(0)), [(9, 5)]);
        assert_eq!(days(log.purchases(1)), expected, "by {period}");
        assert_eq!(log.span_ms(), (day(0), day(31)));
        assert_eq!(log.purchase_count(), expected.len() + 1);
    }
}

#[test]
fn a_refund_lowers_its_own_period_then_those_before_and_takes_away_what_it_eats_up() {
    let at = |days: i64| START_MS + days * DAY_MS;
    type Days = &'static [(i64, i64)];
    let cases: [(Days, Days, i128); 7] = [
        (&[(0, 10), (1, 10), (1, -4)], &[(0, 10), (1, 6)], 0),
        (&[(0, 10), (1, 10), (1, -10)], &[(0, 10)], 0),
        (&[(0, 10), (1, 10), (9, -13)], &[(0, 7)], 0),
        (&[(0, 10), (1, 0), (2, 5), (9, -8)], &[(0, 7), (1, 0)], 0),
        (&[(0, -3), (1, 10)], &[(1, 10)], 3),
        (&[(0, 10), (1, -15), (2, 8)], &[(2, 8)], 5),
        (&[(0, 0), (5, 0)], &[(0, 0), (5, 0)], 0),
    ];
    for (rows, expected, unmatched) in cases {
        let rows: Vec<_> = rows.iter().map(|&(day, spend)| ("a", at(day), spend)).collect();
        let built = built(Period::Day, &rows);
        assert_eq!(days(built.log.purchases(0)), expected, "{rows:?}");
        assert_eq!((built.unmatched_refunds_minor, built.without_purchase), (unmatched, 0));
    }
}

#[test]
fn who_has_nothing_left_is_counted_and_no_customer() {
    let rows = [("a", START_MS, 10), ("b", START_MS, 7), ("a", START_MS + DAY_MS, -10), ("c", START_MS, -1)];
    let built = built(Period::Day, &rows);
    assert_eq!((built.log.customers(), built.log.name(0), built.without_purchase), (1, "b", 2));
    assert_eq!(built.unmatched_refunds_minor, 1);
}

#[test]
fn what_cannot_be_a_log_is_an_error() {
    let empty = PurchaseLogBuilder::new(Period::Day).finish(*b"USD", 2);
    assert_eq!(empty.err(), Some(PurchaseLogError::Empty));
    let mut builder = PurchaseLogBuilder::new(Period::Day);
    for at_ms in [i64::MIN, -2_208_988_800_001, 7_258_118_400_000, i64::MAX] {
        assert_eq!(builder.add("a", at_ms, 1, *b"USD"), Err(PurchaseLogError::Time { at_ms }));
    }
    builder.add("a", 0, i64::MAX, *b"USD").expect("in bounds");
    builder.add("a", 1, i64::MAX, *b"USD").expect("in bounds");
    let message = builder.finish(*b"USD", 2).err().map(|error| error.to_string());
    assert_eq!(message.as_deref(), Some("the spend of customer a within one period exceeds what an amount can hold"));
}

#[test]
fn samples_count_what_was_bought_up_to_the_end() {
    let week = |weeks: i64| START_MS + weeks * WEEK_MS;
    let rows =
        [("a", week(0), 900), ("a", week(2), 1_000), ("a", week(5), 2_001), ("b", week(5), 100), ("c", week(6), 100), ("d", week(0), 5)];
    let log = built(Period::Day, &[&rows[..], &[("d", week(1), 0)]].concat()).log;
    let samples = log.samples(week(5));
    let a = Sample {
        history: History { x: 2, t_x: 5.0, t: 5.0 },
        log_times: 2f64.ln() + 3f64.ln(),
        mean_repeat_spend: Some(15.005),
        weight: 1.0,
    };
    let b = Sample { history: History { x: 0, t_x: 0.0, t: 0.0 }, log_times: 0.0, mean_repeat_spend: None, weight: 1.0 };
    let d = Sample { history: History { x: 1, t_x: 1.0, t: 5.0 }, log_times: 0.0, mean_repeat_spend: None, weight: 1.0 };
    assert_eq!(samples, [a, b, d]);
    let names: Vec<_> = log.until(week(5)).map(|(customer, purchases)| (log.name(customer), purchases.len())).collect();
    assert_eq!(names, [("a", 3), ("b", 1), ("d", 2)]);
    assert_eq!(log.until(week(0) - 1).count(), 0);
}

#[test]
fn whole_periods_after_that_of_the_first_purchase_are_occasions() {
    let week = |weeks: i64| START_MS + weeks * WEEK_MS;
    // weeks begin on Mondays, START_MS is a Wednesday
    let rows = [("a", week(0), 1), ("a", week(1) - DAY_MS, 1), ("a", week(3), 1), ("b", week(1), 1), ("b", week(4), 1), ("c", week(4), 1)];
    let seen = |x, t_x, n| Occasions { x, t_x, n };
    let log = built(Period::Week, &rows).log;
    let sunday_ms = week(4) + 4 * DAY_MS;
    assert!(!log.ends_within_period(sunday_ms) && log.ends_within_period(sunday_ms - 1) && log.ends_within_period(week(4)));
    assert_eq!(log.occasions(sunday_ms), [(seen(0, 0, 0), 1.0), (seen(1, 3, 3), 1.0), (seen(2, 3, 4), 1.0)]);
    assert_eq!(log.occasions(week(4)), [(seen(0, 0, 2), 1.0), (seen(2, 3, 3), 1.0)]);
    assert_eq!(log.occasions(week(0)), []);
    let alike = built(Period::Day, &[("a", week(0), 1), ("b", week(0), 1), ("c", week(0), 1), ("c", week(1), 1)]).log;
    assert!(!alike.ends_within_period(week(1)));
    assert_eq!(alike.occasions(week(1)), [(seen(0, 0, 7), 2.0), (seen(1, 7, 7), 1.0)]);
}

/// Of two currencies each purchase counts once, each refund finds its own currency, and only those who buy mostly in the one meant have spend.
#[test]
fn purchases_of_all_currencies_count_and_spend_of_one() {
    let at = |days: i64| START_MS + days * DAY_MS;
    let (eur, yen) = (*b"EUR", *b"JPY");
    type Rows = &'static [(i64, i64, bool)];
    type Days = &'static [(i64, i64)];
    // day, amount, whether in euros; what is left with the spend in euros, and whether that is the customer's currency
    let cases: [(Rows, Days, bool); 8] = [
        (&[(0, 10, true), (3, 900, false), (5, 20, true)], &[(0, 10), (3, 0), (5, 20)], true),
        (&[(0, 10, true), (0, 900, false), (5, 20, true)], &[(0, 10), (5, 20)], true),
        (&[(0, 10, true), (3, 900, false), (5, 900, false)], &[(0, 0), (3, 0), (5, 0)], false),
        (&[(3, 900, false)], &[(3, 0)], false),
        // as many of each: the later one decides
        (&[(0, 10, true), (3, 900, false)], &[(0, 0), (3, 0)], false),
        (&[(0, 900, false), (3, 10, true)], &[(0, 0), (3, 10)], true),
        // both at once: the first letter
        (&[(0, 900, false), (0, 10, true)], &[(0, 10)], true),
        // the refund is of the yen, whose order is gone then
        (&[(0, 10, true), (3, 900, false), (4, -900, false), (5, 20, true)], &[(0, 10), (5, 20)], true),
    ];
    for (rows, expected, is_priced) in cases {
        let mut builder = PurchaseLogBuilder::new(Period::Day);
        for &(day, spend_minor, in_euros) in rows {
            builder.add("a", at(day), spend_minor, if in_euros { eur } else { yen }).expect("in bounds");
        }
        let built = builder.finish(eur, 2).expect("some purchases");
        assert_eq!((days(built.log.purchases(0)).as_slice(), built.log.is_priced(0)), (expected, is_priced), "{rows:?}");
        assert_eq!((built.log.currency(), built.unmatched_refunds_minor), ("EUR", 0));
    }
}
