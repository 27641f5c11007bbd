//! Rules that change while a slot works: the same must follow as from a restart with them.

use proptest::prelude::*;

use super::any_settings::any_settings;
use super::properties::{any_history, events, run};
use super::*;

/// The rules of `next` for a slot that counts and scores as before: what takes a restart stays.
fn reloaded(former: &Settings, next: &Settings) -> Settings {
    Settings {
        value: former.value.clone(),
        customer_zone: former.customer_zone.clone(),
        report_zone: former.report_zone.clone(),
        aggregates_interval_ms: former.aggregates_interval_ms,
        ..next.clone()
    }
}

proptest! {
    #[test]
    fn changed_rules_are_those_of_a_restart(history in any_history(), first in any_settings(), second in any_settings(), cuts in any::<u64>()) {
        let events = events(&history);
        let second = reloaded(&first, &second);
        let rules = |number: usize| if (cuts >> (number % 32)).count_ones() % 2 == 1 { &second } else { &first };
        let changes = |number: usize| number > 0 && cuts >> (32 + number % 32) & 1 == 1;
        let changed = run(&first, &events, |number, shop| {
            if changes(number) {
                shop.commit();
                shop.slot.change_settings(Arc::new(rules(number).clone()));
            }
        });
        let restarted = run(&first, &events, |number, shop| {
            if changes(number) {
                shop.commit();
                let time_ms = shop.slot.time_ms();
                shop.slot = Slot::restored(3, Arc::new(rules(number).clone()), Arc::clone(&shop.committed), time_ms);
            }
        });
        prop_assert_eq!(changed, restarted);
    }
}

#[test]
fn who_waits_is_decided_on_by_the_new_rules() {
    let mut shop = Shop::new();
    shop.feed_all(&[identified(0), added(MINUTE, "p-1", 1)]);
    shop.commit();
    let next = Play { version: "0ther".into(), mode: Mode::Shadow, ..play("cart_recovery") };
    shop.slot.change_settings(Arc::new(Settings { plays: vec![next], ..settings() }));
    shop.until(DAY);
    let actions = shop.written(Topic::Actions);
    assert_eq!((shop.actions(), text(&actions[0], "play_version")), (vec!["suppressed/shadow".to_owned()], "0ther"));
}
