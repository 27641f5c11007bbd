//! Cells: what all customers add up to, when it is written, and that nothing is counted twice or forgotten.

use proptest::prelude::*;
use proptest::sample::select;

use super::properties::{amount, short_id};
use super::*;

pub fn any_cost() -> impl Strategy<Value = Cost<'static>> {
    let words = (proptest::option::of(short_id("cost", 0..20)), proptest::option::of(short_id("channel", 0..3)));
    (words, select(CostKind::ALL.to_vec()), amount(), proptest::option::of(0..100i64)).prop_map(
        |((cost_id, channel), kind, amount, days)| Cost {
            cost_id,
            kind,
            amount,
            channel,
            region: None,
            customer_type: None,
            product_type: Some("shoes".into()),
            from_ms: days.map(|days| T0 + days * DAY),
        },
    )
}

pub fn any_touch() -> impl Strategy<Value = Option<Touch<'static>>> {
    let medium = select(vec!["email", "cpc", "elsewhere"]);
    proptest::option::weighted(0.3, medium).prop_map(|medium| Some(Touch { medium: Some(medium?.into()), ..Touch::default() }))
}

/// `name|dims|start` and the value of each cell written since the last call, in order; money in minor units, of sketches their count.
pub fn told(shop: &mut Shop) -> Vec<(String, i64)> {
    let cells = shop.out.records().filter(|r| r.topic == Topic::Aggregates).map(|r| {
        let record: Json = serde_json::from_slice(r.value.unwrap()).unwrap();
        let value = [&record["value"], &record["value"]["minor"], &record["value"]["count"]].into_iter().find_map(Json::as_i64).unwrap();
        (r.key.strip_suffix("|3").unwrap().to_owned(), value)
    });
    let cells = cells.collect();
    shop.out.clear();
    cells
}

pub fn flushed(shop: &mut Shop) -> Vec<(String, i64)> {
    let time_ms = shop.slot.time_ms().unwrap();
    shop.tick(time_ms + 10 * SECOND, None);
    told(shop)
}

/// What has changed, the last value of each.
pub fn totals(shop: &mut Shop) -> BTreeMap<String, i64> {
    flushed(shop).into_iter().collect()
}

/// All cells as they are stored, with their changes.
pub fn stored(shop: &mut Shop) -> BTreeMap<String, Vec<u8>> {
    shop.commit();
    let mut cells = BTreeMap::new();
    for region in ALL_REGIONS {
        shop.committed.with_region(3, region as u16, |region| {
            cells.extend(region.into_iter().flat_map(|r| r.cells()).map(|(key, row)| (key.to_owned(), row.to_vec())));
        });
    }
    cells
}

pub fn from(event: Event<'static>, medium: &'static str) -> Event<'static> {
    Event { touch: Some(Touch { medium: Some(medium.into()), ..Touch::default() }), ..event }
}

pub fn of(customer: &'static str, event: Event<'static>) -> Event<'static> {
    Event { customer: customer.into(), ..event }
}

pub fn cost(at: i64, identity: Identity, id: &'static str, kind: CostKind, amount: Money) -> Event<'static> {
    let cost = Cost {
        cost_id: Some(id.into()),
        kind,
        amount,
        channel: None,
        region: None,
        customer_type: None,
        product_type: None,
        from_ms: None,
    };
    Event { identity, ..event(at, "Cost Recorded", Kind::Cost(cost)) }
}

pub fn named<'a>(cells: &'a [(String, i64)], name: &str) -> Vec<(&'a str, i64)> {
    cells.iter().filter(|(key, _)| key.starts_with(name)).map(|(key, value)| (key.as_str(), *value)).collect()
}

/// What the last clv record of each customer says, added up by hand.
fn added_up(shop: &Shop) -> (i64, i64, i64) {
    let mut last = BTreeMap::new();
    for record in shop.written(Topic::Clv) {
        last.insert(text(&record, "customer_id").to_owned(), record);
    }
    let valued = last.values().filter(|record| !record["future"].is_null());
    valued.fold((0, 0, 0), |(count, expected, total), record| {
        let expected_minor = record["future"]["expected_value"]["minor"].as_i64().unwrap();
        (count + 1, expected + expected_minor, total + record["total"]["minor"].as_i64().unwrap())
    })
}

#[test]
fn the_figures_of_all_customers_are_what_their_records_add_up_to() {
    let mut shop = Shop::new();
    shop.feed_all(&[
        from(order(0, "a-1", usd(5000)), "email"),
        of("u-2", from(order(HOUR, "b-1", usd(700)), "cpc")),
        of("u-3", order(40 * DAY, "c-1", usd(900))),
        order(50 * DAY, "a-2", usd(2000)),
        of("u-2", refund(51 * DAY, "b-1", Some(usd(100)))),
        of("u-4", order(52 * DAY, "d-1", usd(400))),
        of("u-4", refund(52 * DAY, "d-1", None)),
    ]);
    let (count, expected, total) = added_up(&shop);
    assert_eq!(count, 3, "nothing is expected of who gave everything back");
    let time_ms = shop.slot.time_ms().unwrap();
    shop.tick(time_ms + 10 * SECOND, None);
    let mut cells = BTreeMap::new();
    cells.extend(told(&mut shop));
    assert_eq!(cells["customer_equity|currency=USD|all"], expected);
    assert_eq!(cells["valued_customers|currency=USD|all"], count);
    for by in ["cohort=", "channel="] {
        let sum =
            |name: &str| cells.iter().filter(|(key, _)| key.starts_with(&format!("{name}|{by}"))).map(|(_, value)| value).sum::<i64>();
        assert_eq!((sum("clv_total"), sum("clv_customers")), (total, count), "{by}");
    }
    let count_of = |dims: &str| cells[&format!("clv_customers|{dims},currency=USD|all")];
    let counts = ["channel=email", "channel=paid_search", "channel=unknown", "cohort=2026-01", "cohort=2026-02"].map(count_of);
    assert_eq!(counts, [1, 1, 1, 2, 1]);
    let acquired = |channel: &str, month: &str| cells[&format!("customers_acquired|channel={channel}|{month}")];
    assert_eq!((acquired("email", "2026-01"), acquired("paid_search", "2026-01"), acquired("unknown", "2026-02")), (1, 1, 2));
}

#[test]
fn customers_and_their_value_are_told_by_where_they_say_they_come_from() {
    let mut shop = Shop::new();
    let heard = super::journey::heard;
    shop.feed_all(&[
        // before the order, after it, and a second answer, which came earlier
        of("u-1", heard(0, "friend")),
        of("u-1", order(DAY, "a-1", usd(1000))),
        of("u-2", order(DAY, "b-1", usd(500))),
        of("u-2", heard(3 * DAY, "friend")),
        of("u-3", order(40 * DAY, "c-1", usd(900))),
        of("u-3", heard(41 * DAY, "friend")),
        of("u-3", heard(39 * DAY, "advert")),
        of("u-4", heard(0, "friend")),
        of("u-5", order(DAY, "e-1", usd(700))),
        of("u-6", heard(0, "advert")),
        of("u-6", order(42 * DAY, "f-1", usd(700))),
        of("u-6", refund(43 * DAY, "f-1", None)),
    ]);
    let told: BTreeMap<_, _> = flushed(&mut shop).into_iter().filter(|(key, _)| key.starts_with("answer_customers|")).collect();
    let wanted = [("answer=advert,cohort=2026-02", 1), ("answer=friend,cohort=2026-01", 2), ("answer=friend,cohort=2026-02", 0)];
    assert_eq!(told, BTreeMap::from(wanted.map(|(dims, count)| (format!("answer_customers|{dims},currency=USD|all"), count))));
}

#[test]
fn a_cell_is_written_as_contracts_say() {
    let mut shop = Shop::new();
    shop.feed(&from(order(0, "a", usd(5000)), "email"));
    shop.out.clear();
    shop.until(10 * SECOND);
    let keys: Vec<String> = shop.out.records().map(|r| r.key.to_owned()).collect();
    let expected = [
        "clv_customers|channel=email,currency=USD|all|3",
        "clv_customers|cohort=2026-01,currency=USD|all|3",
        "clv_total|channel=email,currency=USD|all|3",
        "clv_total|cohort=2026-01,currency=USD|all|3",
        "cohort_buyers|cohort=2026-01|2026-01|3",
        "customer_equity|currency=USD|all|3",
        "customers_acquired|channel=email|2026-01|3",
        "customers_in_stage|stage=first_time|all|3",
        "leads|channel=email|all|3",
        "loyalty_clv|currency=USD,member=no|all|3",
        "loyalty_customers|currency=USD,member=no|all|3",
        "stage_entries|channel=email,from=none,to=first_time|2026-01|3",
        "valued_customers|currency=USD|all|3",
    ];
    assert_eq!(keys, expected);
    let record = shop.out.records().last().unwrap();
    let valued = r#"{"id":"ID","name":"valued_customers","dims":{"currency":"USD"},"window":"all","window_start":"all","kind":"count","value":1,"slot":3,"seq":1}"#;
    assert_eq!(std::str::from_utf8(record.value.unwrap()).unwrap(), valued.replace("ID", record.id));
    assert_eq!(record.timestamp_ms, T0 + 10 * SECOND);
    let acquired = &shop.written(Topic::Aggregates)[6];
    assert_eq!((text(acquired, "window"), text(acquired, "window_start")), ("month", "2026-01"));
    let total = &shop.written(Topic::Aggregates)[2];
    assert_eq!((text(total, "kind"), &total["value"]["currency"]), ("sum", &Json::from("USD")));
    assert_eq!(total["dims"], serde_json::json!({ "channel": "email", "currency": "USD" }));
}

#[test]
fn changes_are_written_once_in_an_interval_and_not_at_all_when_nothing_changes() {
    let mut shop = Shop::new();
    shop.feed(&order(0, "a", usd(5000)));
    shop.feed(&of("u-2", order(9 * SECOND, "b", usd(100))));
    assert_eq!(named(&told(&mut shop), "valued"), []);
    assert_eq!(shop.slot.next_deadline_ms(), Some(T0 + 10 * SECOND));
    shop.feed(&of("u-3", order(10 * SECOND, "c", usd(100))));
    assert_eq!(named(&told(&mut shop), "valued"), [("valued_customers|currency=USD|all", 2)]);
    shop.until(20 * SECOND);
    assert_eq!(named(&told(&mut shop), "valued"), [("valued_customers|currency=USD|all", 3)]);
    shop.feed(&email(20 * SECOND, EmailSignal::Opened));
    shop.until(HOUR);
    assert_eq!(told(&mut shop), []);
}

#[test]
fn after_a_restart_all_cells_are_written_once_and_go_on_where_they_were() {
    let mut shop = Shop::new();
    shop.feed(&order(0, "a", usd(5000)));
    flushed(&mut shop);
    let before = stored(&mut shop);
    shop.slot = Slot::restored(3, Arc::new(settings()), Arc::clone(&shop.committed), shop.slot.time_ms());
    assert_eq!(flushed(&mut shop).len(), 13);
    assert_eq!(flushed(&mut shop), []);
    assert_eq!(stored(&mut shop), before);
    shop.feed(&of("u-2", order(HOUR, "b", usd(100))));
    let time_ms = shop.slot.time_ms().unwrap();
    shop.tick(time_ms + 10 * SECOND, None);
    let valued = shop.written(Topic::Aggregates).pop().unwrap();
    assert_eq!((text(&valued, "name"), &valued["value"], &valued["seq"]), ("valued_customers", &Json::from(2), &Json::from(2)));
}

#[test]
fn what_is_discarded_was_never_counted() {
    let mut shop = Shop::new();
    shop.feed(&order(0, "a", usd(5000)));
    let before = stored(&mut shop);
    shop.feed(&of("u-2", order(HOUR, "b", usd(100))));
    shop.until(2 * HOUR);
    shop.slot.discard();
    shop.out.clear();
    assert_eq!(stored(&mut shop), before);
    let cells = flushed(&mut shop);
    assert_eq!(
        (named(&cells, "valued"), cells.len()),
        (vec![("valued_customers|currency=USD|all", 1)], 13),
        "what was said was not, either"
    );
}

#[test]
fn a_channel_that_is_told_later_counts_from_the_next_score_on() {
    let mut shop = Shop::new();
    shop.feed(&order(0, "a", usd(5000)));
    shop.feed(&from(email(HOUR, EmailSignal::Clicked), "email"));
    assert_eq!(named(&flushed(&mut shop), "clv_customers|ch"), [("clv_customers|channel=unknown,currency=USD|all", 1)]);
    shop.feed(&from(order(DAY, "b", usd(100)), "cpc"));
    let moved = [("clv_customers|channel=email,currency=USD|all", 1), ("clv_customers|channel=unknown,currency=USD|all", 0)];
    let cells = flushed(&mut shop);
    assert_eq!(named(&cells, "clv_customers|ch"), moved);
    assert_eq!(named(&cells, "customers_acquired"), [], "nobody is acquired twice");
    let touch = shop.customer("u-1").touch;
    assert_eq!((touch.first.as_str(), touch.last.as_str()), ("email", "paid_search"));
}

#[test]
fn who_pays_in_another_currency_moves_to_its_figures() {
    let mut shop = Shop::new();
    shop.feed_all(&[order(0, "a", usd(5000)), order(DAY, "b", money(100, "EUR")), order(2 * DAY, "c", money(100, "EUR"))]);
    let mut last = BTreeMap::new();
    shop.until(3 * DAY);
    last.extend(told(&mut shop));
    let valued = |code: &str| last[&format!("valued_customers|currency={code}|all")];
    assert_eq!((valued("USD"), valued("EUR")), (0, 1));
    assert_eq!(last["customer_equity|currency=USD|all"], 0);
}

#[test]
fn an_erased_customer_is_in_no_figure_of_what_is_but_was_acquired() {
    let mut shop = Shop::new();
    shop.feed(&order(0, "a", usd(5000)));
    shop.feed(&event(HOUR, "Customer Erased", Kind::Erased));
    shop.out.clear();
    for (key, value) in flushed(&mut shop) {
        let stays = ["customers_acquired", "leads"].iter().any(|name| key.starts_with(name));
        assert_eq!(value, i64::from(stays), "{key}");
    }
}

#[test]
fn a_cost_counts_once_for_its_customer_and_for_all() {
    let mut shop = Shop::new();
    shop.feed(&from(event(0, "Page", Kind::Unknown), "cpc"));
    let service = cost(1, Identity::Known, "k-1", CostKind::Service, usd(300));
    assert_eq!((shop.feed(&service), shop.feed(&service)), (Outcome::Applied, Outcome::Duplicate));
    shop.feed(&cost(2, Identity::Known, "k-2", CostKind::Acquire, money(7, "EUR")));
    shop.feed(&cost(3, Identity::Known, "k-3", CostKind::Acquire, usd(40)));
    assert_eq!(shop.counted(Counter::CostDuplicate), 1);
    let cells = flushed(&mut shop);
    let expected = [
        ("cost|channel=paid_search,currency=EUR,kind=acquire|2026-01", 7),
        ("cost|channel=paid_search,currency=USD,kind=acquire|2026-01", 40),
        ("cost|channel=paid_search,currency=USD,kind=service|2026-01", 300),
    ];
    assert_eq!(named(&cells, "cost"), expected);
    let costs = shop.customer("u-1").costs;
    assert_eq!(costs.iter().map(|sum| sum.minor).collect::<Vec<_>>(), [[40, 0, 300, 0], [7, 0, 0, 0]]);
}

#[test]
fn a_cost_of_nobody_is_counted_once_and_makes_no_customer() {
    let mut shop = Shop::new();
    let mut bill = cost(0, Identity::Nobody, "k-1", CostKind::Acquire, usd(9900));
    let Kind::Cost(details) = &mut bill.kind else { unreachable!() };
    (details.channel, details.region, details.from_ms) = (Some("email".into()), Some("north".into()), Some(T0 - DAY));
    assert_eq!(shop.feed(&bill), Outcome::Applied);
    shop.commit();
    assert_eq!(shop.feed(&bill), Outcome::Duplicate);
    shop.slot.discard();
    shop.slot = Slot::restored(3, Arc::new(settings()), Arc::clone(&shop.committed), shop.slot.time_ms());
    assert_eq!(shop.feed(&bill), Outcome::Duplicate);
    assert_eq!(flushed(&mut shop), [("cost|channel=email,currency=USD,kind=acquire,region=north|2025-12".to_owned(), 9900)]);
    shop.commit();
    assert_eq!(shop.committed.size(3).0, 0);
}

#[test]
fn too_many_cells_are_counted_as_other_ones() {
    let mut shop = Shop::new();
    shop.slot.bound_cells(11);
    shop.feed_all(&[from(order(0, "a", usd(5000)), "email"), of("u-2", from(order(40 * DAY, "b", usd(100)), "cpc"))]);
    assert!(shop.counted(Counter::CellFolded) > 0);
    let cells = flushed(&mut shop);
    let expected = [
        ("clv_customers|channel=email,currency=USD|all", 1),
        ("clv_customers|channel=other,currency=USD|all", 1),
        ("clv_customers|cohort=2026-01,currency=USD|all", 1),
        ("clv_customers|cohort=other,currency=USD|all", 1),
    ];
    let mut all: Vec<(String, i64)> = cells;
    all.retain(|(key, _)| key.starts_with("clv_customers"));
    assert!(all.iter().all(|cell| expected.contains(&(cell.0.as_str(), cell.1))), "{all:?}");
    // taken away where it was put
    shop.feed(&of("u-2", event(41 * DAY, "Customer Erased", Kind::Erased)));
    let cells = flushed(&mut shop);
    assert_eq!(named(&cells, "clv_customers|c").iter().filter(|(key, value)| key.contains("other") && *value == 0).count(), 2, "{cells:?}");
}
