//! What plays brought: clicks that lead to orders, treated against control, and what is counted of each decision.

use super::cells::totals;
use super::*;

/// Cells as they stand, by key without the slot.
fn mail(at: i64, signal: EmailSignal, play: &'static str) -> Event<'static> {
    event(at, signal.event_name(), Kind::Email(Email { signal, campaign_id: Some(play.into()) }))
}

fn clicked(at: i64, play: &'static str) -> Event<'static> {
    mail(at, EmailSignal::Clicked, play)
}

fn two_plays() -> Settings {
    Settings { plays: vec![play("cart_recovery"), Play { mode: Mode::Shadow, ..play("other") }], ..settings() }
}

/// The value of the cells of a name that have these words in their key.
fn sum(cells: &BTreeMap<String, i64>, name: &str, words: &[&str]) -> i64 {
    let fits = |key: &str| key.starts_with(name) && words.iter().all(|word| key.contains(word));
    cells.iter().filter(|(key, _)| fits(key)).map(|(_, value)| value).sum()
}

#[test]
fn an_order_is_due_to_the_play_clicked_last_within_five_days_and_in_equal_parts_to_all() {
    let mut shop = Shop::with(two_plays());
    shop.feed_all(&[clicked(0, "cart_recovery"), clicked(DAY, "other"), clicked(DAY, "nobody's"), order(2 * DAY, "a", usd(1001))]);
    let cells = totals(&mut shop);
    assert_eq!(cells["play_orders|model=last_touch,play=other|2025-12-29"], 1);
    assert_eq!(cells["play_revenue|currency=USD,model=last_touch,play=other|2025-12-29"], 1001);
    assert_eq!(cells["play_revenue|currency=USD,model=linear,play=cart_recovery|2025-12-29"], 501);
    assert_eq!(cells["play_revenue|currency=USD,model=linear,play=other|2025-12-29"], 500);
    assert_eq!(sum(&cells, "play_emails", &["event=clicked"]), 2);

    let mut shop = Shop::with(two_plays());
    shop.feed_all(&[clicked(0, "other"), order(5 * DAY, "a", usd(1)), order(5 * DAY - 1, "b", usd(1)), clicked(9 * DAY, "other")]);
    shop.feed_all(&[mail(10 * DAY, EmailSignal::Opened, "cart_recovery"), order(8 * DAY, "c", usd(1))]);
    let cells = totals(&mut shop);
    assert_eq!(sum(&cells, "play_orders", &[]), 0, "too late, too early, or only opened: {cells:?}");
}

#[test]
fn treated_and_control_are_compared_by_what_they_order_in_five_days() {
    // half of all are in the control arm: of these customers some are and some are not
    let mut shop = Shop::with(Settings { plays: vec![Play { control: 0.5, ..play("cart_recovery") }], ..settings() });
    let ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
    for id in ids {
        let own = |event: Event<'static>| Event { customer: id.into(), ..event };
        shop.feed_all(&[own(identified(0)), own(added(1, "p", 1))]);
    }
    shop.until(2 * HOUR);
    for (day, id) in ids.into_iter().enumerate() {
        // the last two order too late, but all have ordered before, as is heard only later
        let order = order(day as i64 * DAY, &format!("o-{id}"), usd(100));
        shop.feed(&Event { customer: id.into(), ..order });
        shop.feed(&Event { customer: id.into(), ..super::order(3 * DAY, &format!("again-{id}"), usd(10)) });
    }
    let cells = totals(&mut shop);
    let of = |name: &str, arm: &str| sum(&cells, name, &[arm]);
    let (treated, control) = (of("lift_customers", "arm=treatment"), of("lift_customers", "arm=control"));
    assert!(treated > 0 && control > 0 && treated + control == 8, "{cells:?}");
    assert_eq!((treated, control), (of("play_actions", "kind=send"), of("play_actions", "reason=control")));
    assert_eq!(sum(&cells, "lift_converted", &[]), 8, "once each, however often they order");
    assert_eq!(
        sum(&cells, "lift_revenue", &["currency=USD"]),
        5 * 100 + 8 * 10,
        "what comes before the play or after five days is of none"
    );
}

#[test]
fn mails_before_the_first_order_are_counted() {
    let delivered = |at| email(at, EmailSignal::Delivered);
    let mut shop = Shop::new();
    shop.feed_all(&[delivered(0), delivered(1), delivered(2), order(DAY, "a", usd(1)), delivered(2 * DAY), order(3 * DAY, "b", usd(1))]);
    shop.feed(&Event { customer: "u-2".into(), ..order(4 * DAY, "c", usd(1)) });
    let cells = totals(&mut shop);
    assert_eq!(cells["emails_before_first_order|emails=3|2025-12-29"], 1);
    assert_eq!(sum(&cells, "emails_before", &[]), 1);
    assert_eq!(shop.customer("u-1").attribution, None, "nothing is left to remember");
}

#[test]
fn a_row_keeps_a_few_clicks_and_exposures_and_none_that_are_over() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let mut shop = Shop::with(Settings { plays: names.map(play).to_vec(), ..settings() });
    for (at, name) in names.into_iter().enumerate() {
        shop.feed(&clicked(at as i64, name));
    }
    assert_eq!(shop.customer("u-1").attribution.unwrap().clicks.len(), 4);
    shop.feed(&clicked(6 * DAY, "a"));
    assert_eq!(shop.customer("u-1").attribution.unwrap().clicks.len(), 1);
}

/// Customers with a cart each, half of them in the control arm, who order with these chances; the arms as the cells tell them.
fn told_arms(seed: u64, treated_percent: u64, control_percent: u64) -> (clv::Arm, clv::Arm) {
    const CUSTOMERS: usize = 300;
    let plays = vec![Play { control: 0.5, ..play("cart_recovery") }];
    let mut shop = Shop::with(Settings { plays, salt: format!("salt {seed}"), ..settings() });
    let ids: Vec<String> = (0..CUSTOMERS).map(|number| format!("c-{number}")).collect();
    let of = |id: &str, event: Event<'static>| Event { customer: id.to_owned().into(), ..event };
    for id in &ids {
        shop.feed_all(&[of(id, identified(0)), of(id, added(1, "p", 1))]);
    }
    shop.until(2 * HOUR);
    let actions = shop.written(Topic::Actions);
    assert_eq!(actions.len(), CUSTOMERS);
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for action in actions {
        // xorshift64*
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let draw = (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % 100;
        let chance = if text(&action, "arm") == "control" { control_percent } else { treated_percent };
        if draw < chance {
            shop.feed(&of(text(&action, "customer_id"), order(DAY, "o", usd(100))));
        }
    }
    let cells = totals(&mut shop);
    let arm = |word: &str| {
        let figure = |name: &str| sum(&cells, name, &[word]) as u64;
        clv::Arm { customers: figure("lift_customers"), converted: figure("lift_converted") }
    };
    (arm("arm=treatment"), arm("arm=control"))
}

/// Customers of whom half come back with cart after cart to a play of two steps with a cool-down and a cap, and who order by chance, whatever
/// the play does: the arms as the cells tell them.
fn told_arms_of_who_comes_back(seed: u64) -> (clv::Arm, clv::Arm) {
    const CUSTOMERS: usize = 120;
    let bounds = Play {
        control: 0.5,
        cool_down_ms: Some(2 * DAY),
        caps: vec![Cap { channel: Channel::Email, count: 3, window_ms: 7 * DAY }],
        steps: vec![step(HOUR, "1"), step(DAY, "2")],
        ..play("cart_recovery")
    };
    let mut shop = Shop::with(Settings { plays: vec![bounds], salt: format!("salt {seed}"), ..settings() });
    let of = |number: usize, event: Event<'static>| Event { customer: format!("c-{number}").into(), ..event };
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for day in 0..12 {
        for number in 0..CUSTOMERS {
            if day == 0 {
                shop.feed(&of(number, identified(0)));
            }
            let mut line = added(day * DAY + 1, "p", 1);
            let Kind::CartLine(cart) = &mut line.kind else { unreachable!() };
            cart.cart_id = Some(format!("c-{day}").into());
            if day == 0 || number % 2 == 0 {
                shop.feed(&of(number, line));
            }
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            if (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % 100 < 8 {
                shop.feed(&of(number, order(day * DAY + 12 * HOUR, &format!("o-{day}"), usd(100))));
            }
        }
        shop.until((day + 1) * DAY);
    }
    let cells = totals(&mut shop);
    let arm = |word: &str| {
        let figure = |name: &str| sum(&cells, name, &[word]) as u64;
        clv::Arm { customers: figure("lift_customers"), converted: figure("lift_converted") }
    };
    (arm("arm=treatment"), arm("arm=control"))
}

#[test]
fn where_there_is_no_lift_none_is_told_however_often_customers_come_back_and_whatever_bounds_the_play() {
    let covers = |seed: &u64| {
        let (treated, control) = told_arms_of_who_comes_back(*seed);
        assert!(treated.customers + control.customers >= 120, "{treated:?} {control:?}");
        let found = clv::lift(&treated, &control).unwrap();
        found.low <= 0.0 && 0.0 <= found.high
    };
    let covered = (1..=100).filter(covers).count();
    assert!((88..=100).contains(&covered), "{covered} of 100 cover 0");
}

#[test]
fn the_interval_of_the_lift_covers_a_planted_one_and_none_where_there_is_none() {
    for (treated_percent, control_percent, truth) in [(30, 20, 0.1), (20, 20, 0.0)] {
        let covers = |seed: &u64| {
            let (treated, control) = told_arms(*seed, treated_percent, control_percent);
            let found = clv::lift(&treated, &control).unwrap();
            found.low <= truth && truth <= found.high
        };
        let covered = (1..=100).filter(covers).count();
        assert!((90..=99).contains(&covered), "{covered} of 100 cover {truth}");
    }
}
