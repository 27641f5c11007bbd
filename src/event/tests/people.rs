//! Whom an event is about and what it tells of the person: identity, calls other than `track`, traits, the consent trait.
//! Above all, that a bad trait costs nothing but itself.
//! Traits of `track` calls come from `context.traits` alone.

use super::{AT_MS, decode_with, rules};
use crate::event::{Birthday, ConsentStatus, Event, Identity, Kind, Raw, TraitConsent, Traits};

/// An identify call of `u-1` with these traits and this context.
fn identify(traits: &str, context: &str) -> Traits<'static> {
    let value = format!(r#"{{"type":"identify","userId":"u-1","timestamp":"2026-01-01T00:00:00Z","traits":{traits},"context":{context}}}"#);
    let event = decode_with(Box::leak(value.into_boxed_str()), &rules()).unwrap();
    assert_eq!((event.kind, event.name.as_ref()), (Kind::Identify, "identify"));
    event.traits
}

/// A track call with this context.
fn seen(context: &str) -> Traits<'static> {
    let value = format!(r#"{{"type":"track","event":"Page","userId":"u-1","traits":{{"email":"no@example.com"}},"context":{context}}}"#);
    decode_with(Box::leak(value.into_boxed_str()), &rules()).unwrap().traits
}

#[test]
fn the_customer_is_the_key_and_known_or_anonymous_by_the_id_it_equals() {
    let cases = [
        ("u-1", r#""userId":"u-1""#, Identity::Known),
        ("u-1", r#""userId":"u-1","anonymousId":"u-1""#, Identity::Known),
        ("u-1", r#""userId":"u-1","anonymousId":{}"#, Identity::Known),
        ("a-1", r#""userId":"u-1","anonymousId":"a-1""#, Identity::Anonymous),
        ("a-1", r#""userId":null,"anonymousId":"a-1""#, Identity::Anonymous),
        ("a-1", r#""userId":"","anonymousId":"a-1""#, Identity::Anonymous),
        ("42", r#""userId":42"#, Identity::Known),
        ("-42", r#""anonymousId":-42"#, Identity::Anonymous),
        ("é\n", r#""userId":"\u00e9\n""#, Identity::Known),
    ];
    for (key, ids, identity) in cases {
        let value = format!(r#"{{"type":"page",{ids}}}"#);
        let raw = Raw { key: Some(key.as_bytes()), value: Some(value.as_bytes()), timestamp_ms: Some(AT_MS) };
        let event = super::call(&raw, &rules(), None).unwrap_or_else(|reject| panic!("{ids}: {reject:?}"));
        assert_eq!((event.customer.as_ref(), event.identity), (key, identity), "{ids}");
    }
}

#[test]
fn calls_other_than_track_and_identify_only_say_that_the_customer_was_seen() {
    for call in ["alias", "page", "screen", "group", "delete"] {
        let value = format!(r#"{{"type":"{call}","userId":"u-1","messageId":9,"traits":7,"properties":"x","event":[]}}"#);
        let expected = Event {
            customer: "u-1".into(),
            identity: Identity::Known,
            time_ms: AT_MS,
            name: call.into(),
            message_id: Some("9".into()),
            traits: Traits::default(),
            touch: None,
            items: Vec::new(),
            address: None,
            kind: Kind::Unknown,
        };
        assert_eq!(decode_with(&value, &rules()), Ok(expected));
    }
}

#[test]
fn traits_of_identify_go_before_those_of_the_context() {
    let read = identify(
        r#"{"email":" a@example.com ","first_name":"Ada","timezone":"Europe/Berlin","locale":"de-DE","region":"Bavaria","customer_type":"business","birthday":"1990-04-01"}"#,
        r#"{"traits":{"email":"b@example.com","first_name":"B","locale":"fr"},"locale":"en","timezone":"Asia/Tokyo"}"#,
    );
    let expected = Traits {
        email: Some("a@example.com".into()),
        first_name: Some("Ada".into()),
        locale: Some("de-DE".into()),
        time_zone: Some("Europe/Berlin".into()),
        region: Some("Bavaria".into()),
        customer_type: Some("business".into()),
        birthday: Birthday::new(4, 1),
        consent: None,
    };
    assert_eq!(read, expected);
    let read = identify(
        r#"{"email":7}"#,
        r#"{"traits":{"email":"b@example.com","firstName":"B","region":"Hokkaido","birthday":"soon"},"locale":"en","timezone":"Asia/Tokyo"}"#,
    );
    let expected = Traits {
        email: Some("b@example.com".into()),
        first_name: Some("B".into()),
        locale: Some("en".into()),
        time_zone: Some("Asia/Tokyo".into()),
        region: Some("Hokkaido".into()),
        ..Traits::default()
    };
    assert_eq!(read, expected);
}

#[test]
fn a_bad_trait_counts_as_not_given_and_costs_nothing_else() {
    let long_email = format!(r#"{{"traits":{{"email":"{}@example.com"}}}}"#, "x".repeat(320));
    let long_locale = format!(r#"{{"locale":"{}"}}"#, "x".repeat(65));
    let cases = [
        r#"{"traits":{"email":7,"first_name":{},"firstName":[],"locale":1.5,"timezone":true}}"#,
        r#"{"traits":{"email":"","first_name":"","locale":null,"timezone":"Mars/Olympus"}}"#,
        r#"{"traits":{"email":"  ","first_name":"\ud800"},"timezone":"../../etc/passwd"}"#,
        r#"{"traits":{"email_marketing_consent":"subscribed"}}"#,
        r#"{"traits":[1]}"#,
        r#"{"traits":"x"}"#,
        "{}",
        "null",
        "[[{}]]",
        "5",
        "-5",
        "5.5",
        "false",
        "\"context\"",
        &long_email,
        &long_locale,
    ];
    for context in cases {
        assert_eq!(seen(context), Traits::default(), "{context}");
    }
}

#[test]
fn the_traits_beside_a_track_call_are_not_the_persons() {
    assert_eq!(seen(r#"{"traits":{"email":"yes@example.com"}}"#).email.as_deref(), Some("yes@example.com"));
}

#[test]
fn the_consent_trait_is_text_or_flag_or_the_object_of_shopify() {
    let told = |status, double_opt_in, at_ms| Some(TraitConsent { status, double_opt_in, at_ms });
    let cases = [
        (r#""subscribed""#, told(ConsentStatus::Subscribed, false, None)),
        (r#""unsubscribed""#, told(ConsentStatus::Unsubscribed, false, None)),
        (r#""pending""#, told(ConsentStatus::Pending, false, None)),
        (r#""not_subscribed""#, None),
        (r#""redacted""#, None),
        ("true", told(ConsentStatus::Subscribed, false, None)),
        ("false", told(ConsentStatus::Unsubscribed, false, None)),
        ("null", None),
        ("1", None),
        ("[]", None),
        ("{}", None),
        (r#"{"state":"not_subscribed","opt_in_level":"single_opt_in"}"#, None),
        (r#"{"state":true}"#, None),
        (r#"{"state":"unsubscribed","opt_in_level":7}"#, told(ConsentStatus::Unsubscribed, false, None)),
        (
            r#"{"state":"subscribed","opt_in_level":"confirmed_opt_in","consent_updated_at":"2025-12-31T23:00:00-01:00"}"#,
            told(ConsentStatus::Subscribed, true, Some(AT_MS)),
        ),
        (
            r#"{"state":"SUBSCRIBED","opt_in_level":"CONFIRMED_OPT_IN","consent_updated_at":"2025-06-01T00:00:00Z"}"#,
            told(ConsentStatus::Subscribed, true, Some(1_748_736_000_000)),
        ),
        (r#"{"state":"subscribed","consent_updated_at":"2026-01-01T00:00:01Z"}"#, told(ConsentStatus::Subscribed, false, None)),
        (r#"{"state":"subscribed","consent_updated_at":"1970-01-01T00:00:00Z"}"#, told(ConsentStatus::Subscribed, false, None)),
        (r#"{"state":"subscribed","consent_updated_at":"yesterday"}"#, told(ConsentStatus::Subscribed, false, None)),
    ];
    for (written, consent) in cases {
        let read = identify(&format!(r#"{{"email_marketing_consent":{written}}}"#), "{}");
        assert_eq!(read.consent, consent, "{written}");
    }
}

#[test]
fn an_identify_without_traits_is_still_an_identify() {
    assert_eq!(identify("null", "null"), Traits::default());
    assert_eq!(identify("{}", "{}"), Traits::default());
}

#[test]
fn the_first_word_of_a_name_stands_in_for_a_first_name() {
    let cases = [
        (r#"{"name":"Ann Lee"}"#, Some("Ann")),
        (r#"{"name":" \u0041nn\tLee"}"#, Some("Ann")),
        (r#"{"name":"Ann Lee","firstName":"Anna"}"#, Some("Anna")),
        (r#"{"name":"Ann Lee","first_name":""}"#, Some("Ann")),
        (r#"{"name":"  "}"#, None),
        (r#"{"name":7}"#, None),
    ];
    for (traits, expected) in cases {
        let text = format!(r#"{{"type":"identify","userId":"u-1","traits":{traits}}}"#);
        assert_eq!(decode_with(&text, &rules()).unwrap().traits.first_name.as_deref(), expected, "{traits}");
    }
}
