//! Erasure: everything goes, nothing comes back that was before, and a new life begins from nothing.

use super::*;

fn erased(at: i64) -> Event<'static> {
    event(at, "Customer Erased", Kind::Erased)
}

/// Ordered, reminded of a cart, and known by name.
fn known(shop: &mut Shop) {
    let traits = Traits {
        first_name: Some("Uma".into()),
        locale: Some("en-GB".into()),
        time_zone: Some("Europe/London".into()),
        ..Traits::default()
    };
    shop.feed_all(&[
        identified(0),
        Event { traits, ..event(1, "identify", Kind::Identify) },
        order(0, "o", usd(5720)),
        added(HOUR, "p", 1),
    ]);
    shop.until(2 * HOUR);
    assert_eq!(shop.actions(), ["send/cart_idle"]);
}

/// Whether anything is stored of the customer.
fn is_stored(shop: &mut Shop, id: &str) -> bool {
    shop.commit();
    shop.committed.with_row(3, hash_of(id), id, |_| ()).is_some()
}

#[test]
fn an_erased_customer_leaves_a_cancel_a_tombstone_and_a_mark() {
    let mut shop = Shop::new();
    known(&mut shop);
    let sent = shop.written(Topic::Actions)[0].clone();
    // so that the figures are out
    shop.until(2 * HOUR + MINUTE);
    shop.commit();
    shop.out.clear();
    assert_eq!(shop.feed(&erased(3 * HOUR)), Outcome::Applied);

    assert_eq!(shop.written(Topic::Clv), [Json::Null]);
    assert_eq!(shop.written(Topic::Transitions), [] as [Json; 0]);
    let cancel = shop.written(Topic::Actions).remove(0);
    assert_eq!((text(&cancel, "kind"), text(&cancel, "reason"), &cancel["cancels"]), ("cancel", "erased", &sent["id"]));
    let said: Vec<&str> = shop.out.records().filter_map(|r| r.value).map(|value| std::str::from_utf8(value).unwrap()).collect();
    for word in ["example.com", "Uma", "London", "en-GB", "c-1", "\"p\"", "subscribed"] {
        assert!(!said.concat().contains(word), "{word} in {said:?}");
    }
    assert!(shop.out.records().all(|r| r.key == "u-1" && r.timestamp_ms == T0 + 3 * HOUR));

    shop.slot.seal();
    let changes: Vec<_> = shop.slot.changes().map(|c| (c.id.to_owned(), c.row.is_some())).collect();
    assert_eq!(changes, [("u-1".to_owned(), false)]);
    let marks: Vec<Mark> = shop.slot.marks().collect();
    assert_eq!(marks.iter().map(|mark| mark.erased_ms).collect::<Vec<_>>(), [T0 + 3 * HOUR]);
    assert!(!is_stored(&mut shop, "u-1"));
    assert_eq!(shop.committed.erased_ms(3, &marks[0].id), Some(T0 + 3 * HOUR));
    shop.out.clear();
    shop.until(2000 * DAY);
    assert!(shop.out.records().all(|r| r.topic == Topic::Aggregates), "nobody waits for anything any more");
}

#[test]
fn late_events_change_nothing_and_later_ones_begin_anew() {
    let mut shop = Shop::new();
    known(&mut shop);
    shop.feed(&erased(3 * HOUR));
    // the mark holds in the transaction, after it, and after a restart
    for round in 0..3 {
        shop.out.clear();
        assert_eq!(shop.feed(&order(3 * HOUR, "late", usd(1))), Outcome::Erased, "round {round}");
        assert_eq!(shop.feed(&identified(HOUR)), Outcome::Erased);
        assert_eq!(shop.feed(&erased(3 * HOUR)), Outcome::Erased, "asking again is asking for nothing");
        assert!(shop.out.is_empty() && !is_stored(&mut shop, "u-1"), "round {round}");
        if round == 1 {
            let (settings, time_ms) = (Arc::new(settings()), shop.slot.time_ms());
            shop.slot = Slot::restored(3, settings, Arc::clone(&shop.committed), time_ms);
        }
    }
    assert_eq!(shop.feed(&order(3 * HOUR + 1, "o", usd(100))), Outcome::Applied, "the order's id was forgotten, too");
    assert_eq!(shop.stages(), ["first_time/order"]);
    assert_eq!(shop.written(Topic::Clv)[0]["historic"][0]["gross"]["minor"], 100);
    assert_eq!(shop.feed(&order(3 * HOUR, "late", usd(1))), Outcome::Erased, "the old life stays forgotten");
    let customer = shop.customer("u-1");
    assert_eq!((customer.cycle, customer.contact.has_email(), customer.plays.len()), (1, false, 0));

    shop.feed(&erased(5 * HOUR));
    assert!(!is_stored(&mut shop, "u-1"));
    assert_eq!(shop.feed(&order(4 * HOUR, "between", usd(1))), Outcome::Erased, "the later erasure counts");
}

#[test]
fn who_was_never_known_is_marked_and_nothing_is_written_about_them_but_the_tombstone() {
    let mut shop = Shop::new();
    shop.feed(&erased(0));
    assert_eq!((shop.out.len(), shop.written(Topic::Clv)), (1, vec![Json::Null]));
    shop.slot.seal();
    assert_eq!((shop.slot.changes().count(), shop.slot.marks().count()), (0, 1));
    assert_eq!(shop.feed(&order(0, "o", usd(1))), Outcome::Erased);
}

#[test]
fn an_erasure_that_is_not_committed_never_was() {
    let mut shop = Shop::new();
    known(&mut shop);
    shop.commit();
    shop.feed(&erased(3 * HOUR));
    shop.slot.discard();
    assert_eq!(shop.feed(&order(3 * HOUR, "o-2", usd(100))), Outcome::Applied);
    assert_eq!(shop.customer("u-1").orders.kept.len(), 2);
}

#[test]
fn an_expired_send_needs_no_cancel() {
    let mut shop = Shop::new();
    known(&mut shop);
    shop.out.clear();
    shop.feed(&erased(30 * HOUR));
    assert_eq!(shop.actions(), [] as [&str; 0]);
}
