//! Loyalty events: what they tell, and what they are refused for.

use super::{decode_with, kind, money, rules, track};
use crate::event::{Kind, Loyalty, LoyaltyKind, Reason};

fn read(event: &str, properties: &str) -> Loyalty {
    match kind(event, properties) {
        Kind::Loyalty(loyalty) => loyalty,
        other => panic!("{other:?}"),
    }
}

#[test]
fn points_rewards_and_expiry_are_read() {
    for expected in LoyaltyKind::ALL {
        let read = kind(expected.event_name(), r#"{"points":1}"#);
        assert_eq!(read.label(), expected.event_name());
    }
    let earned = read("Points Earned", r#"{"points":"120","expires_at":"2026-06-30","value":5}"#);
    let day_end_ms = 1_782_864_000_000; // 2026-07-01
    let expected = Loyalty { kind: LoyaltyKind::PointsEarned, points: 120, reward: None, expires_ms: Some(day_end_ms) };
    assert_eq!(earned, expected);
    let until = read("Points Earned", r#"{"points":2.0,"expires_at":"2026-06-30T10:00:00Z"}"#);
    assert_eq!((until.points, until.expires_ms), (2, Some(day_end_ms - 14 * 3_600_000)));
    let reward = read("Reward Redeemed", r#"{"value":"7.50","currency":"USD","points":500}"#);
    assert_eq!((reward.points, reward.reward), (500, Some(money(750, "USD"))));
    let paid = read("Points Redeemed", r#"{"points":500,"value":"7.50"}"#);
    assert_eq!((paid.points, paid.reward), (500, None), "the order is less already");
    assert_eq!(read("Loyalty Enrolled", r#"{"points":"x"}"#).points, 0, "nobody looks at them");
}

#[test]
fn what_cannot_be_counted_is_refused() {
    let cases = [
        ("Points Earned", "{}", Reason::MissingField),
        ("Points Earned", r#"{"points":1.5}"#, Reason::InvalidQuantity),
        ("Points Earned", r#"{"points":-1}"#, Reason::InvalidQuantity),
        ("Points Earned", r#"{"points":1000000001}"#, Reason::InvalidQuantity),
        ("Points Earned", r#"{"points":1,"expires_at":"soon"}"#, Reason::InvalidTime),
        ("Points Earned", r#"{"points":1,"expires_at":"2200-01-01"}"#, Reason::TimeOutOfRange),
        ("Points Redeemed", r#"{"value":5,"currency":"USD"}"#, Reason::MissingField),
        ("Reward Redeemed", "{}", Reason::MissingField),
        ("Reward Redeemed", r#"{"value":5}"#, Reason::MissingCurrency),
        ("Reward Redeemed", r#"{"value":-5,"currency":"USD"}"#, Reason::NegativeAmount),
    ];
    for (event, properties, reason) in cases {
        let refused = decode_with(&track(event, properties), &rules()).map(|event| event.kind.label()).unwrap_err();
        assert_eq!(refused.reason, reason, "{event} {properties}");
    }
}
