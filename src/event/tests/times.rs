//! Event time: reading RFC 3339, clamping to the record's timestamp, and the bounds of `contracts.md` 1.
//! Looks at `time` directly for the tables, and through `decode` to see that record and wall clock reach it.
//! No test here reads a clock.

use super::{AT_MS, rules, track};
use crate::event::{Event, Raw, Reason, Reject, time};

const HOUR_MS: i64 = 3_600_000;

fn decode_at<'a>(value: &'a str, record_ms: Option<i64>, wall_ms: Option<i64>) -> Result<Event<'a>, Reject> {
    super::call(&Raw { key: Some(b"u-1"), value: Some(value.as_bytes()), timestamp_ms: record_ms }, &rules(), wall_ms)
}

#[test]
fn rfc_3339_is_read_to_the_millisecond() {
    let cases = [
        ("2026-01-01T00:00:00Z", Ok(AT_MS)),
        ("2026-01-01T00:00:00.000Z", Ok(AT_MS)),
        ("2026-01-01T00:00:00.123Z", Ok(AT_MS + 123)),
        ("2026-01-01T00:00:00.1239999Z", Ok(AT_MS + 123)),
        ("2026-01-01T02:00:00+02:00", Ok(AT_MS)),
        ("2025-12-31T18:30:00-05:30", Ok(AT_MS)),
        ("2024-02-29T00:00:00Z", Ok(1_709_164_800_000)),
        ("2026-02-29T00:00:00Z", Err(Reason::InvalidTime)),
        ("2026-01-01T00:00:00", Err(Reason::InvalidTime)),
        ("2026-01-01", Err(Reason::InvalidTime)),
        ("1767225600000", Err(Reason::InvalidTime)),
        ("yesterday", Err(Reason::InvalidTime)),
        ("", Err(Reason::InvalidTime)),
        ("9999-12-31T23:59:59Z", Err(Reason::TimeOutOfRange)),
    ];
    for (text, expected) in cases {
        assert_eq!(time::parse_rfc3339(text), expected, "{text}");
    }
}

#[test]
fn the_plain_form_means_what_the_library_says() {
    let jiff_ms = |text: &str| text.parse::<jiff::Timestamp>().ok().map(|time| time.as_millisecond());
    let mut texts = vec!["9999-12-30T22:00:01Z".to_owned(), "0000-01-01T00:00:00Z".to_owned(), "2026-01-01T00:00:60Z".to_owned()];
    for year in [1, 4, 100, 400, 1582, 1900, 1969, 1970, 1999, 2000, 2024, 2026, 2100, 9998, 9999] {
        for month in 0..=13 {
            for day in [0, 1, 27, 28, 29, 30, 31, 32] {
                texts.push(format!("{year:04}-{month:02}-{day:02}T23:59:59.999Z"));
                texts.push(format!("{year:04}-{month:02}-{day:02}T00:00:00Z"));
            }
        }
    }
    for place in 0..24 {
        for byte in *b"0129:-TZ. x" {
            let mut text = b"2026-01-21T10:20:30.456Z".to_vec();
            text[place] = byte;
            texts.push(String::from_utf8(text).unwrap());
        }
    }
    for text in texts {
        assert_eq!(time::parse_rfc3339(&text).ok(), jiff_ms(&text), "{text}");
    }
}

/// The time of an event that states `stated_ms`, with five minutes of skew allowed.
fn time_of(stated_ms: Option<i64>, record_ms: Option<i64>, wall_ms: Option<i64>) -> Result<i64, Reason> {
    time::event_time(stated_ms, record_ms, 300_000, wall_ms).map_err(|reject| reject.reason)
}

#[test]
fn an_events_time_is_its_own_else_its_records_and_clamped_to_it() {
    let cases = [
        (Some(AT_MS), None, Ok(AT_MS)),
        (None, Some(AT_MS), Ok(AT_MS)),
        (None, None, Err(Reason::MissingTime)),
        (Some(AT_MS + HOUR_MS), Some(AT_MS), Ok(AT_MS + 300_000)),
        (Some(AT_MS + 300_000), Some(AT_MS), Ok(AT_MS + 300_000)),
        (Some(AT_MS), Some(AT_MS + HOUR_MS), Ok(AT_MS)),
        (Some(AT_MS), Some(i64::MAX), Ok(AT_MS)),
    ];
    for (stated_ms, record_ms, time) in cases {
        assert_eq!(time_of(stated_ms, record_ms, None), time, "{stated_ms:?}, {record_ms:?}");
    }
}

#[test]
fn an_events_time_lies_in_1990_to_2100_before_and_after_clamping() {
    let (earliest_ms, latest_ms) = (631_152_000_000, 4_102_444_799_999);
    for time_ms in [earliest_ms, latest_ms] {
        assert_eq!(time_of(Some(time_ms), None, None), Ok(time_ms));
        assert_eq!(time_of(None, Some(time_ms), None), Ok(time_ms));
    }
    let year_9999_ms = 253_370_764_800_000;
    for outside_ms in [earliest_ms - 1, latest_ms + 1, year_9999_ms, i64::MIN, i64::MAX, 0] {
        let refused = Err(Reason::TimeOutOfRange);
        assert_eq!(time_of(Some(outside_ms), None, None), refused, "{outside_ms}");
        assert_eq!(time_of(None, Some(outside_ms), None), refused, "{outside_ms}");
        assert_eq!(time_of(Some(outside_ms), Some(AT_MS), None), refused, "{outside_ms}");
    }
    // clamped to a record stamped 1970
    assert_eq!(time_of(Some(AT_MS), Some(0), None), Err(Reason::TimeOutOfRange));
}

#[test]
fn an_events_time_is_at_most_a_day_ahead_of_the_wall_clock() {
    let day_ms = 24 * HOUR_MS;
    let cases = [
        (Some(AT_MS + day_ms), None, Some(AT_MS), Ok(AT_MS + day_ms)),
        (Some(AT_MS + day_ms + 1), None, Some(AT_MS), Err(Reason::TimeOutOfRange)),
        (Some(AT_MS + day_ms + 1), None, None, Ok(AT_MS + day_ms + 1)),
        (Some(AT_MS + 2 * day_ms), Some(AT_MS), Some(AT_MS), Ok(AT_MS + 300_000)),
        (Some(AT_MS), None, Some(i64::MAX), Ok(AT_MS)),
    ];
    for (stated_ms, record_ms, wall_ms, time) in cases {
        assert_eq!(time_of(stated_ms, record_ms, wall_ms), time, "{stated_ms:?}, {record_ms:?}, {wall_ms:?}");
    }
}

#[test]
fn the_record_and_the_wall_clock_reach_the_event() {
    let value = track("Product Viewed", "{}");
    assert_eq!(decode_at(&value, Some(AT_MS - HOUR_MS), None).unwrap().time_ms, AT_MS - HOUR_MS + 300_000);
    assert_eq!(decode_at(&value, None, Some(AT_MS - 25 * HOUR_MS)).unwrap_err().reason, Reason::TimeOutOfRange);
    let untimed = r#"{"type":"page","userId":"u-1","timestamp":null}"#;
    assert_eq!(decode_at(untimed, Some(AT_MS), None).unwrap().time_ms, AT_MS);
    assert_eq!(decode_at(untimed, None, None).unwrap_err().reason, Reason::MissingTime);
}
