//! Stages of one's own: the last entry that holds is the customer's, time moves them by itself, and who was gone comes back.

use super::*;

fn entry(name: &str, when: Vec<StageCondition>) -> StageEntry {
    let why = if when.is_empty() { Why::FirstSeen } else { Why::Condition };
    StageEntry::new(Stage::named(name).unwrap(), why, name == "gone", when)
}

fn since(moment: StageMoment, test: Test, days: i64) -> StageCondition {
    StageCondition::Since { moment, test, ms: days * DAY }
}

fn counted(of: Counted, count: u32) -> StageCondition {
    StageCondition::Count { of, test: Test::AtLeast, count }
}

fn is(flag: CustomerFlag) -> StageCondition {
    StageCondition::Is(vec![flag])
}

fn graph(forward_only: bool, entries: Vec<StageEntry>) -> Settings {
    let graph = StageGraph { entries, alive_below: vec![0.5], forward_only, is_shipped: false };
    let settings = settings();
    Settings { lifecycle: Lifecycle { graph, ..settings.lifecycle }, ..settings }
}

fn shop_with_fans(forward_only: bool) -> Shop {
    let of_spend =
        Condition::Money { field: MoneyField::HistoricNet, test: Test::AtLeast, minor: BTreeMap::from([(usd(1).currency, 5_000)]) };
    Shop::with(graph(
        forward_only,
        vec![
            entry("new", vec![]),
            entry("buyer", vec![is(CustomerFlag::Ordered)]),
            entry("fan", vec![StageCondition::Stands(of_spend)]),
            entry("fan", vec![counted(Counted::RepeatDays, 2)]),
            entry("quiet", vec![since(StageMoment::LatestOrder, Test::AtLeast, 30), since(StageMoment::LatestOrder, Test::LessThan, 400)]),
            entry("gone", vec![since(StageMoment::LatestOrder, Test::AtLeast, 400)]),
        ],
    ))
}

#[test]
fn the_last_entry_that_holds_is_the_customers_stage() {
    let mut shop = shop_with_fans(false);
    shop.feed_all(&[identified(0), order(HOUR, "a", usd(1_000)), order(2 * HOUR, "b", usd(4_000)), refund(3 * HOUR, "b", None)]);
    assert_eq!(shop.stages(), ["new/first_seen", "buyer/order", "fan/order", "buyer/refund"], "by spend");
    shop.out.clear();
    shop.feed_all(&[order(DAY, "c", usd(1)), order(2 * DAY, "d", usd(1))]);
    assert_eq!(shop.stages(), ["fan/order"], "by the other way in: two later days with an order");
}

#[test]
fn what_time_will_bring_is_told_as_it_will_come() {
    let new = |days| vec![since(StageMoment::SignUp, Test::LessThan, days)];
    let quiet = vec![since(StageMoment::LatestEvent, Test::AtLeast, 30)];
    let settings = graph(false, vec![entry("known", vec![]), entry("settling", new(9)), entry("new", new(2)), entry("quiet", quiet)]);
    let mut shop = Shop::with(settings);
    shop.feed(&super::journey::did(0, crate::event::InteractionKind::SignedUp, None));
    let told: Vec<_> = crate::engine::ahead(&shop.customer("u-1"), &Arc::new(shop.settings.clone()));
    let told: Vec<_> = told.into_iter().map(|(what, at_ms)| (what, (at_ms - T0) / DAY)).collect();
    let wanted = [("end of stage new", 2), ("end of stage settling", 9), ("stage quiet", 30)];
    assert_eq!(told, wanted.map(|(what, day)| (what.to_owned(), day)));
}

#[test]
fn time_alone_leads_into_stages_and_out_of_them() {
    let mut shop = shop_with_fans(false);
    shop.feed(&order(0, "a", usd(1_000)));
    shop.out.clear();
    shop.until(500 * DAY);
    let moves: Vec<String> = shop
        .written(Topic::Transitions)
        .iter()
        .map(|record| format!("{}/{} {}", text(record, "to"), &text(record, "event_time")[..10], text(&record["cause"], "deadline")))
        .collect();
    assert_eq!(moves, ["quiet/2026-01-31 quiet", "gone/2027-02-05 gone"]);
    let mut shop = Shop::with(graph(
        false,
        vec![
            entry("new", vec![]),
            entry("alive", vec![StageCondition::Alive { bound: 0, test: Test::AtLeast }]),
            entry("fresh", vec![since(StageMoment::LatestEvent, Test::LessThan, 7)]),
        ],
    ));
    shop.feed(&order(0, "a", usd(1_000)));
    shop.until(2_000 * DAY);
    let names: Vec<String> = shop.stages().iter().map(|stage| stage.split('/').next().unwrap().to_owned()).collect();
    assert_eq!(names, ["fresh", "alive", "new"], "a stage that ends by itself gives way to what else holds");
}

#[test]
fn forward_only_nobody_goes_back_but_who_was_gone() {
    let mut shop = shop_with_fans(true);
    shop.feed_all(&[order(0, "a", usd(5_000)), refund(HOUR, "a", Some(usd(4_000)))]);
    assert_eq!(shop.stages(), ["fan/order"], "a refund takes nobody back");
    shop.until(31 * DAY).feed(&order(31 * DAY, "b", usd(1)));
    assert_eq!(shop.stages()[1..], ["quiet/condition"], "an order after some silence does not, either");
    shop.until(440 * DAY).feed(&order(440 * DAY, "c", usd(1)));
    assert_eq!(shop.stages()[2..], ["gone/condition", "fan/order"], "but whoever was gone begins again: two later days with an order");
    let cycles: Vec<u64> = shop.written(Topic::Transitions).iter().map(|record| record["cycle"].as_u64().unwrap()).collect();
    assert_eq!(cycles, [1, 1, 1, 2]);
}

#[test]
fn a_stage_of_ones_own_is_kept_counted_and_named_after_the_graph_has_gone() {
    let mut shop = shop_with_fans(false);
    shop.feed(&order(0, "a", usd(6_000)));
    shop.commit();
    shop.slot = Slot::new(3, Arc::new(settings()), Arc::clone(&shop.committed));
    shop.out.clear();
    shop.feed(&order(DAY, "b", usd(1)));
    let moved = shop.written(Topic::Transitions).remove(0);
    assert_eq!((text(&moved, "from"), text(&moved, "to")), ("fan", "repeat"));
    shop.until(2 * DAY);
    let cells: Vec<(String, i64)> = shop
        .written(Topic::Aggregates)
        .iter()
        .filter(|cell| cell["name"] == "customers_in_stage")
        .map(|cell| (text(&cell["dims"], "stage").to_owned(), cell["value"].as_i64().unwrap()))
        .collect();
    assert_eq!(cells, [("fan".to_owned(), 0), ("repeat".to_owned(), 1)]);
}

#[test]
fn old_rows_have_no_place_for_them_and_nobody_moves_until_they_are_raised() {
    let mut shop = shop_with_fans(false);
    let empty = Slot::new(3, Arc::new(shop.settings.clone()), Arc::clone(&shop.committed));
    shop.slot = empty.with_row_version(RowVersion::OLDEST);
    shop.feed_all(&[identified(DAY), order(0, "a", usd(6_000))]);
    assert_eq!((shop.stages().len(), shop.customer("u-1").now_ms), (0, T0 + DAY), "not new with each event");
    shop.slot.raise_row_version(RowVersion::NEWEST);
    shop.feed(&identified(2 * DAY));
    assert_eq!(shop.stages(), ["fan/condition"]);
}
