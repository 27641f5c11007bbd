//! Value bands in the stream: who crosses when, by what, and what actions say.

use super::*;

fn banded(levels: &[(&str, i64)]) -> Settings {
    let band = |(name, minor): &(&str, i64)| Level::new(name, BTreeMap::from([(usd(0).currency, *minor)]));
    Settings { value_bands: levels.iter().map(band).collect(), ..settings() }
}

/// `from/to/reason` on the track `value_band`.
fn moves(shop: &Shop) -> Vec<String> {
    let of_track = shop.written(Topic::Transitions).into_iter().filter(|record| record["track"] == "value_band");
    of_track.map(|r| format!("{}/{}/{}", r["from"].as_str().unwrap_or("-"), text(&r, "to"), text(&r, "reason"))).collect()
}

#[test]
fn a_customer_crosses_bands_by_their_total_and_only_when_it_is_told_anew() {
    let mut shop = Shop::with(banded(&[("high", 50_000), ("middle", 17_000)]));
    shop.feed_all(&[order(0, "a", usd(15_000)), order(10 * DAY, "b", usd(25_000)), refund(11 * DAY, "b", None)]);
    let told = shop.written(Topic::Clv);
    let totals: Vec<i64> = told.iter().map(|record| record["total"]["minor"].as_i64().unwrap()).collect();
    assert!(totals[0] > 17_000 && totals[1] > 50_000 && (17_000..50_000).contains(&totals[2]), "{totals:?}");
    assert_eq!(moves(&shop), ["-/middle/order", "middle/high/order", "high/middle/refund"]);
    // what is expected grows less day by day, and is looked at when silence changes something
    shop.out.clear();
    shop.until(800 * DAY);
    assert_eq!(moves(&shop), ["middle/none/silence"]);
    let last = shop.written(Topic::Transitions).into_iter().rfind(|record| record["track"] == "value_band").unwrap();
    assert!(shop.written(Topic::Clv).iter().any(|record| record["event_time"] == last["event_time"]));
    shop.feed(&order(801 * DAY, "c", usd(90_000)));
    assert_eq!(moves(&shop).last().unwrap(), "none/high/order");
}

#[test]
fn who_reaches_no_band_is_told_of_none_and_another_currency_has_none() {
    let mut shop = Shop::with(banded(&[("high", 50_000)]));
    shop.feed_all(&[order(0, "a", usd(100)), Event { customer: "u-2".into(), ..order(0, "b", money(900_000, "EUR")) }]);
    assert!(moves(&shop).is_empty());
    assert_eq!(shop.customer("u-1").value_band, None);
}

#[test]
fn a_band_that_is_called_otherwise_is_another_band() {
    let mut shop = Shop::with(banded(&[("high", 5_000)]));
    shop.feed(&order(0, "a", usd(9_000)));
    shop.commit();
    shop.slot.change_settings(Arc::new(banded(&[("top", 5_000)])));
    shop.feed(&order(DAY, "b", usd(100)));
    assert_eq!(moves(&shop), ["-/high/order", "-/top/order"]);
    shop.commit();
    shop.slot.change_settings(Arc::new(settings()));
    shop.feed(&order(2 * DAY, "c", usd(100)));
    assert_eq!((moves(&shop).len(), shop.customer("u-1").value_band), (2, None), "without bands there is nothing to tell");
}

#[test]
fn actions_name_the_band() {
    let mut shop = Shop::with(banded(&[("high", 5_000)]));
    shop.feed_all(&[identified(0), order(HOUR, "a", usd(9_000)), added(2 * HOUR, "p", 1)]);
    shop.until(4 * HOUR);
    assert_eq!(shop.written(Topic::Actions)[0]["value_band"], "high");
}
