//! E-mail and consent events as read, and the events without a meaning.
//! The line between the three matters: another channel's consent must become nothing at all, and an unknown name must not cost a dead
//! letter, whatever its properties hold.

use super::{decode_with, kind, rules, track};
use crate::event::{ConsentChange, ConsentStatus, Email, EmailSignal, Kind};

fn consent(status: ConsentStatus) -> Kind<'static> {
    Kind::Consent(ConsentChange { status, source: None, double_opt_in: false })
}

#[test]
fn email_events_are_signals() {
    let cases = [
        ("Email Delivered", "{}", EmailSignal::Delivered),
        ("Email Opened", "null", EmailSignal::Opened),
        ("Email Link Clicked", r#"{"link_url":"https://example.com"}"#, EmailSignal::Clicked),
        ("Email Marked as Spam", "[]", EmailSignal::Complaint),
        ("Email Bounced", "{}", EmailSignal::HardBounce),
        ("Email Bounced", r#"{"bounce_type":"hard"}"#, EmailSignal::HardBounce),
        ("Email Bounced", r#"{"bounce_type":"who knows"}"#, EmailSignal::HardBounce),
        ("Email Bounced", r#"{"bounce_type":"soft"}"#, EmailSignal::SoftBounce),
        ("Email Bounced", r#"{"bounce_type":"Transient"}"#, EmailSignal::SoftBounce),
        ("Email Bounced", r#"{"bounce_type":"temporary"}"#, EmailSignal::SoftBounce),
    ];
    for (event, properties, signal) in cases {
        assert_eq!(kind(event, properties), Kind::Email(Email { signal, campaign_id: None }), "{event} {properties}");
    }
}

#[test]
fn consent_is_read_for_the_email_channel_only() {
    let cases = [
        ("Subscribed", "{}", consent(ConsentStatus::Subscribed)),
        ("Subscribed", r#"{"channel":"sms"}"#, Kind::Unknown),
        ("Unsubscribed", r#"{"email_id":"e-1"}"#, consent(ConsentStatus::Unsubscribed)),
        ("Unsubscribed", r#"{"channel":"Email"}"#, consent(ConsentStatus::Unsubscribed)),
        ("Consent Changed", r#"{"channel":"email","status":"unsubscribed"}"#, consent(ConsentStatus::Unsubscribed)),
        ("Consent Changed", r#"{"channel":"email","status":"pending"}"#, consent(ConsentStatus::Pending)),
        ("Consent Changed", r#"{"channel":"push","status":7}"#, Kind::Unknown),
    ];
    for (event, properties, expected) in cases {
        assert_eq!(kind(event, properties), expected, "{event} {properties}");
    }
    let read = kind("Consent Changed", r#"{"channel":"email","status":"subscribed","source":"checkout","double_opt_in":true}"#);
    let expected = ConsentChange { status: ConsentStatus::Subscribed, source: Some("checkout".into()), double_opt_in: true };
    assert_eq!(read, Kind::Consent(expected));
}

#[test]
fn names_without_a_meaning_are_unknown_and_their_properties_unread() {
    for event in ["order completed", "Order Completed ", "Wheel Spun", "Store Locator Used", "日本"] {
        for properties in [r#"{"order_id":{},"total":-1,"products":7}"#, "[1,2]", "\"x\"", "1e5", "true", "-1"] {
            let value = track(event, properties);
            let read = decode_with(&value, &rules()).unwrap();
            assert_eq!((read.kind, read.name.as_ref()), (Kind::Unknown, event), "{properties}");
        }
    }
}

#[test]
fn a_mail_tells_its_campaign_and_an_unreadable_one_costs_nothing_else() {
    let campaign = |event, properties| match kind(event, properties) {
        Kind::Email(Email { campaign_id, .. }) => campaign_id.map(|id| id.into_owned()),
        other => panic!("{other:?}"),
    };
    for event in ["Email Delivered", "Email Link Clicked", "Email Bounced", "Email Marked as Spam"] {
        assert_eq!(campaign(event, r#"{"campaign_id":"win_back"}"#).as_deref(), Some("win_back"), "{event}");
        assert_eq!(campaign(event, r#"{"campaign_id":{}}"#), None, "{event}");
    }
}
