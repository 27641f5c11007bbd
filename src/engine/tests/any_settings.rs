//! Settings for properties: plays of all triggers, with and without each bound, so that histories meet every mix of them.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// Plays of stages, events, levels and dates with the bounds of another, several steps, variants and an offer.
fn plays_of_all_triggers(like: &Play) -> Vec<Play> {
    let stages = [Stage::LEAD, Stage::FIRST_TIME, Stage::AT_RISK, Stage::LAPSED].map(Trigger::StageEntered);
    let events = ["Order Completed", "Email Opened", "Cart Viewed", "identify"].map(|name| Trigger::EventSeen(name.into()));
    let level = |track, name: Option<&str>| Trigger::LevelReached { track, name: name.map(Into::into) };
    let others = [level(Track::ValueBand, None), level(Track::Tier, Some("gold")), Trigger::Birthday, Trigger::NextOrderDue];
    let of = |(n, trigger): (usize, Trigger)| {
        let mut steps = vec![step(if n % 2 == 0 { 0 } else { HOUR }, "a"), step(3 * HOUR, "b")];
        steps[0].templates.push("c".into());
        steps[1].offer = Some(Offer { id: "TEN".into(), ttl_ms: 5 * DAY });
        let stage_left = n == 3;
        let cancel_on = CancelOn { order: n % 3 == 0, cart_emptied: false, cart_filled: n % 5 == 0, stage_left, refund: n == 4 };
        Play { name: format!("p-{n}"), trigger, steps, cancel_on, priority: 10 * n as u32, ..like.clone() }
    };
    stages.into_iter().chain(events).chain(others).enumerate().map(of).collect()
}

/// Stages that events and time lead into and out of, the first of them named as a shipped one.
fn own_lifecycle(forward_only: bool) -> Lifecycle {
    let since = |moment, test, days: i64| StageCondition::Since { moment, test, ms: days * DAY };
    let entry = |name: &str, when: Vec<StageCondition>| {
        let why = if when.is_empty() { Why::FirstSeen } else { Why::Condition };
        StageEntry::new(Stage::named(name).unwrap(), why, name == "gone", when)
    };
    let entries = vec![
        entry("lead", vec![]),
        entry("seen_lately", vec![since(StageMoment::LatestEvent, Test::LessThan, 3)]),
        entry("buyer", vec![StageCondition::Is(vec![CustomerFlag::Ordered])]),
        entry("back", vec![StageCondition::Is(vec![CustomerFlag::Returned])]),
        entry("fan", vec![StageCondition::Count { of: Counted::RepeatDays, test: Test::AtLeast, count: 1 }]),
        entry("gone", vec![StageCondition::Alive { bound: 0, test: Test::LessThan }]),
        entry("gone", vec![since(StageMoment::LatestOrder, Test::AtLeast, 50)]),
    ];
    let graph = StageGraph { entries, alive_below: vec![0.6], forward_only, is_shipped: false };
    Lifecycle { graph, ..lifecycle(&BOUNDS) }
}

pub fn any_settings() -> impl Strategy<Value = Settings> {
    (any::<[bool; 10]>(), select(vec![ConsentRule::DoubleOptIn, ConsentRule::OptIn, ConsentRule::SoftOptIn, ConsentRule::None])).prop_map(
        |([several_steps, quiet, frequency, two_plays, control, other_triggers, rivals, levels, own_stages, forward_only], consent)| {
            let mut play = play("cart_recovery");
            if several_steps {
                play.steps.push(step(5 * HOUR, "cart_2"));
                play.steps.push(step(4 * HOUR, "cart_3"));
            }
            if quiet {
                let time = |hour| jiff::civil::time(hour, 0, 0, 0);
                play.quiet = Some(QuietHours { from: time(21), until: time(8) });
            }
            if frequency {
                play.cool_down_ms = Some(2 * DAY);
                play.caps = vec![Cap { channel: Channel::Email, count: 2, window_ms: DAY }];
            }
            if control {
                play.control = 0.5;
            }
            let mut plays = vec![play.clone()];
            if two_plays {
                plays.push(Play { name: "another".into(), ..play.clone() });
            }
            if other_triggers {
                plays.extend(plays_of_all_triggers(&play));
            }
            let priority_window_ms = if rivals { 6 * HOUR } else { 0 };
            let level = |name, minor| Level::new(name, BTreeMap::from([(usd(0).currency, minor), (money(0, "EUR").currency, 2 * minor)]));
            let value_bands = if levels { vec![level("high", 9_000), level("low", 2_000)] } else { Vec::new() };
            let tiers = if levels { vec![level("silver", 5_000), level("gold", 20_000)] } else { Vec::new() };
            let loyalty = LoyaltyRules { tiers, window_ms: 100 * DAY, grace_ms: 10 * DAY };
            let lifecycle = if own_stages { own_lifecycle(forward_only) } else { lifecycle(&BOUNDS) };
            // of some histories the last decisions are kept, too
            let decisions_kept = if levels { 3 } else { 0 };
            Settings { decisions_kept, plays, consent, priority_window_ms, value_bands, loyalty, lifecycle, ..settings() }
        },
    )
}
