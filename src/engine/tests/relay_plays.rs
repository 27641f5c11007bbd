//! What plays decide when words from other slots come: what one of two ids had begun or decided is not lost, and not done twice.

use super::relay::{Net, VISITOR, event_of, of};
use super::triggers::{born, shop_of};
use super::*;

/// What another slot, which is two days ahead, has to say to `ann`: by its place here the way it takes.
fn word_of_two_days_ahead(way: usize) -> Net {
    let mut ahead = Net::new();
    let visit = |at, message| Event { identity: Identity::Anonymous, ..of(VISITOR, event_of(at, Kind::Unknown), message) };
    let ask = of("ann", event_of(HOUR, Kind::Joined { former_id: VISITOR.into(), is_identify: true }), "join");
    match way {
        0 => ahead.feed(&of("bob", event_of(2 * DAY, Kind::ReferralConverted { referrer_id: "ann".into() }), "m-1")),
        1 => {
            ahead.feed(&ask);
            ahead.deliver_all();
            ahead.feed(&visit(2 * DAY, "m-1"));
        }
        _ => {
            ahead.feed(&visit(2 * DAY, "m-1"));
            ahead.feed(&ask);
            ahead.deliver(0, false);
        }
    }
    assert_eq!(ahead.waiting.len(), 1);
    ahead
}

#[test]
fn a_word_from_a_slot_that_is_ahead_takes_nobody_s_birthday() {
    for way in 0..3 {
        for is_heard_late in [false, true] {
            let mut net = word_of_two_days_ahead(way);
            net.shop = shop_of(Trigger::Birthday, &[HOUR], |_| {});
            net.shop.feed(&Event { customer: "ann".into(), ..born(0, 1, 2) });
            net.shop.until(if is_heard_late { 3 * DAY } else { HOUR });
            net.deliver(0, false);
            net.shop.until(DAY + HOUR);
            net.collect();
            assert_eq!(net.actions, ["send/birthday birthday"], "way {way}, heard late: {is_heard_late}");
        }
    }
}

#[test]
fn a_tier_that_the_visitor_had_reached_is_answered_once() {
    let tier = |name, minor| Level::new(name, BTreeMap::from([(usd(0).currency, minor)]));
    let reached = Trigger::LevelReached { track: Track::Tier, name: None };
    // the visitor's mail was decided, was still waiting, or is about a lower tier than the two reach together
    let cases = [(3 * HOUR, 0, vec!["suppressed/no_email silver"]), (MINUTE, 0, vec!["send/level_reached silver"])];
    let higher = (3 * HOUR, 10_000, vec!["suppressed/no_email silver", "send/level_reached gold"]);
    for (joined_at, own_minor, wanted) in cases.into_iter().chain([higher]) {
        let mut net = Net::new();
        net.shop = shop_of(reached.clone(), &[HOUR], |_| {});
        let tiers = vec![tier("silver", 20_000), tier("gold", 50_000)];
        let loyalty = LoyaltyRules { tiers, window_ms: 100 * DAY, grace_ms: 0 };
        net.shop.slot.change_settings(Arc::new(Settings { loyalty, ..net.shop.settings.clone() }));
        net.feed(&Event { customer: "ann".into(), ..identified(0) });
        net.feed(&Event { identity: Identity::Anonymous, ..of(VISITOR, order(0, "o-1", usd(45_000)), "m-1") });
        net.shop.until(joined_at - 1);
        if own_minor > 0 {
            net.feed(&of("ann", order(joined_at - 1, "o-2", usd(own_minor)), "m-2"));
        }
        net.feed(&of("ann", event_of(joined_at, Kind::Joined { former_id: VISITOR.into(), is_identify: true }), "join"));
        net.deliver_all();
        net.shop.until(2 * DAY);
        net.collect();
        assert_eq!(net.actions, wanted);
    }
}
