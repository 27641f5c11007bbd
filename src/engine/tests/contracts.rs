//! Subscriptions: what a row keeps of them, and what they do not touch.

use proptest::prelude::*;
use proptest::sample::select;

use super::properties::amount;
use super::*;
use crate::engine::contracts::CONTRACTS_MAX;
use crate::event::{Subscription, SubscriptionKind};

pub fn any_subscription() -> impl Strategy<Value = Subscription<'static>> {
    let period_months = proptest::option::of(select(vec![1u8, 3, 12]));
    (select(SubscriptionKind::ALL.to_vec()), 0..6u8, amount(), period_months).prop_map(|(kind, id, amount, period_months)| Subscription {
        kind,
        id: format!("s-{id}").into(),
        amount: (kind != SubscriptionKind::Cancelled).then_some(amount),
        period_months,
    })
}

fn subscription(at: i64, kind: SubscriptionKind, id: &str, amount: Option<Money>) -> Event<'static> {
    let told = Subscription { kind, id: id.to_owned().into(), amount, period_months: None };
    event(at, kind.event_name(), Kind::Subscription(told))
}

#[test]
fn more_contracts_than_are_kept_are_paid_for_all_the_same() {
    let mut shop = Shop::new();
    for number in 0..=CONTRACTS_MAX {
        shop.feed(&subscription(number as i64, SubscriptionKind::Payment, &format!("s-{number}"), Some(usd(100))));
    }
    let contracts = shop.customer("u-1").contracts.unwrap();
    assert_eq!((contracts.running.len(), contracts.paid[0].payments, contracts.paid[0].minor), (CONTRACTS_MAX, 5, 500));
}

#[test]
fn a_payment_is_no_order_and_a_cancelled_contract_expects_nothing() {
    let mut shop = Shop::new();
    shop.feed(&subscription(0, SubscriptionKind::Payment, "s-1", Some(usd(100))));
    shop.feed(&subscription(DAY, SubscriptionKind::Cancelled, "s-1", None));
    // one that nobody knows changes nothing, and says nothing
    shop.feed(&subscription(2 * DAY, SubscriptionKind::Cancelled, "s-2", None));
    let records = shop.written(Topic::Clv);
    assert_eq!(records.len(), 2);
    assert_eq!(
        (&records[1]["historic"], &records[1]["future"], &records[1]["total"]["minor"]),
        (&Json::from(Vec::<Json>::new()), &Json::Null, &Json::from(100))
    );
    assert_eq!(shop.customer("u-1").stage, Some(Stage::VISITOR));
}
