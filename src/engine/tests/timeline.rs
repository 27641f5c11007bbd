//! The last decisions: all that is written of moves and actions, in its order, as many as are wanted, and nothing where none are.

use super::relay::{Net, VISITOR, event_of, of};
use super::*;
use crate::engine::lifecycle::Why;
use crate::engine::record::held::held;
use crate::engine::row::{RowError, RowVersion};
use crate::engine::timeline::{Decided, Timeline};
use crate::engine::transitions::TRACKS;

fn keeping(decisions_kept: usize) -> Settings {
    let level = |name, minor| Level::new(name, BTreeMap::from([(usd(0).currency, minor)]));
    Settings { decisions_kept, value_bands: vec![level("some", 100), level("high", 5_000)], ..settings() }
}

/// A cart, its reminder, an order that follows, a complaint, and long silence.
fn lived(settings: Settings) -> Shop {
    let mut shop = Shop::with(settings);
    shop.feed_all(&[identified(0), added(HOUR, "p-1", 1), order(3 * HOUR, "a", usd(6_000)), refund(DAY, "a", Some(usd(5_900)))]);
    shop.feed_all(&[added(2 * DAY, "p-2", 1), email(2 * DAY + MINUTE, EmailSignal::Complaint)]);
    shop.until(400 * DAY);
    shop
}

fn decisions(shop: &mut Shop, id: &str) -> Vec<Json> {
    let customer = shop.customer(id);
    let told: Json = serde_json::from_str(&held(id, &customer, None, &shop.settings)).unwrap();
    told["decisions"].as_array().unwrap().clone()
}

/// What was written of moves and actions, in the form in which decisions are told.
fn written(shop: &Shop) -> Vec<Json> {
    let records = shop.out.records().filter(|record| matches!(record.topic, Topic::Transitions | Topic::Actions));
    let told = |record: Record<'_>| {
        let value: Json = serde_json::from_slice(record.value.unwrap()).unwrap();
        let kind = if record.topic == Topic::Transitions { &Json::from("transition") } else { &value["kind"] };
        let [track, from, to, play, step] = ["track", "from", "to", "play", "step"].map(|name| &value[name]);
        serde_json::json!({ "at": value["event_time"], "kind": kind, "track": track, "from": from, "to": to, "play": play, "step": step, "reason": value["reason"] })
    };
    records.map(told).collect()
}

#[test]
fn all_that_is_written_of_moves_and_actions_is_remembered_in_its_order() {
    let mut shop = lived(keeping(50));
    let all = written(&shop);
    let kinds: Vec<&str> = all.iter().map(|decision| text(decision, "kind")).collect();
    assert!(["transition", "send", "cancel", "suppressed"].iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
    assert!(all.iter().any(|decision| decision["track"] == "value_band"), "{all:?}");
    assert_eq!(decisions(&mut shop, "u-1"), all);

    // the last ones, where fewer are kept
    let mut shop = lived(keeping(3));
    assert_eq!(decisions(&mut shop, "u-1"), all[all.len() - 3..]);
}

#[test]
fn where_none_are_kept_rows_are_as_they_were_and_what_was_kept_goes_with_the_next_decision() {
    let mut without = lived(keeping(0));
    let mut with = lived(keeping(5));
    let customer = with.customer("u-1");
    assert!(!customer.timeline.is_empty());
    assert_eq!(Customer { timeline: Timeline::default(), ..customer }, without.customer("u-1"));

    with.slot.change_settings(Arc::new(keeping(0)));
    with.feed(&order(401 * DAY, "b", usd(100)));
    assert!(with.customer("u-1").timeline.is_empty());
}

#[test]
fn rows_of_old_versions_have_no_place_for_decisions() {
    let mut shop = Shop::new();
    shop.slot = Slot::new(3, Arc::new(keeping(5)), Arc::clone(&shop.committed)).with_row_version(RowVersion::newest_up_to(2));
    shop.feed_all(&[identified(0), order(HOUR, "a", usd(1_000))]);
    assert!(shop.customer("u-1").timeline.is_empty());
}

#[test]
fn what_was_decided_about_a_visitor_was_decided_about_the_customer() {
    let mut net = Net::new();
    net.shop = Shop::with(Settings { plays: Vec::new(), ..keeping(5) });
    net.feed(&Event { identity: Identity::Anonymous, ..of(VISITOR, event_of(0, Kind::Unknown), "m-0") });
    net.feed(&of("ann", event_of(DAY, Kind::Joined { former_id: VISITOR.into(), is_identify: true }), "m-1"));
    net.deliver_all();
    net.feed(&of("ann", order(2 * DAY, "o-1", usd(100)), "m-2"));
    let moves: Vec<String> = decisions(&mut net.shop, "ann").iter().map(|told| text(told, "to").to_owned()).collect();
    assert_eq!(moves, ["visitor", "lead", "merged", "first_time", "some"], "in the order of their times");
}

#[test]
fn every_word_of_a_decision_is_read_back_and_others_are_refused() {
    for (number, why) in Why::ALL.into_iter().enumerate() {
        assert_eq!(why as usize, number, "{why:?} is where rows look for it");
    }
    for (number, reason) in Reason::ALL.into_iter().enumerate() {
        assert_eq!(reason as usize, number, "{reason:?} is where rows look for it");
    }
    let mut all = Vec::new();
    let of_why = Why::ALL.into_iter().zip(TRACKS.into_iter().cycle());
    all.extend(of_why.map(|(why, track)| Decided::Move { track, from: Some("a"), to: "b", why }));
    let of_reason = Reason::ALL.into_iter().zip(ActionKind::ALL.into_iter().cycle());
    all.extend(of_reason.map(|(reason, kind)| Decided::Action { play: "p", kind, step: 7, reason }));
    for decided in all {
        let mut timeline = Timeline::default();
        timeline.push(-1, &decided, 1);
        assert_eq!(timeline.decisions().collect::<Vec<_>>(), [(-1, decided)]);
        let whole = timeline.bytes().to_vec();
        assert_eq!(Timeline::default().set_bytes(&whole), Ok(()));
        assert_eq!(Timeline::default().set_bytes(&whole[..whole.len() - 1]), Err(RowError::Truncated));
        for place in [0, 2] {
            let mut broken = whole.clone();
            broken[place] |= 0x7f;
            assert!(matches!(Timeline::default().set_bytes(&broken), Err(RowError::Malformed(_))), "{decided:?}");
        }
        assert_eq!(Timeline::default().set_bytes(&whole.repeat(DECISIONS_MAX + 1)), Err(RowError::Malformed("decisions")));
    }
}
