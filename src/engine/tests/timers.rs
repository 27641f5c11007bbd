//! The queue and the clock of a slot.

use super::*;

fn of(customer: &'static str, event: Event<'static>) -> Event<'static> {
    Event { customer: customer.into(), ..event }
}

#[test]
fn customers_due_at_one_moment_fire_by_id() {
    let mut shop = Shop::new();
    let ids = ["zoe", "a", "b10", "b9", "ß", "B"];
    for id in ids {
        shop.feed(&of(id, added(0, "p", 1)));
    }
    shop.until(2 * HOUR);
    let mut sorted = ids;
    sorted.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    let fired: Vec<String> = shop.written(Topic::Actions).iter().map(|a| text(a, "customer_id").to_owned()).collect();
    assert_eq!(fired, sorted);
}

#[test]
fn a_tick_stops_at_its_limit_and_time_with_it() {
    let mut shop = Shop::new();
    for (at, id) in ["a", "b", "c", "d"].into_iter().enumerate() {
        shop.feed(&of(id, added(at as i64, "p", 1)));
    }
    // when the figures over all customers have been written
    shop.until(MINUTE);
    let moment = Moment { to_ms: T0 + 2 * HOUR, wall_ms: None };
    assert_eq!(shop.slot.tick(moment, 0, &mut shop.out), Progress::More);
    assert_eq!((shop.actions().len(), shop.slot.time_ms()), (0, Some(T0 + MINUTE)));
    // one entry looked at and one fired per customer
    assert_eq!(shop.slot.tick(moment, 4, &mut shop.out), Progress::More);
    assert_eq!((shop.actions().len(), shop.slot.time_ms()), (2, Some(T0 + HOUR + 1)));
    // the last two, and the figures
    assert_eq!(shop.slot.tick(moment, 6, &mut shop.out), Progress::Done);
    assert_eq!((shop.actions().len(), shop.slot.time_ms()), (4, Some(T0 + 2 * HOUR)));
}

#[test]
fn slot_time_never_goes_back() {
    let mut shop = Shop::new();
    assert_eq!((shop.slot.time_ms(), shop.slot.is_touched()), (None, false));
    shop.until(HOUR);
    shop.until(0);
    assert_eq!((shop.slot.time_ms(), shop.slot.is_touched()), (Some(T0 + HOUR), true));
    shop.commit();
    assert!(!shop.slot.is_touched());
    shop.until(HOUR);
    assert!(!shop.slot.is_touched(), "no customer changed, no time passed");
}

#[test]
fn a_deadline_that_is_due_when_it_arises_fires_next_at_its_own_time() {
    let mut shop = Shop::new();
    shop.feed(&of("other", added(5 * HOUR, "p", 1)));
    assert_eq!(shop.feed(&added(0, "p", 1)), Outcome::Applied, "five hours late");
    shop.until(5 * HOUR);
    let action = &shop.written(Topic::Actions)[0];
    assert_eq!((text(action, "event_time"), text(action, "customer_id")), ("2026-01-01T01:00:00.000Z", "u-1"));
}

#[test]
fn a_discard_takes_back_customers_time_and_queue() {
    let mut shop = Shop::new();
    shop.feed(&added(0, "p", 1));
    shop.until(20 * SECOND);
    shop.commit();
    shop.out.clear();
    shop.feed(&of("new", added(MINUTE, "p", 1)));
    shop.until(3 * HOUR);
    assert_eq!(shop.actions().len(), 2);
    shop.slot.discard();
    assert_eq!((shop.slot.time_ms(), shop.slot.open_customers(), shop.slot.is_touched()), (Some(T0 + 20 * SECOND), 0, false));
    assert_eq!(shop.slot.next_deadline_ms(), Some(T0 + HOUR));
    shop.out.clear();
    shop.until(3 * HOUR);
    assert_eq!(shop.actions(), ["suppressed/no_email"], "the other customer never was");
}

#[test]
fn changes_come_in_order_of_first_touch_and_only_where_something_changed() {
    let known =
        |customer, message: &'static str, at| of(customer, Event { message_id: Some(message.into()), ..event(at, "Page", Kind::Unknown) });
    let mut shop = Shop::new();
    shop.feed(&known("b", "m-1", 0));
    shop.commit();
    shop.feed_all(&[known("z", "m-2", 1), known("b", "m-1", 1), known("a", "m-3", 1), known("z", "m-4", 2)]);
    shop.slot.seal();
    let ids: Vec<&str> = shop.slot.changes().map(|c| c.id).collect();
    assert_eq!((ids, shop.slot.open_customers()), (vec!["z", "a"], 3));
}

#[test]
fn moments_of_firing_do_not_show_in_what_is_written() {
    let written = |ticks: &[i64]| {
        let mut shop = Shop::new();
        shop.feed_all(&[identified(0), order(0, "o", usd(1000)), added(HOUR, "p", 1)]);
        for at in ticks {
            shop.until(*at);
        }
        shop.out.records().map(|r| (r.timestamp_ms, r.value.unwrap().to_vec())).collect::<Vec<_>>()
    };
    assert_eq!(written(&[2 * HOUR, 100 * DAY, 1000 * DAY]), written(&[1000 * DAY]));
}

#[test]
fn two_customers_with_one_hash_do_not_meet() {
    const HASH: u64 = 7;
    let mut shop = Shop::new();
    shop.feed_all(&[of("b", added(0, "p", 1)), of("a", added(0, "p", 1)), of("c", added(MINUTE, "p", 1))]);
    shop.commit();
    let collided = Arc::new(Committed::new());
    for id in ["a", "b", "c"] {
        shop.committed.with_row(3, hash_of(id), id, |row| collided.put(3, HASH, id, Some(row)));
    }
    let mut slot = Slot::restored(3, Arc::new(settings()), Arc::clone(&collided), Some(T0 + MINUTE));
    assert_eq!(slot.timers(), 1, "one entry for all three");
    while slot.tick(Moment { to_ms: T0 + DAY, wall_ms: None }, 1, &mut shop.out) == Progress::More {}
    assert_eq!(shop.out.records().filter(|r| r.topic == Topic::Actions).map(|r| r.key).collect::<Vec<_>>(), ["a", "b", "c"]);
    slot.seal();
    assert_eq!(slot.changes().map(|c| (c.hash, c.id)).collect::<Vec<_>>(), [(HASH, "a"), (HASH, "b"), (HASH, "c")]);
    slot.publish();
    assert_eq!(collided.size(3).0, 3);
}
